"""The quick check of a filter agrees with the server, and says where and what."""

from __future__ import annotations

import pytest

from longshore.errors import Invalid
from longshore.mlflow_rest.client import Client
from longshore.tracking import filters, table
from longshore.tracking.rows import ColumnSet
from tests.tracking.conftest import Made

GOOD = [
    "",
    "   ",
    "metrics.rmse < 0.5",
    "metrics.rmse >= -1e-3 AND params.model = 'forest'",
    'params."learning rate" = "0.1"',
    "params.`learning rate` = '0.1' and tags.`mlflow.user` != 'ada'",
    "metric.rmse=1 and parameter.model like 'f%' and tag.team ILIKE 'B%'",
    "attributes.status = 'FINISHED'",
    "status = 'FINISHED' and start_time > 1700000000000",
    "run_name LIKE '%or%'",
    "run_id IN ('a', 'b')",
    "attributes.run_id NOT IN ('a')",
    "datasets.name = 'train.csv' and dataset.digest IN ('a','b')",
    "tags.team IS NULL",
    "params.model IS NOT NULL",
    "tags.longshore.job = 'j'",
    "metrics.`system/cpu_utilization_percentage` > 50",
]
WRONG = [
    ("metrics.rmse", 12, "comparison sign"),
    ("metrics.rmse <", 14, "value is missing"),
    ("metrics.rmse < 'low'", 15, "number is expected"),
    ("metrics.rmse LIKE 'a'", 13, "does not fit"),
    ("params.model = forest", 15, "text in quotes"),
    ("params.model > '3'", 13, "does not fit"),
    ("params.model = 'forest", 15, "never closed"),
    ("params.model = 'a' or params.model = 'b'", 19, "no OR"),
    ("(metrics.rmse < 1)", 0, "Brackets"),
    ("param_s.model = 'a'", 0, "Did you mean params?"),
    ("rmse < 0.5", 0, "Write metrics.rmse"),
    ("attributes.stats = 'FINISHED'", 0, "Did you mean status?"),
    ("datasets.size = 'a'", 0, "none of name, digest, context"),
    ("metrics.rmse IS NULL", 13, "params and tags alone"),
    ("status IN ('FINISHED')", 7, "does not fit"),
    ("0.5 > metrics.rmse", 0, "name is expected"),
    ("metrics.system/cpu > 50", 14, "backticks"),
    ("params.learning-rate = '1'", 15, "backticks"),
]
# The server guesses at these, or reads something else than was meant.
DOUBTFUL = [
    ("metrics.rmse < 1 params.model = 'a'", 17, "AND is expected"),
    ("metrics.rmse < 1 AND", 20, "comparison is missing"),
    ("run_id IN ('a' 'b')", 15, "comma"),
    ("metrics.rmse == 1", 13, "Write = for equal"),
    ("params.model <> 'a'", 13, "Write = for equal"),
]


@pytest.mark.parametrize("expression", GOOD)
def test_that_what_the_server_takes_passes(client: Client, made: Made, expression: str) -> None:
    assert filters.quick_check(expression) is None
    table.search(client, project=made.project, filter=expression, limit=1)


@pytest.mark.parametrize(("expression", "position", "message"), WRONG)
def test_that_what_the_server_refuses_is_told_with_its_place(
    client: Client, made: Made, expression: str, position: int, message: str
) -> None:
    problem = filters.quick_check(expression)
    assert problem is not None
    assert message in problem.message
    assert problem.position == position
    with pytest.raises(Invalid, match="wrong at character"):
        table.search(client, project=made.project, filter=expression, limit=1)


@pytest.mark.parametrize(("expression", "position", "message"), DOUBTFUL)
def test_that_what_the_server_may_read_otherwise_is_told_while_typing(
    expression: str, position: int, message: str
) -> None:
    problem = filters.quick_check(expression)
    assert problem is not None
    assert message in problem.message
    assert problem.position == position


COLUMNS = ColumnSet(("model", "learning rate"), ("rmse", "val.rmse"), ("team",))


def test_that_completion_offers_names_then_signs_then_and() -> None:
    assert filters.complete("", 0, COLUMNS)[:2] == ("metrics.rmse", "metrics.`val.rmse`")
    assert filters.complete("rm", 2, COLUMNS) == ("metrics.rmse", "metrics.`val.rmse`")
    assert filters.complete("params.l", 8, COLUMNS) == ("params.`learning rate`",)
    assert filters.complete("params.", 7, COLUMNS) == ("params.model", "params.`learning rate`")
    assert filters.complete("metrics.rmse ", 13, COLUMNS)[-1] == "<="
    assert "LIKE" in filters.complete("params.model ", 13, COLUMNS)
    assert filters.complete("metrics.rmse < 1 ", 17, COLUMNS) == ("AND",)
    assert filters.complete("metrics.rmse < 1 AND te", 23, COLUMNS)[:2] == ("tags.team", "params.`learning rate`")
    assert filters.complete("params.model = ", 15, COLUMNS) == ()


def test_that_every_offered_name_is_one_that_the_check_takes() -> None:
    for name in filters.names(COLUMNS):
        number = name.startswith("metrics") or name.endswith("_time")
        assert filters.quick_check(f"{name} = {1 if number else chr(39) + 'a' + chr(39)}") is None
