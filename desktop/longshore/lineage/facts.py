"""What MLflow and this home know, asked once per graph."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from longshore.errors import NotFound
from longshore.mlflow_rest import experiments, logged_models, registry, runs
from longshore.mlflow_rest.filters import equals, field, quotable, quoted

if TYPE_CHECKING:
    from longshore.mlflow_rest.client import Client
    from longshore.mlflow_rest.types import ModelVersion, Run
    from longshore.settings import Home
    from longshore.store.records import Deployment

COMMIT = "mlflow.source.git.commit"
BRANCH = "mlflow.source.git.branch"
REMOTE = "mlflow.source.git.repoURL"
DIRTY = "longshore.git.dirty"
ENVIRONMENT = "longshore.environment"
OUTPUTS = "longshore.outputs"
# Ids of the models that a run loaded: MLflow knows them for a run, but cannot be asked the other way round.
MODELS_USED = "longshore.models_used"
DEPLOYMENTS = "longshore.deployments"

# Runs that are followed from one dataset, commit or environment; a commit can have thousands.
MOST_RUNS = 40


@dataclass(frozen=True)
class Data:
    """Data by name and content, as a run read or wrote it."""

    name: str
    digest: str
    source_type: str = ""
    source: str = ""
    context: str = ""
    size_bytes: int | None = None


@dataclass(frozen=True)
class Serving:
    """A name that serves a model version, here or on another computer."""

    name: str
    host: str
    url: str
    here: bool
    row: Deployment | None
    versions: tuple[tuple[str, str, str], ...]  # model, version, relation


class Facts:
    """Answers questions about one workspace; what was asked once is not asked again."""

    def __init__(self, home: Home, client: Client) -> None:
        self.home = home
        self.client = client
        self.truncated = False
        # Of data by name and digest: only the run that wrote it tells.
        self.sizes: dict[tuple[str, str], int] = {}

    @cached_property
    def experiments(self) -> dict[str, str]:
        """The names of the experiments by id."""
        return {one.id: one.name for one in experiments.listing(self.client)}

    @cached_property
    def versions(self) -> tuple[ModelVersion, ...]:
        """Every version in the registry."""
        return registry.versions(self.client)

    @cached_property
    def rows(self) -> tuple[Deployment, ...]:
        """The deployments of this computer that are not ended."""
        from longshore.store import deployments

        return tuple(row for row in deployments.listing(self.home) if row.state != "stopped")

    def run(self, run_id: str) -> Run | None:
        """Give a run, None where it was deleted for good."""
        try:
            return runs.get(self.client, run_id)
        except NotFound:
            return None

    def runs_reading(self, data: Data) -> tuple[Run, ...]:
        """Give the latest runs that read this data."""
        condition = f"{equals('datasets', 'digest', data.digest)} AND {equals('datasets', 'name', data.name)}"
        found = self.search(condition)
        return tuple(run for run in found if any((i.name, i.digest) == (data.name, data.digest) for i in run.inputs))

    def runs_writing(self, data: Data) -> tuple[Run, ...]:
        """Give the latest runs that wrote this data."""
        if not data.digest or not quotable(data.digest):
            return ()
        found = self.search(f"{field('tags', OUTPUTS)} LIKE {quoted(f'%{data.digest}%')}")
        return tuple(run for run in found if self._wrote(run, data))

    def _wrote(self, run: Run, data: Data) -> bool:
        for written in outputs(run):
            if (written.name, written.digest) == (data.name, data.digest):
                if written.size_bytes is not None:
                    self.sizes[data.name, data.digest] = written.size_bytes
                return True
        return False

    def runs_tagged(self, tag: str, value: str) -> tuple[Run, ...]:
        """Give the latest runs with this value of a tag."""
        return tuple(run for run in self.search(equals("tags", tag, value)) if run.tags.get(tag) == value)

    def search(self, condition: str) -> tuple[Run, ...]:
        """Give the latest runs of all experiments that fit a filter, at most `MOST_RUNS`."""
        order = ["attributes.start_time DESC"]
        page = runs.search(
            self.client, list(self.experiments), filter=condition, order_by=order, max_results=MOST_RUNS + 1
        )
        self.truncated |= len(page.runs) > MOST_RUNS
        return page.runs[:MOST_RUNS]

    def versions_of(self, run: Run) -> Iterator[ModelVersion]:
        """Give the registered versions of a run's models."""
        models = set(run.model_ids_out)
        return (one for one in self.versions if one.run_id == run.id or (one.model_id and one.model_id in models))

    def versions_used(self, run: Run) -> Iterator[ModelVersion]:
        """Give the registered versions of the models that a run loaded."""
        used = models_used(run)
        return (one for one in self.versions if one.model_id in used)

    def makers_of_unregistered(self, run: Run) -> Iterator[Run]:
        """Give the runs that made what a run loaded, where it is registered under no name."""
        for model_id in models_used(run):
            maker = None if model_id in self._registered else self._maker(model_id)
            if maker is not None and maker.id != run.id:
                yield maker

    def users_of_unregistered(self, run: Run) -> Iterator[Run]:
        """Give the runs that loaded those of a run's models that are registered under no name."""
        for model_id in run.model_ids_out:
            if model_id not in self._registered:
                yield from (user for user in self.runs_using(model_id) if user.id != run.id)

    @cached_property
    def _registered(self) -> set[str]:
        return {one.model_id for one in self.versions if one.model_id}

    def runs_using(self, model_id: str) -> tuple[Run, ...]:
        """Give the latest runs that loaded a model."""
        if not model_id:
            return ()
        # The id is long and random: what holds it means it. A search does not give the runs' model inputs.
        return self.search(f"{field('tags', MODELS_USED)} LIKE {quoted(f'%{model_id}%')}")

    def run_of(self, version: ModelVersion) -> Run | None:
        """Give the run that made a version; one registered by its model's id does not name it."""
        if version.run_id:
            return self.run(version.run_id)
        return self._maker(version.model_id) if version.model_id else None

    def _maker(self, model_id: str) -> Run | None:
        try:
            run_id = logged_models.get(self.client, model_id).run_id
        except NotFound:
            return None
        return self.run(run_id) if run_id else None

    def version(self, name: str, number: str) -> ModelVersion | None:
        """Give a version, None where it was deleted."""
        return next((one for one in self.versions if (one.name, one.version) == (name, number)), None)

    @cached_property
    def servings(self) -> tuple[Serving, ...]:
        """Every deployment that this home or a tag of the registry knows; this home's own word comes first."""
        here = socket.gethostname()
        found = {("", row.name): _of_row(row, here) for row in self.rows}
        for version in self.versions:
            for entry in _entries(version.tags.get(DEPLOYMENTS, "")):
                name, host = str(entry["name"]), str(entry.get("host", ""))
                if host == here and ("", name) in found:
                    continue
                known = found.get((host, name))
                served = (*(known.versions if known else ()), (version.name, version.version, "served as"))
                found[host, name] = Serving(name, host, str(entry.get("url", "")), host == here, None, served)
        return tuple(found.values())

    def servings_of(self, version: ModelVersion) -> Iterator[tuple[Serving, str]]:
        """Give where a version is served, and how."""
        for serving in self.servings:
            for name, number, relation in serving.versions:
                if (name, number) == (version.name, version.version) and _same_run(serving, version):
                    yield serving, relation


def outputs(run: Run) -> tuple[Data, ...]:
    """Read the files that a run wrote; those that it also read unchanged are left out."""
    read = {(one.name, one.digest) for one in run.inputs}
    found = (_output(entry) for entry in _entries(run.tags.get(OUTPUTS, ""), "path"))
    return tuple(data for data in found if data.digest and (data.name, data.digest) not in read)


def models_used(run: Run) -> tuple[str, ...]:
    """Read the ids of the models that a run loaded; of a run out of a search only the tag tells."""
    return run.model_ids_in or tuple(re.findall(r"m-[0-9a-f]{32}", run.tags.get(MODELS_USED, "")))


def inputs(run: Run) -> tuple[Data, ...]:
    """Read the data that a run read."""
    return tuple(Data(one.name, one.digest, one.source_type, one.source, one.context) for one in run.inputs)


def _output(entry: Mapping[str, Any]) -> Data:
    size = entry.get("size")
    return Data(
        str(entry["path"]), str(entry.get("md5", "")), "local", size_bytes=size if isinstance(size, int) else None
    )


def _entries(text: str, key: str = "name") -> list[dict[str, Any]]:
    """Read a tag that holds a list; anybody can write a tag, so what is no such list is nothing."""
    try:
        found = json.loads(text) if text else []
    except json.JSONDecodeError:
        return []
    return [one for one in found if isinstance(one, dict) and key in one] if isinstance(found, list) else []


def _of_row(row: Deployment, host: str) -> Serving:
    serves = [(row.model_name, row.serving_version, "served as")] if row.serving_version else []
    if row.model_version != row.serving_version:
        serves.append((row.model_name, row.model_version, "being deployed as"))
    return Serving(row.name, host, row.url, True, row, tuple(serves))


def _same_run(serving: Serving, version: ModelVersion) -> bool:
    """Tell a deployment of this home's other workspace apart that serves a model of the same name."""
    row = serving.row
    if row is None or row.model_version != version.version:
        return True
    return not row.run_id or not version.run_id or row.run_id == version.run_id
