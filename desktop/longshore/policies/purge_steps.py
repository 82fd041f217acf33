"""The steps of a purge: check, delete, measure. Each may be run again: what is gone already is passed over."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from longshore.errors import Cancelled, LongshoreError, Unavailable, WorkFailed
from longshore.policies.deleting import Doomed, Purged, Refusal, plan_purge
from longshore.progress import CancelToken, Progress
from longshore.settings import Home
from longshore.store import jobs, processes
from longshore.store.records import Job
from longshore.tracking import sizes, trash
from longshore.tracking.artifact_files import local_folder
from longshore.workspace import purging, server
from longshore.workspace.connection import connect

_SERVER_WAIT_S = 120.0
_LOOK_S = 0.1
_STILL_THERE = "It is still in the trash; some of its files may be gone."
_WHY = "Runs are being deleted for good; it comes back in a moment."

Known = Mapping[str, Any]
Step = Callable[[Home, Job, Known, Progress, CancelToken], dict[str, Any]]


def handle(home: Home, job: Job, progress: Progress, cancel: CancelToken) -> None:
    """Run the steps from the first one that is not done.

    Raises: LongshoreError where runs that should have gone are left; Cancelled.
    """
    known: dict[str, Any] = {}
    for row, step in zip(jobs.steps(home, job.id), (check, delete, measure), strict=True):
        if row.state == "done":
            known.update(row.data)
            continue
        jobs.update_step(home, job.id, row.index, state="running")
        try:
            found = step(home, job, known, progress, cancel)
        except LongshoreError as error:
            jobs.update_step(home, job.id, row.index, state="failed", data={"error": error.as_dict()})
            raise
        jobs.update_step(home, job.id, row.index, state="done", data=found)
        known.update(found)
    _raise_what_went_wrong(known)


def check(home: Home, job: Job, known: Known, progress: Progress, cancel: CancelToken) -> dict[str, Any]:
    """Ask the guards again, and write down what is going and how much room it takes."""
    progress(0.0, "Asking the guards")
    with connect(home, job.workspace, wait_s=_SERVER_WAIT_S, timeout_s=60.0) as client:
        plan = plan_purge(home, client, job.workspace, list(job.spec["run_ids"]), cancel=cancel)
    return {
        "going": [asdict(run) for run in plan.runs],
        "left": [asdict(one) for one in plan.refused],
        "before_bytes": _bytes(home, plan.runs),
    }


def delete(home: Home, job: Job, known: Known, progress: Progress, cancel: CancelToken) -> dict[str, Any]:
    """Stop the tracking server, let MLflow's `gc` delete, and let the server come back.

    What goes wrong is written down, not raised: what is really gone has to be measured in any case.
    """
    going = _going(known)
    if not going:
        return {}
    progress(0.1, "Stopping the tracking server")
    problem: dict[str, Any] = {}
    try:
        with server.held_down(home, _WHY):
            cancel.check()
            wanted = {run.run_id: list(run.models) for run in going}
            purging.purge(home, wanted, Path(job.folder) / "log", progress, cancel)
    except LongshoreError as error:
        problem = {"problem": error.as_dict()}
    return problem


def measure(home: Home, job: Job, known: Known, progress: Progress, cancel: CancelToken) -> dict[str, Any]:
    """Wait for the server, ask which runs are gone, and measure what was freed."""
    going = _going(known)
    progress(0.9, "Measuring what was freed")
    left = [Refusal(**one) for one in known["left"]]
    purged: list[str] = []
    _wait_for_server(home)
    with connect(home, job.workspace, wait_s=_SERVER_WAIT_S, timeout_s=60.0) as client:
        there = trash.find(client, [run.run_id for run in going])
    for run in going:
        if run.run_id not in there:
            purged.append(run.run_id)
            continue
        stays = there[run.run_id].lifecycle == "active"
        left.append(Refusal(run.run_id, run.name, "It was restored meanwhile." if stays else _STILL_THERE))
    gone = set(purged)
    _tidy(home, [run for run in going if run.run_id in gone])
    freed = max(0, int(known["before_bytes"]) - _bytes(home, going))
    return Purged(tuple(purged), tuple(left), sum(run.size_bytes for run in going), freed).as_dict()


def _wait_for_server(home: Home) -> None:
    deadline = time.monotonic() + _SERVER_WAIT_S
    while processes.server(home).state != server.HEALTHY:
        if time.monotonic() > deadline:
            raise Unavailable(
                "The tracking server does not come back.",
                hint=f"Its log is {home.logs / 'server.log'}; the agent goes on trying to start it.",
            )
        time.sleep(_LOOK_S)


def _going(known: Known) -> list[Doomed]:
    return [Doomed(**one) for one in known["going"]]


def _bytes(home: Home, going: Any) -> int:
    uris = [uri for run in going for uri in (run.artifact_uri, *run.models.values())]
    return sizes.local_bytes(home.tracking / "artifacts", uris)


def _tidy(home: Home, gone: list[Doomed]) -> None:
    """Remove the empty folders that `gc` leaves above the artifacts."""
    for run in gone:
        for uri in (run.artifact_uri, *run.models.values()):
            folder = local_folder(home.tracking / "artifacts", uri)
            if folder is not None and uri.startswith("mlflow-artifacts:"):
                try:
                    folder.parent.rmdir()
                except OSError:  # something else is in it, or it is gone
                    continue


def _raise_what_went_wrong(known: Known) -> None:
    problem = known.get("problem")
    unfinished = [one for one in known["left"] if one["reason"] == _STILL_THERE]
    if problem is None or not unfinished:
        return
    if problem["code"] == Cancelled.code:
        raise Cancelled
    raise WorkFailed(
        f"{len(known['purged'])} of {len(known['going'])} runs were deleted for good. {problem['message']}",
        hint="The others are still in the trash, perhaps without some of their files. Purge them again.",
        details=problem.get("details"),
    )
