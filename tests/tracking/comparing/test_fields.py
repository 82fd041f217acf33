"""Fields of many runs for charts, boxes by a parameter, and which parameters matter."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from longshore.errors import Invalid
from longshore.tracking import run_index
from longshore.tracking.comparing.boxes import boxes
from longshore.tracking.comparing.fields import MOST_NAMES, Field, of_rows, of_selection, varying
from longshore.tracking.comparing.importance import LEAST_RUNS, importance
from longshore.tracking.index import frame as frames
from longshore.tracking.index import parts
from longshore.tracking.rows import RunRow
from tests.support.made_index import make_index


def run(name: str, loss: float | None = None, **params: str) -> RunRow:
    metrics = {} if loss is None else {"loss": loss}
    return RunRow(name, f"run {name}", "FINISHED", None, None, "", "1", "e", params, metrics, {})


def test_that_parameters_that_are_all_numbers_are_numbers_and_others_are_names() -> None:
    found = of_rows(
        [
            run("a", 1.0, lr="1e-3", kind="tree", odd="1"),
            run("b", math.nan, lr="0.01", kind="line", odd="none"),
            run("c"),
        ],
        ["m:loss", "p:lr", "p:kind", "p:odd", "p:nobody"],
    )
    assert found.ids == ("a", "b", "c")
    assert found.run_names[0] == "run a"
    lists = {id: [None if math.isnan(x) else x for x in field.numbers] for id, field in found.fields.items()}
    assert lists == {
        "m:loss": [1.0, None, None],
        "p:lr": [0.001, 0.01, None],
        "p:kind": [1.0, 0.0, None],
        "p:odd": [0.0, 1.0, None],
        "p:nobody": [None, None, None],
    }
    assert found.fields["p:kind"].names == ("line", "tree")
    assert found.fields["p:odd"].names == ("1", "none")


def test_that_too_many_texts_share_the_last_place() -> None:
    rows = [run(str(n), 1.0, id=f"x{n // 2 if n < 10 else n}") for n in range(100)]
    field = of_rows(rows, ["p:id"]).fields["p:id"]
    assert len(field.names) == MOST_NAMES
    assert field.names[-1] == "56 others"
    assert {"x0", "x1", "x2", "x3", "x4"} <= set(field.names), "the commonest keep their names"


def test_that_the_parameters_that_differ_are_named_those_of_few_values_first() -> None:
    rows = [run(str(n), 1.0, seed=str(n), kind="ab"[n % 2], same="x") for n in range(4)]
    assert varying(rows) == ("p:kind", "p:seed")


def test_that_the_index_gives_the_same_as_the_rows_read_from_it(tmp_path: Path) -> None:
    make_index(tmp_path / "1", runs=500, chunk=200)
    frame = frames.Frame([parts.open_folder(tmp_path / "1", "1", "e")])
    selection = run_index.query(frame)
    ids = [*(f"p:{name}" for name in frame.columns.params), *(f"m:{name}" for name in frame.columns.metrics)]
    fast, slow = of_selection(selection, ids), of_rows(run_index.rows(selection), ids)
    assert fast.ids == slow.ids
    assert fast.run_names == slow.run_names
    for id in ids:
        np.testing.assert_array_equal(fast.fields[id].numbers, slow.fields[id].numbers)
        assert fast.fields[id].names == slow.fields[id].names


def test_that_a_box_tells_quartiles_whiskers_and_its_runs() -> None:
    metric = Field("m:loss", np.array([1.0, 2, 3, 4, 100, 7, math.nan]))
    by = Field("p:kind", np.array([0.0, 0, 0, 0, 0, 1, 1]), ("a", "b"))
    one, other = boxes(metric, by)
    assert (one.name, one.first, one.median, one.third, one.low, one.high) == ("a", 2.0, 3.0, 4.0, 1.0, 4.0)
    assert one.members.tolist() == [0, 1, 2, 3, 4], "the one beyond the whiskers belongs to it, too"
    assert (other.name, other.members.tolist(), other.median) == ("b", [5], 7.0)


@pytest.mark.parametrize("value", [5e-324, 1.7e308, -1.7e308, 0.0])
def test_that_boxes_bear_the_smallest_and_the_largest_floats(value: float) -> None:
    (box,) = boxes(Field("m:loss", np.array([value, value])), Field("p:depth", np.ones(2)))
    assert (box.low, box.high) == (value, value)
    far = np.array([value, -value, *np.arange(20.0)])
    assert sum(len(each.members) for each in boxes(Field("m:loss", far), Field("p:lr", far))) == 22


def test_that_many_different_numbers_are_cut_into_ranges_that_hold_every_run_once() -> None:
    values = np.linspace(0, 1, 101)
    found = boxes(Field("m:loss", values), Field("p:lr", values))
    assert len(found) == 6
    assert sorted(place for box in found for place in box.members) == list(range(101))
    few = boxes(Field("m:loss", values), Field("p:depth", np.round(values * 3)))
    assert [box.name for box in few] == ["0", "1", "2", "3"]


def test_that_what_decides_the_metric_stands_first_and_noise_looks_like_chance() -> None:
    chance = np.random.default_rng(1)
    lr, noise = chance.random(80), chance.random(80)
    kind = chance.integers(0, 3, 80).astype(float)
    loss = 4 * lr + kind + 0.01 * chance.random(80)
    ranking = importance(
        Field("m:loss", loss),
        [
            Field("p:noise", noise), Field("p:lr", lr), Field("p:kind", kind, ("a", "b", "c")),
            Field("p:same", np.ones(80)), Field("p:id", np.arange(80.0), tuple(map(str, range(80)))),
        ],
    )  # fmt: skip
    assert [each.field for each in ranking.found] == ["p:lr", "p:kind", "p:noise"]
    lr_found, kind_found, noise_found = ranking.found
    assert lr_found.correlation is not None
    assert lr_found.correlation > 0.7
    assert lr_found.share == pytest.approx(lr_found.correlation**2)
    assert kind_found.correlation is None
    assert lr_found.chance == kind_found.chance == 1 / 200
    assert noise_found.chance > 0.05
    assert ranking.left_out == ("p:same", "p:id"), "one value, and another text in each run"
    assert (ranking.runs, ranking.of_runs) == (80, 80)


def test_that_the_correlation_is_spearmans() -> None:
    import pandas

    chance = np.random.default_rng(2)
    x, y = np.round(chance.random(50), 1), np.round(chance.random(50), 1)
    found = importance(Field("m:y", y), [Field("p:x", x)]).found[0].correlation
    ranked = [pandas.Series(each).rank() for each in (x, y)]
    assert found == pytest.approx(ranked[0].corr(ranked[1]))


def test_that_too_few_runs_and_a_metric_that_never_changes_are_said() -> None:
    few = Field("m:loss", np.array([*range(LEAST_RUNS - 1), math.nan, math.nan]))
    with pytest.raises(Invalid, match="7 runs have loss: too few"):
        importance(few, [])
    with pytest.raises(Invalid, match="the same in all runs"):
        importance(Field("m:loss", np.ones(20)), [])
