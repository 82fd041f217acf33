"""A metric's values over a run, as arrays for a chart; only what is new for a run that still goes on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
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
    # Between the points before this place and those after it there may be more that were not read yet.
    gap: int | None = None

    def __len__(self) -> int:
        return len(self.steps)


def read_histories(
    home: Home,
    workspace: Workspace,
    connect: Callable[[], Client],
    run_id: str,
    keys: Sequence[str],
    known: Mapping[str, History] | None = None,
    latest: Mapping[str, MetricPoint] | None = None,
) -> dict[str, History]:
    """Give histories from wherever they are read soonest; of `known`, one without news is the same object.

    `connect` is called where the server has to be asked. `latest`: of a run that goes on: its known histories are
    `followed`.
    Raises: NotFound, Unavailable.
    """
    from longshore.tracking.local_histories import local_history

    found: dict[str, History] = {}
    going_on: dict[str, History] = {}
    for key in keys:
        before = known.get(key) if known else None
        here = local_history(home, workspace, run_id, key)
        if here is not None:
            found[key] = before if before is not None and len(before) == len(here) else here
        elif before is None:
            found |= histories(connect(), run_id, [key])
        elif latest is None:
            found |= extended(connect(), run_id, {key: before})
        else:
            going_on[key] = before
    return found | (followed(connect(), run_id, going_on, latest or {}) if going_on else {})


def histories(client: Client, run_id: str, keys: Sequence[str]) -> dict[str, History]:
    """Give the whole history of each metric; one that was never logged is empty. Raises: NotFound, Unavailable."""
    return {key: _history(client, run_id, key) for key in keys}


def extended(client: Client, run_id: str, known: Mapping[str, History]) -> dict[str, History]:
    """Give histories that were fetched before, with what was logged since. A history without news is the same object."""
    return {key: _extended(client, run_id, key, history) for key, history in known.items()}


def followed(
    client: Client, run_id: str, known: Mapping[str, History], latest: Mapping[str, MetricPoint], *, most: int = 1
) -> dict[str, History]:
    """Give histories that were fetched before with the run's latest values as points, for at most `most` requests.

    A point that lies as far from the last as that one from the one before is the next. Else there may be more between:
    that is asked for, of `most` metrics at each call, those first that wait longest; `extended` asks for all.
    """
    found = {key: with_point(history, latest.get(key)) for key, history in known.items()}
    waiting = [key for key, history in found.items() if history.gap is not None]
    waiting.sort(key=lambda key: int(found[key].timestamps_ms[max(0, (found[key].gap or 0) - 1)]))
    return found | {key: _extended(client, run_id, key, found[key]) for key in waiting[:most]}


def with_point(history: History, point: MetricPoint | None) -> History:
    """Give a history with the run's latest value as a point; where more may lie between, it has a gap from then on."""
    if point is None or (len(history) and (point.step, point.timestamp_ms) <= _end(history)):
        return history
    stride = int(history.steps[-1] - history.steps[-2]) if len(history) > 1 else 0
    is_next = stride > 0 and point.step == int(history.steps[-1]) + stride
    gap = history.gap if is_next or history.gap is not None else len(history)
    return replace(_joined(history, _arrays([point])), gap=gap)


def filled(client: Client, key: str, gaps: Mapping[str, History]) -> dict[str, History]:
    """Give one metric's histories of several runs, by run id, without their gaps: by one request, or two.

    Where much was logged in between, the server chooses values of it.
    """
    known = {run_id: _before_gap(history) for run_id, history in gaps.items()}
    begun = [run_id for run_id, history in known.items() if len(history)]
    new = [run_id for run_id in known if run_id not in begun]
    found: dict[str, Sequence[MetricPoint]] = {}
    if begun:
        first = min(int(known[run_id].steps[-1]) for run_id in begun)
        found |= metrics.sampled(client, begun, key, steps=(first, _LAST_STEP))
    if new:
        found |= metrics.sampled(client, new, key)
    return {run_id: _with_points(history, found.get(run_id, ())) for run_id, history in known.items()}


def empty() -> History:
    """Give the history of a metric of which nothing was read yet."""
    return _arrays(())


def _before_gap(history: History) -> History:
    if history.gap is None:
        return history
    whole = history.steps[: history.gap], history.timestamps_ms[: history.gap], history.values[: history.gap]
    return History(*whole, history.sampled)


def _with_points(history: History, points: Sequence[MetricPoint]) -> History:
    fresh = [point for point in points if not len(history) or (point.step, point.timestamp_ms) > _end(history)]
    return _joined(history, _arrays(fresh)) if fresh else history


def _history(client: Client, run_id: str, key: str) -> History:
    points, complete = metrics.beginning(client, run_id, key, _EXACT)
    if complete:
        return _arrays(points)
    return _arrays(metrics.sampled(client, [run_id], key)[run_id], sampled=True)


def _extended(client: Client, run_id: str, key: str, history: History) -> History:
    history = _before_gap(history)
    if not len(history):
        return _history(client, run_id, key)
    steps = (int(history.steps[-1]), _LAST_STEP)
    return _with_points(history, metrics.sampled(client, [run_id], key, steps=steps)[run_id])


def _end(history: History) -> tuple[int, int]:
    return int(history.steps[-1]), int(history.timestamps_ms[-1])


def _joined(history: History, news: History) -> History:
    import numpy as np

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
