"""Launching: from what a person asks for to a row in the queue; waiting for a job, and stopping it."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from longshore.errors import Conflict, Invalid, Unavailable
from longshore.jobs import agent_call, code_state, targets
from longshore.jobs.allotment import gpu_count
from longshore.jobs.spec import PYTHON, RunSpec
from longshore.jobs.supervisor import files
from longshore.progress import CancelToken
from longshore.settings import Home
from longshore.store import jobs, processes, records, workspaces
from longshore.store.database import now
from longshore.store.records import Job

if TYPE_CHECKING:
    from longshore.jobs.code_state import CodeState
    from longshore.projects.model import EntryPoint, ProjectInfo
    from longshore.projects.pipeline import Selection

KIND = "run"
_POLL_S = 0.03
_LOOK_AFTER_AGENT_S = 5.0
_SMALLEST_MEMORY = 64 << 20
# These tie a job to its runs; a person's own value would untie it.
_RESERVED = frozenset({"MLFLOW_RUN_CONTEXT", "MLFLOW_RUN_ID", "LONGSHORE_JOB"})


def launch(
    home: Home,
    project: str,
    entry: str | None = None,
    *,
    parameters: Mapping[str, str] | None = None,
    workspace: str | None = None,
    target: str = "local",
    experiment: str | None = None,
    run_name: str | None = None,
    env: Mapping[str, str] | None = None,
    secrets: Sequence[str] = (),
    image: str | None = None,
    cpus: float | None = None,
    memory_bytes: int | None = None,
    gpus: int = 0,
    timeout_s: float | None = None,
    retries: int = 0,
    code: CodeState | None = None,
    selection: Selection | None = None,
    trusting: bool = False,
    python: str = "",
    as_of: str = "",
) -> Job:
    """Queue an entry point of a project and make sure that the agent takes it up.

    `project` is its name, id or path; `entry` may be left out where there is one to choose. `cpus` and `memory_bytes`
    are what the queue reserves and what the job may not exceed; None reserves one core and limits nothing. `code`: the
    recorded state that it runs from, instead of the folder as it is. `selection`: the part of a pipeline that runs.
    `trusting`: the person's own command says that the folder's code may run, from now on.
    `python`: an interpreter's version or path, instead of the project's own; `as_of`: a day (2022-09-30) of which no
    package may be newer.
    Raises: NotAllowed for a folder that is not trusted; Invalid, NotFound, Conflict before anything is made; Unavailable if the target or the agent is not there.
    """
    from longshore.projects import adapters, opening, trust
    from longshore.projects.parameters import check_parameters, effective_parameters, passed_on

    info = opening.load(home, project)
    if trusting and not trust.is_trusted(home, info.path):
        trust.trust(home, info.path)
    trust.require(home, info.path)
    _check_environment(info, python, as_of)
    chosen = opening.entry_point(info, entry)
    part = _checked_part(info, chosen, selection)
    given = check_parameters(chosen, parameters or {}, whole=not part.asked)
    adapters.check_ready(chosen)
    spec = RunSpec(
        project_id=info.id,
        project_name=info.name,
        project_path=info.path,
        entry_point=chosen.name,
        # Its defaults say nothing of a run that goes on from an earlier one.
        parameters=given if part.origin else effective_parameters(chosen, given),
        target=target,
        experiment=experiment or info.name,
        run_name=run_name or "",
        env=dict(env or {}),
        secrets=tuple(dict.fromkeys(secrets)),
        image=image or "",
        cpus=cpus,
        memory_bytes=memory_bytes,
        gpus=gpus,
        timeout_s=timeout_s,
        retries=retries,
        command=tuple(adapters.command(chosen, given, PYTHON, part)),
        source=chosen.source,
        framework=chosen.framework,
        pipeline=chosen.name if opening.pipeline(info, chosen.name) else "",
        selection=part.as_dict(),
        tool=adapters.tool(chosen.framework),
        plus=adapters.plus(chosen.framework),
        python=python,
        as_of=as_of,
        notes=passed_on(chosen, given),
    )
    spec = code_state.with_code(spec, code)
    _check(home, spec)
    row = workspaces.get(home, workspace)
    _check_artifacts(row, spec)
    return queue(home, spec, workspace=row.name)


def queue(home: Home, spec: RunSpec, *, workspace: str) -> Job:
    """Queue a checked spec, or one of an earlier job again.

    Raises: Unavailable if the agent can't be started; then nothing is queued.
    """
    agent_call.prepare(home)
    job = jobs.add(
        home,
        kind=KIND,
        title=f"{spec.project_name} · {spec.entry_point}",
        spec=dataclasses.replace(spec, attempt=1, earlier_runs=(), code_path="").to_json(),
        workspace=workspace,
        target=spec.target,
        project_id=spec.project_id,
        cpus=spec.cpus or 1.0,
        memory_bytes=spec.memory_bytes,
        gpus=spec.gpus,
    )
    processes.wake(home)
    return job


def again(home: Home, reference: str, *, code: CodeState | None = None) -> Job:
    """Queue what an earlier run job did, with its command, parameters and limits, from its code where that is given.

    Raises: NotFound, Conflict; Invalid for a job that is no run; NotAllowed where its folder is not trusted any more.
    """
    from longshore.projects import trust

    job = jobs.get(home, reference)
    if job.kind != KIND:
        raise Invalid(f"{job.title} is not a run and cannot be launched again this way.")
    spec = RunSpec.from_json(job.spec)
    trust.require(home, spec.project_path)
    return queue(home, code_state.with_code(spec, code), workspace=job.workspace)


def wait(
    home: Home,
    job_id: str,
    *,
    cancel: CancelToken | None = None,
    on_line: Callable[[str], None] | None = None,
) -> Job:
    """Wait until a job has ended, looking after the agent meanwhile; each new line of its log goes to `on_line`.

    Raises: NotFound; Cancelled when `cancel` says so (the job goes on).
    """
    from longshore.jobs.log import LogReader

    token = cancel or CancelToken()
    job = jobs.get(home, job_id)
    reader = LogReader(home, job) if on_line else None
    look_at = time.monotonic() + _LOOK_AFTER_AGENT_S
    while True:
        job = jobs.get(home, job.id)
        while reader and on_line and (lines := reader.read_new()):
            for line in lines:
                on_line(line)
        if job.ended:
            return job
        if time.monotonic() > look_at:
            processes.ensure_agent(home)
            look_at = time.monotonic() + _LOOK_AFTER_AGENT_S
        token.wait(_POLL_S)
        token.check()


def stop(home: Home, reference: str, force: bool = False) -> Job:
    """Ask a job to end, or with `force` kill it with its whole process tree; gives it as it is now.

    It works without the agent too: the job's supervisor obeys. A job that has ended is left as it is.
    Raises: NotFound, Conflict.
    """
    job = jobs.get(home, reference)
    if job.ended:
        return job
    if job.state == records.QUEUED:
        with contextlib.suppress(Conflict):  # it was taken up in this moment
            ended_at = now()
            return jobs.update(
                home, job.id, expect=[records.QUEUED], state=records.STOPPED, ended_at=ended_at, stop_requested=True
            )
    _request(Path(job.folder), "force" if force else "polite")
    with contextlib.suppress(Conflict):
        changes = {"state": records.STOPPING} if jobs.get(home, job.id).state == records.RUNNING else {}
        jobs.update(home, job.id, expect=records.ACTIVE_STATES, stop_requested=True, **changes)
    with contextlib.suppress(Unavailable):  # the next agent settles it
        processes.ensure_agent(home)
    processes.wake(home)
    return jobs.get(home, job.id)


def _request(folder: Path, how: str) -> None:
    if folder.is_dir():
        with contextlib.suppress(OSError):  # the agent hears of it by the row
            files.request_stop(folder, how)


def _checked_part(info: ProjectInfo, entry: EntryPoint, selection: Selection | None) -> Selection:
    """Give the part that shall run. Raises: Invalid where there is no such part."""
    from longshore.projects import adapters, opening
    from longshore.projects.pipeline import WHOLE

    if selection is None or not selection.asked:
        return WHOLE
    pipeline = opening.pipeline(info, entry.name)
    if pipeline is None:
        raise Invalid(f"{entry.name} has no steps.", hint="Choose a pipeline, or leave the step out.")
    adapters.check_selection(pipeline, selection)
    return selection


def _check_environment(info: ProjectInfo, python: str, as_of: str) -> None:
    """Raise what makes the environment's declaration unreadable, before anything is queued."""
    if python or as_of or (info.environment.kind == "none" and info.problems):
        from longshore.projects.declarations import chosen

        chosen(Path(info.path), python=python, as_of=as_of)


def _check_artifacts(workspace: records.Workspace, spec: RunSpec) -> None:
    """Refuse a container whose artifacts would go to a folder of this computer: they would be lost with it."""
    from longshore.workspace.database_file import reaches_containers

    if workspace.file and spec.target != "local" and not reaches_containers(workspace.file):
        raise Invalid(
            f"{workspace.name} keeps its artifacts in a folder of this computer, where the target {spec.target} cannot"
            " put any.",
            hint="Launch it on this computer (--target local), or in another workspace.",
        )


def _check(home: Home, spec: RunSpec) -> None:
    _check_limits(spec)
    if spec.pipeline and spec.target != "local":
        raise Invalid(f"The pipeline {spec.pipeline} runs on this computer alone.", hint="Leave --target out.")
    check_variables(spec.env)
    if reserved := _RESERVED.intersection(spec.env):
        name = min(reserved)
        raise Invalid(f"{name} is set by Longshore, which finds the job's runs by it.", hint="Leave it out.")
    if spec.secrets:
        from longshore.secrets import named

        named.values(home, spec.secrets)
    state = targets.get(spec.target).check(home)
    if not state.ok:
        raise Unavailable(f"The target {state.name} is not available: {state.reason}", hint=state.fix)


def check_variables(env: Iterable[str]) -> None:
    """Raise Invalid for what is not a name of an environment variable."""
    for name in env:
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            raise Invalid(f"{name!r} is not a name for an environment variable.", hint="Write --env NAME=VALUE.")


def _check_limits(spec: RunSpec) -> None:
    import psutil

    cores, memory = psutil.cpu_count() or 1, psutil.virtual_memory().total
    if spec.cpus is not None and not (math.isfinite(spec.cpus) and 0 < spec.cpus <= cores):
        raise Invalid(f"{spec.cpus:g} cores cannot be given.", hint=f"This computer has {cores}.")
    if spec.memory_bytes is not None and not _SMALLEST_MEMORY <= spec.memory_bytes <= memory:
        raise Invalid(
            f"A memory limit of {spec.memory_bytes / 1024**2:.0f} MB cannot be kept.",
            hint=f"Choose between 64 MB and {memory / 1024**2:.0f} MB, which this computer has.",
        )
    if not 0 <= spec.gpus <= gpu_count():
        raise Invalid(f"{spec.gpus} GPUs cannot be given.", hint=f"This computer has {gpu_count()} that can be used.")
    if spec.timeout_s is not None and not spec.timeout_s > 0:
        raise Invalid("A time limit must be longer than 0 s.", hint="Leave it out for none.")
    if spec.retries < 0:
        raise Invalid("The number of retries cannot be negative.", hint="Leave it out for none.")
