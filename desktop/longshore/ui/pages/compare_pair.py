"""A tab of the comparison that measures one run against the baseline: which one is chosen here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeVar

from PySide6.QtWidgets import QWidget

from longshore.errors import LongshoreError
from longshore.progress import CancelToken
from longshore.tracking.rows import RunRow
from longshore.ui.pages.compare_layout import CompareLayout
from longshore.ui.pages.compare_part import Part
from longshore.ui.pages.compare_table import swatch_icon
from longshore.ui.pages.compare_work import Compared
from longshore.ui.shell.context import AppContext
from longshore.ui.shell.tasks import Work
from longshore.ui.widgets.basic import ElidedLabel, clear, horizontal, label, vertical
from longshore.ui.widgets.select import Select
from longshore.ui.widgets.states import ErrorState, Loading

T = TypeVar("T")


class PairTab(Part):
    """Two selects, the baseline and the other run, over what differs between them."""

    def __init__(
        self, context: AppContext, layout: CompareLayout, pin: Callable[[str], None], name: str, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.context, self.layout_kept, self._name = context, layout, name
        self.runs: tuple[RunRow, ...] = ()
        # Of each run, by id.
        self.workspaces: Mapping[str, str] = {}
        self._token: CancelToken | None = None
        column = vertical(self, (16, 2, 16, 10), 6)
        controls = QWidget(self)
        self.row = horizontal(controls, spacing=8)
        self.base, self.other = (
            Select("Baseline", widest=180),
            Select("Run to measure against the baseline", widest=180),
        )
        self.base.activated.connect(lambda _place: pin(self.base.value))
        self.other.activated.connect(self._other_chosen)
        self.row.addWidget(label("Baseline", "small", "secondary"))
        self.row.addWidget(self.base)
        self.row.addWidget(label("against", "small", "secondary"))
        self.row.addWidget(self.other)
        self.said = ElidedLabel("", "small", "secondary")
        self.row.addWidget(self.said, 1)
        column.addWidget(controls)
        self.holder = QWidget(self)
        self._body = vertical(self.holder)
        column.addWidget(self.holder, 1)

    def work(self) -> Work[object]:
        """Give the work that compares the two runs."""
        raise NotImplementedError

    def show_found(self, found: object) -> None:
        """Show what it found."""
        raise NotImplementedError

    def show_compared(self, compared: Compared, baseline: str) -> None:
        self.runs, self.workspaces = compared.comparison.runs, compared.workspaces
        swatches = {run.run_id: place for place, run in enumerate(self.runs)}
        self.base.show_options([(run.name, run.run_id) for run in self.runs])
        self.base.choose(baseline)
        others = [run for run in self.runs if run.run_id != baseline]
        self.other.show_options([(run.name, run.run_id) for run in others])
        for select in (self.base, self.other):
            for place in range(select.count()):
                select.setItemIcon(place, swatch_icon(swatches[str(select.itemData(place))]))
        self.other.choose(self.layout_kept.text("other", others[0].run_id, [run.run_id for run in others]))
        self.load()

    def _other_chosen(self, _place: int) -> None:
        self.layout_kept.put("other", self.other.value)
        self.load()

    def load(self) -> None:
        """Compare the two."""
        self.said.setText("")
        self.ask(self.work(), self.show_found)

    def ask(self, work: Work[T], done: Callable[[T], None]) -> None:
        """Run work of this tab; an older answer is not shown any more."""
        if self._token is not None:
            self._token.cancel()
        pair = (self.base.value, self.other.value)
        self.show_content(Loading("Comparing…"))
        self._token = self.context.runner.run(
            self, work, partial(self._take, pair, done), self.show_failure, key=f"compare.{self._name}"
        )

    def _take(self, pair: tuple[str, str], done: Callable[[T], None], found: T) -> None:
        if pair == (self.base.value, self.other.value):
            done(found)

    def show_content(self, widget: QWidget) -> None:
        """Show what was found, or what stands where it would."""
        clear(self._body)
        self._body.addWidget(widget)

    def show_failure(self, error: LongshoreError) -> None:
        """Say why nothing is compared."""
        self.show_content(ErrorState(error, "The runs could not be compared", self.load))

    def name_of(self, run_id: str) -> str:
        """Give a run's name."""
        return next((run.name for run in self.runs if run.run_id == run_id), run_id[:8])
