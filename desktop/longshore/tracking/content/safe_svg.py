"""Tells whether an SVG picture may be drawn: one that loads nothing, and grows to no more than it is."""

from __future__ import annotations

import re
from collections import Counter
from xml.parsers import expat

_MOST_ELEMENTS = 50_000
# So many elements may be drawn in all, counting what `use` draws again.
_MOST_DRAWN = 200_000
_DEEPEST = 100
_MOST_PICTURES = 8
_PICTURE = re.compile(r"data:image/(png|jpeg|gif|webp);base64,", re.IGNORECASE)
_LOADS = re.compile(r"url\(\s*['\"]?\s*(?!#)|@import", re.IGNORECASE)


class _Refused(Exception):
    """The reason is its text."""


def problem(data: bytes) -> str | None:
    """Say why an SVG picture is not drawn, None where it may be."""
    look = _Look()
    parser = expat.ParserCreate()
    parser.StartElementHandler = look.begin
    parser.EndElementHandler = look.end
    parser.CharacterDataHandler = look.text
    parser.EntityDeclHandler = look.entity
    parser.ProcessingInstructionHandler = look.instruction
    try:
        parser.Parse(data, True)
        look.check_growth()
    except _Refused as refused:
        return str(refused)
    except expat.ExpatError as error:
        return f"It is no whole XML: {error}."
    return None


class _Look:
    def __init__(self) -> None:
        self._open: list[str] = []  # the ids of the elements that are open, empty for one without
        self._own: Counter[str] = Counter()  # elements inside of each id
        self._uses: dict[str, Counter[str]] = {}  # what each id draws again
        self._all_uses: Counter[str] = Counter()
        self._elements = self._pictures = 0

    def begin(self, tag: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        if self._elements > _MOST_ELEMENTS or len(self._open) >= _DEEPEST:
            raise _Refused("It has too many elements for a preview.")
        name = tag.rpartition(":")[2].lower()
        if name in ("script", "foreignobject"):
            raise _Refused("It holds a script or a page.")
        self._check_values(name, attributes)
        self._open.append(attributes.get("id", ""))
        for identity in {each for each in self._open if each}:
            self._own[identity] += 1

    def _check_values(self, name: str, attributes: dict[str, str]) -> None:
        for key, value in attributes.items():
            if _LOADS.search(value):
                raise _Refused("It loads something from elsewhere.")
            if key.rpartition(":")[2].lower() == "href":
                self._check_address(name, value.strip())

    def _check_address(self, name: str, address: str) -> None:
        if address.startswith("#"):
            if name == "use":
                self._all_uses[address[1:]] += 1
                for identity in {each for each in self._open if each}:
                    self._uses.setdefault(identity, Counter())[address[1:]] += 1
        elif name in ("image", "feimage") and _PICTURE.match(address):
            self._pictures += 1
            if self._pictures > _MOST_PICTURES:
                raise _Refused("It holds too many pictures.")
        elif name != "a":
            raise _Refused("It loads something from elsewhere.")

    def end(self, _tag: str) -> None:
        self._open.pop()

    def text(self, data: str) -> None:
        if _LOADS.search(data):
            raise _Refused("It loads something from elsewhere.")

    def entity(self, *_declared: object) -> None:
        raise _Refused("It declares entities.")

    def instruction(self, target: str, _data: str) -> None:
        if target.lower() != "xml":
            raise _Refused("It loads a style sheet.")

    def check_growth(self) -> None:
        """Count what is drawn again by reference: ten levels of ten would be ten thousand million elements."""
        known: dict[str, int] = {}
        drawn = self._elements + sum(count * self._weight(each, known, 0) for each, count in self._all_uses.items())
        if drawn > _MOST_DRAWN:
            raise _Refused("It draws its own parts too often.")

    def _weight(self, identity: str, known: dict[str, int], depth: int) -> int:
        if depth > 50:
            raise _Refused("It draws its own parts too often.")
        if identity not in known:
            inner = self._uses.get(identity, Counter())
            known[identity] = _MOST_DRAWN  # of one that draws itself
            found = self._own[identity] + sum(
                count * self._weight(each, known, depth + 1) for each, count in inner.items()
            )
            known[identity] = min(found, _MOST_DRAWN)
        return known[identity]
