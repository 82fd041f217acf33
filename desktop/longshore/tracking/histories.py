"""A metric's values over a run, as arrays for a chart; only what is new for a run that still goes on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from longshore.mlflow_rest import metrics
from longshore.mlflow_rest.types import MetricPoint

if TYPE_CHECKING:
    import numpy as np

    from longshore.mlflow_rest.client import Client
    from longshore.settings import Home
    from longshore.store.records import Workspace

# Beyond, the server chooses values evenly; a million would take a minute, and a chart shows some thousands.
_EXACT = 10_000
_LAST_STEP = 2**53


@dataclass(frozen=True)
class History:
    """One metric of one run, ordered by step, then time. Values may be NaN or infinite."""

    steps: np.ndarray  # int64
    timestamps_ms: np.ndarray  # int64
    values: np.ndarray  # float64
    # The server chose some values of more.
    sampled: bool = False

    def __len__(self) -> int:
        return len(self.steps)


def read_histories(
    home: Home,
    workspace: Workspace,
    connect: Callable[[], Client],
    run_id: str,
    keys: Sequence[str],
    known: Mapping[str, History] | None = None,
) -> dict[str, History]:
    """Give histories from wherever they are read soonest; of `known`, one without news is the same object.

    `connect` is called where the server has to be asked.
    Raises: NotFound, Unavailable.
    """
    from longshore.tracking.local_histories import local_history

    found: dict[str, History] = {}
    for key in keys:
        before = known.get(key) if known else None
        here = local_history(home, workspace, run_id, key)
        if here is not None:
            found[key] = before if before is not None and len(before) == len(here) else here
        elif before is not None:
            found |= extended(connect(), run_id, {key: before})
        else:
            found |= histories(connect(), run_id, [key])
    return found


def histories(client: Client, run_id: str, keys: Sequence[str]) -> dict[str, History]:
    """Give the whole history of each metric; one that was never logged is empty. Raises: NotFound, Unavailable."""
    return {key: _history(client, run_id, key) for key in keys}


def extended(client: Client, run_id: str, known: Mapping[str, History]) -> dict[str, History]:
    """Give histories that were fetched before, with what was logged since. A history without news is the same object."""
    return {key: _extended(client, run_id, key, history) for key, history in known.items()}


def _history(client: Client, run_id: str, key: str) -> History:
    points, complete = metrics.beginning(client, run_id, key, _EXACT)
    if complete:
        return _arrays(points)
    return _arrays(metrics.sampled(client, [run_id], key)[run_id], sampled=True)


def _extended(client: Client, run_id: str, key: str, history: History) -> History:
    if not len(history):
        return _history(client, run_id, key)
    steps = (int(history.steps[-1]), _LAST_STEP)
    found = metrics.sampled(client, [run_id], key, steps=steps)[run_id]
    known_end = (int(history.steps[-1]), int(history.timestamps_ms[-1]))
    fresh = [point for point in found if (point.step, point.timestamp_ms) > known_end]
    if not fresh:
        return history
    import numpy as np

    news = _arrays(fresh)
    return History(
        np.concatenate([history.steps, news.steps]),
        np.concatenate([history.timestamps_ms, news.timestamps_ms]),
        np.concatenate([history.values, news.values]),
        history.sampled,
    )


def _arrays(points: Sequence[MetricPoint], *, sampled: bool = False) -> History:
    import numpy as np

    steps = np.fromiter((point.step for point in points), np.int64, len(points))
    times = np.fromiter((point.timestamp_ms for point in points), np.int64, len(points))
    values = np.fromiter((point.value for point in points), np.float64, len(points))
    order = np.lexsort((times, steps))
    return History(steps[order], times[order], values[order], sampled)
