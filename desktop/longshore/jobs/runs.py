"""The MLflow runs of a job: found by their tag, made where the script started none, completed and ended truthfully."""

from __future__ import annotations

import contextlib
import getpass
import json
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from longshore.errors import LongshoreError, Unavailable
from longshore.jobs import run_metrics
from longshore.jobs.capture import Facts
from longshore.jobs.spec import RunSpec
from longshore.store import records

if TYPE_CHECKING:
    from longshore.mlflow_rest.client import Client
    from longshore.mlflow_rest.types import Run

_log = logging.getLogger(__name__)
JOB, MADE = "longshore.job", "longshore.run_made"
# The step of a pipeline that a run stands for.
STEP = "longshore.step"
_PROJECT = "longshore.project"
# A search with hundreds of runs in one job is the exception: the log goes to the first ones alone.
_MOST_LOGS = 10
_MOST_INPUTS = 500
_MOST_MODELS = 100
_LONGEST_TAG = 7900
_LONGEST_PARAM = 5900


@dataclass(frozen=True)
class Ended:
    """What the runs are to say about their job's end."""

    state: str
    exit_code: int | None
    began_at: float
    ended_at: float
    outputs: Sequence[Mapping[str, Any]] = ()
    log: bytes = b""  # masked, and short enough to be uploaded


def find(client: Client, job_id: str) -> tuple[Run, ...]:
    """Give the runs that a job started, in whatever experiment, the oldest first."""
    from longshore.mlflow_rest import runs

    found = runs.find_by_tag(client, JOB, job_id)
    return tuple(sorted(found, key=lambda run: (run.start_time is None, run.start_time, run.id)))


def mark(client: Client, run: Run, spec: RunSpec, facts: Facts) -> None:
    """Tag a run with what its job is; done while it still runs, so that it is seen in its place at once."""
    from longshore.mlflow_rest import runs

    missing = {key: value for key, value in _tags(spec, facts).items() if run.tags.get(key) != value}
    if missing:
        runs.log_batch(client, run.id, tags=missing)


def mark_experiments(client: Client, found: Iterable[Run], spec: RunSpec) -> None:
    """Tag the experiments that the script chose itself as the project's, where they are nobody's."""
    from longshore.mlflow_rest import experiments

    for experiment_id in {run.experiment_id for run in found}:
        experiment = experiments.get(client, experiment_id)
        if _PROJECT not in experiment.tags and experiment.name != "Default":
            experiments.set_tag(client, experiment_id, _PROJECT, spec.project_name)


def finalise(
    client: Client, job_id: str, spec: RunSpec, facts: Facts, ended: Ended, job_folder: Path
) -> tuple[tuple[str, ...], list[str]]:
    """Complete the runs of an ended job, made first where it started none. Doing it again changes nothing.

    Gives their ids, and in sentences what the server did not take.
    Raises: Unavailable if the server does not answer.
    """
    found = find(client, job_id)
    if all(run.id in spec.earlier_runs for run in found):
        found = (*found, _make(client, job_id, spec, ended))
    mark_experiments(client, found, spec)
    problems: list[str] = []
    found = tuple(sorted(found, key=lambda run: STEP in run.tags))
    for index, run in enumerate(found):
        if run.id in spec.earlier_runs:
            _end_earlier(client, run, ended)
            continue
        if STEP in run.tags:
            continue  # it has its own end, log and files, which were told as they came
        _complete(client, run, spec, facts, ended, job_folder, with_log=index < _MOST_LOGS, problems=problems)
    _name(client, found, spec)
    return tuple(run.id for run in found), list(dict.fromkeys(problems))


def _end_earlier(client: Client, run: Run, ended: Ended) -> None:
    """End the run of an earlier try, at whose end the server was away; it was tried again because it failed."""
    from longshore.mlflow_rest import runs, types

    if not run.ended:
        end_time = datetime.fromtimestamp(ended.began_at, UTC)
        runs.update(client, run.id, status=types.FAILED, end_time=end_time)


def _make(client: Client, job_id: str, spec: RunSpec, ended: Ended) -> Run:
    from longshore.mlflow_rest import experiments, runs

    experiment = experiments.ensure(client, spec.experiment, {_PROJECT: spec.project_name})
    tags = made_tags(job_id, spec)
    began = datetime.fromtimestamp(ended.began_at, UTC)
    return runs.create(client, experiment.id, name=spec.run_name, tags=tags, start_time=began, user=_user())


def made_tags(job_id: str, spec: RunSpec) -> dict[str, str]:
    """Give the tags of a run that is made for a job, which logged none itself."""
    return {
        JOB: job_id,
        MADE: "true",
        "mlflow.source.name": spec.source or spec.entry_point,
        "mlflow.source.type": "LOCAL",
        "mlflow.user": _user(),
    }


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""


def _complete(
    client: Client,
    run: Run,
    spec: RunSpec,
    facts: Facts,
    ended: Ended,
    job_folder: Path,
    *,
    with_log: bool,
    problems: list[str],
) -> None:
    from longshore.mlflow_rest import runs

    exit_code = {} if ended.exit_code is None else {"longshore.exit_code": str(ended.exit_code)}
    tags = _tags(spec, facts) | outputs_tag(ended.outputs) | _models_tag(client, run) | exit_code
    made = run.tags.get(MADE) == "true"
    params = {key: value[:_LONGEST_PARAM] for key, value in spec.parameters.items()} if made else {}
    metrics = run_metrics.of_run(run, job_folder, ended.ended_at)
    if made:
        metrics += run_metrics.of_file(Path(spec.folder), ended.began_at, ended.ended_at)
    with _telling(client, problems, "its tags and metrics"):
        runs.log_batch(client, run.id, params=params, tags=tags, metrics=metrics)
    with _telling(client, problems, "its input files"):
        runs.log_inputs(client, run.id, _inputs(spec, facts))
    with _telling(client, problems, "its log and what it was made from"):
        _upload(client, run, facts, ended.log if with_log else b"")
    if not run.ended:
        end_time = datetime.fromtimestamp(ended.ended_at, UTC)
        runs.update(client, run.id, status=_status(ended), end_time=end_time)


@contextlib.contextmanager
def _telling(client: Client, problems: list[str], what: str) -> Iterator[None]:
    """Turn what a server refuses into a sentence; a server that is gone stops everything."""
    try:
        yield
    except LongshoreError as error:
        if isinstance(error, Unavailable) and not client.healthy():
            raise
        _log.info("The server did not take %s: %s", what, error.reason)
        problems.append(f"The tracking server did not take {what}: {error.reason}")


def _status(ended: Ended) -> str:
    from longshore.mlflow_rest import types

    if ended.state == records.FINISHED:
        return types.FINISHED
    killed = ended.state == records.STOPPED or ended.exit_code is None or ended.exit_code < 0
    return types.KILLED if killed else types.FAILED


def _upload(client: Client, run: Run, facts: Facts, log: bytes) -> None:
    from longshore.mlflow_rest import artifacts

    content: dict[str, bytes | Path] = {f"longshore/{name}": path for name, path in facts.artifacts.items()}
    if log:
        content["longshore/log.txt"] = log
    artifacts.upload_many(client, run.id, content)


def _name(client: Client, found: Sequence[Run], spec: RunSpec) -> None:
    """Give the name that was asked for to a run that the script started under another."""
    from longshore.mlflow_rest import runs

    outer = [run for run in found if "mlflow.parentRunId" not in run.tags]
    if spec.run_name and len(outer) == 1 and outer[0].name != spec.run_name:
        runs.update(client, outer[0].id, name=spec.run_name)


def _tags(spec: RunSpec, facts: Facts) -> dict[str, str]:
    code = facts.code
    found = {
        _PROJECT: spec.project_name,
        "longshore.entry_point": spec.entry_point,
        "longshore.target": spec.target,
        "longshore.environment": facts.environment_hash,
        "mlflow.source.git.commit": str(code.get("commit") or ""),
        "mlflow.source.git.branch": str(code.get("branch") or ""),
        "mlflow.source.git.repoURL": str(code.get("remote") or ""),
        "longshore.git.dirty": str(bool(code.get("dirty"))).lower() if code else "",
        **facts.tags,
    }
    return {key: value for key, value in found.items() if value}


def outputs_tag(outputs: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Give the tag that lists files that a run wrote, as many as a tag can hold."""
    shown = list(outputs)
    while shown and len(json.dumps(shown)) > _LONGEST_TAG:
        shown.pop()
    return {"longshore.outputs": json.dumps(shown)} if shown else {}


def _models_tag(client: Client, run: Run) -> dict[str, str]:
    """Name the models that the run loaded once more, since MLflow's search knows nothing of them."""
    from longshore.mlflow_rest import runs

    shown = list(runs.get(client, run.id).model_ids_in[:_MOST_MODELS])
    return {"longshore.models_used": json.dumps(shown)} if shown else {}


def _inputs(spec: RunSpec, facts: Facts) -> list[Any]:
    from longshore.mlflow_rest.types import DatasetInput

    return [
        DatasetInput(
            name=str(file["path"]),
            digest=str(file["md5"]),
            source=json.dumps({"uri": str(Path(spec.project_path) / str(file["path"]))}),
            context="input",
        )
        for file in facts.inputs[:_MOST_INPUTS]
    ]
