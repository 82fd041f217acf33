"""Registered models and their versions: listing, one version in full, registering, aliases."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from longshore.errors import Conflict, Invalid, LongshoreError, NotFound
from longshore.mlflow_rest import experiments, logged_models, runs
from longshore.mlflow_rest import registry as rest
from longshore.registry import files, references, signature
from longshore.registry.signature import Signature

if TYPE_CHECKING:
    from longshore.mlflow_rest.client import Client
    from longshore.mlflow_rest.types import LoggedModel, ModelVersion, Run

# A filter with more run ids than this grows past what servers take in one request.
_RUNS_AT_ONCE = 100


@dataclass(frozen=True)
class VersionInfo:
    """One version. What stands in the model's own files is there in full only where `detailed` is true."""

    name: str
    version: str
    aliases: tuple[str, ...]
    run_id: str  # empty where no run is recorded
    model_id: str  # the logged model; empty for a model of MLflow 2
    metrics: Mapping[str, float]  # of the run
    params: Mapping[str, str]
    created_at: datetime | None
    user: str
    status: str
    description: str
    tags: Mapping[str, str]
    source: str
    detailed: bool = False
    signature: Signature | None = None
    flavors: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()
    size_bytes: int | None = None
    problem: str = ""  # why the model's files could not be read
    run_name: str = ""

    @property
    def reference(self) -> str:
        """NAME/3."""
        return f"{self.name}/{self.version}"


@dataclass(frozen=True)
class ModelInfo:
    """A registered model with its versions, the latest first."""

    name: str
    description: str
    aliases: Mapping[str, str]
    tags: Mapping[str, str]
    versions: tuple[VersionInfo, ...]


def listing(client: Client) -> tuple[ModelInfo, ...]:
    """Give every registered model by name, in a handful of requests; signatures are read by `version`."""
    listed = rest.versions(client)
    known = _runs(client, {version.run_id for version in listed if version.run_id})
    by_name: dict[str, list[VersionInfo]] = {}
    for version in listed:
        by_name.setdefault(version.name, []).insert(0, _info(version, known.get(version.run_id)))
    return tuple(
        ModelInfo(model.name, model.description, model.aliases, model.tags, tuple(by_name.get(model.name, ())))
        for model in sorted(rest.listing(client), key=lambda model: model.name)
    )


def version(client: Client, reference: str) -> VersionInfo:
    """Give one version in full: NAME/3 or NAME@alias.

    Raises: Invalid where the text names none, NotFound.
    """
    asked = references.parse(reference)
    if asked.alias:
        return detailed(client, rest.by_alias(client, asked.name, asked.alias))
    return detailed(client, rest.get_version(client, asked.name, asked.version))


def detailed(client: Client, found: ModelVersion) -> VersionInfo:
    """Give a version with what its run and its files say."""
    run_id = found.run_id or _run_of_model(client, found.model_id)
    info = _info(replace(found, run_id=run_id), _run(client, run_id))
    try:
        model_file = files.model_file(client, found)
        requirements = files.requirements(client, found)
    except LongshoreError as error:
        # A version whose files are gone is still a version: it can be looked at, and its gate says why not.
        return replace(info, detailed=True, problem=error.reason)
    size = model_file.get("model_size_bytes")
    return replace(
        info,
        detailed=True,
        signature=signature.read(model_file),
        flavors=tuple(model_file.get("flavors") or ()),
        requirements=requirements,
        size_bytes=size if isinstance(size, int) else None,
    )


def register(client: Client, run_id: str, name: str, *, model_path: str | None = None) -> VersionInfo:
    """Make a run's model the next version of a name, which is made where it is new.

    Where the run logged several, the last is taken; `model_path` names another, by its name or its id.
    Raises: Invalid where the run logged no model, or none of that name; NotFound.
    """
    run = runs.get(client, run_id)
    wanted = name.strip()
    if not wanted:
        raise Invalid("A registered model needs a name.", hint="Give one with --name.")
    source, model_id = _source(client, run, model_path)
    is_new = _ensure_name(client, wanted)
    try:
        made = rest.create_version(client, wanted, source, run_id=run.id, model_id=model_id)
    except LongshoreError:
        if is_new:
            rest.delete(client, wanted)
        raise
    return detailed(client, made)


def set_alias(client: Client, reference: str, alias: str) -> None:
    """Point an alias at a version, past every gate; `policies.promotion` is the way through them."""
    found = version(client, reference)
    rest.set_alias(client, found.name, references.checked_alias(alias), found.version)


def remove_alias(client: Client, name: str, alias: str) -> None:
    """Take an alias away. Raises: NotFound where the model has none of this name."""
    rest.by_alias(client, name, alias)
    rest.delete_alias(client, name, alias)


def of_run(client: Client, run_id: str) -> tuple[VersionInfo, ...]:
    """Give the versions that a run's models became, without details."""
    run = runs.get(client, run_id)
    ids = set(run.model_ids_out) | {model.id for model in _models_of(client, run)}
    listed = (one for one in rest.versions(client) if one.run_id == run_id or (one.model_id and one.model_id in ids))
    return tuple(_info(replace(one, run_id=run_id), run) for one in listed)


def _ensure_name(client: Client, name: str) -> bool:
    try:
        rest.create(client, name)
    except Conflict:
        return False
    return True


def _info(found: ModelVersion, run: Run | None) -> VersionInfo:
    return VersionInfo(
        name=found.name,
        version=found.version,
        aliases=found.aliases,
        run_id=found.run_id,
        model_id=found.model_id,
        metrics=run.metrics if run else {},
        params=run.params if run else {},
        created_at=found.created_at,
        user=found.user or (run.user if run else ""),
        status=found.status,
        description=found.description,
        tags=found.tags,
        source=found.source,
        run_name=run.name if run else "",
    )


def _runs(client: Client, run_ids: Iterable[str]) -> dict[str, Run]:
    ids = sorted(run_ids)
    places = [experiment.id for experiment in experiments.listing(client)] if ids else []
    found: dict[str, Run] = {}
    for start in range(0, len(ids), _RUNS_AT_ONCE):
        some = ", ".join(runs.quoted(run_id) for run_id in ids[start : start + _RUNS_AT_ONCE])
        for run in runs.search_all(client, places, filter=f"attributes.run_id IN ({some})"):
            found[run.id] = run
    return found


def _run(client: Client, run_id: str) -> Run | None:
    if not run_id:
        return None
    try:
        return runs.get(client, run_id)
    except NotFound:  # purged; its version stays
        return None


def _run_of_model(client: Client, model_id: str) -> str:
    """Give the run that logged a model: a version registered by its model's id alone does not name it."""
    if not model_id:
        return ""
    try:
        return logged_models.get(client, model_id).run_id
    except NotFound:
        return ""


def _models_of(client: Client, run: Run) -> tuple[LoggedModel, ...]:
    return logged_models.search(client, [run.experiment_id], run_id=run.id)


def _source(client: Client, run: Run, model_path: str | None) -> tuple[str, str]:
    """Choose what to register: a logged model of MLflow 3, else a model folder among the artifacts (MLflow 2)."""
    found = [model for model in _models_of(client, run) if model.status == "READY"]
    fitting = [model for model in found if model_path in (None, model.id, model.name)]
    if fitting:
        return f"models:/{fitting[-1].id}", fitting[-1].id
    folders = files.model_folders(client, run)
    for folder in reversed([folder for folder in folders if model_path in (None, folder)]):
        return f"{run.artifact_uri}/{folder}", ""
    raise _nothing(run, model_path, [model.name for model in found] + folders)


def _nothing(run: Run, model_path: str | None, known: Sequence[Any]) -> Invalid:
    if known:
        names = ", ".join(sorted({str(name) for name in known}))
        return Invalid(f"Run {run.name} logged no model {model_path!r}.", hint=f"Its models: {names}.")
    return Invalid(
        f"Run {run.name} logged no model.",
        hint="Log one in the script, for example mlflow.sklearn.log_model(model, name='model'), and run it again.",
    )
