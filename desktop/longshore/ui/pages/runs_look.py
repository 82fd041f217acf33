"""How the run table looks, all of it together: columns, order, groups, filter and charts. It is what a view keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from longshore.tracking.views import View
from longshore.ui.pages.runs_columns import TableColumns
from longshore.ui.pages.runs_density import Density
from longshore.ui.pages.runs_groups import TableGroups
from longshore.ui.widgets.run_columns import Column
from longshore.ui.widgets.run_table import RunTable

if TYPE_CHECKING:
    from longshore.ui.pages.compare_layout import CompareLayout
    from longshore.ui.widgets.filter_field import FilterField

Order = tuple[Column, bool]  # ascending


class TableLook(QObject):
    """Sorts, and shows a view. Each change asks for other rows."""

    changed = Signal()
    # Sorting by what metrics were over their histories, which have to be known first.
    past_sort_asked = Signal(object)

    def __init__(
        self,
        table: RunTable,
        filter: FilterField,
        columns: TableColumns,
        groups: TableGroups,
        density: Density,
        charts: CompareLayout,
    ) -> None:
        super().__init__(table)
        self._table, self._filter, self._density = table, filter, density
        self._columns, self._groups, self._charts = columns, groups, charts
        # What is asked for, and what the rows on screen are sorted by.
        self.order: Order | None = None
        self._shown_order: Order | None = None
        table.sort_asked.connect(self._sort)

    def forget(self) -> None:
        """Sort by nothing: another project is shown."""
        self.order = self._shown_order = None

    @property
    def order_by(self) -> tuple[str, ...]:
        """The order in MLflow's words."""
        return () if self.order is None else (f"{self.order[0].order_by} {'ASC' if self.order[1] else 'DESC'}",)

    def mark(self) -> None:
        """Mark the column that is sorted by."""
        column, ascending = self.order or (None, True)
        self._table.model.show_sorting(column.id if column else None, ascending=ascending)

    def note_shown(self) -> None:
        """Take it that the rows on screen are sorted as was asked."""
        self._shown_order = self.order

    def give_up(self) -> Order | None:
        """Go back to the order of the rows on screen, and give the one that was asked for."""
        given_up, self.order = self.order, self._shown_order
        self.mark()
        return given_up

    def sort_by(self, order: Order | None) -> None:
        """Sort so."""
        self.order = order
        self.changed.emit()

    def _sort(self, column: object) -> None:
        assert isinstance(column, Column)
        ascending = not (self.order is not None and self.order[0].id == column.id and self.order[1])
        if column.is_past:
            self.past_sort_asked.emit((column, ascending))
        else:
            self.sort_by((column, ascending))

    def look(self, name: str) -> View:
        """Tell how the table looks, as a view of this name."""
        chosen = self._columns.chosen
        return View(
            name,
            None if chosen is None else tuple(chosen),
            self._filter.text(),
            None if self.order is None else (self.order[0].id, self.order[1]),
            self._groups.grouping,
            self._columns.hide_constant,
            self._density.density,
            dict(self._table.widths.chosen),
            self._charts.values,
        )

    def show_view(self, view: View) -> None:
        """Make the table look so; columns that are not there by now are left out."""
        column = self._columns.known(view.order[0]) if view.order else None
        self.order = (column, view.order[1]) if column and view.order else None
        if view.hide_constant != self._columns.hide_constant:
            self._columns.set_hide_constant(view.hide_constant)
        self._columns.take(None if view.columns is None else list(view.columns))
        self._groups.take(view.grouping)
        self._density.take(view.density)
        if view.widths is not None:
            self._columns.take_widths(view.widths)
        if view.charts is not None:
            self._charts.take(view.charts)
        self._filter.set_text(view.filter)
        self.changed.emit()
