"""The Trash page's work off the UI thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from longshore.errors import Conflict, NotFound, WorkFailed, from_dict
from longshore.progress import CancelToken, Progress
from longshore.settings import Home
from longshore.tracking.rows import RunRow
from longshore.ui.shell.tasks import Work
from longshore.ui.widgets.plain_table import TextRow
from longshore.ui.widgets.times import ago, size

if TYPE_CHECKING:
    from longshore.mlflow_rest.client import Client
    from longshore.policies.deleting import Outcome, Purged, PurgePlan

RUN, EXPERIMENT = "run:", "experiment:"
# More of them nobody reads.
MOST_FOUND = 500


@dataclass(frozen=True)
class Place:
    """Whose runs are meant."""

    home: Home
    workspace: str | None
    project: str | None

    def connect(self) -> tuple[Client, str]:
        """Give a client and the workspace's name. Call it inside work."""
        from longshore.store import workspaces
        from longshore.workspace.connection import connect

        name = workspaces.get(self.home, self.workspace).name
        return connect(self.home, name, wait_s=5.0, timeout_s=60.0), name


def list_work(place: Place) -> Work[tuple[TextRow, ...]]:
    """Give the work that lists what is in the trash: runs, then experiments."""

    def work(_progress: Progress, cancel: CancelToken) -> tuple[TextRow, ...]:
        from longshore.tracking import trash

        client, _name = place.connect()
        runs = tuple(map(_run, trash.listing(client, place.project, cancel=cancel)))
        experiments = [one for one in trash.experiments_anywhere(client, place.project) if one.lifecycle == "deleted"]
        return runs + tuple(TextRow(EXPERIMENT + one.name, (one.name, "Experiment", "", "")) for one in experiments)

    return work


def _run(row: RunRow) -> TextRow:
    return TextRow(RUN + row.run_id, (row.name, "Run", row.experiment, ago(row.start_time)))


def delete_work(place: Place, run_ids: Sequence[str]) -> Work[Outcome]:
    """Give the work that moves runs to the trash, through the guards."""

    def work(progress: Progress, cancel: CancelToken) -> Outcome:
        from longshore.policies import deleting

        client, name = place.connect()
        return deleting.delete(place.home, client, name, run_ids, progress=progress, cancel=cancel)

    return work


def archive_work(place: Place, run_ids: Sequence[str], *, undo: bool = False) -> Work[Outcome]:
    """Give the work that takes runs out of the tables, or brings them back."""

    def work(_progress: Progress, _cancel: CancelToken) -> Outcome:
        from longshore.policies import deleting

        return deleting.archive(place.connect()[0], run_ids, undo=undo)

    return work


def restore_work(place: Place, ids: Sequence[str]) -> Work[Outcome]:
    """Give the work that brings runs and experiments back from the trash."""

    def work(_progress: Progress, _cancel: CancelToken) -> Outcome:
        from longshore.policies import deleting
        from longshore.tracking import empty_experiments

        client, _name = place.connect()
        for one in ids:
            if one.startswith(EXPERIMENT):
                empty_experiments.restore(client, one.removeprefix(EXPERIMENT))
        outcome = deleting.restore(client, [one.removeprefix(RUN) for one in ids if not one.startswith(EXPERIMENT)])
        experiments = tuple(one for one in ids if one.startswith(EXPERIMENT))
        return deleting.Outcome(experiments + outcome.done, outcome.refused)

    return work


def delete_experiments_work(place: Place, names: Sequence[str]) -> Work[Outcome]:
    """Give the work that moves empty experiments to the trash."""

    def work(_progress: Progress, _cancel: CancelToken) -> Outcome:
        from longshore.policies import deleting
        from longshore.tracking import empty_experiments

        client, _name = place.connect()
        return deleting.Outcome(tuple(EXPERIMENT + empty_experiments.delete(client, name).name for name in names), ())

    return work


def delete_again_work(place: Place, ids: Sequence[str]) -> Work[Outcome]:
    """Give the work that moves restored runs and experiments back to the trash, through the guards."""

    def work(progress: Progress, cancel: CancelToken) -> Outcome:
        from longshore.policies import deleting
        from longshore.tracking import empty_experiments

        client, name = place.connect()
        runs = [one.removeprefix(RUN) for one in ids if not one.startswith(EXPERIMENT)]
        outcome = deleting.delete(place.home, client, name, runs, progress=progress, cancel=cancel)
        done, refused = list(outcome.done), list(outcome.refused)
        for one in (one for one in ids if one.startswith(EXPERIMENT)):
            experiment = one.removeprefix(EXPERIMENT)
            try:
                empty_experiments.delete(client, experiment)
                done.append(one)
            except (Conflict, NotFound) as error:
                refused.append(deleting.Refusal(one, experiment, f"{error.reason} {error.hint or ''}".strip()))
        return deleting.Outcome(tuple(done), tuple(refused))

    return work


def plan_work(place: Place, run_ids: Sequence[str]) -> Work[PurgePlan]:
    """Give the work that tells what a purge would free; on a team's server it is refused at once."""

    def work(progress: Progress, cancel: CancelToken) -> PurgePlan:
        from longshore.policies import deleting
        from longshore.store import workspaces
        from longshore.tracking.artifact_files import own_store

        client, name = place.connect()
        if own_store(place.home, name) is None:
            raise deleting.not_here(workspaces.get(place.home, name), run_ids)
        return deleting.plan_purge(place.home, client, name, run_ids, progress=progress, cancel=cancel)

    return work


def purge_work(place: Place, run_ids: Sequence[str]) -> Work[Purged]:
    """Give the work that queues a purge and waits for its end; it goes on where the window is closed."""

    def work(_progress: Progress, cancel: CancelToken) -> Purged:
        from longshore.jobs import launching
        from longshore.policies import deleting
        from longshore.store import workspaces

        name = workspaces.get(place.home, place.workspace).name
        job = launching.wait(place.home, deleting.purge(place.home, name, run_ids).id, cancel=cancel)
        cancel.check()
        if job.error:
            raise from_dict(dict(job.error))
        found = deleting.result(place.home, job)
        if found is None:
            raise WorkFailed(f"The purge was {job.state}.")
        return found

    return work


def biggest_work(place: Place) -> Work[tuple[TextRow, ...]]:
    """Give the work that finds the runs that take the most room."""

    def work(progress: Progress, cancel: CancelToken) -> tuple[TextRow, ...]:
        from longshore.tracking import sizes
        from longshore.tracking.artifact_files import own_store

        client, name = place.connect()
        store = own_store(place.home, name)
        found = sizes.biggest(client, store, project=place.project, limit=MOST_FOUND, progress=progress, cancel=cancel)
        return tuple(
            TextRow(
                RUN + one.run_id,
                (one.name, one.experiment, "In the trash" if one.in_trash else "", size(one.size_bytes)),
            )
            for one in found
        )

    return work


def duplicates_work(place: Place, *, download: bool) -> Work[tuple[TextRow, ...] | None]:
    """Give the work that finds equal artifacts; None where that takes downloads that nobody asked for."""

    def work(progress: Progress, cancel: CancelToken) -> tuple[TextRow, ...] | None:
        from longshore.tracking import duplicates
        from longshore.tracking.artifact_files import own_store

        client, name = place.connect()
        store = own_store(place.home, name)
        if store is None and not download:
            return None
        found = duplicates.duplicates(client, store, project=place.project, progress=progress, cancel=cancel)
        return tuple(
            TextRow(
                RUN + group.files[0].run_id,
                (
                    group.files[0].path,
                    ", ".join(dict.fromkeys(file.run_id[:8] for file in group.files)),
                    f"{len(group.files):,}",
                    size(group.size_bytes),
                    size(group.saved_bytes),
                ),
            )
            for group in found[:MOST_FOUND]
        )

    return work


def empty_work(place: Place) -> Work[tuple[TextRow, ...]]:
    """Give the work that finds experiments in which nothing is."""

    def work(progress: Progress, cancel: CancelToken) -> tuple[TextRow, ...]:
        from longshore.tracking import empty_experiments

        client, _name = place.connect()
        found = empty_experiments.empty_experiments(client, project=place.project, progress=progress, cancel=cancel)
        return tuple(TextRow(EXPERIMENT + one.name, (one.name, one.id)) for one in found)

    return work
