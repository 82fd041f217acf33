"""The one style sheet: a template with `@token@` marks, filled from the tokens of the current theme.

Widgets choose a look by properties: `kind` of a button (primary, ghost, danger, dangerSolid, link), `extent` of a button
(small, large, icon, iconSmall; a property `size` would be the widget's own), `tone` of a label (secondary, tertiary, danger,
success, warning, accent), `role` of a label (a role of the type scale, `mono` included), `surface` of a frame (card, sunken,
window, raised), `state` of an input (error).
"""

from __future__ import annotations

import re
from pathlib import Path

from longshore.ui.theme import icons
from longshore.ui.theme.fonts import MONO_FAMILY, UI_FAMILY, font, grown, scale
from longshore.ui.theme.tokens import Scheme, values

_MARK = re.compile(r"@([A-Za-z0-9.]+)@")

TEMPLATE = """
* { outline: 0; }
QWidget { color: @text.primary@; font-family: "@family@"; font-size: @px.13@; }
QMainWindow, QDialog, QWidget#page, QWidget#content { background: @bg.surface@; }
QToolTip { background: @bg.inverse@; color: @text.inverse@; border: none; padding: 6px 8px; font-size: @px.12@; }
QLabel { background: transparent; }
@labels@
QLabel a { color: @accent.text@; }

QFrame[surface="card"] { background: @bg.raised@; border: 1px solid @border.default@; border-radius: 8px; }
QFrame[surface="card"][interactive="true"]:hover { background: @bg.hover@; }
QFrame[surface="flat"] { background: transparent; border: none; border-radius: 4px; }
QFrame[surface="flat"][interactive="true"]:hover { background: @bg.hover@; }
QFrame[surface="panel"] { background: @bg.surface@; border: 1px solid @border.default@; border-radius: 8px; }
QFrame[surface="sunken"] { background: @bg.sunken@; border: none; }
QFrame[surface="sunkenCard"] { background: @bg.sunken@; border: 1px solid @border.default@; border-radius: 6px; }
QFrame[surface="window"] { background: @bg.window@; border: none; }
QFrame[surface="surface"] { background: @bg.surface@; border: none; }
QFrame[surface="warning"] { background: @warning.subtle@; border: none; border-radius: 6px; }
QFrame[surface="danger"] { background: @danger.subtle@; border: none; border-radius: 6px; }
QFrame[surface="selectedCard"] { background: @bg.selected@; border: 1px solid @accent.solid@; border-radius: 8px; }
QFrame[line="h"] { background: @border.subtle@; border: none; max-height: 1px; min-height: 1px; }
QFrame[line="v"] { background: @border.subtle@; border: none; max-width: 1px; min-width: 1px; }
QFrame[line="hStrong"] { background: @border.default@; border: none; max-height: 1px; min-height: 1px; }
QFrame[line="vStrong"] { background: @border.default@; border: none; max-width: 1px; min-width: 1px; }

QFrame#nav { background: @bg.window@; border: none; border-right: 1px solid @border.default@; }
QFrame#topBar { background: @bg.surface@; border: none; border-bottom: 1px solid @border.default@; }
QFrame#toolbar { background: @bg.surface@; border: none; border-bottom: 1px solid @border.default@; }
QFrame#statusBar { background: @bg.window@; border: none; border-top: 1px solid @border.default@; }
QFrame#inspector { background: @bg.sunken@; border: none; border-left: 1px solid @border.default@; }
QFrame#inspector QTreeView, QFrame#inspector QListView, QFrame#inspector QTableView { background: @bg.sunken@; }
QFrame[surface="sunken"] QPlainTextEdit { background: @bg.sunken@; }

QPushButton { background: @bg.raised@; border: 1px solid @border.default@; border-radius: 6px; padding: 0 10px;
    min-height: @h.26@; max-height: @h.26@; font-weight: 500; }
QPushButton:hover { background: @bg.hover@; }
QPushButton:pressed, QPushButton[pressed="true"] { background: @bg.pressed@; }
QPushButton:disabled { background: @bg.disabled@; color: @text.disabled@; border-color: @border.subtle@; }
QPushButton[kind="primary"] { background: @accent.solid@; border-color: @accent.solid@; color: @text.onAccent@; }
QPushButton[kind="primary"]:hover { background: @accent.solidHover@; border-color: @accent.solidHover@; }
QPushButton[kind="primary"]:pressed { background: @accent.solidPressed@; border-color: @accent.solidPressed@; }
QPushButton[kind="primary"]:disabled { background: @bg.disabled@; color: @text.disabled@; border-color: @border.subtle@; }
QPushButton[kind="danger"] { color: @danger.text@; }
QPushButton[kind="danger"]:disabled { color: @text.disabled@; }
QPushButton[kind="dangerSolid"] { background: @danger.solid@; border-color: @danger.solid@; color: @text.onDanger@; }
QPushButton[kind="dangerSolid"]:hover { background: @danger.solidHover@; border-color: @danger.solidHover@; }
QPushButton[kind="dangerSolid"]:disabled { background: @bg.disabled@; color: @text.disabled@;
    border-color: @border.subtle@; }
QPushButton[kind="ghost"] { background: transparent; border-color: transparent; }
QPushButton[kind="ghost"]:hover { background: @bg.hover@; }
QPushButton[kind="ghost"]:pressed { background: @bg.pressed@; }
QPushButton[kind="ghost"]:checked { background: @bg.selected@; color: @accent.text@; }
QPushButton[kind="ghost"]:disabled { background: transparent; color: @text.disabled@; }
QPushButton[kind="link"] { background: transparent; border: none; padding: 0; color: @accent.text@; font-weight: 400;
    text-align: left; min-height: @h.20@; max-height: @h.20@; }
QPushButton[kind="link"]:hover { text-decoration: underline; }
QPushButton[kind="link"]:disabled { color: @text.disabled@; }
QPushButton[kind="inverse"] { background: transparent; border-color: @text.inverseSecondary@; color: @text.inverse@; }
QPushButton[kind="inverseGhost"] { background: transparent; border: none; }
QPushButton[kind="inverseGhost"]:hover, QPushButton[kind="inverse"]:hover { background: #28FFFFFF; }
QPushButton[keys="true"] { text-align: left; }
QPushButton[extent="small"] { min-height: @h.22@; max-height: @h.22@; padding: 0 8px; font-size: @px.12@; }
QPushButton[extent="large"] { min-height: @h.30@; max-height: @h.30@; padding: 0 14px; }
QPushButton[extent="icon"] { padding: 0; min-width: 26px; max-width: 26px; }
QPushButton[extent="iconSmall"] { padding: 0; min-width: 22px; max-width: 22px; min-height: @h.22@; max-height: @h.22@; }

QPushButton[nav="true"] { background: transparent; border: none; border-radius: 6px; padding: 0 8px; color: @text.secondary@;
    min-height: @h.28@; max-height: @h.28@; text-align: left; }
QPushButton[nav="true"]:hover { background: @bg.hover@; }
QPushButton[nav="true"]:checked { background: @bg.pressed@; color: @text.primary@; }
QPushButton[nav="switcher"] { background: transparent; border: none; border-radius: 6px; padding: 0 8px; text-align: left;
    min-height: @h.44@; max-height: @h.44@; }
QPushButton[nav="switcher"]:hover { background: @bg.hover@; }
QPushButton[nav="search"] { background: @bg.surface@; border: 1px solid @border.default@; border-radius: 6px;
    padding: 0 8px; text-align: left; color: @text.tertiary@; font-weight: 400; }
QPushButton[nav="status"] { background: transparent; border: none; border-radius: 4px; padding: 0 6px; font-size: @px.12@;
    font-weight: 400; color: @text.secondary@; min-height: @h.22@; max-height: @h.22@; }
QPushButton[nav="status"]:hover { background: @bg.hover@; }
QPushButton[nav="crumb"] { background: transparent; border: none; padding: 0; color: @text.secondary@; font-weight: 400; }
QPushButton[nav="crumb"]:hover { color: @text.primary@; }
QPushButton[nav="tab"] { background: transparent; border: none; border-bottom: 2px solid transparent; border-radius: 0;
    padding: 0 2px; min-height: @h.34@; max-height: @h.34@; color: @text.secondary@; }
QPushButton[nav="tab"]:hover { color: @text.primary@; }
QPushButton[nav="tab"]:checked { color: @text.primary@; border-bottom-color: @accent.solid@; font-weight: 600; }

QFrame[segmented="true"] { background: @bg.hover@; border: 1px solid @border.subtle@; border-radius: 6px; }
QFrame[segmented="true"] QPushButton { background: transparent; border: 1px solid transparent; border-radius: 4px;
    color: @text.secondary@; min-height: @h.20@; max-height: @h.20@; padding: 0 10px; font-size: @px.12@; }
QFrame[segmented="true"] QPushButton:hover { color: @text.primary@; }
QFrame[segmented="true"] QPushButton:checked { background: @bg.raised@; border-color: @border.default@;
    color: @text.primary@; }
QFrame[segmented="true"] QPushButton:disabled { color: @text.disabled@; }
QFrame[segmented="true"][extent="large"] QPushButton { min-height: @h.28@; max-height: @h.28@; font-size: @px.13@; }

QLabel[badge="true"] { background: @neutral.subtle@; color: @neutral.text@; border-radius: 4px; padding: 0 6px;
    min-height: @h.18@; max-height: @h.18@; font-size: @px.11@; font-weight: 500; }
QLabel[key="true"] { background: @bg.hover@; color: @text.secondary@; border-radius: 3px; padding: 0 4px;
    min-height: @h.16@; max-height: @h.16@; font-size: @px.11@; }
QLabel[key="onAccent"] { background: #33000000; color: @text.onAccent@; border-radius: 3px; padding: 0 4px;
    min-height: @h.16@; max-height: @h.16@; font-size: @px.11@; }
QFrame[chip="true"] { background: @bg.surface@; border: 1px solid @border.default@; border-radius: 4px; }
QPushButton[chip="add"] { background: transparent; border: 1px dashed @border.control@; border-radius: 4px;
    min-height: @h.22@; max-height: @h.22@; padding: 0 8px; font-size: @px.12@; color: @text.secondary@; font-weight: 400; }

QLineEdit, QComboBox, QSpinBox, QDoubleSpinBox, QPlainTextEdit, QTextEdit { background: @bg.surface@;
    border: 1px solid @border.control@; border-radius: 6px; padding: 0 8px; selection-background-color: @accent.solid@;
    selection-color: @text.onAccent@; }
QLineEdit, QComboBox, QSpinBox, QDoubleSpinBox { min-height: @h.26@; max-height: @h.26@; }
QPlainTextEdit, QTextEdit { padding: 6px 8px; }
QLineEdit:focus, QComboBox:focus, QSpinBox:focus, QDoubleSpinBox:focus, QPlainTextEdit:focus, QTextEdit:focus {
    border-color: @focus.ring@; }
QLineEdit:disabled, QComboBox:disabled, QSpinBox:disabled, QDoubleSpinBox:disabled { background: @bg.disabled@;
    color: @text.disabled@; border-color: @border.subtle@; }
QLineEdit[state="error"], QComboBox[state="error"], QSpinBox[state="error"], QDoubleSpinBox[state="error"] {
    border-color: @danger.solid@; }
QLineEdit[mono="true"], QPlainTextEdit[mono="true"], QTextEdit[mono="true"], QSpinBox[mono="true"],
QDoubleSpinBox[mono="true"], QComboBox[mono="true"] { font-family: "@mono@"; font-size: @px.12@; }
QLineEdit[bare="true"], QPlainTextEdit[bare="true"], QTextEdit[bare="true"] { background: transparent; border: none; }
QFrame[field="true"] { background: @bg.surface@; border: 1px solid @border.control@; border-radius: 6px;
    min-height: @h.26@; max-height: @h.26@; }
QFrame[field="true"][focused="true"] { border: 2px solid @focus.ring@; min-height: @h.24@; max-height: @h.24@; }
QFrame[field="true"][state="error"] { border-color: @danger.solid@; }
QFrame[field="true"] QLineEdit { min-height: @h.22@; max-height: @h.22@; }
QComboBox:editable { padding-left: 6px; }
QComboBox::drop-down { border: none; width: 22px; }
QComboBox::down-arrow { image: url("@icon.chev-down@"); width: 12px; height: 12px; }
QComboBox QAbstractItemView { background: @bg.raised@; border: 1px solid @border.default@; padding: 4px;
    selection-background-color: @bg.selected@; selection-color: @text.primary@; }
QSpinBox::up-button, QSpinBox::down-button, QDoubleSpinBox::up-button, QDoubleSpinBox::down-button { width: 0; border: none; }
QCheckBox { spacing: 8px; background: transparent; }
QCheckBox::indicator, QTableView::indicator, QTreeView::indicator, QListView::indicator { width: 14px; height: 14px; border: 1px solid @border.control@;
    border-radius: 3px; background: @bg.surface@; }
QCheckBox::indicator:hover, QListView::indicator:hover { border-color: @accent.solid@; }
QCheckBox::indicator:checked, QListView::indicator:checked { background: @accent.solid@; border-color: @accent.solid@; image: url("@icon.check.onAccent@"); }
QCheckBox::indicator:indeterminate { background: @accent.solid@; border-color: @accent.solid@;
    image: url("@icon.minus.onAccent@"); }
QCheckBox::indicator:disabled { background: @bg.disabled@; border-color: @border.subtle@; }

QMenu { background: @bg.raised@; border: 1px solid @border.default@; border-radius: 8px; padding: 4px; }
QMenu::item { padding: 5px 24px 5px 10px; border-radius: 4px; }
QMenu::item:selected { background: @bg.hover@; }
QMenu::item:disabled { color: @text.disabled@; }
QMenu::separator { height: 1px; background: @border.subtle@; margin: 4px 0; }
QMenu::icon { padding-left: 8px; }

QTableView, QTreeView, QListView, QListWidget { background: @bg.surface@; border: none; gridline-color: transparent;
    selection-background-color: @bg.selected@; selection-color: @text.primary@; alternate-background-color: @bg.sunken@; }
QTableWidget::item { padding: 0 5px; }
QListView::item, QListWidget::item { border-radius: 6px; padding: 4px 8px; }
QListView::item:hover, QListWidget::item:hover, QTreeView::item:hover { background: @bg.hover@; }
QListView::item:selected, QListWidget::item:selected, QTreeView::item:selected { background: @bg.selected@;
    color: @text.primary@; }
QHeaderView { background: @bg.sunken@; border: none; }
QHeaderView::section { background: @bg.sunken@; color: @text.secondary@; border: none;
    border-bottom: 1px solid @border.default@; padding: 0 8px; min-height: @h.27@; font-size: @px.12@; font-weight: 500; }
QTableCornerButton::section { background: @bg.sunken@; border: none; }

QProgressBar { background: @bar.track@; border: none; border-radius: 2px; min-height: 4px; max-height: 4px; }
QProgressBar::chunk { background: @accent.solid@; border-radius: 2px; }
QProgressBar[tone="neutral"]::chunk { background: @neutral.solid@; }
QProgressBar[tone="danger"]::chunk { background: @danger.solid@; }

QScrollArea { background: transparent; border: none; }
QScrollArea > QWidget > QWidget { background: transparent; }
QScrollBar:vertical { background: transparent; width: 10px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: 10px; margin: 0; }
QScrollBar::handle { background: @border.control@; border-radius: 3px; margin: 2px; }
QScrollBar::handle:vertical { min-height: 28px; }
QScrollBar::handle:horizontal { min-width: 28px; }
QScrollBar::handle:hover { background: @neutral.solid@; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
QAbstractScrollArea::corner { background: transparent; border: none; }
QSplitter::handle { background: @border.default@; }
QSplitter::handle:horizontal { width: 1px; }
QSplitter::handle:vertical { height: 1px; }
QSplitter[bare="true"]::handle { background: transparent; }
QSplitter[bare="true"]::handle:hover { background: @bg.hover@; }
QGraphicsView { background: @bg.sunken@; border: none; }

QSlider::groove:horizontal { background: @bar.track@; height: 4px; border-radius: 2px; }
QSlider::sub-page:horizontal { background: @accent.solid@; height: 4px; border-radius: 2px; }
QSlider::handle:horizontal { background: @bg.raised@; border: 1px solid @border.control@; width: 12px; height: 12px;
    margin: -5px 0; border-radius: 6px; }

QFrame#palette, QFrame#popover { background: @bg.raised@; border: 1px solid @border.default@; border-radius: 8px; }
QFrame#palette QListView, QFrame#popover QListView { background: @bg.raised@; }
QFrame#toast { background: @bg.inverse@; border-radius: 8px; }
QFrame#toast QLabel { color: @text.inverse@; }
QFrame#toast QLabel[tone="inverseSecondary"] { color: @text.inverseSecondary@; }
QFrame#dialog { background: @bg.surface@; border: 1px solid @border.default@; border-radius: 12px; }
"""

_TONES = {
    "secondary": "text.secondary",
    "tertiary": "text.tertiary",
    "disabled": "text.disabled",
    "accent": "accent.text",
    "success": "success.text",
    "warning": "warning.text",
    "danger": "danger.text",
    "info": "info.text",
    "inverse": "text.inverse",
}


def build(scheme: Scheme, *, system_font: bool, cache: Path) -> str:
    """Fill the template. Icons that Qt reads by file name are written into `cache`."""
    known = {
        "family": font("body").family() if system_font else UI_FAMILY,
        "mono": font("mono").family() if system_font else MONO_FAMILY,
        "labels": _label_rules(scheme, system_font=system_font),
    }

    def fill(match: re.Match[str]) -> str:
        name = match.group(1)
        if name in known:
            return known[name]
        if name.startswith("px."):
            return f"{round(int(name[3:]) * scale())}px"
        if name.startswith("h."):
            return f"{grown(int(name[2:]))}px"
        return scheme.hex(name)

    return _MARK.sub(fill, _with_icons(scheme, cache))


def _label_rules(scheme: Scheme, *, system_font: bool) -> str:
    rules = [f'QLabel[tone="{tone}"] {{ color: {scheme.hex(token)}; }}' for tone, token in _TONES.items()]
    for role, kind in values()["type"].items():
        mono = kind.get("family") == "mono"
        family = font(role).family() if system_font else MONO_FAMILY if mono else UI_FAMILY
        size = round(kind["size"] * scale())
        rules.append(
            f'QLabel[role="{role}"] {{ font-size: {size}px; font-weight: {kind["weight"]}; font-family: "{family}"; }}'
        )
    return "\n".join(rules)


def _with_icons(scheme: Scheme, cache: Path) -> str:
    marks = {
        "@icon.chev-down@": ("chev-down", scheme.color("text.secondary").name()),
        "@icon.check.onAccent@": ("check", scheme.color("text.onAccent").name()),
        "@icon.minus.onAccent@": ("minus", scheme.color("text.onAccent").name()),
    }
    sheet = TEMPLATE
    for mark, (name, color) in marks.items():
        file = cache / f"{name}-{color[1:]}.png"
        if not file.exists():
            cache.mkdir(parents=True, exist_ok=True)
            icons.pixmap(name, color, 16, 2.0).save(str(file), "PNG")
        sheet = sheet.replace(mark, file.as_posix())
    return sheet
