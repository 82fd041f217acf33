"""Groups of runs as `longshore runs --group-by` tells them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

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
    """Tell the groups, with count, mean, deviation and best of each metric among `columns`."""
    from longshore.tracking import run_index

    grouping = Grouping(names(group_by))
    metrics = [column.removeprefix("metrics.") for column in columns if column.startswith("metrics.")]
    rows = run_index.group_rows(selection, grouping, order, [f"m:{metric}" for metric in metrics])
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
        (*keys, "runs", *metrics),
        (
            (*by.values(), row.size, *(_words(row, metric) for metric in metrics))
            for row, by in zip(groups, shared, strict=True)
        ),
        empty="No run fits.",
    )


def _document(row: GroupRow, by: dict[str, Any]) -> dict[str, Any]:
    metrics = {
        name: {"count": found.count, "mean": found.mean, "std": found.std, "best": found.best, "worst": found.worst}
        for name, found in row.summaries.items()
    }
    return {"by": by, "count": row.size, "metrics": metrics}


def _words(row: GroupRow, metric: str) -> str:
    found = row.summaries.get(metric)
    if found is None:
        return ""
    deviation = f" ± {found.std:.4g}" if found.std == found.std else ""
    return f"{found.mean:.4g}{deviation}, best {found.best:.4g}"
