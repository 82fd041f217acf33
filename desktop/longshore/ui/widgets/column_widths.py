"""How wide the run table's columns are: as their content needs, or as a person made them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import QObject, Signal

from longshore.tracking.rows import MEAN
from longshore.ui.widgets.run_columns import PINNED, Column
from longshore.ui.widgets.run_model import RunTableModel
from longshore.ui.widgets.run_view import RunView

# What a mean's deviation takes beside it.
DEVIATION_WIDTH = 48
# Wider, a column would push all others out of sight; narrower, nobody finds its edge again.
NARROWEST, WIDEST = 36, 2_000


class ColumnWidths(QObject):
    """Lays out the columns of both halves, and knows the widths that a person chose, by the columns' ids."""

    # A person made a column wider or narrower.
    changed = Signal()

    def __init__(self, pinned: RunView, rest: RunView, model: RunTableModel, fitted: Callable[[int], None]) -> None:
        """`fitted` is told how wide the pinned half is."""
        super().__init__(rest)
        self._pinned, self._rest, self._model, self._fitted = pinned, rest, model, fitted
        self._fitting = False
        self.chosen: dict[str, int] = {}
        for view in (pinned, rest):
            view.horizontalHeader().sectionResized.connect(self._note)
        pinned.horizontalHeader().sectionResized.connect(self._tell_pinned)
        model.modelReset.connect(self.fit)

    def show(self, widths: Mapping[str, int]) -> None:
        """Make these columns so wide, and all others as wide as their content needs."""
        self.chosen = {column: min(max(width, NARROWEST), WIDEST) for column, width in widths.items()}
        self.fit()

    def fit(self) -> None:
        """Lay the columns out."""
        self._fitting = True
        for section, column in enumerate(self._model.columns):
            pinned = section < len(PINNED)
            self._pinned.setColumnHidden(section, not pinned)
            self._rest.setColumnHidden(section, pinned)
            view = self._pinned if pinned else self._rest
            view.setColumnWidth(section, self.chosen.get(column.id) or self._wanted(column))
        self._fitting = False
        self._tell_pinned()

    def _note(self, section: int, _before: int, width: int) -> None:
        """Keep a width that a person chose with its column, wherever that goes."""
        if not self._fitting and width and section < len(self._model.columns):
            self.chosen[self._model.columns[section].id] = width
            self.changed.emit()

    def _tell_pinned(self, *_arguments: int) -> None:
        self._fitted(sum(self._pinned.columnWidth(section) for section in range(len(PINNED))))

    def _wanted(self, column: Column) -> int:
        grouping = self._model.grouping
        deviations = column.is_metric and grouping.by and grouping.aggregate == MEAN
        return column.width + DEVIATION_WIDTH if deviations else column.width
