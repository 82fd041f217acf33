"""Views of the run table: columns, filter, order, grouping and charts under a name, kept per project, or in a file for a colleague."""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from longshore.errors import Conflict, Invalid, NotFound, Unavailable
from longshore.settings import Home
from longshore.tracking.rows import AGGREGATES, Grouping

ENDING = ".view.json"
_KIND, _VERSION = "longshore-run-view", 1
LONGEST_NAME, _LONGEST_COLUMN, _LONGEST_FILTER = 80, 600, 20_000
_MOST_COLUMNS, _MOST_LEVELS = 20_000, 300
# No view is larger; what is, is no view.
_LARGEST_FILE = 4_000_000
_ATTRIBUTES = ("status", "experiment", "user")
# How high the rows are, by the design's names; the first one where nobody chose.
DENSITIES = ("default", "compact", "comfortable")
# A column is no wider, in device-independent pixels.
_WIDEST = 2_000
# What the comparison keeps of one choice: far more than it has choices, metrics and sizes.
_MOST_CHOICES, _MOST_ITEMS, _LARGEST_NUMBER = 100, 2_000, 1_000_000
_CHOICE = re.compile(r"[a-z][a-z_.]{0,39}")
# A choice in the comparison: a text, a number, yes or no, or several texts or numbers.
Choice = str | int | bool | tuple[str | int, ...]


@dataclass(frozen=True)
class View:
    """How the table looks. Columns and order by the columns' ids, such as `metrics.val_mae`."""

    name: str
    # None: what most runs have.
    columns: tuple[str, ...] | None = None
    filter: str = ""
    order: tuple[str, bool] | None = None  # column, ascending
    grouping: Grouping = field(default_factory=Grouping)
    hide_constant: bool = False
    density: str = DENSITIES[0]
    # Those that a person chose, by the columns' ids; None: the view says nothing of them, as older ones do.
    widths: Mapping[str, int] | None = field(default=None, hash=False)
    # What the comparison of runs is like, by the names of its choices: tab, axes, smoothing, baseline; None as above.
    charts: Mapping[str, Choice] | None = field(default=None, hash=False)

    def looks_like(self, other: View) -> bool:
        """Tell whether both show the same, whatever they are called. What one says nothing of is the same in both."""
        same = replace(other, name=self.name)
        if self.widths is None or other.widths is None:
            same = replace(same, widths=self.widths)
        if self.charts is None or other.charts is None:
            same = replace(same, charts=self.charts)
        return self == same


def listing(home: Home, project: str | None) -> tuple[View, ...]:
    """Give a project's views by name; one that a newer version saved and this one can't read is left out."""
    from longshore.store import view_state

    return _read_all(view_state.load(home, _key(project)))


def save(home: Home, project: str | None, view: View, *, over: bool = True) -> View:
    """Keep a view. `over`: in place of one of its name, else it gets a number behind its name.

    Raises: Invalid for its name.
    """
    checked = replace(view, name=_checked_name(view.name))

    def change(views: list[View]) -> list[View]:
        nonlocal checked
        taken = {each.name for each in views}
        if not over and checked.name in taken:
            names = (f"{checked.name[: LONGEST_NAME - 5]} {number}" for number in range(2, len(taken) + 3))
            checked = replace(checked, name=next(name for name in names if name not in taken))
        return [*(each for each in views if each.name != checked.name), checked]

    _change(home, project, change)
    return checked


def rename(home: Home, project: str | None, name: str, new: str) -> View:
    """Give a view another name. Raises: NotFound; Conflict where the name is taken; Invalid."""
    fresh = _checked_name(new)
    found: list[View] = []

    def change(views: list[View]) -> list[View]:
        old = _find(views, name)
        if fresh != name and any(each.name == fresh for each in views):
            raise Conflict(f"There is a view called {fresh} already.", hint="Choose another name.")
        found.append(replace(old, name=fresh))
        return [found[0] if each is old else each for each in views]

    _change(home, project, change)
    return found[0]


def delete(home: Home, project: str | None, name: str) -> View:
    """Forget a view, and give it: saving it brings it back. Raises: NotFound."""
    found: list[View] = []

    def change(views: list[View]) -> list[View]:
        found.append(_find(views, name))
        return [each for each in views if each is not found[0]]

    _change(home, project, change)
    return found[0]


def write(view: View, file: Path) -> None:
    """Write a view to a file. Raises: Unavailable."""
    content = json.dumps({"kind": _KIND, "version": _VERSION, **_as_dict(view)}, indent=2, ensure_ascii=False) + "\n"
    fresh = file.with_name(f".{file.name}.{os.getpid()}.tmp")
    try:
        fresh.write_text(content, "utf-8")
        fresh.replace(file)
    except OSError as error:
        raise Unavailable(
            f"{file} cannot be written: {error.strerror or error}.", hint="Choose a folder that you may write to."
        ) from error
    finally:
        with contextlib.suppress(OSError):
            fresh.unlink(missing_ok=True)


def read(file: Path) -> View:
    """Read a view that somebody wrote to a file. Nothing in it is trusted.

    Raises: Unavailable if it can't be read; Invalid if it is no view, says why.
    """
    from longshore.tracking import run_index

    try:
        with file.open("rb") as opened:
            content = opened.read(_LARGEST_FILE + 1)
    except OSError as error:
        raise Unavailable(f"{file} cannot be read: {error.strerror or error}.", hint="Check the file.") from error
    if len(content) > _LARGEST_FILE:
        raise _no_view(file, f"it is larger than {_LARGEST_FILE // 1_000_000} MB")
    try:
        given = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise _no_view(file, "it is not JSON") from error
    if not isinstance(given, dict) or given.get("kind") != _KIND:
        raise _no_view(file, f'it does not say "kind": "{_KIND}"')
    if given.get("version") != _VERSION:
        raise Invalid(
            f"{file.name} holds a view of another version of Longshore ({str(given.get('version'))[:20]}).",
            hint="Update Longshore, or ask for the view from this version.",
        )
    try:
        view = _from_dict(given)
    except _Wrong as wrong:
        raise _no_view(file, wrong.why) from wrong
    if problem := run_index.check(view.filter):
        raise _no_view(file, f"its filter is wrong at character {problem.position + 1}: {problem.message}")
    return view


class _Wrong(Exception):
    """What was read is no view."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def _no_view(file: Path, why: str) -> Invalid:
    return Invalid(f"{file.name} is not a view of the run table: {why.rstrip('.')}.", hint="Export one from Views.")


def _key(project: str | None) -> str:
    return f"runs.views/{project or ''}"


def _read_all(value: Any) -> tuple[View, ...]:
    found = []
    for each in value if isinstance(value, list) else ():
        with contextlib.suppress(_Wrong):
            found.append(_from_dict(each))
    return tuple(sorted(found, key=lambda view: view.name.casefold()))


def _change(home: Home, project: str | None, change: Any) -> None:
    from longshore.store import view_state

    def changed(value: Any) -> Any:
        others = [each for each in value if not _read_all([each])] if isinstance(value, list) else []
        return [*(_as_dict(view) for view in change(list(_read_all(value)))), *others]

    view_state.change(home, _key(project), changed)


def _find(views: Sequence[View], name: str) -> View:
    found = next((each for each in views if each.name == name), None)
    if found is None:
        raise NotFound(f"There is no view called {name}.", hint="It may have been deleted in another window.")
    return found


def _checked_name(name: str) -> str:
    shown = name.strip()
    if not shown:
        raise Invalid("A view needs a name.", hint="Type one.")
    if len(shown) > LONGEST_NAME or not shown.isprintable():
        raise Invalid(f"A view's name is one line of at most {LONGEST_NAME} characters.", hint="Shorten it.")
    return shown


def _as_dict(view: View) -> dict[str, Any]:
    return {
        "name": view.name,
        "columns": None if view.columns is None else list(view.columns),
        "filter": view.filter,
        "sort": None if view.order is None else {"column": view.order[0], "ascending": view.order[1]},
        "group_by": list(view.grouping.by),
        "aggregate": view.grouping.aggregate,
        "hide_constant": view.hide_constant,
        "density": view.density,
        **({} if view.widths is None else {"widths": dict(view.widths)}),
        **({} if view.charts is None else {"charts": dict(view.charts)}),
    }


def _from_dict(given: Any) -> View:
    if not isinstance(given, dict):
        raise _Wrong("it is no object")
    try:
        name = _checked_name(_text(given, "name", LONGEST_NAME))
    except Invalid as error:
        raise _Wrong(error.reason) from error
    columns = given.get("columns")
    return View(
        name,
        None if columns is None else _texts(given, "columns", _MOST_COLUMNS),
        _text(given, "filter", _LONGEST_FILTER, default=""),
        _order(given.get("sort")),
        Grouping(_levels(given), _choice(given, "aggregate", AGGREGATES)),
        given.get("hide_constant") is True,
        _choice(given, "density", DENSITIES),
        _widths(given.get("widths")),
        _charts(given.get("charts")),
    )


def _widths(given: Any) -> dict[str, int] | None:
    if given is None:
        return None
    if not isinstance(given, dict) or len(given) > _MOST_COLUMNS:
        raise _Wrong(f"its widths are not those of at most {_MOST_COLUMNS:,} columns")
    for column, width in given.items():
        if len(column) > _LONGEST_COLUMN or not _is_whole(width) or not 0 < width <= _WIDEST:
            raise _Wrong(f"its widths hold one that is not between 1 and {_WIDEST:,} pixels")
    return dict(given)


def checked_charts(given: Any) -> dict[str, Choice]:
    """Give what a comparison is like as a view holds it; what is no choice is left out."""
    found: dict[str, Choice] = {}
    for name, value in given.items() if isinstance(given, dict) else ():
        with contextlib.suppress(_Wrong):
            found |= _charts({name: value}) or {}
    return found


def _charts(given: Any) -> dict[str, Choice] | None:
    if given is None:
        return None
    if not isinstance(given, dict) or len(given) > _MOST_CHOICES:
        raise _Wrong(f"its charts are not at most {_MOST_CHOICES} choices")
    return {_named(name): _chosen(value) for name, value in given.items()}


def _named(name: str) -> str:
    if not _CHOICE.fullmatch(name):
        raise _Wrong(f"its charts have no choice called {name[:40]!r}")
    return name


def _chosen(value: Any) -> Choice:
    if isinstance(value, list | tuple):
        if len(value) > _MOST_ITEMS or not all(_is_single(each) for each in value):
            raise _Wrong(f"its charts hold something else than at most {_MOST_ITEMS:,} texts and numbers")
        return tuple(value)
    if isinstance(value, bool) or _is_single(value):
        chosen: Choice = value
        return chosen
    raise _Wrong("its charts hold something that is no text, no number and no list of them")


def _is_single(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= _LONGEST_COLUMN
    return _is_whole(value) and abs(value) <= _LARGEST_NUMBER


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _order(given: Any) -> tuple[str, bool] | None:
    if given is None:
        return None
    if not isinstance(given, dict) or not isinstance(given.get("ascending"), bool):
        raise _Wrong("its sort is not a column and a direction")
    return _text(given, "column", _LONGEST_COLUMN), given["ascending"]


def _levels(given: dict[str, Any]) -> tuple[str, ...]:
    found = _texts(given, "group_by", _MOST_LEVELS, default=[])
    for each in found:
        if not each.startswith(("p:", "t:")) and each not in _ATTRIBUTES:
            raise _Wrong(f"runs cannot be grouped by {each[:60]!r}")
    return found


def _choice(given: dict[str, Any], key: str, choices: Sequence[str]) -> str:
    found = given.get(key, choices[0])
    if found not in choices:
        raise _Wrong(f"its {key} is none of {', '.join(choices)}")
    return str(found)


def _text(given: dict[str, Any], key: str, longest: int, *, default: str | None = None) -> str:
    found = given.get(key, default)
    if not isinstance(found, str) or len(found) > longest:
        raise _Wrong(f"its {key} is not a text of at most {longest:,} characters")
    return found


def _texts(given: dict[str, Any], key: str, most: int, *, default: Any = None) -> tuple[str, ...]:
    found = given.get(key, default)
    if not isinstance(found, list) or len(found) > most:
        raise _Wrong(f"its {key} is not a list of at most {most:,} names")
    if not all(isinstance(each, str) and len(each) <= _LONGEST_COLUMN for each in found):
        raise _Wrong(f"its {key} holds something that is no name")
    return tuple(dict.fromkeys(found))
