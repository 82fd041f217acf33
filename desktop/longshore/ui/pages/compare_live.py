"""Follows the compared runs that still run: asks for what is new, as long as somebody looks and one of them goes on."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QWidget

from longshore.errors import LongshoreError
from longshore.progress import CancelToken, Progress
from longshore.ui.pages.compare_work import Compared
from longshore.ui.shell.context import AppContext

if TYPE_CHECKING:
    from longshore.settings import Home
    from longshore.ui.shell.tasks import Work

# From one answer to the next question. Twenty runs take a few requests a second.
LOOK_MS = 1000
# A server that is away is asked less often.
AWAY_MS = 5000


@dataclass(frozen=True, eq=False)
class LiveNews:
    """The comparison with what is new."""

    compared: Compared
    # Those that were deleted meanwhile, by id.
    gone: tuple[str, ...]
    trouble: LongshoreError | None


def follow_work(home: Home, compared: Compared, wanted: Sequence[str], gone: Collection[str]) -> Work[LiveNews]:
    """Give the work that looks what is new of compared runs, but those that are gone, and of the curves of some metrics."""

    def work(_progress: Progress, _cancel: CancelToken) -> LiveNews:
        from longshore.tracking.compare import refreshed
        from longshore.tracking.comparing.following import follow
        from longshore.tracking.comparing.places import Servers

        found = compared.comparison
        runs = [run for run in found.runs if run.run_id not in gone]
        news = follow(home, Servers(home, compared.workspaces), runs, compared.curves, wanted)
        now = Compared(refreshed(found, news.runs), news.histories, compared.workspaces)
        return LiveNews(now, news.gone, news.trouble)

    return work


class CompareLive(QObject):
    """Asks again and again while it is started."""

    news = Signal(object)

    def __init__(self, context: AppContext, wanted: Callable[[], Sequence[str]], parent: QObject) -> None:
        """Take what names the metrics whose curves are on screen."""
        super().__init__(parent)
        self._context, self._wanted = context, wanted
        self._compared: Compared | None = None
        # Deleted meanwhile: nothing more is to be expected of them.
        self._gone: frozenset[str] = frozenset()
        self._started = self._asking = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self.look)

    @property
    def following(self) -> bool:
        """Tell whether something is asked now or in a moment."""
        return self._asking or self._timer.isActive()

    def follow(self, compared: Compared | None) -> None:
        """Follow these runs, from what is known of them."""
        self._compared, self._gone = compared, frozenset()
        self._wait(LOOK_MS)

    def know(self, compared: Compared) -> None:
        """Go on from here: more is known of the same runs."""
        self._compared = compared
        self._wait(LOOK_MS)

    def start(self) -> None:
        """Somebody looks."""
        self._started = True
        self._wait(LOOK_MS)

    def stop(self) -> None:
        """Nobody looks."""
        self._started = False
        self._timer.stop()

    def _wait(self, wait_ms: int) -> None:
        from longshore.tracking.comparing.following import going_on

        compared, wanted = self._compared, self._wanted()
        if not self._started or compared is None:
            self._timer.stop()
            return
        runs = [run for run in compared.comparison.runs if run.run_id not in self._gone]
        if going_on(runs, {metric: compared.curves[metric] for metric in wanted if metric in compared.curves}):
            self._timer.start(wait_ms)
        else:
            self._timer.stop()

    def look(self) -> None:
        """Look what is new, now."""
        compared = self._compared
        if self._asking or compared is None:
            return
        owner = self.parent()
        if isinstance(owner, QWidget) and owner.window().isMinimized():
            self._wait(LOOK_MS)
            return
        self._asking = True
        self._context.runner.run(
            self,
            follow_work(self._context.home, compared, tuple(self._wanted()), self._gone),
            lambda news: self._take(compared, news),
            lambda error: self._take(compared, LiveNews(compared, (), error)),
            key="compare.live",
        )

    def _take(self, asked: Compared, news: LiveNews) -> None:
        self._asking = False
        if asked is self._compared:
            self._compared, self._gone = news.compared, self._gone.union(news.gone)
            self.news.emit(news)
        self._wait(LOOK_MS if news.trouble is None else AWAY_MS)
