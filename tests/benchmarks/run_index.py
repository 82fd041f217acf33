"""The run index: filled cold from the personal store and from a server, looked at again, beside MLflow's own ways."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.benchmarks.measuring import Line, Options, run, summary, temporary_home, user_environment

if TYPE_CHECKING:
    from longshore.mlflow_rest.client import Client

ROOT = Path(__file__).resolve().parents[2]
RUNS, OVER_REST = 100_000, 5_000
# How many runs the peer searches; 100,000 take it minutes to hours.
PEER_RUNS = int(os.environ.get("LONGSHORE_BENCHMARK_PEER_RUNS", "10000"))


def measure(options: Options) -> Iterator[Line]:
    """Limits: 4 s for all rows of 100,000 runs, 0.5 s for the first, 50 ms to see nothing new; 80 % of a server's rate."""
    from tests.support.many_runs import fill

    count, over_rest = (1_000, 1_000) if options.quick else (RUNS, OVER_REST)
    with temporary_home() as home:
        database = home / "tracking" / "mlflow.db"
        database.parent.mkdir(parents=True)
        run([sys.executable, "-c", SCHEMA, str(database)], user_environment(home), cwd=ROOT)
        experiment = fill(database, project="many", count=count)
        yield from cold(home, experiment, count, options)
        if options.peers:
            yield peer(home, database, fill(database, project="peer", count=PEER_RUNS, seed=1))
        some = fill(database, project="some", count=over_rest, seed=2)
        yield from over_a_server(database, some, over_rest)


def cold(home: Path, experiment: str, count: int, options: Options) -> Iterator[Line]:
    """Fill an index that is not there, in a process of its own, and look again; the libraries are loaded before."""
    command = [sys.executable, "-c", COLD, str(home), experiment]
    found: list[dict[str, Any]] = []
    for _ in range(options.repetitions):
        _, output = run(command, user_environment(home), cwd=ROOT)
        found.append(json.loads(output))
    for figure, limit in (("first_rows", 0.5), ("all_rows", 4.0), ("nothing_new", 0.05), ("after_an_edit", 1.0)):
        yield {"figure": figure, "runs": count, "s": summary([each[figure] for each in found]), "limit": limit}


def over_a_server(database: Path, experiment: str, count: int) -> Iterator[Line]:
    """Fill from a server, beside what it takes to ask the same pages and throw them away."""
    from longshore.mlflow_rest import runs
    from longshore.mlflow_rest.client import Client
    from longshore.tracking.index import from_rest
    from tests.support.tracking import running_server

    with running_server(folder=database.parent) as url, Client(url, timeout_s=120) as client:
        runs.search_entries(client, [experiment], max_results=1000, view=runs.ALL)  # it warms up
        took = {"server": 0.0, "ours": 0.0}
        # In turns, so that whoever else uses the machine slows both.
        for whose in ("server", "ours", "ours", "server"):
            began = time.perf_counter()
            if whose == "ours":
                assert sum(map(len, from_rest.fill(client, experiment))) == count
            else:
                _ask_every_page(client, experiment)
            took[whose] += (time.perf_counter() - began) / 2
        server_s, ours_s = took["server"], took["ours"]
        yield {
            "figure": "rest_rate_over_the_servers", "runs": count, "runs_per_s": round(count / ours_s),
            "servers_runs_per_s": round(count / server_s), "ratio": round(server_s / ours_s, 2), "limit": 0.8,
        }  # fmt: skip


def _ask_every_page(client: Client, experiment: str) -> None:
    from longshore.mlflow_rest import runs
    from longshore.tracking.index import from_rest

    token: str | None = None
    while True:
        _, token = runs.search_entries(
            client, [experiment], order_by=from_rest.NEWEST_FIRST, max_results=1000, page_token=token, view=runs.ALL
        )
        if token is None:
            return


def peer(home: Path, database: Path, experiment: str) -> Line:
    """Give what MLflow's own search of everything takes on the same file."""
    _, output = run([sys.executable, "-c", PEER, str(database), experiment], user_environment(home), cwd=ROOT)
    return {"figure": "mlflow_search_runs", "runs": PEER_RUNS, "s": round(float(output), 2)}


SCHEMA = """
import sys
from pathlib import Path
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from longshore.workspace.tracking_process import set_wal
set_wal(Path(sys.argv[1]))
SqlAlchemyStore(f"sqlite:///{sys.argv[1]}", "mlflow-artifacts:/")
"""

COLD = """
import contextlib, json, shutil, sqlite3, sys, time
from pathlib import Path
from longshore.settings import open_home
from longshore.store import workspaces
from longshore.tracking.index.sync import sync
import pyarrow.compute
home = open_home(Path(sys.argv[1]))
workspace = workspaces.get(home, "personal")
shutil.rmtree(home.index, ignore_errors=True)
first = []
def timed(**options):
    began = time.perf_counter()
    report = lambda part, title: first.append(time.perf_counter() - began)
    synced = sync(home, workspace, sys.argv[2], None, progress=report, **options)
    assert synced.offline is None, synced.offline
    return time.perf_counter() - began
found = {"all_rows": timed(), "first_rows": first[0], "nothing_new": timed()}
with contextlib.closing(sqlite3.connect(home.tracking / "mlflow.db")) as connection, connection:
    chosen = "SELECT max(run_uuid) FROM runs WHERE experiment_id = ?"
    connection.execute(f"UPDATE tags SET value = value || 'x' WHERE key = 'team' AND run_uuid = ({chosen})", (sys.argv[2],))
found["after_an_edit"] = timed()
print(json.dumps(found))
"""

PEER = """
import sys, time
import mlflow
mlflow.set_tracking_uri(f"sqlite:///{sys.argv[1]}")
began = time.perf_counter()
mlflow.search_runs([sys.argv[2]], max_results=1_000_000)
print(time.perf_counter() - began)
"""
