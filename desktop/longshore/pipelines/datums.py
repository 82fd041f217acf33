"""Datums: the pieces of input that a Pachyderm pipeline is run for, one by one. Pure: repos are mappings of path to hash.

Globs are Pachyderm's: `/` is the whole repo, `*` stays within a folder, `**` does not, `?`, `[a-z]`, `{a,b}`, and groups that
`join_on` and `group_by` take up as `$1`: `(...)`, `@(...)`, `*(...)`, `+(...)`, `?(...)`, `!(...)`.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from longshore.errors import Invalid

if TYPE_CHECKING:
    from longshore.projects.adapters.pachyderm.spec import Input, Transform

# A repo: the path of each file, as "/folder/name", with the hash of its bytes.
Repo = Mapping[str, str]
MOST_DATUMS = 200_000
_PLACE = re.compile(r"\$(?:\{(\d+)\}|(\d+))")


@dataclass(frozen=True)
class Piece:
    """What a datum has of one input: a file, a folder with all in it, or the whole repo ("/")."""

    name: str  # the folder in /pfs
    repo: str
    path: str
    hash: str  # of the paths and bytes in it
    join_on: str = ""
    group_by: str = ""
    outer_join: bool = False
    empty_files: bool = False

    def __str__(self) -> str:
        return f"{self.name}{self.path}"


@dataclass(frozen=True)
class Datum:
    """One piece of work."""

    id: str  # a hash over the transform and all that it reads
    pieces: tuple[Piece, ...]


def datums(input_: Input, repos: Mapping[str, Repo], transform: Transform) -> tuple[Datum, ...]:
    """Give an input's datums, each once, in the order of their paths.

    `repos` holds every repo of the input, those of clocks under the name of the clock.
    Raises: Invalid for a glob that is none, and for more than 200,000 datums.
    """
    code = json.dumps(transform.as_dict(), sort_keys=True)
    found = {datum_id(pieces, code): pieces for pieces in _tuples(input_, repos)}
    return tuple(Datum(id_, pieces) for id_, pieces in found.items())


def datum_id(pieces: Iterable[Piece], code: str) -> str:
    """Give the hash of what a datum reads and of what is done with it."""
    read = sorted([one.name, one.path, one.hash, one.empty_files, one.join_on, one.group_by] for one in pieces)
    return hashlib.blake2b(json.dumps([code, read]).encode(), digest_size=16).hexdigest()


def matches(glob: str, repo: Repo) -> list[tuple[str, tuple[str, ...]]]:
    """Give the files and folders of a repo that a glob means, with what its groups caught.

    Raises: Invalid.
    """
    pattern = compiled(glob)
    if glob.strip("/") == "":
        return [("/", ())] if repo else []
    found = []
    for path in sorted(_everything(repo)):
        if match := pattern.fullmatch(path):
            found.append((path, tuple(group or "" for group in match.groups())))
    return found


def replaced(template: str, groups: tuple[str, ...]) -> str:
    """Put what the groups caught into `$1`, `$2`; one that is not there is empty."""

    def group(place: re.Match[str]) -> str:
        number = int(place[1] or place[2])
        return groups[number - 1] if 1 <= number <= len(groups) else ""

    return _PLACE.sub(group, template)


@functools.lru_cache(maxsize=256)
def compiled(glob: str) -> re.Pattern[str]:
    """Give a glob as a regular expression for whole paths.

    Raises: Invalid where it is none.
    """
    try:
        return re.compile(_Translation("/" + glob.strip("/")).whole(), re.DOTALL)
    except (re.error, IndexError, RecursionError) as error:
        raise Invalid(f"The glob {glob!r} cannot be read: {error}.", hint="Close its brackets.") from error


class _Translation:
    """One glob on its way to a regular expression."""

    def __init__(self, glob: str) -> None:
        self._glob, self._at = glob, 0

    def whole(self) -> str:
        return self._until("")

    def _until(self, ends: str) -> str:
        """Translate up to one of the characters, which is taken too."""
        found = ""
        while self._at < len(self._glob):
            letter = self._glob[self._at]
            self._at += 1
            if ends and letter == ends[0]:
                return found
            found += "|" if ends and letter in ends[1:] else self._one(letter)
        if ends:
            raise IndexError(f"a {ends[0]!r} is missing")
        return found

    def _one(self, letter: str) -> str:
        if letter in "@*+?!" and self._next("("):
            inner = self._until(")|")
            if letter == "!":
                return f"((?!{_uncounted(f'(?:{inner}){self._rest()}')}$)[^/]*)"
            return {
                "@": f"({inner})",
                "*": f"((?:{inner})*)",
                "+": f"((?:{inner})+)",
                "?": f"((?:{inner})?)",
            }[letter]
        if letter == "*":
            return ".*" if self._next("*") else "[^/]*"
        if letter == "?":
            return "[^/]"
        if letter == "(":
            return f"({self._until(')|')})"
        if letter == "{":
            return f"(?:{self._until('},')})"
        if letter == "[":
            return self._class()
        if letter == "\\":
            letter, self._at = self._glob[self._at], self._at + 1
        return re.escape(letter)

    def _next(self, letter: str) -> bool:
        there = self._glob.startswith(letter, self._at)
        self._at += there
        return there

    def _rest(self) -> str:
        """Translate what follows without taking it: what a negation must not match goes to the end."""
        after = _Translation(self._glob)
        after._at = self._at
        return after.whole()

    def _class(self) -> str:
        end = self._glob.index("]", self._at + 1) if "]" in self._glob[self._at + 1 :] else -1
        if end < 0:
            raise IndexError("a ']' is missing")
        inner, self._at = self._glob[self._at : end], end + 1
        negated = inner[0] in "!^"
        inner = re.sub(r"([\\\[\]&~|^])", r"\\\1", inner[1:] if negated else inner)
        return f"(?!/)[{'^' if negated else ''}{inner}]"


def _uncounted(pattern: str) -> str:
    """Give a pattern whose groups have no numbers."""
    return re.sub(r"(?<!\\)\((?!\?)", "(?:", pattern)


def _everything(repo: Repo) -> set[str]:
    found = set(repo)
    for path in repo:
        parts = path.split("/")
        found.update("/".join(parts[:end]) for end in range(2, len(parts)))
    return found


def _tuples(input_: Input, repos: Mapping[str, Repo]) -> list[tuple[Piece, ...]]:
    if not input_.inputs:
        return [(piece,) for piece in _pieces(input_, repos)]
    each = [_tuples(one, repos) for one in input_.inputs]
    if input_.op == "union":
        found = [one for part in each for one in part]
    elif input_.op == "cross":
        found = _crossed(each)
    elif input_.op == "join":
        found = _joined(each)
    else:
        found = _grouped(each)
    _few(len(found))
    return found


def _pieces(leaf: Input, repos: Mapping[str, Repo]) -> list[Piece]:
    repo = repos[leaf.repo or leaf.name]
    hashes = _hashes(repo)
    found = []
    for path, groups in matches(leaf.glob, repo):
        keys = replaced(leaf.join_on, groups), replaced(leaf.group_by, groups)
        found.append(
            Piece(leaf.name, leaf.repo or leaf.name, path, hashes(path), *keys, leaf.outer_join, leaf.empty_files)
        )
    return found


def _hashes(repo: Repo) -> Any:
    """Give a function that hashes what is at a path: a file's own, or those of all in a folder."""
    names = sorted(repo)

    def of(path: str) -> str:
        if path in repo:
            return repo[path]
        import bisect

        begin = "/" if path == "/" else path + "/"
        inside = names[bisect.bisect_left(names, begin) : bisect.bisect_left(names, begin + "\U0010ffff")]
        listed = json.dumps([[name, repo[name]] for name in inside])
        return hashlib.blake2b(listed.encode(), digest_size=16).hexdigest()

    return of


def _crossed(each: list[list[tuple[Piece, ...]]]) -> list[tuple[Piece, ...]]:
    count = 1
    for part in each:
        count *= len(part)
    _few(count)
    return [tuple(itertools.chain(*parts)) for parts in itertools.product(*each)]


def _joined(each: list[list[tuple[Piece, ...]]]) -> list[tuple[Piece, ...]]:
    """Cross what has the same key in every input; of a key that some lack, the inputs with `outer_join` stay."""
    by_key: dict[str, list[list[tuple[Piece, ...]]]] = {}
    for number, part in enumerate(each):
        for pieces in part:
            key = "".join(piece.join_on for piece in pieces)
            by_key.setdefault(key, [[] for _ in each])[number].append(pieces)
    found: list[tuple[Piece, ...]] = []
    for _key, parts in sorted(by_key.items()):
        if all(parts):
            found += _crossed(parts)
        elif left := [part for part in parts if part and all(one.outer_join for pieces in part for one in pieces)]:
            found += _crossed(left)
        _few(len(found))
    return found


def _grouped(each: list[list[tuple[Piece, ...]]]) -> list[tuple[Piece, ...]]:
    by_key: dict[str, dict[Piece, None]] = {}
    for part in each:
        for pieces in part:
            key = "".join(piece.group_by for piece in pieces)
            by_key.setdefault(key, {}).update(dict.fromkeys(pieces))
    return [tuple(pieces) for _key, pieces in sorted(by_key.items())]


def _few(count: int) -> None:
    if count > MOST_DATUMS:
        raise Invalid(f"That makes {count:,} datums, more than {MOST_DATUMS:,}.", hint="Use a glob of larger pieces.")
