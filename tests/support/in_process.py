"""One run job in the hands of an agent's parts in this very process, so that a test can change what surrounds it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from longshore.jobs.held import Around, Leaving
from longshore.jobs.launching import KIND
from longshore.jobs.reach import Reach
from longshore.jobs.running import RunJob
from longshore.jobs.spawning import Spare
from longshore.jobs.spec import PYTHON, RunSpec
from longshore.pipelines import recording
from longshore.progress import CancelToken
from longshore.settings import Home
from longshore.store import jobs
from longshore.store.records import Job


def queued(home: Home, project: Path, *, workspace: str = "personal", **spec: Any) -> Job:
    """Queue a project's main.py without waking any agent."""
    told = RunSpec(
        "id", project.name, str(project), "main", command=(PYTHON, "main.py"), source="main.py", **spec
    )  # fmt: skip
    return jobs.add(
        home, kind=KIND, title="t", spec=told.to_json(), workspace=workspace, target=told.target, project_id="id"
    )


@contextlib.contextmanager
def in_hands(home: Home, job: Job) -> Iterator[threading.Thread]:
    """Hold a job as an agent does; leaving the context is the agent's end, which the job outlives."""
    around = Around(home, Reach(home), Spare(home), recording.tell)

    def work() -> None:
        with contextlib.suppress(Leaving):
            RunJob(around, jobs.get(home, job.id), CancelToken()).bring_to_end()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield thread
    finally:
        around.leaving.set()
        thread.join(30)
        assert not thread.is_alive()
