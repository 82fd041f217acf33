"""What the server itself says of runs, and what tables hold of them, in words that can be compared."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa

from longshore.mlflow_rest import runs
from longshore.mlflow_rest.client import Client
from longshore.tracking.index import columns, files, living


def told(client: Client, experiment: str) -> dict[str, dict[str, Any]]:
    """What the server's own search says of each run, by column, read without the code under test."""
    entries, token = runs.search_entries(client, [experiment], max_results=1000, view=runs.ALL)
    assert token is None
    return {entry["info"]["run_id"]: _told(entry) for entry in entries}


def _told(entry: Any) -> dict[str, Any]:
    info, data = entry["info"], entry["data"]
    found = {
        "run_id": info["run_id"], "name": info["run_name"], "status": info["status"],
        "start_time": info.get("start_time"), "end_time": info.get("end_time"), "user": info.get("user_id"),
        "lifecycle": info["lifecycle_stage"], "artifact_uri": info.get("artifact_uri"),
        "experiment_id": info["experiment_id"],
    }  # fmt: skip
    found |= {"p:" + each["key"]: each["value"] for each in data.get("params", ())}
    found |= {"t:" + each["key"]: each["value"] for each in data.get("tags", ())}
    found |= {"m:" + each["key"]: _number(each["value"]) for each in data.get("metrics", ())}
    if datasets := entry.get("inputs", {}).get("dataset_inputs"):
        found["datasets"] = sorted(
            (
                each["dataset"]["name"],
                each["dataset"]["digest"],
                next((tag["value"] for tag in each.get("tags", ()) if tag["key"] == "mlflow.data.context"), ""),
            )
            for each in datasets
        )
    if models := entry.get("outputs", {}).get("model_outputs"):
        found["models"] = sorted(each["model_id"] for each in models)
    return {name: value for name, value in found.items() if value is not None}


def _number(value: Any) -> str:
    # As text, since NaN is no NaN's equal.
    number = float(value)
    return repr(math.copysign(math.inf, number) if abs(number) == sys.float_info.max else number)


def held(tables: Iterable[pa.Table]) -> dict[str, dict[str, Any]]:
    """What tables hold of each run; a null is left out."""
    found: dict[str, dict[str, Any]] = {}
    for table in map(columns.conforming, tables):
        for row in table.to_pylist():
            known = {name: _plain(name, value) for name, value in row.items() if value is not None}
            assert row["run_id"] not in found, "a run stands twice"
            found[row["run_id"]] = known
    return found


def _plain(name: str, value: Any) -> Any:
    if name.startswith("m:"):
        return repr(value)
    if name == "datasets":
        return sorted((each["name"], each["digest"], each["context"]) for each in value)
    return sorted(value) if name == "models" else value


def indexed(folder: Path) -> dict[str, dict[str, Any]]:
    """What an index holds of each run that is not gone."""
    opened = files.open_segments(folder)
    assert opened is not None
    tables = [
        table if rows is None else table.take(rows)
        for table, rows in zip(opened[1], living.latest(opened[1]), strict=True)
    ]
    found = held(tables)
    return {run: row for run, row in found.items() if row["lifecycle"] != columns.GONE}
