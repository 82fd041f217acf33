"""An experiment's runs from a tracking server: pages of a search, laid into the columns of an index."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from longshore.errors import Unavailable
from longshore.mlflow_rest import parsing, runs
from longshore.mlflow_rest.filters import quoted
from longshore.tracking.index import bridge, columns
from longshore.tracking.index.pivot import Gathered

if TYPE_CHECKING:
    import pyarrow as pa

    from longshore.mlflow_rest.client import Client

Json = Mapping[str, Any]
NEWEST_FIRST = ("attributes.start_time DESC",)
# The first page is on screen soon. Later ones spend the server's time on runs, not on sorting them again and again.
_FIRST, _PAGE = 100, 1000
# SQLite takes so many values in one condition, and each id is 35 characters of the server's filter.
_IDS = 100


def fill(client: Client, experiment_id: str) -> Iterator[pa.Table]:
    """Give every run of an experiment, deleted ones too, newest first. Raises: as the server's search."""
    with ThreadPoolExecutor(1, "run index") as pool:
        size, page = _FIRST, _page(client, experiment_id, _FIRST, None)
        while True:
            entries, token = page
            # The server works on the next page while this one is laid into columns.
            size = _PAGE
            coming = pool.submit(_page, client, experiment_id, size, token) if token else None
            yield table(entries)
            if coming is None:
                return
            page = coming.result()


def newest(client: Client, experiment_id: str, count: int, token: str | None = None) -> tuple[pa.Table, str | None]:
    """Give a page of runs, newest first, and the token of the next. Raises: as the server's search."""
    entries, following = _page(client, experiment_id, count, token)
    return table(entries), following


def read(client: Client, experiment_id: str, run_ids: Sequence[str]) -> pa.Table:
    """Give those of some runs that are in an experiment, deleted ones too. Raises: as the server's search."""
    entries: list[Json] = []
    for start in range(0, len(run_ids), _IDS):
        some = run_ids[start : start + _IDS]
        listed = ", ".join(quoted(run) for run in some)
        found, _ = runs.search_entries(
            client, [experiment_id], filter=f"attributes.run_id IN ({listed})", max_results=_IDS, view=runs.ALL
        )
        entries += found
    return table(entries)


def table(entries: Sequence[Json]) -> pa.Table:
    """Lay runs as the server sent them into columns. Raises: Unavailable for what is no run."""
    import pyarrow as pa

    try:
        built = _attributes(entries)
        for prefix, kind in ((columns.PARAM, "params"), (columns.TAG, "tags"), (columns.METRIC, "metrics")):
            built.update(_gathered(entries, prefix, kind).columns(len(entries)))
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise Unavailable("The tracking server sent runs that cannot be read.", details=repr(error)) from error
    return pa.table(built)


def _page(client: Client, experiment_id: str, size: int, token: str | None) -> tuple[Sequence[Json], str | None]:
    return runs.search_entries(
        client, [experiment_id], order_by=NEWEST_FIRST, max_results=size, page_token=token, view=runs.ALL
    )


def _attributes(entries: Sequence[Json]) -> dict[str, pa.Array]:
    found: dict[str, list[Any]] = {name: [] for name in (*columns.ATTRIBUTES, columns.DATASETS, columns.MODELS)}
    for entry in entries:
        info = entry["info"]
        found[columns.RUN_ID].append(info["run_id"])
        found[columns.NAME].append(info.get("run_name"))
        found[columns.STATUS].append(info.get("status"))
        found[columns.START_TIME].append(_time(info.get("start_time")))
        found[columns.END_TIME].append(_time(info.get("end_time")))
        found[columns.USER].append(info.get("user_id"))
        found[columns.LIFECYCLE].append(info.get("lifecycle_stage", columns.ACTIVE))
        found[columns.ARTIFACT_URI].append(info.get("artifact_uri"))
        found[columns.EXPERIMENT_ID].append(info["experiment_id"])
        found[columns.DATASETS].append(_datasets(entry) or None)
        found[columns.MODELS].append(_models(entry) or None)
    return {name: columns.made(name, values) for name, values in found.items()}


def _time(value: object) -> int | None:
    return None if value is None else int(value)  # type: ignore[call-overload]


def _datasets(entry: Json) -> list[dict[str, str]]:
    found = [parsing.dataset_input(each) for each in entry.get("inputs", {}).get("dataset_inputs", ())]
    datasets = [{"name": each.name, "digest": each.digest, "context": each.context} for each in found]
    return sorted(datasets, key=lambda each: (each["name"], each["digest"]))


def _models(entry: Json) -> list[str]:
    return sorted(each["model_id"] for each in entry.get("outputs", {}).get("model_outputs", ()))


def _gathered(entries: Sequence[Json], prefix: str, kind: str) -> Gathered:
    import numpy as np

    rows: list[int] = []
    names: list[str] = []
    values: list[Any] = []
    for row, entry in enumerate(entries):
        for each in entry.get("data", {}).get(kind, ()):
            rows.append(row)
            names.append(each["key"])
            values.append(parsing.number(each.get("value", 0.0)) if prefix == columns.METRIC else each.get("value", ""))
    gathered = Gathered(prefix)
    made = bridge.array(np.array(values, np.float64)) if prefix == columns.METRIC else bridge.strings(values)
    gathered.add(np.array(rows, np.int64), bridge.strings(names), made)
    return gathered
