"""Markdown that lays out soon, whatever it is: bounded in length, in the depth of its lists and in its tables, and in parts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

LONGEST = 64 * 1024
_LONGEST_LINE = 4_000
_MOST_LINES = 3_000
_MOST_CELLS, _MOST_ROWS = 40, 60
# Each mark at the beginning of a line goes one level deeper.
_DEEPEST = 8
_MARKS = re.compile(r"(?:[ \t]*(?:>|[-+*](?=[ \t])|\d{1,9}[.)](?=[ \t])))+")
_MARK = re.compile(r">|[-+*]|\d{1,9}[.)]")
_MOST_SIGNS = 200
_SIGNS = re.compile(r"[\[\]*_`~<]")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")
_PART, _LONGEST_PART, _PART_LINES = 1_500, 4_000, 60
_INDENTED = re.compile(r"[ \t]|[-+*][ \t]|\d{1,9}[.)][ \t]|\|")


def parts(text: str) -> tuple[tuple[str, ...], bool]:
    """Give Markdown that can be shown, in parts that stand for themselves, and whether something of it was left out."""
    lines = text[:LONGEST].split("\n")
    kept = list(_few_rows(map(_line, lines[:_MOST_LINES])))
    cut = len(text) > LONGEST or len(lines) > _MOST_LINES or len(kept) < len(lines)
    return tuple(_parts(kept)), cut


def _line(line: str) -> str:
    line = line[:_LONGEST_LINE]
    begin = _MARKS.match(line)
    if begin:
        marks = list(_MARK.finditer(begin.group()))
        if len(marks) > _DEEPEST:
            line = line[: marks[_DEEPEST].start()] + line[begin.end() :]
    if line.count("|") > _MOST_CELLS:
        line = "|".join(line.split("|")[:_MOST_CELLS])
    # Brackets, stars and backticks that never close are looked for again from each one.
    return line if len(_SIGNS.findall(line)) <= _MOST_SIGNS else _SIGNS.sub(" ", line)


def _few_rows(lines: Iterable[str]) -> Iterator[str]:
    """Leave out what goes beyond the first rows of a table: each takes longer than the one before."""
    rows, fenced = 0, False
    for line in lines:
        fenced ^= bool(_FENCE.match(line))
        rows = rows + 1 if "|" in line and not fenced else 0
        if rows <= _MOST_ROWS:
            yield line


def _parts(lines: Iterable[str]) -> Iterator[str]:
    part: list[str] = []
    fence, opening, inside = "", "", 0
    for line in lines:
        found = _FENCE.match(line)
        if found and not fence:
            fence, opening, inside = found[1], line, 0
        elif found and found[1].startswith(fence) and not found[2].strip():
            fence = ""
        part.append(line)
        inside += 1
        if fence and inside > _PART_LINES:
            yield "\n".join([*part, fence])
            part, inside = [opening], 1
        elif not fence and _may_part(part, line):
            yield "\n".join(part)
            part = []
    if any(line.strip() for line in part):
        yield "\n".join(part)


def _may_part(part: list[str], line: str) -> bool:
    """Tell whether the text may be parted here: behind a blank line, but not inside of a list if that can be."""
    size = sum(map(len, part))
    if line.strip():
        return size > _LONGEST_PART and "|" not in line
    last = next((each for each in reversed(part) if each.strip()), "")
    return size > (_LONGEST_PART if _INDENTED.match(last) else _PART)
