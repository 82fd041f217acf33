"""Drives the real window through open, launch, sort, compare, promote and deploy while a heartbeat measures its event loop.

A program of its own: python -m tests.benchmarks.drive_window HOME MODEL [--docker]. Prints the stretches and gaps as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QWidget

from longshore.settings import open_home
from longshore.ui.shell.app import Shell, make_application
from longshore.ui.shell.screenshots import wait_ms
from longshore.ui.widgets.dialog import Dialog
from tests.benchmarks.heartbeat import Heartbeat

PATIENCE_S = 60.0


class Drive:
    """One journey through the window."""

    def __init__(self, home: Path, model: str, *, docker: bool) -> None:
        self.app = make_application()
        self.shell = Shell(self.app, open_home(home), None)
        self.window, self.context = self.shell.window, self.shell.context
        self.heart = Heartbeat()
        self.model, self.docker = model, docker
        self.stretches: dict[str, tuple[float, float]] = {}

    def go(self) -> None:
        """Take every step and note when."""
        self.shell.show()
        self.until(lambda: hasattr(self.shell, "services"))
        self.settle()
        steps: dict[str, Callable[[], None]] = {
            "open": self.open,
            "sort": self.sort,
            "compare": self.compare,
            "launch": self.launch,
            "promote": self.promote,
        }
        if self.docker:
            steps["deploy"] = self.deploy
        for name, step in steps.items():
            began = time.time()
            step()
            self.settle()
            self.stretches[name] = (began, time.time())
        self.window.close()
        self.shell.close()

    def page(self) -> Any:
        """The page in front, of whatever class."""
        return self.window.page

    def until(self, true: Callable[[], object], patience_s: float = PATIENCE_S) -> None:
        """Let the window live until something is so."""
        deadline = time.monotonic() + patience_s
        while not true():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{true} did not come true; the page is {type(self.page()).__name__}")
            wait_ms(20)

    def settle(self) -> None:
        """Wait until the work that was begun is done and painted."""
        self.until(lambda: self.shell.runner.idle)
        wait_ms(300)

    def open(self) -> None:
        """Go through the pages, and down the table."""
        for page in ("overview", "runs", "home", "runs"):
            self.context.open(page)
            self.settle()
        table = self.page().table
        for _ in range(4):
            bar = table.rest.verticalScrollBar()
            bar.setValue(bar.maximum())
            self.settle()

    def sort(self) -> None:
        """Sort by two columns, as clicks on their headers do."""
        table = self.page().table
        columns = [column for column in table.model.columns if column.kind in ("metrics", "params")]
        for column in (columns[0], columns[-1]):
            table.sort_asked.emit(column)
            self.settle()

    def compare(self) -> None:
        """Compare three runs that have curves."""
        page = self.page()
        page.filter.set_text("params.curves = 'yes'")
        self.settle()
        page.table.select_runs([row.run_id for row in page.table.model.rows[:3]])
        page.comparing.compare()
        self.until(lambda: page.compare_panel.isVisible())
        self.settle()
        page.filter.clear()

    def launch(self) -> None:
        """Launch a run and watch its log and curves to the end."""
        self.context.launch(parameters={"curves": "yes"})
        dialog = self.dialog()
        self.until(lambda: dialog.confirm_button.isEnabled())
        dialog.confirmed()
        self.until(lambda: self.context.place is not None and self.context.place.page_id == "run")
        page = self.page()
        self.until(lambda: page._state is not None and page._state.job is not None and page._state.job.ended)

    def promote(self) -> None:
        """Promote a version through its gates."""
        self.context.open("models", reference=self.model)
        self.settle()
        page = self.page()
        self.until(lambda: page._detail is not None)
        page._promote("champion", "the best so far")

    def deploy(self) -> None:
        """Deploy the version and watch the build until it serves."""
        self.page()._deploy()
        self.dialog().confirmed()
        self.until(lambda: self.context.place is not None and self.context.place.page_id == "deployments")
        from longshore.store import deployments

        home = self.shell.home
        self.until(lambda: all(row.state in ("healthy", "failed") for row in deployments.listing(home)), 240.0)

    def dialog(self) -> Any:
        """Wait for the dialog that was asked for."""
        self.until(lambda: self._dialogs())
        return self._dialogs()[-1]

    def _dialogs(self) -> list[QWidget]:
        return [found for found in self.window.findChildren(Dialog) if found.isVisible()]


def main() -> None:
    """Drive, and print."""
    drive = Drive(Path(sys.argv[1]), sys.argv[2], docker="--docker" in sys.argv)
    drive.go()
    print(json.dumps({"stretches": drive.stretches, "gaps": drive.heart.gaps}))


if __name__ == "__main__":
    main()
