"""The comparison's work off the UI thread: more curves, and curves made ready to be drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from longshore.progress import CancelToken, Progress
from longshore.settings import Home
from longshore.tracking.rows import RunRow
from longshore.ui.shell.tasks import Work
from longshore.ui.widgets.plot.curves import Band, Curve

if TYPE_CHECKING:
    from longshore.tracking.comparing.bands import Line
    from longshore.tracking.histories import History

Histories = Mapping[str, Mapping[str, "History"]]  # metric -> run id -> history


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


def drawn_work(runs: Sequence[RunRow], histories: Histories, look: Look) -> Work[dict[str, Drawn]]:
    """Give the work that makes curves ready: on their axis, put together, smoothed, with an outline where they are long."""

    def work(_progress: Progress, cancel: CancelToken) -> dict[str, Drawn]:
        from longshore.tracking.comparing.axes import on_axis

        found = {}
        for metric, of_runs in histories.items():
            cancel.check()
            lines = {
                run.run_id: on_axis(of_runs[run.run_id], look.axis, run.start_time)
                for run in runs
                if run.run_id in of_runs and len(of_runs[run.run_id])
            }
            found[metric] = _grouped(runs, lines, look) if look.group else _single(runs, lines, look)
        return found

    return work


def _single(runs: Sequence[RunRow], lines: Mapping[str, Line], look: Look) -> Drawn:
    from longshore.ui.widgets.plot.curves import outlined, smoothed

    raw, smooth = [], []
    for number, run in enumerate(runs):
        if run.run_id not in lines:
            continue
        x, y = lines[run.run_id]
        raw.append(outlined(Curve(run.name, x, y, number, faint=look.smoothing > 0)))
        if look.smoothing > 0:
            smooth.append(outlined(Curve(run.name, x, smoothed(y, look.smoothing), number)))
    return Drawn((*raw, *smooth))


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


def histories_work(
    home: Home, workspace: str | None, runs: Sequence[RunRow], metrics: Sequence[str]
) -> Work[dict[str, dict[str, History]]]:
    """Give the work that fetches the histories of more metrics."""

    def work(progress: Progress, cancel: CancelToken) -> dict[str, dict[str, History]]:
        from longshore.store import workspaces
        from longshore.tracking.histories import read_histories
        from longshore.workspace.connection import connect

        row, found = workspaces.get(home, workspace), dict[str, dict[str, "History"]]()
        for number, metric in enumerate(metrics):
            progress(number / len(metrics), metric)
            for run in runs:
                cancel.check()
                if metric in run.metrics:
                    read = read_histories(home, row, lambda: connect(home, workspace), run.run_id, [metric])
                    found.setdefault(metric, {})[run.run_id] = read[metric]
        return found

    return work
