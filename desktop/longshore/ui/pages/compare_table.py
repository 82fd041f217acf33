"""The table of what differs between compared runs, each value with its change against the baseline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt, QTimer, Signal
from PySide6.QtGui import QFontMetrics, QIcon, QKeyEvent, QPainter, QPixmap, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from longshore.tracking.comparing.changes import Change, change
from longshore.tracking.rows import RunRow
from longshore.ui.theme import icons
from longshore.ui.theme.fonts import font
from longshore.ui.theme.style import color, hex_color
from longshore.ui.theme.swatches import swatch_pen
from longshore.ui.widgets.basic import ElidedLabel, horizontal, label, text_width, vertical
from longshore.ui.widgets.late_content import TURN_MS
from longshore.ui.widgets.plain_words import one_line
from longshore.ui.widgets.select import Select
from longshore.ui.widgets.states import EmptyState
from longshore.ui.widgets.switch import Switch
from longshore.ui.widgets.times import decimals_of, fixed, number

if TYPE_CHECKING:
    from longshore.tracking.compare import Comparison

# Beyond some hundred letters nothing is seen, and measuring six thousand would take a while.
_LONGEST = 400
KINDS = (
    ("metrics", ""),
    ("params", ""),
    ("data", "dataset "),
    ("code", ""),
    ("environment", "package "),
    ("tags", "tag "),
)
# A run's name stands whole up to the larger width; swatch, pin and margins take the rest.
NAME_WIDTH, RUN_WIDTHS, BESIDE_NAME = 120, (112, 220), 44
SCROLL_BAR = 12
# So many cells are made in one turn of the event loop.
_CELLS = 600
_CHANGE = Qt.ItemDataRole.UserRole + 1
Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True)
class Line:
    """One row of the table."""

    title: str
    kind: str
    name: str
    values: Mapping[str, str | float]  # by run id


def lines_of(found: Comparison, *, all_values: bool) -> list[Line]:
    """Give what differs, and with `all_values` what is the same, too, kind by kind."""
    lines = []
    for kind, prefix in KINDS:
        by_name: dict[str, Mapping[str, str | float]] = dict(getattr(found, kind))
        if all_values:
            for name, value in found.same.get(kind, {}).items():
                by_name[name] = dict.fromkeys((run.run_id for run in found.runs), value)
        lines += [
            Line(prefix + name, kind, name, values)
            for name, values in by_name.items()
            if not (kind == "metrics" and name.startswith("system/"))
        ]
    return lines


def change_words(found: Change) -> str:
    """Say a change: +0.05 (+1.5 %); nothing where there is only another text."""
    if found.amount is None:
        return ""
    sign = "+" if found.amount > 0 else "-"
    size = abs(found.amount)
    amount = f"{size:.4g}" if 1e-5 <= size < 0.001 else number(size)
    if found.ratio is None or abs(found.ratio) >= 10:
        return f"{sign}{amount}"
    return f"{sign}{amount} ({sign}{abs(found.ratio) * 100:.1f} %)"


class Differences(QWidget):
    """The table with its head: how many differ, all or only those, and which run is the baseline."""

    # The run id of the new baseline; whether only differences are shown.
    baseline_chosen = Signal(str)
    only_chosen = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._found: Comparison | None = None
        self._baseline = ""
        # The table's width with every run's name whole.
        self.wanted_width = 0
        self._lines: list[Line] = []
        # The rows that have their cells: of a hundred thousand only those that came into view.
        self._made: set[int] = set()
        column = vertical(self, spacing=6)
        head = QWidget(self)
        row = horizontal(head, spacing=8)
        self.baseline = Select("The run that the others are measured against (B pins the current cell's run)")
        self.baseline.setAccessibleName("Baseline")
        self.baseline.activated.connect(lambda place: self.baseline_chosen.emit(str(self.baseline.itemData(place))))
        row.addWidget(label("Baseline", "small", "secondary"))
        row.addWidget(self.baseline, 1)
        row.addStretch(1)
        self.count = ElidedLabel("", "small", "secondary")
        row.addWidget(self.count)
        self.only = Switch("Only differences", on=True)
        self.only.setToolTip("Show only what differs, or everything")
        self.only.toggled.connect(self.only_chosen.emit)
        row.addWidget(self.only)
        column.addWidget(head)
        self.table = _Table(self)
        self.table.pinned.connect(self._pin)
        self.table.verticalScrollBar().valueChanged.connect(lambda _value: self._fill())
        self.table.resized.connect(self._fill)
        column.addWidget(self.table, 1)
        self.nothing = EmptyState("compare", "No difference", "Nothing that was recorded of these runs differs.")
        self.nothing.hide()
        column.addWidget(self.nothing, 1)

    def show_comparison(self, found: Comparison, baseline: str, *, only: bool) -> None:
        """Show the differences against a run of the comparison."""
        self._found, self._baseline = found, baseline
        self.only.blockSignals(True)
        self.only.setChecked(only)
        self.only.blockSignals(False)
        self._show_baseline()
        differing = lines_of(found, all_values=False)
        everything = lines_of(found, all_values=True)
        self.count.setText(f"Only differences, {len(differing):,} of {len(everything):,}")
        lines = differing if only else everything
        # What is laid out anew asks for its cells: nothing is there to make until it stands.
        self._lines, self._made = [], set()
        self.table.setVisible(bool(lines))
        self.nothing.setVisible(not lines)
        self._lay_out(len(lines))
        self._lines = lines
        self._fill(first=0)

    def show_news(self, found: Comparison, baseline: str, *, only: bool) -> None:
        """Show what the same runs have logged since: in place where the rows are the same, so that nothing jumps."""
        differing, everything = lines_of(found, all_values=False), lines_of(found, all_values=True)
        lines = differing if only else everything
        before = self._lines
        if self._found is None or [each.title for each in lines] != [each.title for each in before]:
            scrolled, place = self.table.verticalScrollBar().value(), self.table.currentIndex()
            self.show_comparison(found, baseline, only=only)
            self.table.verticalScrollBar().setValue(scrolled)
            self.table.setCurrentCell(place.row(), place.column())
            return
        self._found, self._lines = found, lines
        self.count.setText(f"Only differences, {len(differing):,} of {len(everything):,}")
        for row in sorted(self._made):
            if lines[row].values != before[row].values:
                self._fill_row(row, lines[row])

    def _show_baseline(self) -> None:
        assert self._found is not None
        self.baseline.show_options([(run.name, run.run_id) for run in self._found.runs])
        for place in range(self.baseline.count()):
            self.baseline.setItemIcon(place, swatch_icon(place))
        self.baseline.choose(self._baseline)

    def _lay_out(self, rows: int) -> None:
        assert self._found is not None
        table, runs = self.table, self._found.runs
        table.clear()
        table.setRowCount(rows)
        table.setColumnCount(len(runs) + 1)
        table.setHorizontalHeaderItem(0, QTableWidgetItem("Difference"))
        for section, run in enumerate(runs, start=1):
            table.setHorizontalHeaderItem(section, _head(run, section - 1, pinned=run.run_id == self._baseline))
            width = text_width(run.name, "smallStrong") + BESIDE_NAME
            table.setColumnWidth(section, min(max(width, RUN_WIDTHS[0]), RUN_WIDTHS[1]))
        table.setColumnWidth(0, NAME_WIDTH)
        header = table.horizontalHeader()
        header.setStretchLastSection(False)
        self.wanted_width = header.length() + SCROLL_BAR
        header.setStretchLastSection(True)

    def _fill(self, first: int | None = None) -> None:
        """Make the rows in view, the first ones at once, the others a turn later."""
        if self._found is None:
            return
        if first is None:
            first = max(0, self.table.rowAt(0))
        seen = self.table.viewport().height() // max(1, self.table.verticalHeader().defaultSectionSize()) + 2
        a_turn = max(1, _CELLS // (len(self._found.runs) + 1))
        last = min(len(self._lines), first + max(seen, a_turn))
        missing = [row for row in range(first, last) if row not in self._made]
        for row in missing[:a_turn]:
            self._made.add(row)
            self._fill_row(row, self._lines[row])
        if len(missing) > a_turn:
            QTimer.singleShot(TURN_MS, self, self._fill)

    def _fill_row(self, row: int, line: Line) -> None:
        assert self._found is not None
        head = QTableWidgetItem(line.title)
        head.setToolTip(line.title)
        head.setFont(font("small"))
        self.table.setItem(row, 0, head)
        base = line.values.get(self._baseline)
        name = next(run.name for run in self._found.runs if run.run_id == self._baseline)
        decimals = decimals_of([value for value in line.values.values() if isinstance(value, float)])
        metric = line.name if line.kind == "metrics" else None
        for section, run in enumerate(self._found.runs, start=1):
            value = line.values.get(run.run_id)
            words = "—" if value is None else fixed(value, decimals) if isinstance(value, float) else value
            item = QTableWidgetItem(words)
            item.setFont(font("small" if metric else "mono"))
            tip = "" if value is None else str(value)
            if run.run_id != self._baseline and (differs := change(value, base, metric)) is not None:
                item.setData(_CHANGE, (change_words(differs), differs.better))
                tip = f"{tip}\n{change_words(differs) or 'Not the same'}, against {name}".strip()
                if not metric:
                    item.setBackground(color("diff.changed"))
            item.setToolTip(tip)
            self.table.setItem(row, section, item)

    def _pin(self, section: int) -> None:
        if self._found is not None and 1 <= section <= len(self._found.runs):
            self.baseline_chosen.emit(self._found.runs[section - 1].run_id)


class _Table(QTableWidget):
    """B or a double click on a run's head makes it the baseline."""

    pinned = Signal(int)
    resized = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAccessibleName("Differences between the runs")
        self.setItemDelegate(_ChangeDelegate(self))
        header = dress(self)
        header.sectionDoubleClicked.connect(self.pinned.emit)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.resized.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_B and not event.modifiers():
            self.pinned.emit(self.currentColumn())
            return
        super().keyPressEvent(event)


class _ChangeDelegate(QStyledItemDelegate):
    """Writes the change behind the value, where there is room for both."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        found = index.data(_CHANGE)
        if not found or not found[0]:
            super().paint(painter, option, index)
            return
        drawn = QStyleOptionViewItem(option)
        self.initStyleOption(drawn, index)
        words, drawn.text = drawn.text, ""
        view = option.widget
        assert isinstance(view, QTableWidget)
        view.style().drawControl(QStyle.ControlElement.CE_ItemViewItem, drawn, painter, view)
        painter.save()
        room = option.rect.adjusted(8, 0, -4, 0)
        painter.setFont(drawn.font)
        painter.setPen(color("text.primary"))
        shown = drawn.fontMetrics.elidedText(one_line(words, _LONGEST), Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, int(Qt.AlignmentFlag.AlignVCenter), shown)
        room.setLeft(room.left() + drawn.fontMetrics.horizontalAdvance(shown) + 8)
        self._paint_change(painter, room, *found)
        painter.restore()

    def _paint_change(self, painter: QPainter, room: object, words: str, better: bool | None) -> None:
        from PySide6.QtCore import QRect

        assert isinstance(room, QRect)
        metrics = QFontMetrics(font("caption"))
        short = words.partition(" (")[0]
        said = next((each for each in (words, short) if metrics.horizontalAdvance(each) <= room.width()), "")
        painter.setFont(font("caption"))
        token = "text.secondary" if better is None else "success.text" if better else "danger.text"
        painter.setPen(color(token))
        painter.drawText(room, int(Qt.AlignmentFlag.AlignVCenter), said)


def _head(run: RunRow, swatch: int, *, pinned: bool) -> QTableWidgetItem:
    item = QTableWidgetItem(swatch_icon(swatch, pinned=pinned), run.name)
    item.setToolTip(f"{run.name}{', the baseline' if pinned else ''}\n{run.run_id}")
    return item


def swatch_icon(number: int, *, pinned: bool = False) -> QIcon:
    """Give the line in a run's colour and dash that stands before its name; the baseline's has a pin on it."""
    drawn = QPixmap(40, 24)
    drawn.setDevicePixelRatio(2.0)
    drawn.fill(Qt.GlobalColor.transparent)
    painter = QPainter(drawn)
    painter.setPen(swatch_pen(number))
    painter.drawLine(0, 6, 18, 6)
    if pinned:
        painter.fillRect(6, 0, 12, 12, color("bg.sunken"))
        painter.drawPixmap(6, 0, icons.pixmap("pin", hex_color("accent.text"), 12, 2.0))
    painter.end()
    return QIcon(drawn)


def dress(table: QTableWidget) -> QHeaderView:
    """Give a table of compared runs its look, and its header, whose columns a person may make wider."""
    table.verticalHeader().hide()
    table.verticalHeader().setDefaultSectionSize(28)
    table.setShowGrid(False)
    table.setWordWrap(False)
    table.setTabKeyNavigation(False)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    header = table.horizontalHeader()
    header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
    header.setTextElideMode(Qt.TextElideMode.ElideMiddle)
    return header
