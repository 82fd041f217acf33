"""Guards: which runs may be neither deleted nor purged, and why."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from longshore.errors import NotFound
from longshore.lineage import facts as known
from longshore.lineage.facts import Data, Facts
from longshore.mlflow_rest import experiments, logged_models, runs
from longshore.mlflow_rest.filters import field as filter_field
from longshore.mlflow_rest.filters import quotable, quoted

if TYPE_CHECKING:
    from longshore.mlflow_rest.client import Client
    from longshore.mlflow_rest.types import ModelVersion, Run
    from longshore.progress import CancelToken
    from longshore.settings import Home

# SQLite takes only so many values in one condition.
_EXPERIMENTS = 500
# A run or a model in the address of a version's files.
_RUN = re.compile(r"(?:^|[/:])([0-9a-f]{32})(?:/|$)")
_MODEL = re.compile(r"m-[0-9a-f]{32}")


@dataclass(frozen=True)
class Protection:
    """What is kept, as it was at one moment: run and model ids, each with the reason."""

    runs: Mapping[str, str] = field(default_factory=dict)
    models: Mapping[str, str] = field(default_factory=dict)

    def reason(self, run_id: str, model_ids: Iterable[str] = ()) -> str | None:
        """Say why a run with these logged models is kept, None where it may go."""
        if run_id in self.runs:
            return self.runs[run_id]
        return next((self.models[one] for one in model_ids if one in self.models), None)


def protection(home: Home, client: Client, workspace: str, *, cancel: CancelToken | None = None) -> Protection:
    """Find every run whose model is aliased or deployed, or that a deployed model was made from.

    Deployments are those of this computer (their rows) and those that a tag in the registry names.
    Raises: what the server's client raises; then nothing may be deleted.
    """
    return _Guard(home, client, workspace, cancel).look()


class _Guard:
    def __init__(self, home: Home, client: Client, workspace: str, cancel: CancelToken | None) -> None:
        self._facts, self._client, self._workspace, self._cancel = Facts(home, client), client, workspace, cancel
        self._runs: dict[str, str] = {}
        self._models: dict[str, str] = {}

    def look(self) -> Protection:
        deployed = dict(self._deployed())
        # Deployed ones first: theirs is the stronger reason.
        for version in self._facts.versions:
            if where := deployed.get((version.name, version.version)):
                self._keep(version, f"Its model {_named(version)} is deployed as {where}.")
        self._keep_rows()
        self._keep_ancestors()
        for version in self._facts.versions:
            if version.aliases:
                self._keep(version, f"Its model {_named(version)} is {' and '.join(version.aliases)}.")
        return Protection(dict(self._runs), dict(self._models))

    def _deployed(self) -> Iterator[tuple[tuple[str, str], str]]:
        for serving in self._facts.servings:
            if serving.row is not None and serving.row.workspace != self._workspace:
                continue
            where = serving.name if serving.here else f"{serving.name} on {serving.host}"
            for name, number, _relation in serving.versions:
                yield (name, number), where

    def _keep_rows(self) -> None:
        """Keep the run that a deployment names, even where its version is no longer in the registry."""
        for row in self._facts.rows:
            if row.run_id and row.workspace == self._workspace:
                self._runs.setdefault(row.run_id, f"It is deployed as {row.name}.")

    def _keep(self, version: ModelVersion, reason: str) -> None:
        models = {version.model_id, *_MODEL.findall(version.source)} - {""}
        for model_id in models:
            self._models.setdefault(model_id, reason)
        found = {version.run_id, *_RUN.findall(version.source)} - {""}
        if not found:
            found = {maker for model_id in models if (maker := self._maker(model_id))}
        for run_id in found:
            self._runs.setdefault(run_id, reason)

    def _maker(self, model_id: str) -> str:
        try:
            return logged_models.get(self._client, model_id).run_id
        except NotFound:
            return ""

    # -- ancestors ----------------------------------------------------------------------------------------------

    def _keep_ancestors(self) -> None:
        waiting = list(self._runs) + [maker for model_id in self._models if (maker := self._maker(model_id))]
        origin = {run_id: _what_is_deployed(self._runs.get(run_id, "")) for run_id in waiting}
        seen: set[str] = set()
        while waiting:
            if self._cancel:
                self._cancel.check()
            run_id = waiting.pop()
            if run_id in seen:
                continue
            seen.add(run_id)
            for ancestor, how in self._ancestors(run_id):
                self._runs.setdefault(ancestor, f"{how} {origin[run_id]}.")
                origin.setdefault(ancestor, origin[run_id])
                waiting.append(ancestor)

    def _ancestors(self, run_id: str) -> Iterator[tuple[str, str]]:
        try:
            run = runs.get(self._client, run_id)
        except NotFound:
            return
        for data in known.inputs(run):
            for writer in self._writers(data):
                yield writer, f"What it wrote ({data.name}) was used for"
        for model_id in known.models_used(run):
            if maker := self._maker(model_id):
                yield maker, "Its model was used for"
            for version in self._facts.versions:
                if version.model_id == model_id and version.run_id:
                    yield version.run_id, "Its model was used for"

    def _writers(self, data: Data) -> Iterator[str]:
        """Find the runs that wrote data, all of them, and those in the trash too."""
        if not data.digest or not quotable(data.digest):
            return
        condition = f"{filter_field('tags', known.OUTPUTS)} LIKE {quoted(f'%{data.digest}%')}"
        for run in self._search(condition):
            if any((one.name, one.digest) == (data.name, data.digest) for one in known.outputs(run)):
                yield run.id

    def _search(self, condition: str) -> Iterator[Run]:
        ids = [one.id for deleted in (False, True) for one in experiments.listing(self._client, deleted=deleted)]
        for start in range(0, len(ids), _EXPERIMENTS):
            for deleted in (False, True):
                some = ids[start : start + _EXPERIMENTS]
                yield from runs.search_all(self._client, some, filter=condition, deleted=deleted)


def _named(version: ModelVersion) -> str:
    return f"{version.name}/{version.version}"


def _what_is_deployed(reason: str) -> str:
    """Turn the reason of a deployed model into what its ancestors were used for."""
    return (
        reason.removeprefix("Its model ").replace(" is deployed as ", ", deployed as ").rstrip(".")
        or "what is deployed"
    )
