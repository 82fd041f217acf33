"""The words and signs of a filter, where it is wrong, and the texts of its lists, which are Python's."""

from __future__ import annotations

import ast
import re
import warnings
from dataclasses import dataclass
from typing import Any

# MLflow's lexer lets a doubled quote, or one behind a backslash, stand inside a text, and keeps both signs.
_TOKEN = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<text>'(?:''|\\'|[^'])*'|"(?:""|\\"|[^"])*")
  | (?P<open>['"])
  | (?P<field>(?:`(?:``|[^`])*`|[A-Za-z_]\w*)(?:\.(?:`(?:``|[^`])*`|"[^"]*"|[\w.]+))?)
  | (?P<unclosed>`)
  | (?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)
  | (?P<operator>!=|<>|>=|<=|==|=|>|<)
  | (?P<bracket>[(),])
  | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True)
class Problem:
    """Where a filter is wrong, and what to do about it."""

    position: int  # of the first wrong character, from 0
    length: int
    message: str


class WrongFilter(Exception):
    """A filter that means nothing; `problem` says where and what was expected."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


@dataclass(frozen=True)
class Token:
    """One word or sign of a filter."""

    kind: str  # text, open, field, unclosed, number, operator, bracket, other, end
    value: str
    position: int

    @property
    def word(self) -> str:
        """The value as a keyword."""
        return self.value.upper() if self.kind == "field" else self.value

    @property
    def end(self) -> int:
        """Where the next character stands."""
        return self.position + len(self.value)


def tokens(expression: str) -> list[Token]:
    """Give a filter's words and signs, and its end."""
    found = [
        Token(match.lastgroup or "other", match.group(), match.start())
        for match in _TOKEN.finditer(expression)
        if match.lastgroup != "space"
    ]
    return [*found, Token("end", "", len(expression.rstrip()))]


def wrong(token: Token, message: str) -> WrongFilter:
    """Say what is wrong with a word or sign."""
    return WrongFilter(Problem(token.position, max(len(token.value), 1), message))


def list_texts(whole: Token) -> tuple[str, ...]:
    """Read a list with a backslash as MLflow does: the words and signs say where it ends, Python what it holds."""
    found = _python(whole)
    items = found if isinstance(found, tuple) else (found,)
    if not items or not all(isinstance(item, str) for item in items):
        raise wrong(whole, "A list holds texts in quotes alone, such as ('a', 'b').")
    return items


def list_text(token: Token) -> str:
    """Read a text of a list as MLflow does, which takes a list for Python's."""
    if token.value[0] * 2 not in token.value[1:-1] and "\n" not in token.value:
        return token.value[1:-1]
    return str(_python(token))


def _python(token: Token) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.literal_eval(token.value)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise wrong(token, "In a list, a backslash or a new line in a text is read as Python's.") from error
