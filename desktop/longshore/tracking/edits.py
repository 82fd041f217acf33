"""What people write on runs: name, tags and note, and what becomes of it. Standard library alone: the table shows it."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from longshore.errors import Invalid, LongshoreError
from longshore.tracking.rows import RunRow

# Where MLflow's own page keeps a run's note.
NOTE = "mlflow.note.content"
# More would keep a server busy for a minute.
MOST = 5_000
_LONGEST_KEY, _LONGEST_VALUE = 250, 8_000
_KEY = re.compile(r"[\w.\- /:]+")
_RESERVED = ("mlflow.", "longshore.")


@dataclass(frozen=True)
class Edit:
    """What becomes of a run. No name leaves it as it is; a tag of None is taken off."""

    name: str | None = None
    tags: Mapping[str, str | None] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Tell whether anything changes."""
        return self.name is not None or bool(self.tags)


@dataclass(frozen=True)
class Change:
    """An edit of one run."""

    run_id: str
    to: Edit
    # What must stand there still, else somebody else changed it meanwhile; None: whatever stands there.
    was: Edit | None = None


@dataclass(frozen=True)
class Refused:
    """A run that stays as it is, and why."""

    run_id: str
    error: LongshoreError


@dataclass(frozen=True)
class Edited:
    """What came of some changes."""

    # Takes back what was done.
    undo: tuple[Change, ...]
    refused: tuple[Refused, ...]
    # The experiments of the runs that changed.
    experiments: frozenset[str]

    @property
    def done(self) -> tuple[str, ...]:
        """The ids of the runs that changed."""
        return tuple(change.run_id for change in self.undo)


@dataclass(frozen=True)
class Shared:
    """A value that runs have in common: None where they differ or where some have none."""

    value: str | None
    count: int  # of the runs that have one


@dataclass(frozen=True)
class Written:
    """What is written on some runs, together."""

    runs: int
    name: Shared
    note: Shared
    tags: Mapping[str, Shared]


def check(edit: Edit) -> None:
    """Refuse what no server takes, before it is asked. Raises: Invalid."""
    if edit.name is not None and not edit.name.strip():
        raise Invalid("A run needs a name.", hint="Type one.")
    for key, value in edit.tags.items():
        if key != NOTE:
            _check_key(key)
        if value is not None and len(value) > _LONGEST_VALUE:
            what = "The note" if key == NOTE else f"The value of {key[:40]}"
            raise Invalid(f"{what} has {len(value):,} characters.", hint=f"MLflow takes {_LONGEST_VALUE:,} at most.")


def _check_key(key: str) -> None:
    if not key.strip():
        raise Invalid("A tag needs a name.", hint="Type one, such as stage.")
    if len(key) > _LONGEST_KEY or not _KEY.fullmatch(key):
        raise Invalid(
            f"{key[:40]!r} cannot be the name of a tag.",
            hint=f"Use letters, digits, spaces and _ - . / : alone, {_LONGEST_KEY} at most.",
        )
    if key.startswith(_RESERVED):
        raise Invalid(f"Tags that begin with {key.partition('.')[0]}. are kept by programs.", hint="Use another name.")


def edited_row(row: RunRow, edit: Edit) -> RunRow:
    """Give a row as it is once the server has taken an edit."""
    tags = {**row.tags, **edit.tags}
    kept = {key: value for key, value in tags.items() if value is not None}
    return replace(row, name=row.name if edit.name is None else edit.name, tags=kept)


def together(one: Edit, later: Edit) -> Edit:
    """Give two edits as one."""
    return Edit(one.name if later.name is None else later.name, {**one.tags, **later.tags})


def written(rows: Sequence[RunRow], keys: Collection[str]) -> Written:
    """Give what is written on some runs. `keys`: the tags that may be there."""
    tags = {key: _shared([row.tags.get(key) for row in rows]) for key in keys}
    return Written(
        len(rows),
        _shared([row.name for row in rows]),
        _shared([row.tags.get(NOTE) for row in rows]),
        {key: shared for key, shared in sorted(tags.items()) if shared.count},
    )


def _shared(values: Sequence[str | None]) -> Shared:
    there = [value for value in values if value is not None]
    same = len(there) == len(values) and len(set(there)) == 1
    return Shared(there[0] if same else None, len(there))
