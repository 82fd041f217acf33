"""The Runs page opened in a warm window: 100,000 runs of 25 columns, and 75,000 runs of 1,650.

The peer, MLflow's web page, asks for 100 rows at a time; its call is timed at 10,000 runs by `asking_the_index --peers`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.benchmarks.measuring import Line, Options, run, summary, temporary_home, user_environment

ROOT = Path(__file__).resolve().parents[2]
# What opens the window once takes some ten seconds.
MOST_REPETITIONS = 3


def measure(options: Options) -> Iterator[Line]:
    """Limits from the click to the painted table: 0.4 s, for the wide one 2 s and 800 MB."""
    runs, wide = (1_000, 750) if options.quick else (100_000, 75_000)
    found = opened(options, runs=runs, params=12, metrics=10)
    yield _line("click_to_painted_table", found, runs, 25, 0.4)
    found = opened(options, runs=wide, params=150, metrics=1_500)
    yield _line("click_to_painted_wide_table", found, wide, 1_653, 2.0)
    for figure, key in (("window_with_wide_table", "mb"), ("window_after_sorting_and_scrolling", "after_work_mb")):
        megabytes = summary([each[key] for each in found])
        before = summary([each["before_mb"] for each in found])
        yield {"figure": figure, "runs": wide, "columns": 1_653, "mb": megabytes, "before_mb": before, "limit": 800}


def opened(options: Options, *, runs: int, params: int, metrics: int) -> list[dict[str, Any]]:
    """Open the page in windows of their own on an index that is there, and give what each told."""
    from tests.support.closed_port import closed_port

    with temporary_home() as path, closed_port() as port:
        far_index(path, port, runs=runs, params=params, metrics=metrics)
        command = [sys.executable, "-m", "tests.benchmarks.open_table", str(path), str(runs)]
        times = min(options.repetitions, MOST_REPETITIONS)
        run(command, user_environment(path), cwd=ROOT)  # the first starts the agent and its server
        return [json.loads(run(command, user_environment(path), cwd=ROOT)[1]) for _ in range(times)]


def far_index(path: Path, port: int, *, runs: int, params: int, metrics: int) -> None:
    """Make a home whose workspace is a server that is away, with an index that was filled from it: nobody changes it."""
    from longshore.settings import open_home
    from longshore.store import view_state, workspaces
    from longshore.tracking import experiment_list, run_index
    from longshore.tracking.index import layout
    from longshore.ui.widgets.run_columns import all_columns
    from tests.support.made_index import Made, make_index

    home = open_home(path)
    workspaces.add(home, name="far", url=f"http://127.0.0.1:{port}", auth="none", username="")
    workspaces.use(home, "far")
    far = workspaces.get(home, "far")
    folder = layout.folder(home, layout.workspace_key(far), "1")
    # Written by parts of 100 MB or so, as filling does.
    make_index(
        folder, runs=runs, params=params, metrics=metrics, chunk=max(1, min(runs, 20_000_000 // (params + metrics)))
    )
    listed = experiment_list.Named("1", "made")
    experiment_list._keep(experiment_list._file(home, far, None), (listed,))
    names = run_index.open_runs(home, far, [Made(*listed)]).columns
    if len(names.metrics) < 100:  # all are shown
        view_state.save(
            home, "runs.columns/", [column.id for column in all_columns(names) if column.kind != "attributes"]
        )


def _line(figure: str, found: list[dict[str, Any]], runs: int, columns: int, limit: float) -> Line:
    of = {key: summary([each[key] for each in found]) for key in ("all_rows_s", "first_rows_s", "cpu_s")}
    return {"figure": figure, "runs": runs, "columns": columns, **of, "limit": limit}
