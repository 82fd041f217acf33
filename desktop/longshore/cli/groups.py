"""Groups of runs as `longshore runs --group-by` tells them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from longshore.cli import past
from longshore.cli.session import Session
from longshore.errors import Invalid
from longshore.tracking.rows import Grouping, GroupRow

if TYPE_CHECKING:
    from longshore.tracking.run_index import Selection

_LETTERS = {"params": "p:", "tags": "t:"}
_ATTRIBUTES = ("status", "experiment", "user")


def names(group_by: str) -> tuple[str, ...]:
    """Turn `params.lr,tags.stage` into the names that the run index has. Raises: Invalid."""
    found = []
    for each in group_by.split(","):
        kind, _dot, key = each.strip().partition(".")
        if kind in _LETTERS and key:
            found.append(_LETTERS[kind] + key)
        elif each.strip() in _ATTRIBUTES:
            found.append(each.strip())
        else:
            raise Invalid(
                f"Runs cannot be grouped by {each.strip()!r}.",
                hint="Name params.NAME, tags.NAME, status, experiment or user; several with commas.",
            )
    return tuple(found)


def tell(session: Session, selection: Selection, group_by: str, order: Sequence[str], columns: Sequence[str]) -> None:
    """Tell the groups, with count, mean, deviation and best of each metric among `columns`.

    Of `best.NAME` and `mean.NAME` it is told what the runs' best and mean values are like.
    """
    from longshore.tracking import run_index

    grouping = Grouping(names(group_by))
    titles = {f"m:{column[8:]}": column[8:] for column in columns if column.startswith("metrics.")}
    titles |= {name: column for column in columns if (name := past.index_name(column))}
    rows = run_index.group_rows(selection, grouping, order, list(titles))
    keys = [each.strip() for each in group_by.split(",")]
    groups = [row for row in rows if isinstance(row, GroupRow)]
    shared = [dict(zip(keys, values, strict=True)) for values in rows.shared_values()]
    session.output.document(
        {
            "total": len(selection),
            "as_of": selection.frame.as_of,
            "groups": [_document(row, by) for row, by in zip(groups, shared, strict=True)],
        }
    )
    session.output.table(
        (*keys, "runs", *titles.values()),
        (
            (*by.values(), row.size, *(_words(row, name) for name in titles))
            for row, by in zip(groups, shared, strict=True)
        ),
        empty="No run fits.",
    )


def _document(row: GroupRow, by: dict[str, Any]) -> dict[str, Any]:
    metrics = {
        name: {"count": found.count, "mean": found.mean, "std": found.std, "best": found.best, "worst": found.worst}
        for name, found in {
            **row.summaries,
            **{_title(name): each for name, each in row.past_summaries.items()},
        }.items()
    }
    return {"by": by, "count": row.size, "metrics": metrics}


def _title(name: str) -> str:
    return {"b:": "best.", "a:": "mean."}.get(name[:2], "") + name[2:]


def _words(row: GroupRow, name: str) -> str:
    found = row.summaries.get(name[2:]) if name.startswith("m:") else row.past_summaries.get(name)
    if found is None:
        return ""
    deviation = f" ± {found.std:.4g}" if found.std == found.std else ""
    return f"{found.mean:.4g}{deviation}, best {found.best:.4g}"
