"""A pipeline's graph as it is drawn: from top to bottom, groups framed or folded, and as a picture that stands alone."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from longshore.pipelines import graph
from longshore.pipelines.state import PipelineState, StepState, worst
from longshore.pipelines.svg import to_svg
from longshore.projects.pipeline import Pipeline, Step
from longshore.settings import Home
from tests.support.cli import longshore
from tests.support.pipelines import dvc_project

CARD, GAPS = (220.0, 78.0), (24.0, 52.0)


def made_of(*steps: Step) -> Pipeline:
    return Pipeline("flow", "dvc", "flow.yaml", steps)


def test_that_steps_stand_below_those_that_come_before_them() -> None:
    drawn = graph.draw(made_of(Step("a"), Step("b", after=("a",)), Step("c", after=("b",))), CARD, GAPS)
    tops = [drawn.boxes[name].y for name in "abc"]
    assert tops == [0.0, 130.0, 260.0]
    assert [(edge.source, edge.target) for edge in drawn.edges] == [("a", "b"), ("b", "c")]


def test_that_the_steps_of_a_small_group_stand_in_a_frame() -> None:
    group = [Step(f"train@{one}", after=("a",), part_of="train") for one in range(3)]
    drawn = graph.draw(made_of(Step("a"), *group, Step("z", after=("train@1",))), CARD, GAPS)
    [frame] = drawn.frames
    assert frame.title == "train"
    inside = [drawn.boxes[one.name] for one in group]
    assert all(frame.box.x < box.x and box.x + box.width < frame.box.x + frame.box.width for box in inside)


def test_that_a_frame_is_left_out_where_a_stranger_would_stand_in_it() -> None:
    steps = (Step("a@1", part_of="a"), Step("b", after=("a@1",)), Step("a@2", after=("b",), part_of="a"))
    assert graph.draw(made_of(*steps), CARD, GAPS).frames == ()


def test_that_a_large_group_is_one_node_until_it_is_unfolded() -> None:
    group = [Step(f"s@{one}", after=("a",), part_of="s") for one in range(30)]
    pipeline = made_of(Step("a"), *group, Step("z", after=tuple(one.name for one in group)))
    folded = graph.draw(pipeline, CARD, GAPS)
    [sweep] = [node for node in folded.nodes if node.is_group]
    assert (sweep.title, len(sweep.steps), graph.group_of(sweep.id)) == ("s", 30, "s")
    assert [(edge.source, edge.target) for edge in folded.edges] == [("a", sweep.id), (sweep.id, "z")]
    assert len(graph.draw(pipeline, CARD, GAPS, {"s"}).nodes) == 32


@pytest.mark.parametrize(
    ("states", "told"),
    [
        (("done", "failed", "running"), "failed"),
        (("done", "running"), "running"),
        (("done", "queued"), "running"),
        (("queued", "queued"), "queued"),
        (("cached", "done"), "done"),
        (("cached", ""), ""),
        ((), ""),
    ],
)
def test_that_of_several_states_the_one_that_matters_is_told(states: tuple[str, ...], told: str) -> None:
    assert worst(states) == told


def test_that_the_picture_is_xml_whatever_the_steps_are_called() -> None:
    hostile = Step('<script>alert("1")</script>', command="echo '&<>' \x07", after=("a",))
    state = PipelineState(steps={"a": StepState("a", "failed")})
    picture = to_svg(made_of(Step("a", label="Ä & <b>"), hostile), state, facts={"a": "a < b"}, theme="dark")
    root = ElementTree.fromstring(picture)
    assert not list(root.iter("{http://www.w3.org/2000/svg}script"))
    texts = [one.text for one in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"Ä & <b>", "Failed", "a < b"} <= set(texts)


def test_that_the_command_prints_the_picture(home: Home, tmp_path: Path) -> None:
    done = longshore(home.path, "pipeline", str(dvc_project(tmp_path / "stages")), "--format", "svg")
    assert done.status == 0, done.err
    assert done.document["svg"].startswith("<svg")
    assert "train@lasso" in done.document["svg"]
