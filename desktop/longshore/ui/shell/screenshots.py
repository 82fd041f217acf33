"""`longshore gui --screenshots DIR`: every page of the current workspace as PNG, light and dark, in two sizes."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QApplication

from longshore.settings import Home
from longshore.ui.shell.pages import PAGES

if TYPE_CHECKING:
    from longshore.ui.shell.app import Shell

SIZES = ((1440, 900), (1024, 680))
# How long a page may load before it is taken as it is, and how long it must have been quiet.
LOAD_S, QUIET_S = 20.0, 0.4


def take_all(home: Home, workspace: str | None, folder: Path, *, as_json: bool) -> int:
    """Render the pages into a folder and print the files. Gives the exit status."""
    from longshore.ui.shell.app import Shell, make_application

    application = make_application()
    shell = Shell(application, home, workspace)
    folder.mkdir(parents=True, exist_ok=True)
    shell.show()
    wait_ms(50)
    files = [str(file) for file in Photographer(shell, folder).take()]
    shell.close()
    sys.stdout.write(json.dumps({"files": files}) + "\n" if as_json else "\n".join(files) + "\n")
    return 0


def wait_ms(milliseconds: int) -> None:
    """Let the application run for a while."""
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


class Photographer:
    """Goes through the pages and waits for each until its work is done."""

    def __init__(self, shell: Shell, folder: Path) -> None:
        self._shell, self._folder = shell, folder

    def take(self) -> list[Path]:
        """Take every page in every size and theme."""
        self._wait()
        files: list[Path] = []
        for row in PAGES:
            if row.group == "project" and self._shell.context.project is None:
                continue
            if not self._show(row.id):
                continue
            for width, height in SIZES:
                self._shell.window.resize(width, height)
                for theme in ("light", "dark"):
                    self._shell.theme.force(theme)
                    self._wait()
                    suffix = "" if (width, height) == SIZES[0] else f"-{width}x{height}"
                    file = self._folder / f"{row.id}-{theme}{suffix}.png"
                    self._shell.window.grab().save(str(file))
                    files.append(file)
        return files

    def _show(self, page_id: str) -> bool:
        arguments = {}
        if page_id == "run":
            run_id = self._newest_run()
            if run_id is None:
                return False
            arguments = {"run_id": run_id}
        self._shell.context.open(page_id, **arguments)
        return True

    def _newest_run(self) -> str | None:
        from longshore.errors import LongshoreError
        from longshore.tracking import table

        project = self._shell.context.project
        try:
            client = self._shell.context.client()
            rows = table.search(client, project=project.name if project else None, limit=20).rows
        except LongshoreError:
            return None
        # A run with a model and curves shows more than one without.
        best = max(rows, key=lambda row: len(row.params), default=None)
        return best.run_id if best else None

    def _wait(self) -> None:
        deadline, quiet_since = time.monotonic() + LOAD_S, time.monotonic()
        while time.monotonic() < deadline:
            wait_ms(30)
            if not self._shell.runner.idle:
                quiet_since = time.monotonic()
            elif time.monotonic() - quiet_since > QUIET_S:
                break
        QApplication.sendPostedEvents()
