"""MLflow's filter language as one types it: where it is wrong, and which names and values fit."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from longshore.errors import Invalid
from longshore.mlflow_rest.filters import field, quotable, quoted
from longshore.tracking.index import language, words
from longshore.tracking.index.words import Problem, Token
from longshore.tracking.rows import ColumnSet

__all__ = ["Problem", "complete", "explained", "names", "quick_check", "wrong"]

# Gives the values that a name holds, the commonest first: ("params", "model") for params.model.
Values = Callable[[str, str], Sequence[str]]
_NO_FIT = 3


def quick_check(expression: str) -> Problem | None:
    """Give the first mistake of a filter that a server is to answer, None where there is none."""
    return language.check(expression, servers=True)


def explained(expression: str, order_by: Sequence[str], error: Invalid) -> Invalid:
    """Give the server's refusal with the place of the mistake, where it can be told."""
    problem = quick_check(expression)
    if problem is not None:
        return wrong(problem, details=error.reason)
    parts = [f"filter {expression!r}"] if expression else []
    parts += [f"sorting {', '.join(order_by)!r}"] if order_by else []
    return Invalid(f"The {' or the '.join(parts)} was refused: {error.reason}", hint=error.hint, details=error.details)


def wrong(problem: Problem, *, details: str | None = None) -> Invalid:
    """Give a mistake as a person is told of it."""
    return Invalid(
        f"The filter is wrong at character {problem.position + 1}: {problem.message}",
        hint="An example: metrics.rmse < 0.5 and params.model = 'forest'",
        details=details,
    )


def names(columns: ColumnSet) -> tuple[str, ...]:
    """Give every name that a filter can start with, written as the language wants it."""
    return (
        *(_written("metrics", name) for name in columns.metrics),
        *(_written("params", name) for name in columns.params),
        *(_written("tags", name) for name in columns.tags),
        *(f"attributes.{name}" for name in language.ATTRIBUTES),
        *(f"datasets.{name}" for name in language.DATASET_KEYS),
    )


def complete(
    expression: str, position: int, columns: ColumnSet, *, values: Values | None = None, servers: bool = True
) -> tuple[str, ...]:
    """Give what can stand for the word before `position`: names, signs, values or `AND`, those that begin alike first.

    `servers`: MLflow's own language alone.
    """
    before = expression[:position]
    typed = before[_typed_from(before) :]
    offered = _expected(before[: len(before) - len(typed)], columns, values, servers=servers)
    ranked = [(_rank(name, typed.lower().replace("`", "")), name) for name in offered]
    # Stable: names of one rank stay in their order.
    return tuple(name for rank, name in sorted(ranked, key=lambda pair: pair[0]) if rank < _NO_FIT)


def _typed_from(before: str) -> int:
    """Tell where the word begins that is being typed: at a quote that is still open, or at its first letter."""
    unclosed = next((token for token in words.tokens(before) if token.kind == "open"), None)
    if unclosed:
        return unclosed.position
    word = re.search(r"[\w./`-]*$", before)
    return word.start() if word else len(before)


def _rank(name: str, typed: str) -> int:
    plain = name.lower().replace("`", "")
    key = plain.partition(".")[2]
    if plain.startswith(typed):
        return 0
    if plain.startswith("'"):
        return 1 if typed.strip("'\"") in plain else _NO_FIT
    return 1 if key.startswith(typed) else 2 if typed in key else _NO_FIT


def _expected(before: str, columns: ColumnSet, values: Values | None, *, servers: bool) -> tuple[str, ...]:
    tokens = words.tokens(before)[:-1]
    last = tokens[-1] if tokens else None
    if last is None or last.word in ("AND", "OR") or (last.value == "(" and not _in_list(tokens)):
        return names(columns)
    if last.kind in ("text", "number") or last.value == ")" or last.word == "NULL":
        return ("AND",) if servers else ("AND", "OR")
    if last.kind == "field" and last.word not in ("LIKE", "ILIKE", "IN", "NOT", "IS"):
        return _operators(last, servers=servers)
    return _values(tokens, values) if values else ()


def _operators(subject: Token, *, servers: bool) -> tuple[str, ...]:
    try:
        kind, key = language.named(subject)
    except words.WrongFilter:
        return () if servers else ("AND", "OR")  # a plain word
    more = () if servers else ("IS NULL", "IS NOT NULL")
    if language.is_number(kind, key):
        return (*language.NUMBER_OPERATORS, *more)
    return (*language.TEXT_OPERATORS, *(() if servers else ("IN", "NOT IN")), *more)


def _values(tokens: Sequence[Token], values: Values) -> tuple[str, ...]:
    """Offer the values of the name that the last comparison is about."""
    signs = ("LIKE", "ILIKE", "IN", "NOT", "(", ",")
    rest = list(tokens)
    while rest and (rest[-1].kind in ("operator", "text") or rest[-1].word in signs):
        rest.pop()
    if not rest or rest[-1].kind != "field" or len(rest) == len(tokens):
        return ()
    try:
        kind, key = language.named(rest[-1])
    except words.WrongFilter:
        return ()
    if language.is_number(kind, key):
        return ()
    return tuple(quoted(value) for value in values(kind, key) if quotable(value))


def _in_list(tokens: Sequence[Token]) -> bool:
    return len(tokens) > 1 and tokens[-2].word == "IN"


def _written(kind: str, name: str) -> str:
    return f"{kind}.{name}" if re.fullmatch(r"[A-Za-z_]\w*", name) else field(kind, name)
