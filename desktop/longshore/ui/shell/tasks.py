"""The one runner of work off the UI thread: results and errors come back by signal, to the asker that still lives.

The worker posts on the runner's own queued signal; the runner calls the asker back on the UI thread. Work holds no widget.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import shiboken6
from PySide6.QtCore import QObject, Qt, QTimer, Signal

from longshore.errors import Cancelled, LongshoreError
from longshore.progress import CancelToken, Progress
from longshore.ui.widgets.late_content import TURN_MS

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

T = TypeVar("T")
Work = Callable[[Progress, CancelToken], T]
log = logging.getLogger(__name__)

# Imports and JSON hold the interpreter's lock: more threads than this would only starve the window.
THREADS = 4
# Answers are handed over for so long before the event loop comes round.
SWARM_S = 0.008


@dataclass
class Task(Generic[T]):
    """One piece of work under way, as the task list shows it."""

    number: int
    title: str  # empty: not shown
    asker: QObject
    done: Callable[[T], None] | None
    failed: Callable[[LongshoreError], None] | None
    progressed: Callable[[float | None, str], None] | None
    token: CancelToken = field(default_factory=CancelToken)
    fraction: float | None = None
    detail: str = ""
    started_at: float = field(default_factory=time.monotonic)


class TaskRunner(QObject):
    """Runs work in a pool; lives as long as the application."""

    # Something arrived.
    _posted = Signal()
    # The shown tasks changed.
    tasks_changed = Signal()
    # A task failed and nobody who asked shows it: title, error.
    failed_unseen = Signal(str, object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._numbers = itertools.count(1)
        self._tasks: dict[int, Task[Any]] = {}
        # What waits behind the work of its key; a key is there while some of its work runs.
        self._queues: dict[str, deque[tuple[Any, ...]]] = {}
        self._closed = False
        # Work that waits for `release`, None when nothing is held back.
        self._held: list[tuple[Any, ...]] | None = None
        self._holding = threading.Lock()
        # What came back and was not delivered yet: number, kind ("progress", "done", "failed"), payload.
        self._arrived: deque[tuple[int, str, Any]] = deque()
        self._resting = False
        self._posted.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        from concurrent.futures import ThreadPoolExecutor

        return ThreadPoolExecutor(THREADS, thread_name_prefix="task")

    def run(
        self,
        asker: QObject,
        work: Work[T],
        done: Callable[[T], None] | None = None,
        failed: Callable[[LongshoreError], None] | None = None,
        *,
        progressed: Callable[[float | None, str], None] | None = None,
        key: str | None = None,
        title: str = "",
    ) -> CancelToken:
        """Run `work(progress, cancel)` and call back on the UI thread while `asker` lives.

        `key` names the resource: work of one key runs one after the other. A `title` shows it in the task list.
        Raises: TypeError if the work holds a QObject.
        """
        _refuse_widgets(work)
        task = Task(next(self._numbers), title, asker, done, failed, progressed)
        if self._closed:
            task.token.cancel()
            return task.token
        self._tasks[task.number] = task
        self._submit(task.number, task.token, work, key)
        if title:
            self.tasks_changed.emit()
        return task.token

    def hold(self) -> None:
        """Keep work back until `release`: before the first frame nothing may compete for the interpreter."""
        self._held = []

    def release(self, first: Callable[[], None]) -> None:
        """Run `first` alone, then all that was kept back.

        `first` imports what most work needs. Two threads that import one package with circular imports at the same time
        can each meet the other's half of it.
        """

        def start() -> None:
            try:
                first()
            finally:
                with self._holding:
                    held, self._held = self._held or [], None
                for arguments in held:
                    self._submit(*arguments)

        self._pool.submit(start)

    def _submit(self, *arguments: Any) -> None:
        key = arguments[-1]
        with self._holding:
            if self._held is not None:
                self._held.append(arguments)
                return
            if key is not None:
                # Waiting in a queue of its own, it keeps no thread from other work.
                if key in self._queues:
                    self._queues[key].append(arguments)
                    return
                self._queues[key] = deque()
        self._start(arguments)

    def _start(self, arguments: tuple[Any, ...]) -> None:
        if not self._closed:
            with contextlib.suppress(RuntimeError):  # the pool was shut down meanwhile
                self._pool.submit(self._work, *arguments)

    def _next_of(self, key: str) -> None:
        with self._holding:
            waiting = self._queues[key]
            if not waiting:
                del self._queues[key]
                return
            arguments = waiting.popleft()
        self._start(arguments)

    def shown(self) -> list[Task[Any]]:
        """Give the tasks that have a title, oldest first."""
        return [task for task in self._tasks.values() if task.title]

    @property
    def idle(self) -> bool:
        """Tell whether nothing is under way."""
        return not self._tasks

    def close(self, timeout_s: float = 3.0) -> None:
        """Cancel everything and wait a bounded time; what still hangs is left to the process's end."""
        self._closed = True
        for task in self._tasks.values():
            task.token.cancel()
        self._tasks.clear()
        ended = threading.Thread(target=self._pool.shutdown, kwargs={"wait": True, "cancel_futures": True}, daemon=True)
        ended.start()
        ended.join(timeout_s)

    def _work(self, number: int, token: CancelToken, work: Work[Any], key: str | None) -> None:
        try:
            self._do(number, token, work)
        finally:
            if key is not None:
                self._next_of(key)

    def _do(self, number: int, token: CancelToken, work: Work[Any]) -> None:
        def report(fraction: float | None, detail: str) -> None:
            token.check()
            self._post(number, "progress", (fraction, detail))

        try:
            token.check()
            answer = work(report, token)
        except LongshoreError as error:
            self._post(number, "failed", error)
        except Exception as error:
            log.error("work failed: %s", error, exc_info=error)
            self._post(number, "failed", LongshoreError(f"{type(error).__name__}: {error}", hint=BUG_HINT))
        else:
            self._post(number, "done", answer)

    def _post(self, number: int, kind: str, payload: object) -> None:
        # The application may be gone by now; then nobody waits for the answer.
        if not self._closed and shiboken6.isValid(self):
            self._arrived.append((number, kind, payload))
            self._posted.emit()

    def _deliver(self) -> None:
        """Hand over what arrived. After a few milliseconds the rest waits a turn: answers come in swarms."""
        began = time.monotonic()
        while self._arrived and not self._resting:
            try:
                self._deliver_one(*self._arrived.popleft())
            finally:
                if self._arrived and time.monotonic() - began > SWARM_S:
                    self._resting = True
                    QTimer.singleShot(TURN_MS, self, self._go_on)

    def _go_on(self) -> None:
        self._resting = False
        self._deliver()

    def _deliver_one(self, number: int, kind: str, payload: Any) -> None:
        task = self._tasks.get(number)
        if task is None:
            return
        alive = shiboken6.isValid(task.asker)
        if kind == "progress":
            task.fraction, task.detail = payload
            if task.progressed and alive and not task.token.cancelled:
                task.progressed(*payload)
        else:
            del self._tasks[number]
            self._finish(task, kind, payload, alive=alive)
        if task.title:
            self.tasks_changed.emit()

    def _finish(self, task: Task[Any], kind: str, payload: Any, *, alive: bool) -> None:
        if kind == "done":
            if task.done and alive and not task.token.cancelled:
                task.done(payload)
        elif not isinstance(payload, Cancelled):
            if task.failed and alive:
                task.failed(payload)
            elif task.title:
                self.failed_unseen.emit(task.title, payload)


BUG_HINT = "This is a bug in Longshore. The window's log in the home folder has the details."


def _refuse_widgets(work: Callable[..., Any]) -> None:
    held = [cell.cell_contents for cell in getattr(work, "__closure__", None) or () if _has_content(cell)]
    held += [getattr(work, "__self__", None)]
    held += [*getattr(work, "args", ()), *getattr(work, "keywords", {}).values()]
    if any(isinstance(value, QObject) for value in held):
        raise TypeError("Work off the UI thread must not hold a widget: hand it plain values.")


def _has_content(cell: Any) -> bool:
    try:
        cell.cell_contents  # noqa: B018
    except ValueError:
        return False
    return True
