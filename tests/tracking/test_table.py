"""The run table: what a project's runs are, in what order, how many, and which one a few characters mean."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from longshore.errors import Invalid, NotFound
from longshore.mlflow_rest.client import Client
from longshore.mlflow_rest.types import Run
from longshore.tracking import table
from tests.tracking.conftest import COUNT, Made


def test_that_a_projects_runs_come_newest_first_over_several_pages(client: Client, made: Made) -> None:
    found = table.search(client, project=made.project, limit=1000)
    assert [row.run_id for row in found.rows] == list(reversed(made.run_ids))
    assert (found.total, found.next_token) == (COUNT, None)
    newest = found.rows[0]
    assert (newest.name, newest.experiment, newest.status) == (f"run {COUNT - 1}", made.project, "FINISHED")
    assert (newest.duration_s, newest.job_id, newest.params["number"]) == (30.0, "j", str(COUNT - 1))
    assert datetime.now(UTC) - found.as_of < timedelta(minutes=1)


def test_that_columns_name_what_occurs_without_the_tags_of_mlflow_and_longshore(client: Client, made: Made) -> None:
    columns = table.search(client, project=made.project, limit=3).columns
    assert columns == table.ColumnSet(("model", "number"), ("rmse",), ("team",))


@pytest.mark.parametrize("limit", [1, 7, 200, 229, 230, 231])
def test_that_the_total_is_told_once_the_end_was_seen(client: Client, made: Made, limit: int) -> None:
    found = table.search(client, project=made.project, limit=limit)
    assert len(found.rows) == min(limit, COUNT)
    assert found.total == (COUNT if limit >= COUNT else None)


def test_that_a_page_continues_where_the_last_one_ended(client: Client, made: Made) -> None:
    first = table.search(client, project=made.project, limit=150)
    assert first.total is None
    second = table.search(client, project=made.project, limit=150, page_token=first.next_token)
    assert [row.run_id for row in first.rows + second.rows] == list(reversed(made.run_ids))


def test_that_a_filter_and_an_order_are_the_servers(client: Client, made: Made) -> None:
    found = table.search(
        client,
        project=made.project,
        filter="params.model = 'forest' and metrics.rmse > 90",
        order_by=["metrics.rmse ASC"],
    )
    assert [row.metrics["rmse"] for row in found.rows] == [91, 91, 93, 93, 95, 95, 97, 97, 99, 99]
    assert found.total == 10


def test_that_a_wrong_filter_and_a_wrong_order_are_told_in_words(client: Client, made: Made) -> None:
    with pytest.raises(Invalid, match=r"wrong at character 16: A number is expected") as caught:
        table.search(client, project=made.project, filter="metrics.rmse < 'low'")
    assert "metrics.rmse < 0.5" in (caught.value.hint or "")
    with pytest.raises(Invalid, match=r"sorting 'nonsense\.x ASC' was refused"):
        table.search(client, project=made.project, order_by=["nonsense.x ASC"])


def test_that_experiments_are_named_and_an_unknown_one_is_told(client: Client, made: Made) -> None:
    assert [experiment.name for experiment in table.experiments(client, made.project)] == [made.project]
    assert table.search(client, experiments=[made.project], limit=1).rows[0].experiment == made.project
    assert table.search(client, project="a project without experiments").rows == ()
    with pytest.raises(NotFound, match="no such"):
        table.search(client, experiments=["no such"])


def test_that_an_id_a_prefix_and_the_kind_before_it_mean_the_run(client: Client, new_run: Callable[..., Run]) -> None:
    run = new_run()
    for reference in (run.id, run.id[:10], f"run:{run.id[:12]}"):
        assert table.resolve(client, reference).id == run.id


@pytest.mark.parametrize("reference", ["", "abc", "../../x", "abc%def", "run:"])
def test_that_what_is_no_reference_is_refused_with_what_is(client: Client, reference: str) -> None:
    with pytest.raises(Invalid, match="not a run's id") as caught:
        table.resolve(client, reference)
    assert "first 6 characters" in (caught.value.hint or "")


def test_that_an_unknown_run_is_told(client: Client) -> None:
    for reference in ("0" * 32, "zzzzzz", "abc_ef"):
        with pytest.raises(NotFound, match="There is no run"):
            table.resolve(client, reference)


def test_that_a_prefix_of_several_runs_asks_for_more_characters(
    client: Client, made: Made, new_run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    new_run()
    monkeypatch.setattr(table, "_SHORTEST_PREFIX", 1)
    # Over two hundred runs begin with some of sixteen digits: one of them at least means several.
    with pytest.raises(Invalid, match="runs begin with") as caught:
        for digit in "0123456789abcdef":
            table.resolve(client, digit)
    assert "Give more characters" in (caught.value.hint or "")
