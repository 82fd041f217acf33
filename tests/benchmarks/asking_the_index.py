"""The index asked: open, sort, filter, group at 100,000 runs of 25 columns; open at 75,000 runs of 1,650.

The peer, with `--peers`: pages of 100 of MLflow's own store at 10,000 runs, before ANALYZE and after.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.benchmarks.measuring import Line, Options, run, summary, temporary_home, user_environment

ROOT = Path(__file__).resolve().parents[2]
# How many runs the peer looks through; 100,000 take it 20 minutes to sort.
PEER_RUNS = int(os.environ.get("LONGSHORE_BENCHMARK_PEER_RUNS", "10000"))

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


def measure(options: Options) -> Iterator[Line]:
    """Limits: to sort by any column 50 ms, to filter 50 ms, to group by two parameters 100 ms; to open the wide one 2 s."""
    from longshore.settings import open_home
    from longshore.tracking.index import layout
    from tests.support.made_index import make_index

    with temporary_home() as path:
        home = open_home(path)
        times = 1 if options.quick else 3
        runs, wide = (1_000, 750) if options.quick else (100_000, 75_000)
        make_index(layout.folder(home, "personal", "1"), runs=runs)
        yield from (_in_a_process(path, "1", runs, limit=0.3, memory_mb=800) for _ in range(times))
        yield from ({**line, "runs": runs} for line in _asked(path))
        make_index(layout.folder(home, "personal", "2"), runs=wide, metrics=1_500, params=150, chunk=wide // 8)
        yield from (_in_a_process(path, "2", wide, limit=2.0, memory_mb=800) for _ in range(times))
    if options.peers:
        with temporary_home() as path:
            yield from _peers(path)


def _peers(path: Path) -> Iterator[Line]:
    """Give what the same takes MLflow's own store on its own file, without a server between."""
    from tests.benchmarks.run_index import SCHEMA
    from tests.support.many_runs import fill

    database = path / "mlflow.db"
    run([sys.executable, "-c", SCHEMA, str(database)], user_environment(path), cwd=ROOT)
    experiment = fill(database, project="peer", count=PEER_RUNS)
    _, output = run([sys.executable, "-c", _PEER, str(database), experiment], user_environment(path), cwd=ROOT)
    for line in map(json.loads, output.splitlines()):
        yield {"figure": "mlflow_search_runs", "runs": PEER_RUNS, **line}


def _asked(path: Path) -> Iterator[Line]:
    from longshore.tracking import run_index

    frame = open_made(path, "1")
    run_index.query(frame)
    for filter in FILTERS:
        # A first time reads the columns, a second has them.
        yield _line("filter", filter, lambda filter=filter: run_index.query(open_made(path, "1"), filter), 50)
        yield _line("filter again", filter, lambda filter=filter: run_index.query(frame, filter), 50)
    for order in ORDERS:
        yield _line("sort", order, lambda order=order: run_index.query(open_made(path, "1"), "", [order]), 50)
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
    """Time some work: what the clock says, and of the processor, which a machine at work does not slow down."""
    took, cpu = [], []
    for _ in range(7):
        began, cpu_began = time.perf_counter(), time.process_time()
        work()
        took.append((time.perf_counter() - began) * 1000)
        cpu.append((time.process_time() - cpu_began) * 1000)
    return {"figure": figure, "what": what, "ms": summary(took), "cpu_ms": summary(cpu), "limit": limit_ms}


def open_made(path: Path, experiment: str) -> Any:
    """Open a made index of a home."""
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
from tests.benchmarks.asking_the_index import open_made
from longshore.tracking import run_index
process = psutil.Process()
before = process.memory_info().rss
began = time.perf_counter()
frame = open_made(Path(sys.argv[1]), sys.argv[2])
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


_PEER = """
import contextlib, json, sqlite3, sys, time
import mlflow
client = mlflow.MlflowClient(f"sqlite:///{sys.argv[1]}")
def timed(what, analyzed, **asked):
    began = time.perf_counter()
    client.search_runs([sys.argv[2]], max_results=100, **asked)
    print(json.dumps({"what": what, "analyzed": analyzed, "s": round(time.perf_counter() - began, 3)}))
client.search_runs([sys.argv[2]], max_results=1)  # it warms up
for analyzed in (False, True):
    timed("sort metrics.metric_00 DESC", analyzed, order_by=["metrics.metric_00 DESC"])
    timed("sort params.param_00 DESC", analyzed, order_by=["params.param_00 DESC"])
    filter = "metrics.metric_00 < 0.5 and params.param_01 = '3'"
    timed(f"filter {filter}", analyzed, filter_string=filter)
    with contextlib.closing(sqlite3.connect(sys.argv[1])) as connection, connection:
        connection.execute("ANALYZE")
    client = mlflow.MlflowClient(f"sqlite:///{sys.argv[1]}")
"""


def _in_a_process(path: Path, experiment: str, runs: int, *, limit: float, memory_mb: int) -> Line:
    _, said = run([sys.executable, "-c", _OPENING, str(path), experiment], user_environment(path), cwd=ROOT)
    return {"figure": "warm_open", "runs": runs, **json.loads(said), "limit": limit, "limit_rss_mb": memory_mb}
