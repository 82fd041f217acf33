"""A pipeline of 500 steps on the window's page: opened, and painted again when a step changes its state.

The page's own work on the UI thread, and the reading and layout before it, in seconds of the processor: other programs on the
same machine do not count.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.benchmarks.measuring import Line, Options, summary, temporary_home

STEPS = 500


def measure(options: Options) -> Iterator[Line]:
    """Limits: 500 ms to open, from the folder's text to the picture; 16 ms to paint a change of state."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with temporary_home() as home:
        folder = home / "many"
        folder.mkdir()
        (folder / "dvc.yaml").write_text(dvc_yaml(STEPS))
        yield from _figures(folder, options)


def dvc_yaml(count: int) -> str:
    """Give a pipeline in which most steps read what two others of the last fourteen wrote."""
    chance = random.Random(3)
    lines = ["stages:"]
    for step in range(count):
        before = sorted({chance.randrange(max(0, step - 14), step) for _ in range(2)}) if step > 6 else []
        deps = ", ".join(f"o/{one}" for one in before)
        lines.append(f"  step_{step:03}: {{cmd: python step.py {step}, deps: [{deps}], outs: [o/{step}]}}")
    return "\n".join(lines) + "\n"


def _figures(folder: Path, options: Options) -> Iterator[Line]:
    from longshore.ui.shell.app import make_application

    app = make_application()
    opened, painted = [], []
    for _ in range(options.repetitions):
        cost, view, change = _open(folder, app.processEvents)
        opened.append(cost)
        for _ in range(3 if options.quick else 20):
            painted.append(_cost(change, app.processEvents))
        view()
    for name, values, limit in (
        ("open_500_steps", opened, 500),
        ("repaint_after_a_change_of_state", painted, 16),
    ):
        yield {"figure": name, "cpu_ms": summary([one * 1000 for one in values]), "steps": STEPS, "limit": limit}


def _open(folder: Path, settle: Callable[[], object]) -> tuple[float, Callable[[], object], Callable[[], object]]:
    """Read, lay out and show; gives the cost, what closes the view, and what changes one step's state."""
    from longshore.pipelines.state import PipelineState
    from longshore.progress import CancelToken
    from longshore.projects import opening
    from longshore.ui.pages import pipeline_work as work
    from longshore.ui.pages.pipeline_looks import Look, looks
    from longshore.ui.widgets.stage_view import StageView

    began = time.process_time()
    [pipeline] = opening.inspect(folder).pipelines
    drawn = work.draw(pipeline, (220.0, 78.0), 24.0, frozenset())(lambda *_: None, CancelToken())
    found = looks(pipeline, drawn.nodes, PipelineState(), time.time())
    view = StageView()
    view.resize(880, 640)
    view.show()
    view.show_looks(found)
    view.show_picture(drawn.picture)
    settle()
    cost = time.process_time() - began
    states = [Look("running", "3 s"), Look("done", "12 s, rmse 0.4"), Look("failed", "It broke")]
    chance = random.Random(7)

    def change() -> None:
        node = chance.choice(drawn.nodes)
        view.show_looks({node.id: chance.choice(states)})

    return cost, view.close, change


def _cost(change: Callable[[], object], settle: Callable[[], object]) -> float:
    began = time.process_time()
    change()
    settle()
    return time.process_time() - began
