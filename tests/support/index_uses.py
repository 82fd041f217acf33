"""A process that uses an index in every way, from a database and from a server, and says after which uses pandas was imported.

python -m tests.support.index_uses HOME URL EXPERIMENT
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from longshore.mlflow_rest import runs
from longshore.mlflow_rest.client import Client
from longshore.settings import Home, open_home
from longshore.store.records import Workspace
from longshore.tracking import export, run_index
from longshore.tracking.experiment_list import Named
from longshore.tracking.index import segments
from longshore.tracking.index.row_view import IndexedRows
from longshore.tracking.index.sweep import Sweep
from longshore.tracking.index.sync import sync

FILTERS = (
    "metrics.loss < 1 and params.plain = '0.1'", "tags.team like 'a%' or params.number ilike '%1%'",
    "datasets.name = 'without context'", "run_id in ('a', 'b')", "start_time > 5", "metrics.loss is null", "not full",
)  # fmt: skip


def uses(home: Home, client: Client, kind: str, experiment: str) -> dict[str, Callable[[], object]]:
    """Give what one does with an index, in order."""
    url = "" if kind == "personal" else client.url
    workspace = Workspace(kind, kind, url, "none", "", current=False, added_at=datetime.now(UTC))
    listed = [Named(experiment, "odd")]

    def bring_up_to_date() -> None:
        synced = sync(home, workspace, experiment, client if kind == "team" else None, sweep=Sweep())
        assert synced.manifest is not None and synced.manifest.complete, synced

    def change(team: str = "a") -> None:
        entries, _ = runs.search_entries(client, [experiment], max_results=1)
        runs.set_tag(client, entries[0]["info"]["run_id"], "team", f"{team} {kind}")

    def merge() -> None:
        for number in range(segments._MOST_SEGMENTS + 1):
            change(str(number))
            bring_up_to_date()

    def selected(filter: str = "", *orders: str) -> run_index.Selection:
        return run_index.query(run_index.open_runs(home, workspace, listed), filter, orders)

    def read() -> None:
        shown = IndexedRows(selected())
        assert shown[0].params is not None and shown.places([shown[1].run_id])
        shown.spread("loss")
        selected().frame.row_of(shown[0].run_id)

    def complete() -> None:
        frame = selected().frame
        assert "'plain'" not in run_index.complete(frame, "params.", 7)
        assert run_index.complete(frame, "params.number = ", 16)

    def export_to(ending: str) -> None:
        assert export.export(selected(), home.path / f"runs.{ending}") > 10

    return {
        "filling": bring_up_to_date, "changing a run": change, "looking again": bring_up_to_date,
        "nothing new": bring_up_to_date, "merging": merge,
        "querying": lambda: [selected(each) for each in FILTERS],
        "sorting": lambda: selected("", "metrics.loss", "params.number DESC", "run_name", "duration"),
        "grouping": lambda: run_index.group(selected(), ["p:number", "t:team"]).stats("m:number"),
        "reading rows": read, "completing": complete,
        "writing CSV": lambda: export_to("csv"), "writing Parquet": lambda: export_to("parquet"),
    }  # fmt: skip


def main(home: Home, url: str, experiment: str) -> None:
    """Do everything once with each source."""
    said: dict[str, bool] = {}
    with Client(url, timeout_s=60) as client:
        for kind in ("personal", "team"):
            for name, use in uses(home, client, kind, experiment).items():
                use()
                said[f"{name}, {kind}"] = "pandas" in sys.modules
    print(json.dumps(said))


if __name__ == "__main__":
    main(open_home(Path(sys.argv[1])), sys.argv[2], sys.argv[3])
