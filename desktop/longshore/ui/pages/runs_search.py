"""The run table's questions to the index: the newest one counts, and answers again whenever the index has something new."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QObject, QTimer, Signal

from longshore.errors import Invalid, LongshoreError
from longshore.progress import CancelToken
from longshore.ui.pages import runs_work as work
from longshore.ui.shell.context import AppContext

if TYPE_CHECKING:
    from collections.abc import Callable

    from longshore.settings import Home
    from longshore.tracking.experiment_list import Named
    from longshore.ui.shell.tasks import Work

T = TypeVar("T")

# Looking whether something is new costs some tenth of a millisecond.
LOOK_MS, LOOK_WHILE_FILLING_MS = 1000, 300
# The agent keeps the index fresh; where it does not, the window does.
STALE_S = 6.0
# A quick answer needs no progress, which would only flicker.
SLOW_MS = 300
# How often the server is asked which experiments there are.
LIST_S = 5.0
# An outdated question may still be under way while the newest is asked.
LANES = 2


class RunSearch(QObject):
    """Asks off the UI thread and tells by signal."""

    # An answer; and whether it is to a new question, not to the same once more.
    found = Signal(object, bool)
    failed = Signal(object)
    # The index was looked at just now.
    looked = Signal(object)
    # Why the server cannot be asked, None once it can again. What the index holds is shown meanwhile.
    offline = Signal(object)
    experiments_known = Signal(object)
    # Something takes long: how many seconds so far, -1 once it is over.
    waiting = Signal(int)

    def __init__(self, context: AppContext, parent: QObject) -> None:
        super().__init__(parent)
        self._context = context
        self._generation = 0
        # Counts projects and workspaces: what was asked of an earlier one says nothing of this one.
        self._place = 0
        self._began = self._synced_at = self._listed_at = 0.0
        self._new = self._listing = self._paused = False
        self._failed = ""
        self._tokens: list[CancelToken] = []
        self._syncing: CancelToken | None = None
        self._experiments: tuple[Named, ...] | None = None
        self._away: LongshoreError | None = None
        self.busy = False
        self.columns: tuple[str, ...] | None = None
        # What metrics were over their histories, as far as it was read.
        self.past = work.Past(context.home)
        # What was asked last, and the answer on screen.
        self.asked: work.Query | None = None
        self.answer: work.Answer | None = None
        self._slow = QTimer(self)
        self._slow.timeout.connect(self._tell_time)
        self._again = QTimer(self)
        self._again.setSingleShot(True)
        self._again.timeout.connect(self._look)

    # -- asking -------------------------------------------------------------------------------------------------

    def forget(self) -> None:
        """Know nothing of another project or workspace."""
        self._outdate()
        self._experiments, self.answer, self.asked = None, None, None
        self._place, self._listing = self._place + 1, False
        self._listed_at = self._synced_at = 0.0
        if self._syncing is not None:
            self._syncing.cancel()
            self._syncing = None

    def ask(self, query: work.Query) -> None:
        """Ask something new; what is under way is outdated by it."""
        self._outdate()
        self.asked, self._new, self._began, self._failed = query, True, time.monotonic(), ""
        self._slow.start(SLOW_MS)
        self.look()

    def look(self) -> None:
        """Look whether the index has something new; nothing while an answer is awaited."""
        self._paused = False
        self._look()

    def _look(self) -> None:
        if self.busy or self.asked is None or self._paused:
            return
        if self._experiments is None:
            self.busy = True
            knowing = work.known_experiments_work(self._home, self._workspace, self.asked.project)
            self._run(knowing, self._take_known)
            return
        self._list()
        self.busy = True
        question = work.Question(self._workspace, self.asked, self._experiments, self.columns)
        self._run(work.ask_work(self._home, question, self.answer, self.past), self._take)

    def pause(self) -> None:
        """Stop looking, until the next question or look: nobody sees the table."""
        self._paused = True
        self._again.stop()

    def cancel(self) -> None:
        """Give up what takes long; what was found until then stays."""
        self._outdate()
        self._new = False
        if self._syncing is not None:
            self._syncing.cancel()
            self._syncing = None
        self.asked = self.answer.question.query if self.answer else self.asked

    @property
    def _home(self) -> Home:
        return self._context.home

    @property
    def _workspace(self) -> str | None:
        return self._context.workspace_name

    def _run(self, asking: Work[T], done: Callable[[T], None]) -> None:
        generation = self._generation

        def take(answer: T) -> None:
            if generation == self._generation:
                self.busy = False
                done(answer)

        def fail(error: LongshoreError) -> None:
            if generation == self._generation:
                self._fail(error)

        self._tokens.append(self._context.runner.run(self, asking, take, fail, key=f"runs {generation % LANES}"))

    def _outdate(self) -> None:
        for token in self._tokens:
            token.cancel()
        self._tokens.clear()
        self._generation += 1
        self._again.stop()
        self._settle()

    # -- answers ------------------------------------------------------------------------------------------------

    def _take(self, answer: work.Answer) -> None:
        self._tokens.clear()
        fresh, before = self._new, self.answer
        filling = not answer.frame.complete and self._away is None
        if filling and not len(answer.frame) and self._sync():
            self._look_again(LOOK_WHILE_FILLING_MS)  # the first rows come in a moment
            return
        self._new, self.answer, self._failed = False, answer, ""
        self._settle()
        if fresh or before is None or answer.rows is not before.rows or answer.groups is not before.groups:
            self.found.emit(answer, fresh)
        self.looked.emit(answer)
        seen = answer.frame.as_of.timestamp() if answer.frame.as_of else 0.0
        if filling or time.time() - seen > STALE_S:
            self._sync()
        self._look_again(LOOK_WHILE_FILLING_MS if filling and self._syncing else LOOK_MS)

    def _fail(self, error: LongshoreError) -> None:
        self._settle()
        if not isinstance(error, Invalid):  # a wrong filter stays wrong
            self._look_again(LOOK_MS * 3)
        if error.reason != self._failed:  # said once, however often it is tried again
            self._failed = error.reason
            self.failed.emit(error)

    def _look_again(self, in_ms: int) -> None:
        if not self._paused:
            self._again.start(in_ms)

    def _settle(self) -> None:
        self.busy = False
        if self._slow.isActive():
            self._slow.stop()
            self.waiting.emit(-1)

    def _tell_time(self) -> None:
        self.waiting.emit(int(time.monotonic() - self._began))
        self._slow.setInterval(1000)

    # -- experiments --------------------------------------------------------------------------------------------

    def _take_known(self, known: tuple[Named, ...] | None) -> None:
        if known is None:
            self.busy = True  # nothing can be shown before the server says which there are
            self._list()
            return
        self._take_experiments(known)
        self._look()

    def _take_experiments(self, found: tuple[Named, ...]) -> None:
        if found != self._experiments:
            self._experiments = found
            self.experiments_known.emit(found)

    def _list(self) -> None:
        """Ask the server now and then which experiments there are."""
        if self._listing or self.asked is None or time.monotonic() - self._listed_at < LIST_S:
            return
        self._listing, self._listed_at = True, time.monotonic()
        place, project = self._place, self.asked.project
        listing = work.experiments_work(self._home, self._workspace, project)

        def take(found: tuple[Named, ...]) -> None:
            if place != self._place:
                return
            self._listing = False
            if self.asked is None or self.asked.project != project:
                self._listed_at = 0.0
                return
            self._say_offline(None)
            if self._experiments is None:
                self.busy = False  # which waited for this answer, whatever was asked meanwhile
            self._take_experiments(found)
            self._look()

        def fail(error: LongshoreError) -> None:
            if place != self._place:
                return
            self._listing = False
            if self._experiments is None:
                self._listed_at = 0.0  # nothing is shown yet: it is asked again at the next look
                self._fail(error)
            else:
                self._say_offline(error)

        self._context.runner.run(self, listing, take, fail, key="runs.experiments")

    def _say_offline(self, error: LongshoreError | None) -> None:
        if (error is None) != (self._away is None):
            self._away = error
            self.offline.emit(error)

    # -- freshness ----------------------------------------------------------------------------------------------

    def _sync(self) -> bool:
        """Bring the index up to date in the background; False where there is nothing to wait for."""
        if self._syncing is not None:
            return True
        if not self._experiments or time.monotonic() - self._synced_at < STALE_S / 2:
            return False
        self._synced_at = time.monotonic()
        filling = self.answer is None or not self.answer.frame.complete
        self._syncing = self._context.runner.run(
            self,
            work.sync_work(self._home, self._workspace, self._experiments),
            self._synced,
            self._sync_failed,
            key="runs.sync",
            title="Reading the runs" if filling else "",
        )
        return True

    def _synced(self, offline: LongshoreError | None) -> None:
        self._syncing = None
        self._say_offline(offline)
        self._look()

    def _sync_failed(self, error: LongshoreError) -> None:
        self._syncing = None
        self._fail(error)
