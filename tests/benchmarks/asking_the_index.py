"""The index asked: open, sort, filter, group at 100,000 runs of 25 columns; open at 75,000 runs of 1,650.

Its figures are in `python -m tests.benchmarks run_index` beside peers; this one takes seconds:
python -m tests.benchmarks.asking_the_index [--quick] [--wide]
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.benchmarks.measuring import Line, summary, temporary_home

FILTERS = (
    "metrics.metric_00 < 0.5 and params.param_01 = 'value 3'",
    "params.param_00 LIKE '%77%'",
    "params.param_00 ILIKE '%7_1%'",
    "tags.tag_00 != 'value 1' and start_time > 1760000000000",
    "run_id IN ('a', 'b')",
    "run_name LIKE 'run-9%'",
    "metrics.metric_01 > 0.9 or not (params.param_03 = 'value 1' or metrics.metric_02 is null)",
    "run-77",
)
ORDERS = ("metrics.metric_00 DESC", "params.param_01", "params.param_00 DESC", "run_name", "run_id DESC", "duration",
          "start_time", "tags.tag_00 DESC")  # fmt: skip


def measure(*, quick: bool, wide: bool) -> Iterator[Line]:
    """Limits: those of the run table."""
    from longshore.settings import open_home
    from longshore.tracking.index import layout
    from tests.support.made_index import make_index

    with temporary_home() as path:
        home = open_home(path)
        if wide:
            shape = (7_500, 1_500, 150) if quick else (75_000, 1_500, 150)
            folder = layout.folder(home, "personal", "2")
            make_index(folder, runs=shape[0], metrics=shape[1], params=shape[2], chunk=shape[0] // 8)
            yield from (_in_a_process(path, "2", limit=2.0, memory_mb=800) for _ in range(3))
            return
        runs = 10_000 if quick else 100_000
        make_index(layout.folder(home, "personal", "1"), runs=runs)
        for _ in range(3):
            yield _in_a_process(path, "1", limit=0.3, memory_mb=800)
        yield from _asked(path)


def _asked(path: Path) -> Iterator[Line]:
    from longshore.tracking import run_index

    frame = _open(path, "1")
    run_index.query(frame)
    for filter in FILTERS:
        # A first time reads the columns, a second has them.
        yield _line("filter", filter, lambda filter=filter: run_index.query(_open(path, "1"), filter), 50)
        yield _line("filter again", filter, lambda filter=filter: run_index.query(frame, filter), 50)
    for order in ORDERS:
        yield _line("sort", order, lambda order=order: run_index.query(_open(path, "1"), "", [order]), 50)
        yield _line("sort again", order, lambda order=order: run_index.query(frame, "", [order]), 50)
    everything = run_index.query(frame)
    for by in (("p:param_01", "p:param_03"), ("p:param_02", "p:param_04"), ("p:param_00", "t:tag_00")):

        def group(by: tuple[str, ...] = by) -> object:
            groups = run_index.group(everything, by)
            return [groups.stats(f"m:metric_{place:02}") for place in range(3)]

        yield _line("group", " ".join(by), group, 100)
    yield _line("rows", "200 of them", lambda: run_index.rows(everything[5000:5200]), 50)
    yield _line("refreshed", "nothing new", frame.refreshed, 5)


def _line(figure: str, what: str, work: Callable[[], object], limit_ms: float) -> Line:
    took = []
    for _ in range(7):
        began = time.perf_counter()
        work()
        took.append((time.perf_counter() - began) * 1000)
    return {"figure": figure, "what": what, "ms": summary(took), "limit": limit_ms}


def _open(path: Path, experiment: str) -> Any:
    from longshore.settings import open_home
    from longshore.store.records import Workspace
    from longshore.tracking import run_index
    from tests.support.made_index import Made

    personal = Workspace("personal", "personal", "", "none", "", True, datetime.now(UTC))
    return run_index.open_runs(open_home(path), personal, [Made(experiment, "made")])


_OPENING = """
import sys, time, json, psutil
from pathlib import Path
import pyarrow, numpy, pyarrow.compute
from tests.benchmarks.asking_the_index import _open
from longshore.tracking import run_index
process = psutil.Process()
before = process.memory_info().rss
began = time.perf_counter()
frame = _open(Path(sys.argv[1]), sys.argv[2])
opened = time.perf_counter() - began
first = run_index.query(frame)
names = frame.columns.metrics[:12]
run_index.rows(first[:60], only=["m:" + name for name in names])
shown = time.perf_counter() - began
run_index.query(frame, "", ["metrics." + names[0]])
run_index.query(frame, "metrics." + names[1] + " < 0.5")
run_index.rows(first[100:101])
asked = time.perf_counter() - began
memory = process.memory_info()
print(json.dumps({"opened_s": round(opened, 4), "first_rows_s": round(shown, 4), "and_sorted_filtered_one_whole_run_s": round(asked, 4),
  "rss_mb": round(memory.rss / 1e6), "more_rss_mb": round((memory.rss - before) / 1e6), "rows": len(frame)}))
"""


def _in_a_process(path: Path, experiment: str, *, limit: float, memory_mb: int) -> Line:
    done = subprocess.run(
        [sys.executable, "-c", _OPENING, str(path), experiment], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return {"figure": "warm_open", **json.loads(done.stdout), "limit": limit, "limit_rss_mb": memory_mb}


if __name__ == "__main__":
    for line in measure(quick="--quick" in sys.argv, wide="--wide" in sys.argv):
        print(json.dumps(line), flush=True)
