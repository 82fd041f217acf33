"""The beginning of a JSON text, closed where it was cut: so that the head of a large file is a document too."""

from __future__ import annotations

import re

# A whole string, or what opens, closes and separates. A lone quote begins the string that was cut.
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|["\[\]{},]', re.DOTALL)
_CLOSERS = {"[": "]", "{": "}"}
_DEEPEST = 200


def closed(head: str) -> str:
    """Give the text up to its last whole value, with all that is open closed.

    Raises: ValueError where not even one value is whole, or brackets do not match.
    """
    open_brackets: list[str] = []
    end, to_close = 0, list[str]()
    for found in _TOKEN.finditer(head):
        token = found.group()
        if token in _CLOSERS:
            open_brackets.append(_CLOSERS[token])
            end, to_close = found.end(), open_brackets.copy()
        elif token in "]}":
            if not open_brackets or open_brackets.pop() != token:
                raise ValueError("brackets do not match")
            end, to_close = found.end(), open_brackets.copy()
        elif token == ",":
            end, to_close = found.start(), open_brackets.copy()
        elif token == '"':
            break
        if len(open_brackets) > _DEEPEST:
            raise ValueError("nested too deeply")
    if not end:
        raise ValueError("no whole value")
    return head[:end] + "".join(reversed(to_close))
