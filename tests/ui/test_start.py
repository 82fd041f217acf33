"""The start: what is imported before the first frame, the last state, and the start's own figures."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from pytestqt.qtbot import QtBot

from longshore.settings import Home
from longshore.ui.shell.context import ProjectRef
from tests.ui.conftest import ShellMaker

SLOW = ("mlflow", "pandas", "matplotlib", "numpy", "sqlmodel", "sqlalchemy", "docker", "httpx", "pydantic")
# Ends the process in the moment of the first frame: whatever was imported by then is known.
AT_FIRST_FRAME = """
import json, os, sys
from pathlib import Path
from longshore.settings import open_home
from longshore.ui.shell.app import Shell, make_application
def tell():
    sys.stdout.write(json.dumps(sorted(sys.modules)))
    sys.stdout.flush()
    os._exit(0)
application = make_application()
shell = Shell(application, open_home(Path(sys.argv[1])), None)
shell.window.first_painted.connect(tell)
shell.show()
application.exec()
"""


def run_child(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=os.environ)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_that_nothing_slow_is_imported_before_the_first_frame(home: Home, project: Path) -> None:
    known = set(json.loads(run_child(sys.executable, "-c", AT_FIRST_FRAME, str(home.path))))
    assert "longshore.ui.shell.window" in known
    assert not [name for name in SLOW if name in known]
    assert "longshore.ui.pages.runs" not in known, "pages come after the first frame"


def test_that_profile_startup_prints_its_figures_as_json_and_quits(home: Home, project: Path) -> None:
    command = (sys.executable, "-m", "longshore", "gui", "--profile-startup", "--json", "--home", str(home.path))
    figures = json.loads(run_child(*command))
    assert set(figures) == {"first_paint_ms", "rows_ms"}
    assert 0 < figures["first_paint_ms"] < figures["rows_ms"]


def test_that_closing_and_opening_the_window_restores_size_page_and_project(
    home: Home, project: Path, open_shell: ShellMaker, qtbot: QtBot, tmp_path: Path
) -> None:
    from longshore.projects import opening
    from tests.support.launching import make_project

    # The one that is opened last would be chosen by itself.
    opening.open_project(home, make_project(tmp_path / "newer", "if __name__ == '__main__':\n    pass\n"))
    first = open_shell(home)
    info = opening.load(home, str(project))
    first.context.show_project(ProjectRef(info.id, info.name, str(info.path)))
    first.context.open("runs")
    first.window.resize(1210, 700)
    first.window.close()

    second = open_shell(home)
    qtbot.waitUntil(lambda: second.context.place is not None)
    assert (second.window.width(), second.window.height()) == (1210, 700)
    assert second.context.place is not None and second.context.place.page_id == "runs"
    assert second.context.project is not None and second.context.project.name == "forest"


def test_that_a_start_with_a_damaged_last_state_opens_home(home: Home, project: Path, open_shell: ShellMaker) -> None:
    from longshore.store import view_state

    view_state.save(home, "window", {"size": [1300, 800], "page": "no such page", "project": "gone"})
    shell = open_shell(home)
    assert shell.context.place is not None and shell.context.place.page_id == "home"
    assert shell.context.project is not None and shell.context.project.name == "forest"
