"""Parts of MLflow's filter language, written so that a name or a value can hold any character."""

from __future__ import annotations

# MLflow's parser knows no escape: a quote or a backslash inside quotes ends or bends the literal.
_UNQUOTABLE = frozenset("'\"\\\n\r`")


def quotable(value: str) -> bool:
    """Tell whether `quoted` gives a literal that the server reads back unchanged."""
    return not _UNQUOTABLE & set(value)


def quoted(value: str) -> str:
    """Give a literal of the filter language; for a `quotable` value alone."""
    return f"'{value}'"


def field(kind: str, name: str) -> str:
    """Name a field, for example `field("tags", "longshore.job")`; the name may hold dots and spaces."""
    return f"{kind}.`{name}`"


def equals(kind: str, name: str, value: str) -> str:
    """Give a condition that every thing with this value fulfils.

    Where the value can't be written as a literal, others may fulfil it too: compare the answers again.
    """
    if quotable(value):
        return f"{field(kind, name)} = {quoted(value)}"
    pattern = "".join("_" if sign in _UNQUOTABLE else sign for sign in value)
    return f"{field(kind, name)} LIKE {quoted(pattern)}"
