"""Scrolls the run table over an index, and a bare table of as many cells beside it: what each frame takes.

A program of its own: python -m tests.benchmarks.scroll_tables HOME FRAMES. Prints as JSON, by way of scrolling and table, of each
frame the milliseconds: of the clock, and of the processor on the window's thread.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QAbstractTableModel, QEvent, QModelIndex, QObject, QPersistentModelIndex, QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QHeaderView, QTableView, QWidget

from longshore.settings import load_settings, open_home
from longshore.tracking import run_index
from longshore.tracking.index.row_view import IndexedRows
from longshore.ui.shell.app import make_application
from longshore.ui.shell.screenshots import wait_ms
from longshore.ui.theme.style import Theme
from longshore.ui.widgets.run_columns import all_columns, index_columns
from longshore.ui.widgets.run_table import RunTable
from tests.benchmarks.asking_the_index import open_made

WIDTH, HEIGHT = 1200, 760
# The bare table shows so many rows again and again.
DIFFERENT = 1_000
Frame = tuple[float, float]


class BareModel(QAbstractTableModel):
    """Texts that are there already."""

    def __init__(self, rows: int, columns: int) -> None:
        super().__init__()
        self._rows = rows
        chance = random.Random(0)
        self._texts = [[f"{chance.random():.4f}" for _ in range(DIFFERENT)] for _ in range(columns)]

    def rowCount(self, _parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008
        return self._rows

    def columnCount(self, _parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008
        return len(self._texts)

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if role == Qt.ItemDataRole.DisplayRole:
            return self._texts[index.column()][index.row() % DIFFERENT]
        return None


class Paints(QObject):
    """Counts how often a viewport was painted."""

    def __init__(self, view: QTableView) -> None:
        super().__init__(view)
        self.count = 0
        view.viewport().installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        self.count += event.type() == QEvent.Type.Paint
        return False


def run_table(path: Path) -> tuple[QWidget, QTableView]:
    """Give the run table over the index, all columns of which it shows."""
    frame = open_made(path, "1")
    columns = [column for column in all_columns(frame.columns) if column.kind in ("metrics", "params", "tags")]
    table = RunTable(None)
    table.show_rows(IndexedRows(run_index.query(frame), index_columns(columns)))
    table.show_columns(columns)
    return table, table.rest


def bare_table(like: QTableView) -> QTableView:
    """Give a table with as many cells of the same size."""
    view = QTableView()
    view.setModel(BareModel(like.model().rowCount(), like.model().columnCount()))
    view.setVerticalScrollMode(QTableView.ScrollMode.ScrollPerPixel)
    view.verticalHeader().hide()
    view.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
    view.verticalHeader().setDefaultSectionSize(like.verticalHeader().defaultSectionSize())
    for section in range(like.model().columnCount()):
        view.setColumnWidth(section, 112)
    return view


def wheel(view: QTableView, _at: float) -> None:
    """Turn the wheel by one notch."""
    middle = QPointF(view.viewport().rect().center())
    QApplication.sendEvent(
        view.viewport(),
        QWheelEvent(
            middle, view.viewport().mapToGlobal(middle), QPoint(), QPoint(0, -120), Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
        ),
    )  # fmt: skip


def thumb(view: QTableView, at: float) -> None:
    """Drag the thumb to a part of its way: nothing of what was in sight stays."""
    bar = view.verticalScrollBar()
    bar.setSliderDown(True)
    bar.setSliderPosition(round(at * bar.maximum()))


def scroll(top: QWidget, view: QTableView, step: Callable[[QTableView, float], None], count: int) -> list[Frame]:
    """Scroll frame by frame and give what each took, from the event to the painted picture."""
    top.resize(WIDTH, HEIGHT)
    top.show()
    view.verticalScrollBar().setValue(0)
    wait_ms(200)
    paints, frames = Paints(view), list[Frame]()
    for number in range(count):
        before, began, cpu = paints.count, time.perf_counter(), time.thread_time()
        step(view, ((number + 1) * 0.618) % 1)
        # At once: Qt would wait for the screen.
        QApplication.sendEvent(top, QEvent(QEvent.Type.UpdateRequest))
        frames.append(((time.perf_counter() - began) * 1000, (time.thread_time() - cpu) * 1000))
        if paints.count == before:
            raise RuntimeError(f"frame {number} was not painted")
    view.verticalScrollBar().setSliderDown(False)
    top.hide()
    return frames


def main(path: Path, count: int) -> dict[str, dict[str, list[Frame]]]:
    """Scroll both tables in each way, in turns."""
    application = make_application()
    home = open_home(path)
    theme = Theme(application, load_settings(home), home.index / "theme")
    table, view = run_table(path)
    bare = bare_table(view)
    found: dict[str, dict[str, list[Frame]]] = {}
    for step in (wheel, thumb):
        frames: dict[str, list[Frame]] = {"ours": [], "bare": []}
        for _ in range(4):
            frames["ours"] += scroll(table, view, step, count // 4)
            frames["bare"] += scroll(bare, bare, step, count // 4)
        found[step.__name__] = frames
    del theme
    return found


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]))))
