"""The run table's model: as many rows as there are, read when they come into sight."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from longshore.tracking.direction import less_is_better
from longshore.tracking.edits import Edit, edited_row
from longshore.tracking.rows import MEAN, STD, Grouping, GroupRow, ListedRows, Rows, RunRow
from longshore.ui.widgets.run_columns import (
    BOX,
    NAME,
    PINNED,
    STATUS,
    Column,
    header_tip,
    number,
    raw,
    spread,
    text,
    tip,
)
from longshore.ui.widgets.times import decimals_of, fixed

Index = QModelIndex | QPersistentModelIndex
# A metric's place between worst (0) and best (1) among the loaded rows; None for what is no metric.
BAR_ROLE = Qt.ItemDataRole.UserRole + 1
BEST_ROLE = Qt.ItemDataRole.UserRole + 2
ROW_ROLE = Qt.ItemDataRole.UserRole + 3
COLUMN_ROLE = Qt.ItemDataRole.UserRole + 4
# A bar as long as can be without being the best.
NEARLY_BEST = 0.999
_SEPARATORS = re.compile(r"\r\n|[\t\r\n\v\f\x85\u2028\u2029]")
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)


class RunTableModel(QAbstractTableModel):
    """Columns 0 to 2 are pinned: the box of the selection, status and name."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: Rows = ListedRows()
        self.columns: list[Column] = list(PINNED)
        self.sorted_by: tuple[str, bool] | None = None  # column id, ascending
        # What was edited here and does not stand in the rows yet, by run id.
        self.edits: Mapping[str, Edit] = {}
        self._ranges: dict[str, tuple[float, float]] = {}
        self._decimals: dict[str, int | None] = {}

    def row(self, place: int) -> RunRow:
        """Give a run as it is shown."""
        return self._edited(self.rows[place])

    def runs_between(self, first: int, last: int) -> Sequence[RunRow]:
        """Give the runs from one place to another, both included, as they are shown."""
        found = self.rows[first : last + 1]
        return [self._edited(row) for row in found] if self.edits else found

    def _edited(self, row: RunRow) -> RunRow:
        edit = self.edits.get(row.run_id)
        return row if edit is None else edited_row(row, edit)

    def show_edits(self, edits: Mapping[str, Edit]) -> None:
        """Show these over what the rows say."""
        self.edits = edits
        self._tell_values()

    def _tell_values(self) -> None:
        if len(self.rows):
            self.dataChanged.emit(self.index(0, 0), self.index(len(self.rows) - 1, len(self.columns) - 1))

    def show_rows(self, rows: Rows) -> None:
        """Replace the rows."""
        if rows.same_runs(self.rows):
            self.rows = rows
            self._measure()
            self._tell_values()
        else:
            self.beginResetModel()
            self.rows = rows
            self._measure()
            self.endResetModel()

    def show_columns(self, columns: Sequence[Column]) -> None:
        """Show these columns behind the pinned ones."""
        wanted = [*PINNED, *columns]
        if wanted == self.columns:
            return
        self.beginResetModel()
        self.columns = wanted
        self._measure()
        self.endResetModel()

    def show_sorting(self, column_id: str | None, *, ascending: bool) -> None:
        """Mark the column that the server sorted by."""
        self.sorted_by = None if column_id is None else (column_id, ascending)
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(self.columns) - 1)

    def _measure(self) -> None:
        self._ranges, self._decimals = {}, {}
        for column in self.columns:
            if not column.is_metric:
                continue
            found = spread(self.rows, column)
            self._decimals[column.id] = decimals_of((found.least, found.greatest, *found.some) if found else ())
            if found is not None and found.least < found.greatest:
                self._ranges[column.id] = (found.least, found.greatest)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.columns)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        row, column = self.row(index.row()), self.columns[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return self.text(row, column)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            state = "" if not isinstance(row, GroupRow) else ", open" if row.is_open else ", closed"
            return self.text(row, column) + (state if column is STATUS else "")
        if role == Qt.ItemDataRole.ToolTipRole:
            return tip(row, column)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if column.kind == "params" else _LEFT
        if role == BAR_ROLE:
            return self.bar(row, column)
        if role == BEST_ROLE:
            return self.bar(row, column) == 1.0
        if role == ROW_ROLE:
            return row
        if role == COLUMN_ROLE:
            return column
        return None

    def text(self, row: RunRow, column: Column) -> str:
        """Give a cell as it is read, with the decimals that the column's loaded metrics have."""
        return text(row, column, self._decimals.get(column.id))

    def widest(self, column: Column) -> str:
        """Give the longest text that a metric's column has, so that its numbers end under each other."""
        span, decimals = self._ranges.get(column.id), self._decimals.get(column.id)
        if span is None or decimals is None:
            return ""
        longest = max((fixed(value, decimals) for value in span), key=len)
        return f"{longest} ± {longest}" if self.grouping.by and self.grouping.aggregate == MEAN else longest

    @property
    def grouping(self) -> Grouping:
        """How the rows are grouped."""
        found = getattr(self.rows, "grouping", None)
        return found if isinstance(found, Grouping) else Grouping()

    def bar(self, row: RunRow, column: Column) -> float | None:
        """Give a metric's place between worst (0) and best (1) among the loaded rows; None for what is no metric."""
        span = self._ranges.get(column.id)
        value = number(row, column) if span else None
        if span is None or value is None or not math.isfinite(value):
            return None
        share = (value - span[0]) / (span[1] - span[0])
        share = 1.0 - share if self._less_is_better(column.key) else share
        if self.grouping and not isinstance(row, GroupRow):
            # A run of a group may lie beyond the groups, and is none of the best ones.
            return min(max(share, 0.0), NEARLY_BEST)
        return share

    def _less_is_better(self, metric: str) -> bool:
        return self.grouping.aggregate == STD or less_is_better(metric)

    def title(self, column: Column) -> str:
        """Give a column's title, which is another one above groups."""
        if self.grouping and column in (STATUS, NAME):
            names = [name.partition(":")[2] or name for name in self.grouping.by]
            return "Runs" if column is STATUS else ", ".join(names)
        return column.title

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation != Qt.Orientation.Horizontal or section >= len(self.columns):
            return None
        column = self.columns[section]
        if role == Qt.ItemDataRole.DisplayRole:
            if self.sorted_by and self.sorted_by[0] == column.id:
                return f"{self.title(column)} {'↑' if self.sorted_by[1] else '↓'}"
            return self.title(column)
        if role == Qt.ItemDataRole.ToolTipRole:
            if column is BOX:
                return "Select all runs"
            return header_tip(column)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if column.kind == "params" else _LEFT
        if role == COLUMN_ROLE:
            return column
        return None


def _copied(row: RunRow, column: Column) -> str:
    """Give a cell on one line; what tells a table's cells and lines apart becomes a space."""
    if isinstance(row, GroupRow) and column.id in ("status", "name"):
        value: object = text(row, column) if column.id == "status" else row.name
    else:
        value = raw(row, column)
    return "" if value is None else _SEPARATORS.sub(" ", str(value))


def as_table(rows: Sequence[RunRow], columns: Sequence[Column]) -> str:
    """Give rows as tab-separated text with a header, values as they were logged."""
    columns = [column for column in columns if column is not BOX]
    lines = ["\t".join(["run_id", *(column.id for column in columns)])]
    for row in rows:
        cells = [_copied(row, column) for column in columns]
        lines.append("\t".join(["" if isinstance(row, GroupRow) else row.run_id, *cells]))
    return "\n".join(lines)
