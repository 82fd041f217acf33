"""Several runs side by side: only what differs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

from longshore.errors import Invalid, NotFound
from longshore.mlflow_rest import artifacts, experiments
from longshore.mlflow_rest.types import Run
from longshore.tracking.comparing.code import PATCH_FILE
from longshore.tracking.comparing.environment import LOCK_FILE, packages_of
from longshore.tracking.comparing.places import Source, client_of
from longshore.tracking.detail import code_of
from longshore.tracking.rows import RunRow
from longshore.tracking.table import resolve, row

if TYPE_CHECKING:
    from longshore.mlflow_rest.client import Client

Value = TypeVar("Value", str, float)


@dataclass(frozen=True)
class Comparison:
    """What differs between runs: name -> run id -> value. A run that has no such thing is left out of the inner one."""

    runs: tuple[RunRow, ...]
    params: Mapping[str, Mapping[str, str]]
    metrics: Mapping[str, Mapping[str, float]]
    tags: Mapping[str, Mapping[str, str]]
    code: Mapping[str, Mapping[str, str]]
    environment: Mapping[str, Mapping[str, str]]
    data: Mapping[str, Mapping[str, str]]
    # What is the same everywhere, by the field's name above: name -> value.
    same: Mapping[str, Mapping[str, str | float]] = field(default_factory=dict)


def compare(source: Source, run_ids: Sequence[str]) -> Comparison:
    """Compare runs by id or unique prefix, in the order given.

    `source`: the server of all of them, or what gives the one of each.
    Raises: Invalid for fewer than two; NotFound; Unavailable.
    """
    found, clients = dict[str, Run](), dict[str, "Client"]()
    for reference in run_ids:
        client = client_of(source, reference)
        run = resolve(client, reference)
        found.setdefault(run.id, run)
        clients.setdefault(run.id, client)
    runs = list(found.values())
    if len(runs) < 2:
        raise Invalid("A comparison needs two different runs or more.", hint="Choose another run.")
    return Comparison(
        runs=_rows(clients, runs),
        params=_differing({run.id: run.params for run in runs}),
        metrics=_differing({run.id: run.metrics for run in runs}),
        tags=_differing({run.id: _own_tags(run) for run in runs}),
        code=_code(clients, runs),
        environment=_environment(clients, runs),
        data=_differing({run.id: _data(run) for run in runs}),
        same={
            "params": _shared(run.params for run in runs),
            "metrics": _shared(run.metrics for run in runs),
            "tags": _shared(_own_tags(run) for run in runs),
            "data": _shared(_data(run) for run in runs),
        },
    )


def refreshed(found: Comparison, news: Mapping[str, Run]) -> Comparison:
    """Give a comparison with what some of its runs have logged since, by run id.

    What they were made from (code, environment, data) stays as it was found.
    """
    rows = tuple(_refreshed(row, news[row.run_id]) if row.run_id in news else row for row in found.runs)
    return replace(
        found,
        runs=rows,
        params=_differing({row.run_id: row.params for row in rows}),
        metrics=_differing({row.run_id: row.metrics for row in rows}),
        tags=_differing({row.run_id: _own_tags(row) for row in rows}),
        same={
            **found.same,
            "params": _shared(row.params for row in rows),
            "metrics": _shared(row.metrics for row in rows),
            "tags": _shared(_own_tags(row) for row in rows),
        },
    )


def _refreshed(row: RunRow, run: Run) -> RunRow:
    return replace(row, status=run.status, end_time=run.end_time, params=run.params, metrics=run.metrics, tags=run.tags)


def _rows(clients: Mapping[str, Client], runs: Sequence[Run]) -> tuple[RunRow, ...]:
    names: dict[tuple[str, str], str] = {}
    found = []
    for run in runs:
        client = clients[run.id]
        place = (client.url, run.experiment_id)
        if place not in names:
            names[place] = experiments.get(client, run.experiment_id).name
        found.append(row(run, names[place]))
    return tuple(found)


def _shared(values_of_runs: Iterable[Mapping[str, Value]]) -> dict[str, str | float]:
    first, *others = values_of_runs
    return {
        name: value
        for name, value in first.items()
        if all(name in each and _all_same([value, each[name]]) for each in others)
    }


def _differing(by_run: Mapping[str, Mapping[str, Value]]) -> dict[str, dict[str, Value]]:
    names = dict.fromkeys(name for values in by_run.values() for name in sorted(values))
    found: dict[str, dict[str, Value]] = {}
    for name in names:
        present = {run_id: values[name] for run_id, values in by_run.items() if name in values}
        if len(present) < len(by_run) or not _all_same(list(present.values())):
            found[name] = present
    return found


def _all_same(values: Sequence[str | float]) -> bool:
    first = values[0]
    if isinstance(first, float) and math.isnan(first):
        return all(isinstance(value, float) and math.isnan(value) for value in values)
    return all(value == first for value in values)


def _own_tags(run: Run | RunRow) -> dict[str, str]:
    return {name: value for name, value in run.tags.items() if not name.startswith(("mlflow.", "longshore."))}


def _code(clients: Mapping[str, Client], runs: Sequence[Run]) -> dict[str, dict[str, str]]:
    # The patch is only looked at where two runs stand on one commit with changes: there it alone tells them apart.
    dirty = {run.id: _lines(_text(clients[run.id], run, PATCH_FILE)) for run in runs if code_of(run).dirty}

    def known(run: Run) -> dict[str, str]:
        code = code_of(run)
        found = {
            "script": code.source,
            "entry point": code.entry_point,
            "commit": code.commit,
            "branch": code.branch,
            "uncommitted changes": dirty.get(run.id, ""),
        }
        return {name: value for name, value in found.items() if value}

    return _differing({run.id: known(run) for run in runs})


def _environment(clients: Mapping[str, Client], runs: Sequence[Run]) -> dict[str, dict[str, str]]:
    hashes = {run.tags.get("longshore.environment", "") for run in runs}
    packages = {run.id: packages_of(_text(clients[run.id], run, LOCK_FILE)) if len(hashes) > 1 else {} for run in runs}

    def known(run: Run) -> dict[str, str]:
        tags = run.tags
        found = {
            "environment": tags.get("longshore.environment", ""),
            "image": tags.get("longshore.image", ""),
            "target": tags.get("longshore.target", ""),
        }
        return {name: value for name, value in found.items() if value} | packages[run.id]

    return _differing({run.id: known(run) for run in runs})


def _data(run: Run) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for each in run.inputs:
        found.setdefault(each.name, []).append(each.digest)
    return {name: ", ".join(sorted(digests)) for name, digests in found.items()}


def _lines(patch: str) -> str:
    """Tell two patches apart in a table's cell."""
    import hashlib

    changed = sum(
        1 for line in patch.splitlines() if line.startswith(("+", "-")) and not line.startswith(("+++", "---"))
    )
    return f"{changed} lines ({hashlib.sha256(patch.encode('utf-8')).hexdigest()[:8]})" if patch else "not kept"


def _text(client: Client, run: Run, path: str) -> str:
    try:
        return artifacts.download(client, run.id, path, 2_000_000).decode("utf-8", "replace")
    except NotFound:
        return ""
