"""The run table's best and mean values: read for the runs in sight, and for all where they are sorted or grouped by them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from longshore.errors import LongshoreError
from longshore.progress import CancelToken
from longshore.ui.pages import runs_past_work as work
from longshore.ui.shell.context import AppContext
from longshore.ui.widgets.times import duration

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from longshore.ui.pages.runs_look import Order, TableLook
    from longshore.ui.pages.runs_search import RunSearch
    from longshore.ui.pages.runs_states import NoticePlace
    from longshore.ui.pages.runs_work import Answer
    from longshore.ui.widgets.run_table import RunTable

# Scrolling tells its place a hundred times.
LOOK_AFTER_MS = 80
# After a failure nobody is asked again for so long, unless a person says so.
AGAIN_AFTER_MS = 30_000
# So many are a matter of some seconds: they stand in the list of tasks.
TOLD_FROM = 500


class TablePast(QObject):
    """Looks what is missing whenever the table shows something else. Failures and questions stand in a place above it."""

    def __init__(
        self,
        context: AppContext,
        page: QWidget,
        table: RunTable,
        search: RunSearch,
        look: TableLook,
        place: NoticePlace,
    ) -> None:
        super().__init__(page)
        self._context, self._page, self._table, self._search, self._look = context, page, table, search, look
        self._place = place
        self._token: CancelToken | None = None
        self._reading = False
        # The last reading failed, and the place above the table says so.
        self._failed = False
        # What was asked or failed, and is not asked again by itself.
        self._settled: tuple[object, ...] = ()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(LOOK_AFTER_MS)
        self._timer.timeout.connect(self._read_sight)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(AGAIN_AFTER_MS)
        self._rest.timeout.connect(self.look)
        table.rest.verticalScrollBar().valueChanged.connect(self.look)
        search.found.connect(self.look)
        look.past_sort_asked.connect(self.sort)
        context.runner.tasks_changed.connect(self._note_cancelled)

    # -- what is in sight ---------------------------------------------------------------------------------------

    def look(self, *_arguments: object) -> None:
        """Look in a moment what is missing, where such columns are shown at all."""
        if self._metrics():
            self._timer.start()
        elif self._place.words:
            self._end()  # nobody wants to see them any more

    def forget(self) -> None:
        """Give up what is under way: another project or workspace is shown."""
        self._timer.stop()
        self._rest.stop()
        self._settled = ()
        self._end()

    def columns_changed(self) -> None:
        """Show what is known of the columns that are shown now, and read the rest."""
        if self._metrics():
            self._search.look()
            self.look()

    @property
    def is_busy(self) -> bool:
        """Tell whether histories are being read."""
        return self._token is not None and not self._token.cancelled

    def _metrics(self) -> tuple[str, ...]:
        """Give the metrics whose histories are wanted: those in sight, and what is sorted by."""
        shown = [column.key for column in self._table.model.columns if column.is_past]
        if self._look.order is not None and self._look.order[0].is_past:
            shown.append(self._look.order[0].key)
        return tuple(dict.fromkeys(shown))

    def _wants_all(self, answer: Answer) -> bool:
        return answer.groups is not None or (self._look.order is not None and self._look.order[0].is_past)

    def _read_sight(self) -> None:
        answer, metrics = self._search.answer, self._metrics()
        if answer is None or not metrics or not self._page.isVisible():
            return
        if self.is_busy:
            self._timer.start()
            return
        if self._rest.isActive():
            return
        sight = self._table.in_sight()
        reading = work.look_work(
            self._context.home, self._context.workspace_name, self._search.past, answer, sight, metrics,
            everything=self._wants_all(answer),
        )  # fmt: skip
        done = partial(self._take, answer, metrics)
        self._token = self._context.runner.run(self, reading, done, self._fail, key="runs.past")

    def _take(self, answer: Answer, metrics: tuple[str, ...], looked: work.Looked) -> None:
        self._token = None
        if self._failed:
            self._failed = False
            self._place.clear()
        if looked.news:
            self._search.look()
        question = (answer.question.query, metrics)
        if not looked.left:
            if looked.news:
                self.look()  # what was scrolled into sight meanwhile
        elif looked.is_cheap:
            self._read_all(answer, metrics, looked, self._search.look)
        elif question != self._settled:
            self._settled = question
            self._offer(looked, "", partial(self._read_all, answer, metrics, looked, self._search.look))

    # -- all of them --------------------------------------------------------------------------------------------

    def sort(self, order: Order) -> None:
        """Sort once all values are known; a person is asked before a server is asked very often."""
        answer, metrics = self._search.answer, (order[0].key,)
        if answer is None:
            self._look.sort_by(order)
            return
        counting = work.count_work(self._context.home, self._context.workspace_name, self._search.past, answer, metrics)
        self._context.runner.run(self, counting, partial(self._sort, order, answer), self._fail, key="runs.count")

    def _sort(self, order: Order, answer: Answer, looked: work.Looked) -> None:
        then = partial(self._look.sort_by, order)
        reading = partial(self._read_all, answer, (order[0].key,), looked, then, order[0].title)
        if not looked.left:
            self._place.clear()
            then()
        elif looked.is_cheap:
            reading()
        else:
            self._offer(looked, order[0].title, reading)

    def _offer(self, looked: work.Looked, column: str, reading: Callable[[], object]) -> None:
        self._failed = False
        before = f"To sort by {column}" if column else "To sort and group all runs"
        self._place.say(
            f"{before}, the histories of {looked.left:,} runs have to be read: as many requests to the server,"
            f" about {duration(looked.seconds)}.",
            ("Read them", reading),
            ("Not now", self._place.clear),
        )

    def _read_all(
        self,
        answer: Answer,
        metrics: Sequence[str],
        looked: work.Looked,
        then: Callable[[], object],
        column: str = "",
    ) -> None:
        self._stop()
        self._reading = True
        what = f" to sort by {column}" if column else ""
        words = f"Reading {looked.left:,} histories{what}"
        told = looked.left >= TOLD_FROM or not looked.is_cheap
        if told:
            self._place.say(f"{words}…", ("Cancel", self._cancel))
        reading = work.read_work(self._context.home, self._context.workspace_name, self._search.past, answer, metrics)
        self._token = self._context.runner.run(
            self, reading, partial(self._all_read, then), self._fail,
            progressed=partial(self._tell, words) if told else None, key="runs.past", title=words if told else "",
        )  # fmt: skip

    def _tell(self, words: str, _fraction: float | None, detail: str) -> None:
        self._place.say(f"{words}: {detail}", ("Cancel", self._cancel))

    def _all_read(self, then: Callable[[], object], _news: bool) -> None:
        self._token, self._reading = None, False
        self._place.clear()
        then()

    def _cancel(self) -> None:
        """Give up; what came until then is kept, and shown."""
        self._end()
        self._search.look()

    def _note_cancelled(self) -> None:
        """Notice that somebody gave up in the list of tasks."""
        if self._reading and self._token is not None and self._token.cancelled:
            self._cancel()

    def _stop(self) -> None:
        token, self._token = self._token, None
        if token is not None:
            token.cancel()

    def _end(self) -> None:
        self._reading = self._failed = False
        self._place.clear()
        self._stop()

    def _fail(self, error: LongshoreError) -> None:
        """Say it once; what is known stays."""
        self._token, self._reading, self._failed = None, False, True
        self._rest.start()
        self._place.say(
            f"Best and mean values could not be read: {error.reason} {error.hint or ''}".strip(),
            ("Retry", self._try_again),
        )

    def _try_again(self) -> None:
        self._rest.stop()
        self._settled = ()
        self._place.clear()
        self.look()
