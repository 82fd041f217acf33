"""The comparison's work off the UI thread: what differs, curves, more curves, and curves made ready to be drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from longshore.progress import CancelToken, Progress
from longshore.settings import Home
from longshore.tracking.comparing.places import RunAt, Servers
from longshore.tracking.rows import RunRow
from longshore.ui.shell.tasks import Work
from longshore.ui.widgets.plot.curves import Band, Curve

if TYPE_CHECKING:
    from longshore.mlflow_rest.client import Client
    from longshore.tracking.compare import Comparison
    from longshore.tracking.comparing.bands import Line
    from longshore.tracking.histories import History

Histories = Mapping[str, Mapping[str, "History"]]  # metric -> run id -> history
# More curves than this in one panel are read by nobody.
MOST_CURVES = 6


@dataclass(frozen=True, eq=False)
class Compared:
    """Runs side by side with the histories of the metrics that matter first; what has only one value is no curve."""

    comparison: Comparison
    curves: Histories
    workspaces: Mapping[str, str] = field(default_factory=dict)  # by run id

    @property
    def across(self) -> bool:
        """Tell whether the runs are of several workspaces."""
        return len(set(self.workspaces.values())) > 1


def compare_work(home: Home, places: Sequence[RunAt]) -> Work[Compared]:
    """Give the work that compares runs and fetches the curves they have in common.

    Runs of several workspaces have theirs behind their names.
    """

    def work(progress: Progress, cancel: CancelToken) -> Compared:
        from longshore.tracking import compare

        servers = Servers(home, {place.run_id: place.workspace for place in places})
        found = compare.compare(servers, [place.run_id for place in places])
        workspaces = {run.run_id: servers.workspace(run.run_id).name for run in found.runs}
        if len(set(workspaces.values())) > 1:
            found = replace(found, runs=tuple(_placed(run, workspaces[run.run_id]) for run in found.runs))
        curves: dict[str, Mapping[str, History]] = {}
        names = curve_names(found.runs)
        for number, name in enumerate(names):
            progress(number / len(names), name)
            cancel.check()
            curves[name] = _histories(home, servers, found.runs, name, cancel)
        return Compared(found, curves, workspaces)

    return work


def _placed(run: RunRow, workspace: str) -> RunRow:
    return replace(run, name=f"{run.name} @{workspace}")


def curve_names(runs: Sequence[RunRow]) -> tuple[str, ...]:
    """Name the metrics that have a chart unless somebody chose others: the one that matters first."""
    from longshore.tracking import direction

    names = sorted({key for run in runs for key in run.metrics if not key.startswith("system/")})
    first = direction.primary_metric(runs)
    return tuple(sorted(names, key=lambda name: name != first)[:MOST_CURVES])


def _histories(
    home: Home, servers: Servers, runs: Sequence[RunRow], metric: str, cancel: CancelToken
) -> dict[str, History]:
    from longshore.tracking.histories import read_histories

    found = {}
    for run in runs:
        if metric not in run.metrics:
            continue
        cancel.check()

        def connect(run_id: str = run.run_id) -> Client:
            return servers(run_id)

        row = servers.workspace(run.run_id)
        found[run.run_id] = read_histories(home, row, connect, run.run_id, [metric])[metric]
    return found


@dataclass(frozen=True)
class Look:
    """How curves are drawn."""

    axis: str
    # The parameter that runs are put together by; empty: each run is a curve.
    group: str
    spread: str
    # From 0 to below 1.
    smoothing: float


@dataclass(frozen=True, eq=False)
class Drawn:
    """One metric's curves, ready."""

    curves: tuple[Curve, ...]
    bands: tuple[Band, ...] = ()


class CurveCache:
    """Curves that are ready: while others go on, those of a run that has ended need not be made again."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], tuple[History, int, Look, tuple[Curve, ...]]] = {}

    def curves(self, metric: str, run: RunRow, number: int, history: History, look: Look) -> tuple[Curve, ...]:
        """Give a run's curves: the raw one, and with smoothing the smooth one."""
        key = (metric, run.run_id)
        kept = self._kept.get(key)
        if kept is None or kept[0] is not history or kept[1:3] != (number, look):
            kept = self._kept[key] = (history, number, look, _curves(run, number, history, look))
        return kept[3]


def drawn_work(runs: Sequence[RunRow], histories: Histories, look: Look, cache: CurveCache) -> Work[dict[str, Drawn]]:
    """Give the work that makes curves ready: on their axis, put together, smoothed, with an outline where they are long."""

    def work(_progress: Progress, cancel: CancelToken) -> dict[str, Drawn]:
        from longshore.tracking.comparing.axes import on_axis

        found = {}
        for metric, of_runs in histories.items():
            cancel.check()
            known = {run_id: history for run_id, history in of_runs.items() if len(history)}
            if look.group:
                began = {run.run_id: run.start_time for run in runs}
                lines = {run_id: on_axis(known[run_id], look.axis, began[run_id]) for run_id in known}
                found[metric] = _grouped(runs, lines, look)
            else:
                found[metric] = _single(runs, metric, known, look, cache)
        return found

    return work


def _single(runs: Sequence[RunRow], metric: str, known: Mapping[str, History], look: Look, cache: CurveCache) -> Drawn:
    made = [
        cache.curves(metric, run, number, known[run.run_id], look)
        for number, run in enumerate(runs)
        if run.run_id in known
    ]
    # All raw ones lie below all smooth ones.
    return Drawn((*(raw for raw, *_smooth in made), *(curve for _raw, *smooth in made for curve in smooth)))


def _curves(run: RunRow, number: int, history: History, look: Look) -> tuple[Curve, ...]:
    from longshore.tracking.comparing.axes import on_axis
    from longshore.ui.widgets.plot.curves import outlined, smoothed

    x, y = on_axis(history, look.axis, run.start_time)
    raw = outlined(Curve(run.name, x, y, number, faint=look.smoothing > 0))
    return (raw, outlined(Curve(run.name, x, smoothed(y, look.smoothing), number))) if look.smoothing > 0 else (raw,)


def _grouped(runs: Sequence[RunRow], lines: Mapping[str, Line], look: Look) -> Drawn:
    from longshore.tracking.comparing.bands import bands, groups_by
    from longshore.ui.widgets.plot.curves import smoothed

    groups = groups_by(runs, look.group)
    found = bands(lines, groups, look.spread)
    curves, around = [], []
    for number, (value, members) in enumerate(groups.items()):
        if (curve := found.get(value)) is None:
            continue
        count = sum(run.run_id in lines for run in members)
        title = f"{look.group} {value}, {'1 run' if count == 1 else f'{count} runs'}"
        curves.append(Curve(title, curve.x, smoothed(curve.mean, look.smoothing), number))
        if count > 1:
            low, high = smoothed(curve.low, look.smoothing), smoothed(curve.high, look.smoothing)
            around.append(Band(curve.x, low, high, number))
    return Drawn(tuple(curves), tuple(around))


def histories_work(home: Home, compared: Compared, metrics: Sequence[str]) -> Work[dict[str, dict[str, History]]]:
    """Give the work that fetches the histories of more metrics."""

    def work(progress: Progress, cancel: CancelToken) -> dict[str, dict[str, History]]:
        servers, found = Servers(home, compared.workspaces), dict[str, dict[str, "History"]]()
        for number, metric in enumerate(metrics):
            progress(number / len(metrics), metric)
            found[metric] = _histories(home, servers, compared.comparison.runs, metric, cancel)
        return found

    return work
