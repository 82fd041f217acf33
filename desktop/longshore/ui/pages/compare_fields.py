"""What the comparison's charts of many runs share: which runs, which fields, and how they are read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from longshore.errors import LongshoreError
from longshore.progress import CancelToken, Progress
from longshore.tracking.rows import RunRow, columns_of
from longshore.ui.pages.compare_layout import CompareLayout
from longshore.ui.pages.compare_part import Part
from longshore.ui.shell.context import AppContext
from longshore.ui.shell.tasks import Work
from longshore.ui.widgets.basic import clear, horizontal, label, vertical
from longshore.ui.widgets.select import Select
from longshore.ui.widgets.states import ErrorState, Loading

if TYPE_CHECKING:
    from longshore.tracking.comparing.fields import RunSet
    from longshore.ui.pages.compare_work import Compared
    from longshore.ui.pages.runs_work import Answer

SCOPES = TABLE, COMPARED = "table", "compared"
Answering = Callable[[], "Answer | None"]


@dataclass(frozen=True, eq=False)
class Known:
    """What can be shown: the fields, those that differ first, and the metric that matters first."""

    fields: tuple[str, ...]
    params: tuple[str, ...]  # that differ between runs
    metric: str


def known_of(compared: Sequence[RunRow], answer: Answer | None) -> Known:
    """Tell which fields there are, in the table's runs where there is a table."""
    from longshore.tracking import direction
    from longshore.tracking.comparing.fields import field_ids, varying

    rows = answer.head if answer is not None and len(answer.head) > len(compared) else compared
    found = answer.frame.columns if answer is not None else columns_of(compared)
    params = varying(rows) or varying(compared)
    rest = [field for field in field_ids(found) if field not in params]
    metrics = [field for field in rest if field.startswith("m:")]
    first = direction.primary_metric(compared) or direction.primary_metric(rows) or ""
    metrics.sort(key=lambda field: field[2:] != first)
    others = [field for field in rest if field.startswith("p:")]
    return Known((*metrics, *params, *others), params, metrics[0] if metrics else "")


def fields_work(answer: Answer | None, rows: Sequence[RunRow], fields: Sequence[str]) -> Work[RunSet]:
    """Give the work that reads fields of the table's runs, or of the rows where there is no answer."""

    def work(_progress: Progress, cancel: CancelToken) -> RunSet:
        from longshore.tracking.comparing.fields import of_rows, of_selection

        cancel.check()
        return of_rows(rows, fields) if answer is None else of_selection(answer.rows.selection, fields)

    return work


class FieldsTab(Part):
    """A chart of many runs: those of the table, or those that are compared, which have their colours in both."""

    opened = Signal(str)
    # Run ids that were brushed, for the table to select.
    selected = Signal(list)

    def __init__(
        self, context: AppContext, layout: CompareLayout, answering: Answering, name: str, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.context, self.layout_kept, self.name = context, layout, name
        self._answering = answering
        self._answer: Answer | None = None
        self._across = False
        self.compared: tuple[RunRow, ...] = ()
        self.known = Known((), (), "")
        self._token: CancelToken | None = None
        column = vertical(self, (16, 2, 16, 10), 6)
        self._controls = QWidget(self)
        self.row = horizontal(self._controls, spacing=8)
        self.scope = Select("Which runs", [("Runs of the table", TABLE), ("Compared runs", COMPARED)])
        self.scope.choose(layout.text("scope", TABLE, SCOPES))
        self.scope.activated.connect(self._scope_chosen)
        self.row.addWidget(self.scope)
        column.addWidget(self._controls)
        self._holder = QWidget(self)
        self._body = vertical(self._holder)
        column.addWidget(self._holder, 1)
        self.said = label("", "small", "secondary")

    # -- what each chart says -----------------------------------------------------------------------------------

    def wanted(self) -> Sequence[str]:
        """Give the fields that the chart shows; nothing where there is nothing to choose."""
        raise NotImplementedError

    def show_known(self) -> None:
        """Offer the fields that are known now."""
        raise NotImplementedError

    def show_fields(self, runs: RunSet) -> None:
        """Draw."""
        raise NotImplementedError

    # -- the same for all ---------------------------------------------------------------------------------------

    @property
    def marked(self) -> Mapping[str, int]:
        """The compared runs with the numbers of their colours."""
        return {run.run_id: number for number, run in enumerate(self.compared)}

    def show_compared(self, compared: Compared, baseline: str) -> None:
        del baseline  # nothing here is measured against one run
        self.compared = compared.comparison.runs
        self._across = compared.across
        # The table shows one workspace: of runs of several it has not all.
        self.scope.choose(self.layout_kept.text(self._scope_key, COMPARED if self._across else TABLE, SCOPES))
        self._ask_known()

    def show_news(self, compared: Compared, baseline: str) -> None:
        del baseline
        self.compared = compared.comparison.runs
        if self.scope.value == COMPARED:
            self._ask_known()

    @property
    def _scope_key(self) -> str:
        return "scope.across" if self._across else "scope"

    def refresh(self) -> None:
        """Read again where the table shows other runs by now."""
        now = self._answering() if self.scope.value == TABLE else None
        if now is not None and (self._answer is None or now.rows.selection is not self._answer.rows.selection):
            self._ask_known()

    def _scope_chosen(self, _place: int) -> None:
        self.layout_kept.put(self._scope_key, self.scope.value)
        self._ask_known()

    def _ask_known(self) -> None:
        self._answer = self._answering() if self.scope.value == TABLE else None
        answer, compared = self._answer, self.compared

        def work(_progress: Progress, _cancel: CancelToken) -> Known:
            return known_of(compared, answer)

        self.context.runner.run(self, work, self._take_known, self.show_failure, key=f"compare.{self.name}")

    def _take_known(self, known: Known) -> None:
        self.known = known
        self.show_known()
        self.load()

    def load(self, *_arguments: object) -> None:
        """Read the fields that are wanted and draw them."""
        wanted = tuple(self.wanted())
        if self._token is not None:
            self._token.cancel()
        work = fields_work(self._answer, self.compared, wanted)
        done = partial(self._take, wanted)
        self._token = self.context.runner.run(self, work, done, self.show_failure, key=f"compare.{self.name}")

    def _take(self, wanted: tuple[str, ...], runs: RunSet) -> None:
        if wanted == tuple(self.wanted()):
            self.show_fields(runs)

    def keep(self, key: str, value: object) -> None:
        """Keep a choice of this chart."""
        self.layout_kept.put(f"{self.name}.{key}", value)

    def kept(self, key: str, default: str, allowed: Sequence[str] | None = None) -> str:
        """Give a choice of this chart."""
        return self.layout_kept.text(f"{self.name}.{key}", default, allowed)

    def show_content(self, widget: QWidget) -> None:
        """Show the chart, or what stands where it would."""
        shown = self._body.itemAt(0)
        if shown is not None and shown.widget() is widget:
            return
        for place in reversed(range(self._body.count())):
            item = self._body.itemAt(place)
            found = item.widget() if item is not None else None
            if found is not None and found.property("keep"):
                self._body.takeAt(place)
                found.hide()
        clear(self._body)
        self._body.addWidget(widget)
        widget.show()

    def show_failure(self, error: LongshoreError) -> None:
        """Say why there is no chart."""
        self.show_content(ErrorState(error, "The chart could not be drawn", self._ask_known))

    def show_loading(self) -> None:
        """Say that runs are being read."""
        self.show_content(Loading("Reading runs…"))
