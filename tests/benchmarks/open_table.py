"""Opens the Runs page in the real, warm window and waits until the whole table is painted.

A program of its own: python -m tests.benchmarks.open_table HOME COUNT. Prints as JSON seconds from the click to the first rows
and to all rows on screen, the processor's time of it, and the window's memory before, then, and after sorting and scrolling.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import psutil
from PySide6.QtCore import QEvent, QObject, QTimer

from longshore.store import processes
from longshore.ui.widgets.run_table import RunTable
from tests.benchmarks.drive_window import Drive


class Painted(QObject):
    """Notes when a table was painted with rows for the first time, and with so many."""

    def __init__(self, table: RunTable, count: int) -> None:
        super().__init__(table)
        self._table, self._count = table, count
        self.some_at = self.all_at = 0.0
        table.rest.viewport().installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint and len(self._table.model.rows):
            QTimer.singleShot(0, self, self._note)  # once the frame is whole
        return False

    def _note(self) -> None:
        self.some_at = self.some_at or time.perf_counter()
        if len(self._table.model.rows) == self._count:
            self.all_at = self.all_at or time.perf_counter()


class Opening(Drive):
    """Somebody who clicks on Runs."""

    def opened(self, count: int) -> dict[str, float]:
        """Open the table and work in it."""
        self.shell.show()
        self.until(lambda: hasattr(self.shell, "services"))
        # What starts beside the window would take the processor from what is measured.
        self.until(lambda: processes.server(self.shell.home).state in ("healthy", "failed"))
        self.settle()
        before_mb, began, cpu = _mb(), time.perf_counter(), time.process_time()
        self.context.open("runs")
        table = self.page().table
        painted = Painted(table, count)
        self.until(lambda: painted.all_at)
        cpu = time.process_time() - cpu
        found = {
            "first_rows_s": painted.some_at - began,
            "all_rows_s": painted.all_at - began,
            "cpu_s": cpu,
            "before_mb": before_mb,
        }
        self.settle()
        found["mb"] = _mb()
        self.work_in_it(table)
        return found | {"after_work_mb": _mb()}

    def work_in_it(self, table: RunTable) -> None:
        """Sort by some metrics and go down the table."""
        metrics = [column for column in table.model.columns if column.kind == "metrics"]
        for column in metrics[:3]:
            table.sort_asked.emit(column)
            self.settle()
        bar = table.rest.verticalScrollBar()
        for part in range(1, 6):
            bar.setValue(bar.maximum() * part // 5)
            self.settle()
        self.window.close()
        self.shell.close()


def _mb() -> float:
    return float(psutil.Process().memory_info().rss) / 1e6


if __name__ == "__main__":
    opening = Opening(Path(sys.argv[1]), "", docker=False)
    print(json.dumps({key: round(value, 3) for key, value in opening.opened(int(sys.argv[2])).items()}))
