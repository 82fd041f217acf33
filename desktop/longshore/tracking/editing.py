"""Writing edits of runs to the server. Each change gives what takes it back."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from longshore.errors import Cancelled, Conflict, LongshoreError, Unavailable
from longshore.mlflow_rest import runs as rest_runs
from longshore.progress import CancelToken, Progress, no_progress
from longshore.tracking.edits import Change, Edit, Edited, Refused

if TYPE_CHECKING:
    from longshore.mlflow_rest.client import Client
    from longshore.mlflow_rest.types import Run
    from longshore.settings import Home
    from longshore.store.records import Workspace


def apply(
    client: Client,
    changes: Sequence[Change],
    *,
    progress: Progress = no_progress,
    cancel: CancelToken | None = None,
) -> Edited:
    """Change runs, each of them whole or not at all. One that is refused keeps no other from its change.

    Once the server is away, or somebody cancels, the rest is refused for that reason: what was done can be undone.
    """
    undo: list[Change] = []
    refused: list[Refused] = []
    experiments: set[str] = set()
    end: LongshoreError | None = None
    for number, change in enumerate(changes):
        try:
            progress(number / len(changes), f"{number:,} of {len(changes):,} runs")
            if cancel is not None:
                cancel.check()
        except Cancelled:
            end = Cancelled("It was stopped before.")
        if end is not None:
            refused += (Refused(left.run_id, end) for left in changes[number:])
            break
        try:
            run, back = _change(client, change)
        except LongshoreError as error:
            refused.append(Refused(change.run_id, error))
            end = error if isinstance(error, Unavailable) else None
        else:
            undo.append(Change(change.run_id, back, change.to))
            experiments.add(run.experiment_id)
    return Edited(tuple(undo), tuple(refused), frozenset(experiments))


def catch_up(home: Home, workspace: Workspace, client: Client, edited: Edited) -> bool:
    """Bring the index up to date with what was changed; False where others see it only later."""
    from longshore.tracking.index.sync import sync

    fresh = True
    for experiment in edited.experiments:
        try:
            synced = sync(home, workspace, experiment, client, thorough=False, touched=edited.done)
        except LongshoreError:
            return False  # the server has it; the index gets it with the next sweep
        fresh = fresh and synced.offline is None and not synced.busy
    return fresh


def _change(client: Client, change: Change) -> tuple[Run, Edit]:
    """Change one run and give what takes that back."""
    run = rest_runs.get(client, change.run_id)
    if run.lifecycle != "active":
        raise Conflict(f"{run.name} is in the trash.", hint="Restore it there, then change it.")
    if change.was is not None and _standing(run, change.was) != change.was:
        raise Conflict(f"{run.name} was changed by somebody else meanwhile.", hint="Look at it, and change it by hand.")
    back = _standing(run, change.to)
    try:
        _write(client, run, change.to)
    except LongshoreError:
        with contextlib.suppress(LongshoreError):
            _write(client, rest_runs.get(client, change.run_id), back)
        raise
    return run, back


def _standing(run: Run, edit: Edit) -> Edit:
    """Give what a run has where an edit speaks of it."""
    return Edit(None if edit.name is None else run.name, {key: run.tags.get(key) for key in edit.tags})


def _write(client: Client, run: Run, edit: Edit) -> None:
    tags = {key: value for key, value in edit.tags.items() if value is not None and run.tags.get(key) != value}
    rest_runs.log_batch(client, run.id, tags=tags)
    for key, value in edit.tags.items():
        if value is None and key in run.tags:
            rest_runs.delete_tag(client, run.id, key)
    if edit.name is not None and edit.name != run.name:
        rest_runs.update(client, run.id, name=edit.name)
