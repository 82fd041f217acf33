"""The filter language: MLflow's own, and beyond it OR, NOT, brackets, IS NULL for everything, IN for every text, words.

The one place that knows it. `parse` gives what a filter means; `check(..., servers=True)` says whether MLflow takes it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from longshore.tracking.index.words import Problem, Token, WrongFilter, list_text, list_texts, tokens, wrong

KINDS = {
    **dict.fromkeys(("metrics", "metric"), "metrics"),
    **dict.fromkeys(("params", "param", "parameters", "parameter"), "params"),
    **dict.fromkeys(("tags", "tag"), "tags"),
    **dict.fromkeys(("attributes", "attribute", "attr", "run"), "attributes"),
    **dict.fromkeys(("datasets", "dataset"), "datasets"),
}
TEXT_ATTRIBUTES = ("run_id", "run_name", "status", "user_id", "artifact_uri")
NUMBER_ATTRIBUTES = ("start_time", "end_time")
ATTRIBUTES = TEXT_ATTRIBUTES + NUMBER_ATTRIBUTES
_ALIASES = {
    **dict.fromkeys(("created", "Created"), "start_time"),
    **dict.fromkeys(("run name", "Run name", "Run Name"), "run_name"),
}
DATASET_KEYS = ("name", "digest", "context")
NUMBER_OPERATORS = ("=", "!=", ">", ">=", "<", "<=")
TEXT_OPERATORS = ("=", "!=", "LIKE", "ILIKE")
_DEEPEST = 60


@dataclass(frozen=True)
class Comparison:
    """One condition on one name; `value` is a float for a number, a tuple for IN, None for IS NULL."""

    kind: str  # metrics, params, tags, attributes, datasets
    key: str
    operator: str  # = != < <= > >= LIKE ILIKE IN, NOT IN, IS NULL, IS NOT NULL
    value: str | float | tuple[str, ...] | None


@dataclass(frozen=True)
class Word:
    """A plain word, looked for in names, tags and notes, whatever its case."""

    text: str


@dataclass(frozen=True)
class Not:
    """The runs that something does not fit, also those that lack the name."""

    part: Expression


@dataclass(frozen=True)
class And:
    """The runs that everything fits; without parts, all."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True)
class Or:
    """The runs that something of it fits."""

    parts: tuple[Expression, ...]


Expression = Comparison | Word | Not | And | Or


def parse(expression: str, *, servers: bool = False) -> Expression:
    """Read a filter. `servers`: MLflow's own language alone. Raises: WrongFilter at the first thing that can't be."""
    try:
        expression.encode("utf-8")
    except UnicodeEncodeError as error:
        raise WrongFilter(Problem(error.start, 1, "This is no character; no name or value can hold it.")) from error
    if not expression.strip():
        return And(())
    return _Reader(expression, servers=servers).read_all()


def check(expression: str, *, servers: bool = False) -> Problem | None:
    """Give the first mistake of a filter, None where there is none."""
    try:
        parse(expression, servers=servers)
    except WrongFilter as error:
        return error.problem
    return None


def named(subject: Token) -> tuple[str, str]:
    """Give the kind and the key that a name stands for, such as metrics and rmse. Raises: WrongFilter."""
    prefix, dot, key = subject.value.partition(".")
    if not dot:
        prefix, key = "attributes", subject.value
    kind = KINDS.get(_without(prefix, "`"))
    key = _without(_without(_without(key, "'"), '"'), "`")
    if kind is None:
        raise wrong(
            subject, f"{prefix} is no kind of name: metrics, params, tags, attributes or datasets.{_like(prefix)}"
        )
    if kind == "attributes":
        key = _ALIASES.get(key, key)
    known = {"attributes": ATTRIBUTES, "datasets": DATASET_KEYS}.get(kind)
    if known and key not in known:
        hint = _like(key, known) if dot else f" Write metrics.{key}, params.{key} or tags.{key}."
        raise wrong(subject, f"{key} is none of {', '.join(known)}.{hint}")
    return kind, key


def is_number(kind: str, key: str) -> bool:
    """Tell whether a name holds numbers."""
    return kind == "metrics" or (kind == "attributes" and key in NUMBER_ATTRIBUTES)


class _Reader:
    def __init__(self, expression: str, *, servers: bool) -> None:
        self._expression = expression
        self._tokens = tokens(expression)
        self._next = 0
        self._servers = servers
        self._depth = 0

    def read_all(self) -> Expression:
        found = self._all() if self._servers else self._any()
        rest = self._take()
        if rest.kind != "end":
            raise wrong(rest, "This bracket closes nothing." if rest.value == ")" else "AND or OR is expected here.")
        return found

    def _peek(self, ahead: int = 0) -> Token:
        return self._tokens[min(self._next + ahead, len(self._tokens) - 1)]

    def _take(self) -> Token:
        token = self._peek()
        self._next = min(self._next + 1, len(self._tokens) - 1)
        return token

    def _any(self) -> Expression:
        parts = [self._all()]
        while self._peek().word == "OR":
            self._take()
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _all(self) -> Expression:
        parts = [self._term()]
        while self._joined(parts[-1]):
            parts.append(self._term())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _joined(self, last: Expression) -> bool:
        """Tell whether another part follows, and step over the AND between."""
        joint = self._peek()
        if joint.word == "AND":
            self._take()
            return True
        if joint.kind == "end" or (not self._servers and (joint.word == "OR" or joint.value == ")")):
            return False
        if self._servers:
            if joint.word == "OR":
                raise wrong(joint, "The language knows AND alone, no OR.")
            raise wrong(joint, f"AND is expected here, not {joint.value}.")
        # Words may stand side by side, as in any search.
        if isinstance(last, Word) or self._begins_word():
            return True
        raise wrong(joint, f"AND or OR is expected here, not {joint.value}.")

    def _term(self) -> Expression:
        first = self._peek()
        if self._servers:
            if first.value == "(":
                raise wrong(first, "Brackets cannot group comparisons; leave them out.")
            return self._comparison()
        if first.value == "(":
            return self._deeper(self._group)
        if first.word == "NOT":
            return self._deeper(self._negation)
        return self._plain_word() if self._begins_word() else self._comparison()

    def _deeper(self, read: Callable[[], Expression]) -> Expression:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise wrong(self._peek(), "This is nested too deeply.")
        found = read()
        self._depth -= 1
        return found

    def _group(self) -> Expression:
        opening = self._take()
        found = self._any()
        if self._take().value != ")":
            raise wrong(opening, "This bracket is never closed.")
        return found

    def _negation(self) -> Expression:
        self._take()
        return Not(self._term())

    def _begins_word(self) -> bool:
        first, second, third = (self._peek(ahead) for ahead in range(3))
        if first.kind in ("text", "number", "other"):
            return second.kind != "operator"
        if first.kind != "field" or first.word in ("AND", "OR", "NOT"):
            return False
        prefix, dot, _ = first.value.partition(".")
        if second.kind == "operator" or (dot and _without(prefix, "`") in KINDS) or first.value.startswith("`"):
            return False
        # "bread in paris" and "this is good" are words; "status in ('a')" is none.
        if second.word in ("LIKE", "ILIKE", "IN"):
            return third.kind != "text" and third.value != "("
        return third.word not in {"NOT": ("IN",), "IS": ("NULL", "NOT")}.get(second.word, ())

    def _plain_word(self) -> Expression:
        first = self._take()
        if first.kind == "text":
            return Word(first.value[1:-1])
        end = first.end
        # A word such as lr-0.1 or v2/beta is several tokens.
        while self._peek().position == end and self._peek().kind in ("field", "number", "other"):
            end = self._take().end
        return Word(self._expression[first.position : end])

    def _comparison(self) -> Expression:
        subject = self._take()
        if subject.kind in ("open", "unclosed"):
            raise wrong(subject, "This quote is never closed.")
        if subject.kind == "end" or subject.word in ("AND", "OR", "NOT") or subject.value == ")":
            raise wrong(subject, "A comparison is missing here, such as metrics.rmse < 0.5.")
        if subject.kind != "field":
            raise wrong(subject, "A name is expected here, such as metrics.rmse or params.model.")
        kind, key = named(subject)
        operator = self._operator()
        self._fits(kind, key, operator)
        if operator.value.startswith("IS"):
            return Comparison(kind, key, operator.value, None)
        if operator.value.endswith("IN"):
            return Comparison(kind, key, operator.value, self._list())
        return Comparison(kind, key, operator.value, self._value(kind, key))

    def _operator(self) -> Token:
        token = self._take()
        if token.value in ("==", "<>"):
            raise wrong(token, "Write = for equal and != for different.")
        if token.kind == "operator" or token.word in ("LIKE", "ILIKE", "IN"):
            return Token(token.kind, token.word, token.position)
        if token.word == "NOT" and self._take().word == "IN":
            return Token(token.kind, "NOT IN", token.position)
        if token.word == "IS":
            following = self._take()
            if following.word == "NULL":
                return Token(token.kind, "IS NULL", token.position)
            if following.word == "NOT" and self._take().word == "NULL":
                return Token(token.kind, "IS NOT NULL", token.position)
        if token.kind in ("open", "unclosed"):
            raise wrong(token, "This quote is never closed.")
        if token.kind == "other" or token.value.startswith(("-", "+")):
            raise wrong(
                token, f"A name that holds {token.value[0]} stands in backticks, such as metrics.`a{token.value[0]}b`."
            )
        raise wrong(token, "A comparison sign is expected here: = != < <= > >= LIKE ILIKE.")

    def _fits(self, kind: str, key: str, operator: Token) -> None:
        if operator.value.startswith("IS"):
            if self._servers and kind not in ("params", "tags"):
                raise wrong(operator, "IS NULL is for params and tags alone.")
            return
        allowed: tuple[str, ...] = NUMBER_OPERATORS if is_number(kind, key) else TEXT_OPERATORS
        lists = kind == "datasets" or (kind, key) == ("attributes", "run_id")
        if lists or not (self._servers or is_number(kind, key)):
            allowed = (*allowed, "IN", "NOT IN")
        if operator.value not in allowed:
            raise wrong(operator, f"{operator.value} does not fit {kind}.{key}: {', '.join(allowed)} do.")

    def _list(self) -> tuple[str, ...]:
        opening = self._take()
        if opening.value != "(":
            raise wrong(opening, "A list is expected here, such as ('a', 'b').")
        if (closing := self._closing()) is not None:
            whole = self._expression[opening.position : self._tokens[closing].end]
            if "\\" in whole:
                self._next = closing + 1
                return list_texts(Token("text", whole, opening.position))
        found = []
        while True:
            item = self._take()
            if item.kind != "text":
                raise wrong(item, "A text in quotes is expected here, such as 'a'.")
            found.append(list_text(item))
            sign = self._take()
            if sign.value == ")":
                return tuple(found)
            if sign.value != ",":
                raise wrong(sign, "A comma or a closing bracket is expected here.")
            if self._peek().value == ")":
                self._take()
                return tuple(found)

    def _closing(self) -> int | None:
        """Give the place of the token that closes the bracket just taken."""
        depth = 1
        for place in range(self._next, len(self._tokens)):
            depth += {"(": 1, ")": -1}.get(self._tokens[place].value, 0)
            if not depth:
                return place
        return None

    def _value(self, kind: str, key: str) -> str | float:
        value = self._take()
        if value.kind == "end":
            raise wrong(value, "A value is missing here.")
        if value.kind in ("open", "unclosed"):
            raise wrong(value, "This quote is never closed.")
        if is_number(kind, key):
            if value.kind != "number":
                raise wrong(value, f"A number is expected here, since {key} is one.")
            return float(value.value)
        if value.kind != "text":
            raise wrong(value, f"A text in quotes is expected here, such as '{value.value}'.")
        return value.value[1:-1]


def _without(text: str, quote: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == quote else text


def _like(word: str, known: Sequence[str] = tuple(KINDS)) -> str:
    close = get_close_matches(word, known, n=1)
    return f" Did you mean {close[0]}?" if close else ""
