"""Reads a long metric of the personal workspace, draws it in a run's curves and zooms into it by the wheel.

A program of its own: python -m tests.benchmarks.zoom_metric HOME RUN KEY TIMES. Prints as JSON milliseconds, each of the clock and
of the processor: from asking to the picture for the first time and again, and each step of the zoom; and how many points came.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication

from longshore.mlflow_rest.client import Client
from longshore.settings import Home, load_settings, open_home
from longshore.store import workspaces
from longshore.tracking import run_index
from longshore.tracking.histories import read_histories
from longshore.ui.pages.run_live import CurveGrid
from longshore.ui.shell.app import make_application
from longshore.ui.shell.screenshots import wait_ms
from longshore.ui.shell.tasks import TaskRunner
from longshore.ui.theme.style import Theme

# So many steps in, and out again.
STEPS = 40
Took = tuple[float, float]


def timed(work: Callable[[], object]) -> Took:
    """Give the milliseconds that some work takes."""
    began, cpu = time.perf_counter(), time.process_time()
    work()
    return (time.perf_counter() - began) * 1000, (time.process_time() - cpu) * 1000


class Zoom:
    """A run's curves in a window."""

    def __init__(self, home: Home, run_id: str, key: str) -> None:
        self._home, self._run_id, self._key = home, run_id, key
        self._owner = QObject()
        self.runner = TaskRunner(self._owner)
        self._grid = CurveGrid(self.runner)
        self._grid.resize(1100, 520)
        self._grid.show()
        wait_ms(200)

    def show_metric(self) -> None:
        """Read and draw the metric, as a page does that knows nothing of it yet."""
        self._grid.clear()
        personal = workspaces.get(self._home, "personal")
        found = read_histories(self._home, personal, _no_server, self._run_id, [self._key])
        self._grid.show_curves(found)
        self._paint()

    @property
    def points(self) -> int:
        """How many points the curve has."""
        return len(self._grid.known[self._key])

    def steps(self) -> list[Took]:
        """Zoom in and out, each time around another place."""
        return [timed(lambda turned=turned: self._turn(turned)) for turned in [120] * STEPS + [-120] * STEPS]

    def _turn(self, turned: int) -> None:
        plot = self._grid._charts[self._key].plot
        at = QPointF(plot.width() * 0.4, plot.height() / 2)
        event = QWheelEvent(
            at, plot.mapToGlobal(at), QPoint(), QPoint(0, turned), Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.ControlModifier, Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(plot, event)
        self._paint()

    def _paint(self) -> None:
        QApplication.sendEvent(self._grid, QEvent(QEvent.Type.LayoutRequest))
        # At once: Qt would wait for the screen.
        QApplication.sendEvent(self._grid, QEvent(QEvent.Type.UpdateRequest))

    def close(self) -> None:
        """End it."""
        self._grid.hide()
        self.runner.close()


def _no_server() -> Client:
    raise RuntimeError("the file is at hand")


def main(path: Path, run_id: str, key: str, times: int) -> dict[str, object]:
    """Measure everything."""
    application = make_application()
    home = open_home(path)
    theme = Theme(application, load_settings(home), home.index / "theme")
    run_index.load()
    zoom = Zoom(home, run_id, key)
    zoom.show_metric()  # what it imports, a window has by then
    first, again = list[Took](), list[Took]()
    for _ in range(times):
        shutil.rmtree(home.index / "histories", ignore_errors=True)
        first.append(timed(zoom.show_metric))
        wait_ms(100)
        again.append(timed(zoom.show_metric))
        wait_ms(100)
    while not zoom.runner.idle:  # a long curve's outline
        wait_ms(20)
    steps = zoom.steps()
    points = zoom.points
    zoom.close()
    del theme
    return {"first_time": first, "again": again, "zoom_step": steps, "points": points}


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]))))
