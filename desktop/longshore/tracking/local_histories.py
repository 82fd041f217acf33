"""Metric histories from the personal workspace's own file: a million points in half a second, where REST takes a minute.

Long ones are kept as arrays beside the run index, so that they are there at once the next time. The copies may be deleted
at any time.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from longshore.settings import Home
from longshore.tracking.histories import History
from longshore.tracking.index.from_sqlite import Database, UnknownSchema
from longshore.workspace.tracking_process import DATABASE

if TYPE_CHECKING:
    import numpy as np

    from longshore.store.records import Workspace

# Shorter ones are read as quickly as their copies.
_KEPT_FROM = 20_000
# Each column of a million rows costs some 50 ms: the row and whether it is no number come as one.
_POINTS = (
    "SELECT rowid * 2 + is_nan, step, timestamp, value"
    " FROM metrics INDEXED BY index_metrics_run_uuid_key_step WHERE run_uuid = ? AND key = ? AND rowid > ? ORDER BY step"
)


def local_history(home: Home, workspace: Workspace, run_id: str, key: str) -> History | None:
    """Give the whole history of a metric, None where the file is not at hand or of an unknown schema: ask the server.

    Raises: Unavailable where the file is damaged or stays locked.
    """
    file = home.tracking / DATABASE
    if workspace.kind != "personal" or not file.exists():
        return None
    try:
        with Database(file) as database:
            return _read(home, database, run_id, key)
    except UnknownSchema:
        return None


def _read(home: Home, database: Database, run_id: str, key: str) -> History:
    import numpy as np

    folder = home.index / "histories" / hashlib.sha256(f"{run_id} {key}".encode()).hexdigest()[:32]
    kept, last = _kept(folder)
    fresh, newest = _fresh(database, run_id, key, last)
    if kept is not None and not len(fresh):
        return _history(kept)
    points = fresh if kept is None else np.concatenate([kept, fresh], axis=1)
    if not _is_sorted(points):
        points = points[:, np.lexsort((points[1], points[0]))]
    if points.shape[1] >= _KEPT_FROM:
        _keep(folder, points, newest)
    return _history(points)


def _is_sorted(points: np.ndarray) -> bool:
    """Tell whether points stand by step, and those of one step by time."""
    steps, times = points[0], points[1]
    ahead = steps[1:] > steps[:-1]
    return bool((ahead | ((steps[1:] == steps[:-1]) & (times[1:] >= times[:-1]))).all())


def _fresh(database: Database, run_id: str, key: str, after: int) -> tuple[np.ndarray, int]:
    """Read the points behind a row. Shape: (3, n) of step, time and the value's bits."""
    import numpy as np

    kinds = np.dtype([("row", "i8"), ("step", "i8"), ("time", "i8"), ("value", "f8")])
    with database.snapshot():
        newest = database.select("SELECT ifnull(max(rowid), 0) FROM metrics")[0][0]
        # Nobody logged anything: a million entries of the index need not be looked through.
        found = database.connection.execute(_POINTS, (run_id, key, after)) if newest > after else ()
        read = np.fromiter(found, kinds)
    values = np.where(read["row"] & 1, np.nan, read["value"])
    # MLflow keeps an infinity as the largest float.
    values = np.where(np.abs(values) >= sys.float_info.max, np.copysign(np.inf, values), values)
    points = np.stack([read["step"], read["time"], values.view(np.int64)])
    return points, int(read["row"].max()) // 2 if len(read) else after


def _kept(folder: Path) -> tuple[np.ndarray | None, int]:
    """Give the copy and the row that it goes up to."""
    import numpy as np

    for file in folder.glob("*.npy"):
        try:
            points = np.load(file, mmap_mode="r", allow_pickle=False)
            if points.dtype == np.int64 and points.ndim == 2 and points.shape[0] == 3:
                return points, int(file.stem)
        except (OSError, ValueError, EOFError):
            with contextlib.suppress(OSError):
                file.unlink()
    return None, 0


def _keep(folder: Path, points: np.ndarray, last: int) -> None:
    import numpy as np

    fresh = folder / f"{os.getpid()}.tmp"
    # A full disk only costs time at the next look.
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        with fresh.open("wb") as out:
            np.save(out, points, allow_pickle=False)
        old = [file for file in folder.glob("*.npy") if file.stem != str(last)]
        fresh.replace(folder / f"{last}.npy")
        for file in old:
            with contextlib.suppress(OSError):
                file.unlink()


def _history(points: np.ndarray) -> History:
    import numpy as np

    return History(points[0], points[1], points[2].view(np.float64))
