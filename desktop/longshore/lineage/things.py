"""The six kinds of things, each knowing what it was made from and what was made from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from longshore.lineage import facts as known
from longshore.lineage.facts import Data, Facts, Serving
from longshore.lineage.graph import Node

if TYPE_CHECKING:
    from longshore.mlflow_rest.types import ModelVersion, Run

USED, USED_CHANGED = "used by", "used with uncommitted changes by"
MADE_MODEL = "made the model used by"


class Thing(Protocol):
    """What can stand in the graph. A step is a neighbour with the relation that leads along the edge."""

    @property
    def id(self) -> str: ...  # noqa: D102

    def node(self, facts: Facts) -> Node: ...  # noqa: D102

    def up(self, facts: Facts) -> Iterator[Step]: ...  # noqa: D102

    def down(self, facts: Facts) -> Iterator[Step]: ...  # noqa: D102


Step = tuple[Thing, str]


@dataclass(frozen=True)
class DatasetThing:
    """Data of one content."""

    data: Data

    @property
    def id(self) -> str:
        """As the command line takes it."""
        return f"dataset:{self.data.name}@{self.data.digest}"

    def node(self, facts: Facts) -> Node:
        """Give it as it is shown."""
        data = self.data
        count = facts.sizes.get((data.name, data.digest)) if data.size_bytes is None else data.size_bytes
        size = "" if count is None else f", {_size(count)}"
        attributes = {
            "name": data.name,
            "version": data.digest,
            "source_type": data.source_type,
            "source": data.source,
            "context": data.context,
            "size_bytes": count,
        }
        label = data.name.rstrip("/").rsplit("/", 1)[-1] or data.name
        return Node(self.id, "dataset", label, f"{data.digest[:8]}{size}", _filled(attributes))

    def up(self, facts: Facts) -> Iterator[Step]:
        """The runs that wrote it."""
        return ((RunThing(run), "wrote") for run in facts.runs_writing(self.data))

    def down(self, facts: Facts) -> Iterator[Step]:
        """The runs that read it."""
        return ((RunThing(run), "read by") for run in facts.runs_reading(self.data))


@dataclass(frozen=True)
class CodeThing:
    """A commit; uncommitted changes stand on the edge to the run that had them."""

    commit: str
    branch: str = ""
    remote: str = ""

    @property
    def id(self) -> str:
        """As the command line takes it."""
        return f"code:{self.commit}"

    def node(self, facts: Facts) -> Node:
        """Give it as it is shown."""
        attributes = _filled({"commit": self.commit, "branch": self.branch, "repository": self.remote})
        return Node(self.id, "code", self.commit[:7], self.branch or "commit", attributes)

    def up(self, facts: Facts) -> Iterator[Step]:
        """Nothing is known before a commit."""
        return iter(())

    def down(self, facts: Facts) -> Iterator[Step]:
        """The runs at this commit."""
        return ((RunThing(run), _use(run)) for run in facts.runs_tagged(known.COMMIT, self.commit))


@dataclass(frozen=True)
class EnvironmentThing:
    """An environment by the hash of its lock."""

    hash: str

    @property
    def id(self) -> str:
        """As the command line takes it."""
        return f"environment:{self.hash}"

    def node(self, facts: Facts) -> Node:
        """Give it as it is shown."""
        return Node(self.id, "environment", self.hash[:10], "Python environment", {"hash": self.hash})

    def up(self, facts: Facts) -> Iterator[Step]:
        """Nothing is known before an environment."""
        return iter(())

    def down(self, facts: Facts) -> Iterator[Step]:
        """The runs in this environment."""
        return ((RunThing(run), USED) for run in facts.runs_tagged(known.ENVIRONMENT, self.hash))


@dataclass(frozen=True)
class RunThing:
    """A run."""

    run: Run

    @property
    def id(self) -> str:
        """As the command line takes it."""
        return f"run:{self.run.id}"

    def node(self, facts: Facts) -> Node:
        """Give it as it is shown."""
        run = self.run
        took = "" if run.duration_s is None else f", {_duration(run.duration_s)}"
        attributes: dict[str, Any] = {
            "run_id": run.id,
            "status": run.status,
            "experiment": facts.experiments.get(run.experiment_id, run.experiment_id),
            "project": run.tags.get("longshore.project", ""),
            "entry_point": run.tags.get("longshore.entry_point", ""),
            "target": run.tags.get("longshore.target", ""),
            "image": run.tags.get("longshore.image", ""),
            "source": run.tags.get("mlflow.source.name", ""),
            "user": run.user,
            "start_time": run.start_time,
            "end_time": run.end_time,
            "params": dict(run.params),
            "metrics": dict(run.metrics),
            "deleted": run.lifecycle != "active",
        }
        return Node(self.id, "run", run.name or run.id[:8], f"{run.status.capitalize()}{took}", _filled(attributes))

    def up(self, facts: Facts) -> Iterator[Step]:
        """What it read, the models that it loaded, the code and the environment that it ran with."""
        tags = self.run.tags
        for data in known.inputs(self.run):
            yield DatasetThing(data), "read by"
        for version in facts.versions_used(self.run):
            yield ModelThing(version), USED
        for maker in facts.makers_of_unregistered(self.run):
            yield RunThing(maker), MADE_MODEL
        if commit := tags.get(known.COMMIT):
            yield CodeThing(commit, tags.get(known.BRANCH, ""), tags.get(known.REMOTE, "")), _use(self.run)
        if environment := tags.get(known.ENVIRONMENT):
            yield EnvironmentThing(environment), USED

    def down(self, facts: Facts) -> Iterator[Step]:
        """What it wrote, the versions that its models became, and the runs that loaded others of them."""
        for data in known.outputs(self.run):
            yield DatasetThing(data), "wrote"
        for version in facts.versions_of(self.run):
            yield ModelThing(version), "registered as"
        for user in facts.users_of_unregistered(self.run):
            yield RunThing(user), MADE_MODEL


@dataclass(frozen=True)
class ModelThing:
    """A model version."""

    version: ModelVersion

    @property
    def id(self) -> str:
        """As the command line takes it."""
        return f"model:{self.version.name}/{self.version.version}"

    def node(self, facts: Facts) -> Node:
        """Give it as it is shown."""
        one = self.version
        attributes = {
            "name": one.name,
            "version": one.version,
            "aliases": list(one.aliases),
            "run_id": one.run_id,
            "model_id": one.model_id,
            "status": one.status,
            "description": one.description,
            "created_at": one.created_at,
        }
        fact = ", ".join(one.aliases) or "no alias"
        return Node(self.id, "model", f"{one.name} v{one.version}", fact, _filled(attributes))

    def up(self, facts: Facts) -> Iterator[Step]:
        """The run that made it."""
        run = facts.run_of(self.version)
        if run is not None:
            yield RunThing(run), "registered as"

    def down(self, facts: Facts) -> Iterator[Step]:
        """Where it is served, and the runs that loaded it."""
        for serving, relation in facts.servings_of(self.version):
            yield DeploymentThing(serving), relation
        for run in facts.runs_using(self.version.model_id):
            yield RunThing(run), USED


@dataclass(frozen=True)
class DeploymentThing:
    """A name that serves, here or on another computer."""

    serving: Serving

    @property
    def id(self) -> str:
        """As the command line takes it; one of another computer carries its host."""
        return f"deployment:{self.serving.name}" + ("" if self.serving.here else f"@{self.serving.host}")

    def node(self, facts: Facts) -> Node:
        """Give it as it is shown."""
        serving, row = self.serving, self.serving.row
        attributes: dict[str, Any] = {"name": serving.name, "host": serving.host, "url": serving.url}
        if row is not None:
            attributes |= {"state": row.state, "port": row.port, "replicas": row.replicas, "image": row.image}
            attributes |= {"created_at": row.created_at}
            attributes |= {"image_id": row.image_id, "model_version": row.serving_version or row.model_version}
        port = f", port {row.port}" if row and row.port else ""
        fact = f"{row.state.capitalize()}{port}" if row else f"on {serving.host}"
        return Node(self.id, "deployment", serving.name, fact, _filled(attributes))

    def up(self, facts: Facts) -> Iterator[Step]:
        """The versions behind it."""
        for name, number, relation in self.serving.versions:
            version = facts.version(name, number)
            if version is not None:
                yield ModelThing(version), relation

    def down(self, facts: Facts) -> Iterator[Step]:
        """Nothing is known behind a deployment."""
        return iter(())


def _use(run: Run) -> str:
    return USED_CHANGED if run.tags.get(known.DIRTY) == "true" else USED


def _filled(attributes: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in attributes.items() if value not in (None, "", [], {}, False)}


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} m {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} m"


def _size(count: int) -> str:
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" or amount >= 100 else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"
