"""Beyond MLflow's language: OR, NOT, brackets, IS NULL for everything, plain words; and where a filter is wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longshore.tracking import filters
from longshore.tracking.index.language import And, Comparison, Not, Or, Word, check, parse
from longshore.tracking.index.words import WrongFilter
from longshore.tracking.rows import ColumnSet

A = Comparison("params", "a", "=", "1")
B = Comparison("metrics", "b", "<", 0.5)
C = Comparison("tags", "c", "IS NULL", None)

MEANINGS = [
    ("", And(())),
    ("params.a = '1'", A),
    ("params.a = '1' or metrics.b < 0.5 and tags.c is null", Or((A, And((B, C))))),
    ("(params.a = '1' or metrics.b < 0.5) AND tags.c is null", And((Or((A, B)), C))),
    ("not params.a = '1' and metrics.b < 0.5", And((Not(A), B))),
    ("NOT (params.a = '1' OR not metrics.b < 0.5)", Not(Or((A, Not(B))))),
    ("((params.a = '1'))", A),
    ("metrics.b is not null", Comparison("metrics", "b", "IS NOT NULL", None)),
    ("end_time is null", Comparison("attributes", "end_time", "IS NULL", None)),
    ("status in ('FINISHED', \"FAILED\",)", Comparison("attributes", "status", "IN", ("FINISHED", "FAILED"))),
    ("params.a NOT IN ('1')", Comparison("params", "a", "NOT IN", ("1",))),
    ("Created > 5", Comparison("attributes", "start_time", ">", 5.0)),
    ("forest", Word("forest")),
    ("big forest", And((Word("big"), Word("forest")))),
    ("'big forest'", Word("big forest")),
    ("lr-0.1/v2#3", Word("lr-0.1/v2#3")),
    ("école 😀", And((Word("école"), Word("😀")))),
    ("2024", Word("2024")),
    ("not forest", Not(Word("forest"))),
    ("forest or 'or'", Or((Word("forest"), Word("or")))),
    ("forest params.a = '1'", And((Word("forest"), A))),
    ("params.a = '1' forest", And((A, Word("forest")))),
    ("this is good like bread in paris", And(tuple(map(Word, ["this", "is", "good", "like", "bread", "in", "paris"])))),
    ("status", Word("status")),
    ("run-7 and status = 'FAILED'", And((Word("run-7"), Comparison("attributes", "status", "=", "FAILED")))),
    ("params.`a.b``c` = ''", Comparison("params", "a.b``c", "=", "")),
    ("params.a = 'it''s'", Comparison("params", "a", "=", "it''s")),
]


@pytest.mark.parametrize(("expression", "meaning"), MEANINGS, ids=[expression for expression, _ in MEANINGS])
def test_that_a_filter_means_what_it_says(expression: str, meaning: object) -> None:
    assert parse(expression) == meaning


WRONG = [
    ("(params.a = '1'", 0, "bracket is never closed"),
    ("params.a = '1')", 14, "closes nothing"),
    ("params.a = '1' or", 17, "comparison is missing"),
    ("or params.a = '1'", 0, "comparison is missing"),
    ("not", 3, "comparison is missing"),
    ("()", 1, "comparison is missing"),
    ("metrics.rmse", 12, "comparison sign"),
    ("metrics.rmse <", 14, "value is missing"),
    ("metrics.rmse < 'low'", 15, "number is expected"),
    ("metrics.rmse LIKE 'a'", 13, "does not fit"),
    ("metrics.rmse IN ('a')", 13, "does not fit"),
    ("params.model = forest", 15, "text in quotes"),
    ("params.model = 'forest", 15, "never closed"),
    ("params.model = '1' metrics.b < 1", 19, "AND or OR"),
    ("rmse < 0.5", 0, "Write metrics.rmse"),
    ("params.`model = 'a'", 7, "never closed"),
    ("metrics.system/cpu > 50", 14, "backticks"),
    ("status IN 'a'", 10, "list is expected"),
    ("params.a = '\ud800'", 12, "no character"),
    ("(" * 5000 + "params.a = '1'" + ")" * 5000, 60, "too deeply"),
    ("not " * 5000 + "params.a = '1'", 240, "too deeply"),
]


@pytest.mark.parametrize(("expression", "position", "message"), WRONG, ids=[message for _, _, message in WRONG])
def test_that_a_wrong_filter_says_where_and_what_was_expected(expression: str, position: int, message: str) -> None:
    problem = check(expression)
    assert problem is not None
    assert message in problem.message
    assert problem.position == position


@given(st.text("()'\"`.<>=! andorNOTinlike*metrics.params.a,1-\\\n😀"))
def test_that_anything_typed_is_understood_or_refused_with_its_place(expression: str) -> None:
    for servers in (False, True):
        try:
            parse(expression, servers=servers)
        except WrongFilter as wrong:
            assert 0 <= wrong.problem.position <= len(expression)
            assert wrong.problem.message


COLUMNS = ColumnSet(("model", "learning rate"), ("rmse",), ("team",))
VALUES = {("params", "model"): ("forest", "linear", "it's"), ("attributes", "status"): ("FINISHED", "FAILED")}


def offered(expression: str) -> tuple[str, ...]:
    return filters.complete(
        expression, len(expression), COLUMNS, servers=False, values=lambda kind, key: VALUES.get((kind, key), ())
    )


def test_that_completion_offers_the_values_that_exist_and_can_be_written() -> None:
    assert offered("params.model = ") == ("'forest'", "'linear'")
    assert offered("params.model = 'li") == ("'linear'",)
    assert offered("params.model LIKE 'ore") == ("'forest'",)
    assert offered("status IN (") == ("'FINISHED'", "'FAILED'")
    assert offered("status NOT IN ('FINISHED', ") == ("'FINISHED'", "'FAILED'")
    assert offered("metrics.rmse < ") == ()


def test_that_completion_knows_or_brackets_and_null() -> None:
    assert offered("metrics.rmse < 1 ") == ("AND", "OR")
    assert offered("(metrics.rmse < 1) ") == ("AND", "OR")
    assert offered("metrics.rmse is null ") == ("AND", "OR")
    assert offered("metrics.rmse < 1 or (te")[0] == "tags.team"
    assert "IS NOT NULL" in offered("metrics.rmse ")
    assert "IN" in offered("params.model ")
    assert offered("forest ") == ("AND", "OR")
