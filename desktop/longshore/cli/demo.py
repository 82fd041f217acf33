"""The demo command: the sample project through its whole life, each step timed."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from longshore.cli.app import app
from longshore.cli.output import seconds
from longshore.cli.session import Session
from longshore.errors import Invalid, LongshoreError, WorkFailed, from_dict
from longshore.progress import CancelToken
from longshore.store.records import FINISHED, Job

if TYPE_CHECKING:
    from longshore.mlflow_rest.client import Client
    from longshore.projects.model import ProjectInfo

MODEL = "wine-quality"
DEPLOYMENT = "wine-quality"
ALIAS = "champion"
# Three runs that differ in one parameter are enough to sort, compare and choose from.
TRAININGS: tuple[Mapping[str, str], ...] = ({"max_depth": "3"}, {"max_depth": "5"}, {"max_depth": "8"})


@dataclass
class Journey:
    """What the demo made so far; each step reads what the ones before it made."""

    session: Session
    target: str
    client: Client | None = None
    project: ProjectInfo | None = None
    run_ids: list[str] = field(default_factory=list)
    version: str = ""
    deployment: dict[str, Any] | None = None


@dataclass(frozen=True)
class Outcome:
    """What became of one step; `ok` is None where it was left out."""

    name: str
    ok: bool | None
    seconds: float
    ids: Mapping[str, Any]
    skipped: str = ""
    error: LongshoreError | None = None

    def as_document(self) -> dict[str, Any]:
        """Give the step as the contract's JSON."""
        document: dict[str, Any] = {"name": self.name, "ok": self.ok, "seconds": self.seconds, "ids": self.ids}
        if self.skipped:
            document["skipped"] = self.skipped
        if self.error:
            document["error"] = self.error.as_dict()
        return document


@app.command()
def demo(
    context: typer.Context,
    target: Annotated[str, typer.Option(help="where the sample trains: local or docker")] = "local",
) -> None:
    """Take the sample project through its whole life: train, compare, promote, deploy, predict, lineage."""
    session: Session = context.obj
    if target not in ("local", "docker"):
        raise Invalid(f"{target!r} is not a target of the demo.", hint="Choose local or docker.")
    journey = Journey(session, target)
    outcomes = _walk(journey)
    session.output.document(
        {"steps": [outcome.as_document() for outcome in outcomes], "deployment": journey.deployment}
    )
    if any(outcome.ok is False for outcome in outcomes):
        raise typer.Exit(1)


def _walk(journey: Journey) -> list[Outcome]:
    reason = _why_no_engine(journey.session)
    outcomes: list[Outcome] = []
    for name, step, needs_docker in STEPS:
        failed = any(outcome.ok is False for outcome in outcomes)
        if failed:
            outcomes.append(Outcome(name, None, 0.0, {}, skipped="a step before it failed"))
        elif reason and (needs_docker or (journey.target == "docker" and step in (_prepare, _train, _evaluate))):
            outcomes.append(Outcome(name, None, 0.0, {}, skipped=reason))
        elif not journey.run_ids and step in NEED_RUNS:
            outcomes.append(Outcome(name, None, 0.0, {}, skipped="no run was trained"))
        else:
            outcomes.append(_take(journey, name, step))
        _tell(journey.session, outcomes[-1])
    return outcomes


def _take(journey: Journey, name: str, step: Callable[[Journey], Mapping[str, Any]]) -> Outcome:
    started = time.monotonic()
    try:
        ids = step(journey)
    except LongshoreError as error:
        return Outcome(name, False, round(time.monotonic() - started, 2), {}, error=error)
    return Outcome(name, True, round(time.monotonic() - started, 2), ids)


def _tell(session: Session, outcome: Outcome) -> None:
    mark = {True: "ok  ", False: "FAIL", None: "skip"}[outcome.ok]
    ids = "  ".join(f"{key} {value}" for key, value in outcome.ids.items() if not isinstance(value, dict | list))
    session.output.text(f"{mark}  {outcome.name:<14} {seconds(outcome.seconds):>8}  {outcome.skipped or ids}")
    if outcome.error:
        session.output.error(outcome.error)


def _why_no_engine(session: Session) -> str:
    from longshore.containers import engine

    status = engine.status(session.home)
    return "" if status.ok else f"no Docker engine: {status.detail}"


def _open(journey: Journey) -> Mapping[str, Any]:
    from longshore.projects import opening, templates

    folder = sample_folder(journey.session)
    if not folder.exists():
        templates.create("sample", folder)
    journey.project = opening.open_project(journey.session.home, folder)
    return {"project": journey.project.id, "path": journey.project.path}


def sample_folder(session: Session) -> Path:
    """Give the folder that the demo's copy of the sample project lives in."""
    return session.home.path / "wine-quality"


def _server(journey: Journey) -> Mapping[str, Any]:
    journey.client = journey.session.client()
    return {"url": journey.client.url}


def _prepare(journey: Journey) -> Mapping[str, Any]:
    return _launch(journey, "prepare", {})


def _train(journey: Journey) -> Mapping[str, Any]:
    for parameters in TRAININGS:
        journey.run_ids += _launch(journey, "train", parameters)["runs"]
    return {"runs": list(journey.run_ids)}


def _evaluate(journey: Journey) -> Mapping[str, Any]:
    return _launch(journey, "evaluate", {})


def _launch(journey: Journey, entry: str, parameters: Mapping[str, str]) -> dict[str, Any]:
    from longshore.jobs import launching

    assert journey.project is not None
    session = journey.session
    job = launching.launch(
        session.home,
        journey.project.path,
        entry,
        parameters=dict(parameters),
        workspace=session.workspace,
        target=journey.target,
        trusting=True,
    )
    ended = _wait(session, job)
    return {"job": ended.id, "runs": list(ended.run_ids)}


def _wait(session: Session, job: Job) -> Job:
    from longshore.jobs import launching

    ended = launching.wait(session.home, job.id, cancel=CancelToken())
    if ended.state != FINISHED:
        raise from_dict(dict(ended.error)) if ended.error else WorkFailed(f"{ended.title} was {ended.state}.")
    return ended


def _compare(journey: Journey) -> Mapping[str, Any]:
    from longshore.tracking import compare

    assert journey.client is not None
    found = compare.compare(journey.client, journey.run_ids)
    return {"params": sorted(found.params), "metrics": sorted(found.metrics)}


def _register(journey: Journey) -> Mapping[str, Any]:
    from longshore.registry import models

    assert journey.client is not None
    best = _best_run(journey.client, journey.run_ids)
    version = models.register(journey.client, best, MODEL)
    journey.version = f"{version.name}/{version.version}"
    return {"version": journey.version, "run": best}


def _best_run(client: Client, run_ids: list[str]) -> str:
    from longshore.mlflow_rest import runs

    found = [runs.get(client, run_id) for run_id in run_ids]
    return min(found, key=lambda run: run.metrics.get("val_mae", float("inf"))).id


def _promote(journey: Journey) -> Mapping[str, Any]:
    from longshore.policies import promotion

    assert journey.client is not None
    result = promotion.promote(journey.client, journey.version, ALIAS, note="the demo's best run")
    if not result.promoted:
        reasons = "; ".join(f"{gate.name}: {gate.reason}" for gate in result.gates if not gate.passed)
        raise WorkFailed(f"{journey.version} was refused: {reasons}.")
    return {"version": journey.version, "alias": ALIAS}


def _deploy(journey: Journey) -> Mapping[str, Any]:
    from longshore.cli.serving import as_document
    from longshore.containers import engine
    from longshore.serving import deploying, replicas
    from longshore.store import deployments, jobs

    session = journey.session
    reference = f"{MODEL}@{ALIAS}"
    queued = deploying.deploy(session.home, reference, name=DEPLOYMENT, workspace=session.workspace)
    _wait(session, jobs.get(session.home, queued.job_id or ""))
    deployed = deployments.get(session.home, DEPLOYMENT)
    journey.deployment = as_document(deployed)
    found = replicas.of_deployment(engine.find(session.home), session.home, DEPLOYMENT)
    return {
        "deployment": deployed.name,
        "url": deployed.url,
        "image": deployed.image_id,
        "containers": [container.id for container in found],
    }


def _predict(journey: Journey) -> Mapping[str, Any]:
    from longshore.serving import form, predicting

    assert journey.client is not None
    body = form.example_request(journey.client, journey.version)
    answer = predicting.predict(journey.session.home, DEPLOYMENT, body, "application/json")
    if answer.status != 200:
        raise WorkFailed(f"The endpoint answered {answer.status}.", details=answer.body)
    return {"prediction": answer.body.strip(), "latency_ms": round(answer.latency_ms, 1)}


def _lineage(journey: Journey) -> Mapping[str, Any]:
    from longshore.lineage import graph

    assert journey.client is not None
    found = graph.around(journey.session.home, journey.client, f"model:{journey.version}")
    kinds: dict[str, int] = {}
    for node in found.nodes:
        kinds[node.kind] = kinds.get(node.kind, 0) + 1
    return {"nodes": len(found.nodes), "edges": len(found.edges), **kinds}


# Name, step, and whether it needs a Docker engine whatever the target.
STEPS: tuple[tuple[str, Callable[[Journey], Mapping[str, Any]], bool], ...] = (
    ("open", _open, False),
    ("server", _server, False),
    ("prepare", _prepare, False),
    ("train", _train, False),
    ("evaluate", _evaluate, False),
    ("compare", _compare, False),
    ("register", _register, False),
    ("promote", _promote, False),
    ("deploy", _deploy, True),
    ("predict", _predict, True),
    ("lineage", _lineage, False),
)
NEED_RUNS = (_compare, _register, _promote, _deploy, _predict, _lineage)
