"""Best and mean values of metrics as `longshore runs --columns best.NAME,mean.NAME` tells them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from longshore.cli.session import Session
from longshore.errors import NotAllowed, Unavailable

if TYPE_CHECKING:
    from longshore.store.records import Workspace
    from longshore.tracking.run_index import Frame, Selection

_LETTERS = {"best": "b:", "mean": "a:"}
# Sooner, nobody wonders what is going on.
_TOLD_FROM_S = 2.0


def index_names(columns: Sequence[str], order: Sequence[str] = ()) -> tuple[str, ...]:
    """Give the index columns that some of these, or the order, mean by `best.NAME` and `mean.NAME`."""
    from longshore.tracking.summaries import names_of

    return names_of([name for column in columns if (name := index_name(column))], order)


def index_name(column: str) -> str:
    """Give the index column of `best.NAME` or `mean.NAME`, empty for any other."""
    kind, _dot, key = column.partition(".")
    return _LETTERS[kind] + key if kind in _LETTERS and key else ""


def read(session: Session, workspace: Workspace, selection: Selection, names: Sequence[str]) -> Frame:
    """Read the histories of these runs that are not known, and give the frame with the columns.

    Where the server is away, what was read before is there, and it is said.
    """
    from longshore.tracking import summaries
    from longshore.tracking.summaries import Summaries

    known = Summaries(session.home)
    metrics = tuple(dict.fromkeys(name[2:] for name in names))
    left = sum(len(known.missing(workspace, selection.frame, selection.numbers, each).unknown) for each in metrics)
    if known.seconds(workspace, left) > _TOLD_FROM_S:
        session.output.message(f"Reading {left:,} histories from the server, one request each…")
    try:
        return summaries.complete(known, workspace, selection, names, session.client).frame
    except (Unavailable, NotAllowed) as error:
        session.output.message(f"{error.reason} Best and mean values are those that were read before.")
        return known.attach(workspace, selection.frame, names)


def as_document(past: Mapping[str, float]) -> dict[str, dict[str, float]]:
    """Give a run's values by kind and metric; nothing where none was asked for."""
    found: dict[str, dict[str, float]] = {}
    for kind, letter in _LETTERS.items():
        values = {name[2:]: value for name, value in past.items() if name.startswith(letter)}
        if values:
            found[kind] = values
    return found
