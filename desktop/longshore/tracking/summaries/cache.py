"""The values that were read, in memory and in a file per metric beside the run index."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from longshore.settings import Home
from longshore.tracking.index import bridge

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

_MAGIC = b"longshore summaries 1\n"
_DIGEST = hashlib.sha256().digest_size
_LEAST, _GREATEST, _MEAN = range(3)


@dataclass(frozen=True, eq=False)
class Known:
    """What is known of one metric. Shapes: (runs,), of `values` (3, runs): least, greatest and mean value.

    A NaN among the values is a history of NaN alone. A mark is what a run was like when its history was read (`marks`);
    with another one the run has to be asked again.
    """

    ids: pa.Array  # of strings, each once
    marks: np.ndarray  # int64
    values: np.ndarray  # float64
    # The personal workspace's file was read up to this row of its table of metrics.
    upto: int = 0

    def __len__(self) -> int:
        return len(self.ids)

    def best(self, *, less_is_better: bool) -> np.ndarray:
        """Give the best values."""
        found: np.ndarray = self.values[_LEAST if less_is_better else _GREATEST]
        return found

    @property
    def mean(self) -> np.ndarray:
        """The mean values."""
        found: np.ndarray = self.values[_MEAN]
        return found

    def places(self, run_ids: pa.ChunkedArray) -> np.ndarray:
        """Tell where runs stand, -1 for those that are not there."""
        import pyarrow.compute as pc

        return bridge.ndarray(pc.fill_null(pc.index_in(run_ids, self.ids), -1).cast("int64"))

    def with_values(self, fresh: Known) -> Known:
        """Give the same with these values, which stand in place of older ones."""
        import numpy as np
        import pyarrow as pa

        left = self._those(fresh.places(pa.chunked_array([self.ids], pa.string())) < 0)
        return Known(
            pa.concat_arrays([left.ids, fresh.ids]),
            np.concatenate([left.marks, fresh.marks]),
            np.concatenate([left.values, fresh.values], axis=1),
            self.upto,
        )

    def without(self, run_ids: Sequence[str]) -> Known:
        """Give the same without some runs."""
        import pyarrow as pa

        gone = Known(bridge.strings(run_ids), *_nothing(len(run_ids)))
        return self._those(gone.places(pa.chunked_array([self.ids], pa.string())) < 0)

    def _those(self, chosen: np.ndarray) -> Known:
        import numpy as np

        ids = self.ids.take(bridge.places(np.flatnonzero(chosen)))
        return Known(ids, self.marks[chosen], self.values[:, chosen], self.upto)


def empty(upto: int = 0) -> Known:
    """Give what is known of a metric of which nothing is."""
    return Known(bridge.strings([]), *_nothing(0), upto)


def _nothing(count: int) -> tuple[np.ndarray, np.ndarray]:
    import numpy as np

    return np.zeros(count, np.int64), np.full((3, count), np.nan)


def marks(latest: np.ndarray, ended_ms: np.ndarray) -> np.ndarray:
    """Give what tells that a history is the same as before: the metric's last value and when the run ended.

    Shape: (runs,) each. `ended_ms`: NaN for a run that goes on.
    """
    import numpy as np

    values = np.where(np.isnan(latest), np.nan, latest).astype(np.float64)
    ends = np.where(np.isnan(ended_ms), -1, ended_ms).astype(np.int64)
    with np.errstate(over="ignore"):
        found: np.ndarray = values.view(np.int64) ^ (ends * np.int64(0x9E3779B97F4A7C1))
    return found


def file_of(home: Home, workspace: str, metric: str) -> Path:
    """Give the file of a metric. `workspace`: from `index.layout.workspace_key`."""
    name = hashlib.sha256(f"{workspace}\0{metric}".encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return home.index / "summaries" / f"{name}.arrow"


def load(file: Path) -> Known:
    """Give what a file holds; nothing where it is missing or damaged."""
    import numpy as np
    import pyarrow as pa

    try:
        content = file.read_bytes()
        start = len(_MAGIC) + _DIGEST
        # Arrow ends the process that reads some damaged files.
        if content[: len(_MAGIC)] != _MAGIC or hashlib.sha256(content[start:]).digest() != content[len(_MAGIC) : start]:
            return empty()
        with pa.ipc.open_stream(pa.py_buffer(content).slice(start)) as stream:
            table = stream.read_all()
        numbers = [bridge.ndarray(table[name]) for name in ("least", "greatest", "mean")]
        upto = int((table.schema.metadata or {})[b"upto"])
        ids = pa.concat_arrays([*table["run_id"].chunks, bridge.strings([])])
        return Known(ids, bridge.ndarray(table["mark"]), np.stack(numbers), upto)
    except (OSError, ValueError, KeyError, pa.ArrowException):
        return empty()


def save(file: Path, known: Known) -> None:
    """Write what is known, whole. A full disk only costs the time to read it again."""
    import pyarrow as pa

    columns = {
        "run_id": known.ids,
        "mark": bridge.array(known.marks),
        "least": bridge.array(known.values[_LEAST]),
        "greatest": bridge.array(known.values[_GREATEST]),
        "mean": bridge.array(known.values[_MEAN]),
    }
    table = pa.table(columns).replace_schema_metadata({"upto": str(known.upto)})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as out:
        out.write_table(table)
    content = sink.getvalue().to_pybytes()
    fresh = file.with_suffix(f".{os.getpid()}.tmp")
    with contextlib.suppress(OSError):
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh.write_bytes(_MAGIC + hashlib.sha256(content).digest() + content)
        fresh.replace(file)
    with contextlib.suppress(OSError):
        fresh.unlink(missing_ok=True)
