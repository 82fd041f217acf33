"""Indexes of any size, made without a server: for measuring and for faults."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from longshore.tracking.index import columns, segments

BEGAN_MS = 1_760_000_000_000


@dataclass(frozen=True)
class Made:
    """An experiment as the index wants it."""

    id: str
    name: str


def make_index(
    folder: Path, *, runs: int, params: int = 12, metrics: int = 10, tags: int = 3, chunk: int = 100_000, seed: int = 0
) -> None:
    """Fill an index, the newest runs first; half of the params have ten values, one has a value of its own per run."""
    for first, table in _tables(runs, params, metrics, tags, chunk, np.random.default_rng(seed)):
        done = first + len(table) == runs
        segments.append(folder, [table], as_of=time.time(), complete=done, expected=runs, source={"kind": "made"})


def _tables(
    runs: int, params: int, metrics: int, tags: int, chunk: int, chance: np.random.Generator
) -> Iterator[tuple[int, pa.Table]]:
    for first in range(0, runs, chunk):
        count = min(chunk, runs - first)
        numbers = np.arange(runs - first, runs - first - count, -1)
        start = BEGAN_MS + numbers * 60_000
        made = {
            "run_id": pa.array([f"{int(place):032x}" for place in chance.permutation(count) + first * 1_000_003]),
            "name": pa.array([f"run-{number}" for number in numbers]),
            "status": pa.array(["FINISHED"] * count),
            "start_time": pa.array(start),
            "end_time": pa.array(start + chance.integers(1_000, 90_000, count)),
            "user": pa.array(["ada"] * count),
            "lifecycle": pa.array(["active"] * count),
            "artifact_uri": pa.array([f"mlflow-artifacts:/1/{number}/artifacts" for number in numbers]),
            "experiment_id": pa.array(["1"] * count),
        }
        for place in range(params):
            made[columns.param(f"param_{place:02}")] = _coded(chance, count, 10 if place % 2 else 97)
        if params:
            made[columns.param("param_00")] = pa.array(
                [str(value) for value in chance.random(count)]
            ).dictionary_encode()
        for place in range(metrics):
            values = chance.random(count)
            made[columns.metric(f"metric_{place:02}")] = pa.array(values, mask=chance.random(count) < 0.1)
        for place in range(tags):
            made[columns.tag(f"tag_{place:02}")] = _coded(chance, count, 3)
        yield first, pa.table(made)


def _coded(chance: np.random.Generator, count: int, values: int) -> pa.DictionaryArray:
    dictionary = pa.array([f"value {number}" for number in range(values)])
    return pa.DictionaryArray.from_arrays(pa.array(chance.integers(0, values, count, dtype=np.int32)), dictionary)
