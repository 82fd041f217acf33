"""The toolbar above the graph: search, kinds, depth, focus path."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QAbstractButton, QFrame, QSizePolicy, QWidget

from longshore.ui.pages.lineage_work import KIND_NAMES
from longshore.ui.theme import icons
from longshore.ui.theme.fonts import font
from longshore.ui.theme.style import color, hex_color
from longshore.ui.theme.tokens import values
from longshore.ui.widgets.basic import Button, horizontal, label, line
from longshore.ui.widgets.search_field import SearchField
from longshore.ui.widgets.stepper import Stepper

HEIGHT = 44
DEEPEST = 12
# Narrower than this the words are short.
ROOMY = 1080


class KindChip(QAbstractButton):
    """A kind with its count; off leaves its nodes out."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind
        self._count, self._narrow = 0, False
        self.setCheckable(True)
        self.setChecked(True)
        self.setFixedHeight(24)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.show_count(0)

    def show_count(self, count: int) -> None:
        """Show how many nodes of the kind there are."""
        self._count = count
        name = KIND_NAMES[self.kind][1]
        self.setAccessibleName(f"{name}, {count}")
        self.setToolTip(f"{'Hide' if self.isChecked() else 'Show'} {name.lower()}")
        self.setVisible(count > 0)
        self.updateGeometry()
        self.update()

    def show_narrow(self, narrow: bool) -> None:
        """Show icon and count alone."""
        self._narrow = narrow
        self.updateGeometry()

    def _words(self) -> str:
        return "" if self._narrow else KIND_NAMES[self.kind][1]

    def full_width(self) -> int:
        """Measure it with its name."""
        return self._width(KIND_NAMES[self.kind][1])

    def _width(self, words: str) -> int:
        metrics = QFontMetrics(font("small"))
        named = metrics.horizontalAdvance(words) + 6 if words else 0
        return 8 + 14 + 6 + named + metrics.horizontalAdvance(f"{self._count}") + 9

    def sizeHint(self) -> QSize:
        return QSize(self._width(self._words()), 24)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        on = self.isChecked()
        pen = QPen(color("border.default"), 1, Qt.PenStyle.SolidLine if on else Qt.PenStyle.DashLine)
        painter.setPen(pen)
        painter.setBrush(color("bg.hover" if self.underMouse() else "bg.surface" if on else "bg.sunken"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        tone = hex_color(f"node.{self.kind}" if on else "text.tertiary")
        mark = icons.pixmap(values()["nodeKinds"][self.kind]["icon"], tone, 14, self.devicePixelRatioF())
        painter.drawPixmap(8, 5, mark)
        painter.setFont(font("small"))
        middle = int(Qt.AlignmentFlag.AlignVCenter)
        words = self._words()
        left = 28.0
        if words:
            painter.setPen(color("text.primary" if on else "text.tertiary"))
            painter.drawText(QRectF(left, 0, self.width(), self.height()), middle, words)
            left += QFontMetrics(font("small")).horizontalAdvance(words) + 6
        painter.setPen(color("text.secondary" if on else "text.tertiary"))
        painter.drawText(QRectF(left, 0, self.width(), self.height()), middle, f"{self._count}")


class LineageToolbar(QFrame):
    """Search, kinds, depth, focus path."""

    kinds_changed = Signal()
    depth_changed = Signal()
    focus_path_toggled = Signal(bool)

    def __init__(self, up: int, down: int) -> None:
        super().__init__()
        self.setObjectName("toolbar")
        self.setFixedHeight(HEIGHT)
        row = horizontal(self, (20, 0, 16, 0), 8)
        self.search = SearchField()
        self.search.setFixedWidth(200)
        self.search.show_place(0, 0)
        row.addWidget(self.search)
        row.addWidget(_separator())
        self.chips = {kind: KindChip(kind) for kind in KIND_NAMES}
        for chip in self.chips.values():
            chip.toggled.connect(lambda _on: self.kinds_changed.emit())
            row.addWidget(chip)
        row.addStretch(1)
        self.up = Stepper("Upstream", 0, DEEPEST, up, width=78)
        self.down = Stepper("Downstream", 0, DEEPEST, down, width=78)
        self._depth_words = [label("Upstream", "body", "secondary"), label("Downstream", "body", "secondary")]
        for words, stepper, what in zip(self._depth_words, (self.up, self.down), ("data", "deployments"), strict=True):
            stepper.setToolTip(f"Steps towards the {what} ([ and ])")
            stepper.stepped.connect(lambda _value: self.depth_changed.emit())
            row.addWidget(words)
            row.addWidget(stepper)
        row.addWidget(_separator())
        self.focus = Button(
            "Focus path", icon="focus", tip="Lift what the selected thing was made from and led to", shortcut="F"
        )
        self.focus.setCheckable(True)
        self.focus.setProperty("kind", "ghost")
        self.focus.setChecked(True)
        self.focus.toggled.connect(self.focus_path_toggled)
        row.addWidget(self.focus)

    def show_counts(self, counts: Mapping[str, int]) -> None:
        """Show how many nodes of each kind there are."""
        for kind, chip in self.chips.items():
            chip.show_count(counts.get(kind, 0))
        self._fit_chips()

    def hidden_kinds(self) -> tuple[str, ...]:
        """Give the kinds that are switched off."""
        return tuple(kind for kind, chip in self.chips.items() if not chip.isChecked())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.search.setFixedWidth(200 if self.width() >= ROOMY else 150)
        self.focus.setText("Focus path" if self.width() >= ROOMY else "")
        for words, stepper, short in zip(self._depth_words, (self.up, self.down), ("Up", "Down"), strict=True):
            words.setText(stepper.accessibleName() if self.width() >= ROOMY else short)
        self._fit_chips()

    def _fit_chips(self) -> None:
        """Name the kinds where there is room for all names; else icon and count say it."""
        shown = [chip for chip in self.chips.values() if chip.isVisibleTo(self)]
        others = [self.search, self.up, self.down, self.focus, *self._depth_words]
        rest = sum(widget.sizeHint().width() for widget in others[3:]) + self.search.width()
        rest += self.up.width() + self.down.width() + 12 * 8 + 40
        wanted = sum(chip.full_width() + 8 for chip in shown)
        for chip in self.chips.values():
            chip.show_narrow(rest + wanted > self.width())


def _separator() -> QWidget:
    made = line("vStrong")
    made.setFixedHeight(16)
    return made
