"""Which metric is shown first, and which way is better."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from longshore.tracking import direction
from longshore.tracking.rows import RunRow


def row(**metrics: float) -> RunRow:
    names = {name.replace("__", "/"): value for name, value in metrics.items()}
    now = datetime.now(UTC)
    return RunRow("r", "n", "FINISHED", now, now, "u", "1", "e", {}, names, {})


@pytest.mark.parametrize("name", ["loss", "val_loss", "rmse", "val/mae", "error", "latency_ms", "train_time"])
def test_that_less_of_a_loss_is_better(name: str) -> None:
    assert direction.less_is_better(name)


@pytest.mark.parametrize("name", ["accuracy", "val_auc", "f1", "glossary", "maple", "closs_free_score"])
def test_that_more_of_a_score_is_better_and_parts_of_words_do_not_count(name: str) -> None:
    assert not direction.less_is_better(name)


def test_that_the_metric_of_most_runs_comes_first_then_held_out_then_well_known_ones() -> None:
    rows = [row(val_exact=1, val_mae=1, train_mae=1), row(val_exact=1, val_mae=1, train_mae=1), row(test_mae=1)]
    assert direction.ranked(rows) == ["val_mae", "val_exact", "train_mae", "test_mae"]
    assert direction.primary_metric(rows) == "val_mae"


def test_that_system_metrics_are_never_the_first_and_nothing_is_chosen_of_nothing() -> None:
    assert direction.primary_metric([row(system__cpu=1)]) is None
    assert direction.primary_metric([]) is None


def test_that_the_best_leaves_nan_out() -> None:
    assert direction.best([float("nan"), 2.0, 1.0], "loss") == 1.0
    assert direction.best([float("nan"), 2.0, 1.0], "accuracy") == 2.0
    assert direction.best([float("nan")], "loss") is None
