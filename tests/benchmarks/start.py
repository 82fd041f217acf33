"""Start: the first painted frame and the rows of the last state, beside a bare PySide6 window, whole processes in turn."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.measuring import Line, Options, ours, run, summary, temporary_home, user_environment

BARE = Path(__file__).with_name("bare_window.py")


def measure(options: Options) -> Iterator[Line]:
    """Limits: first paint at most 2 times the bare window, rows at most 3.5 times."""
    with temporary_home() as home:
        environment = user_environment(home)
        prepare_last_state(home)
        command = ours("gui", "--profile-startup")
        for _ in range(2):  # the first start writes .pyc files and starts the agent
            run(command, environment)
            run([sys.executable, str(BARE), "0"], environment)
        bare, paint, rows = [], [], []
        for _ in range(options.repetitions):
            bare.append(
                json.loads(run([sys.executable, str(BARE), str(time.time())], environment)[1])["first_paint_ms"]
            )
            answer = json.loads(run(command, environment)[1])
            paint.append(answer["first_paint_ms"])
            rows.append(answer["rows_ms"])
        base = summary(bare)
        for name, values, limit in (("first_paint", paint, 2.0), ("rows", rows, 3.5)):
            found = summary(values)
            ratio = round(found["median"] / base["median"], 2)
            yield {"figure": name, "ms": found, "bare_window_ms": base, "ratio": ratio, "limit": limit}


def prepare_last_state(home: Path, runs: int = 100) -> None:
    """Make a home whose last state has a project and a table of its runs: the window was closed on the Runs page."""
    environment = user_environment(home)
    folder = home / "work" / "noop"
    folder.mkdir(parents=True)
    (folder / "main.py").write_text("print('hello')\n")
    run(ours("open", str(folder)), environment)
    run([sys.executable, "-c", LAST_STATE, str(home), str(runs)], environment, cwd=BARE.parents[2])


# What the window writes when its table came from the server and when it is closed.
LAST_STATE = """
import sys, time
from pathlib import Path
from longshore.settings import open_home
from longshore.store import processes, projects, view_state
from longshore.tracking import snapshot, table
from longshore.workspace.connection import connect
from tests.support.many_runs import fill
home = open_home(Path(sys.argv[1]))
# A tracking server that is still starting would take the processor from what is measured.
processes.ensure_agent(home)
while processes.server(home).state != "healthy":
    time.sleep(0.1)
fill(home.tracking / "mlflow.db", project="noop", count=int(sys.argv[2]))
snapshot.save_last(home, "/noop", table.search(connect(home), project="noop", limit=200))
project = projects.listing(home)[0]
view_state.save(home, "window", {"size": [1440, 900], "maximized": False, "page": "runs", "project": project.id})
"""
