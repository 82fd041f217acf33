"""Fuzzy matching for the command palette: letters in order, words and beginnings first."""

from __future__ import annotations


def match(query: str, text: str) -> tuple[float, tuple[int, ...]] | None:
    """Score a text against a query; higher is better. None where the letters do not occur in order.

    Returns the score and the indices of the matched characters, for showing them in bold.
    """
    wanted = "".join(query.lower().split())
    if not wanted:
        return 0.0, ()
    lowered = text.lower()
    exact = lowered.find(query.lower().strip())
    if exact >= 0:
        start = 20.0 if exact == 0 or not lowered[exact - 1].isalnum() else 8.0
        return start + 10.0 - len(text) * 0.01, tuple(range(exact, exact + len(query.strip())))
    places: list[int] = []
    score, at = 0.0, 0
    for letter in wanted:
        found = _next(lowered, letter, at)
        if found < 0:
            return None
        if found == 0 or not lowered[found - 1].isalnum():
            score += 3.0
        elif places and found == places[-1] + 1:
            score += 2.0
        else:
            score -= 0.2 * (found - at)
        places.append(found)
        at = found + 1
    return score - len(text) * 0.01, tuple(places)


def _next(text: str, letter: str, start: int) -> int:
    """Find a letter, at the beginning of a word if there is one to come, else wherever it is next."""
    plain = text.find(letter, start)
    if plain < 0 or plain == start:
        return plain
    at = plain
    while at >= 0:
        if at == 0 or not text[at - 1].isalnum():
            return at
        at = text.find(letter, at + 1)
    return plain
