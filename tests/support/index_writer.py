"""A process that writes one index without end, each state told on its output once it is there: for faults.

Run N holds the number of its last write in a param, a tag and a metric, so that a state that mixes two shows itself.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pyarrow as pa

from longshore.tracking.index import columns, segments

BASE = 300


def rows(numbers: list[int], write: int) -> pa.Table:
    """Give runs as they stand after a write."""
    count = len(numbers)
    return pa.table(
        {
            "run_id": [f"{number:08}" for number in numbers],
            "lifecycle": ["active"] * count,
            "start_time": pa.array(numbers, pa.int64()),
            columns.param("write"): pa.array([str(write)] * count).dictionary_encode(),
            columns.tag("write"): pa.array([str(write)] * count).dictionary_encode(),
            columns.metric("write"): pa.array([float(write)] * count),
        }
    )


def main(folder: Path, ever: bool) -> None:
    """Write: in write W, run W is new, and runs that W divides are new again."""
    last = segments.read_manifest(folder)
    write = int(last.source["write"]) if last else 0
    while ever or write < 60:
        write += 1
        changed = [number for number in range(write) if number % 7 == write % 7] if write > 1 else list(range(1))
        added = list(range(BASE)) if write == 1 else [BASE + write, *(changed[:40])]
        segments.append(
            folder, [rows(added, write)], as_of=float(write), complete=True, expected=None, source={"write": write}
        )
        print(write, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), ever=len(sys.argv) > 2)
