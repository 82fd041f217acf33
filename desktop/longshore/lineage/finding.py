"""From what a person writes to the thing in the middle of the graph."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from longshore.errors import Invalid, NotFound
from longshore.lineage import facts as known
from longshore.lineage.facts import Data, Facts
from longshore.lineage.things import (
    CodeThing,
    DatasetThing,
    DeploymentThing,
    EnvironmentThing,
    ModelThing,
    RunThing,
    Thing,
)
from longshore.mlflow_rest import registry
from longshore.mlflow_rest.filters import equals, field, quoted
from longshore.registry import references
from longshore.tracking import table

if TYPE_CHECKING:
    from longshore.mlflow_rest.types import Run

_BARE_RUN = re.compile(r"[0-9a-f]{6,32}")
_HASH_START = re.compile(r"[0-9A-Za-z._+-]{4,}")


def find(facts: Facts, reference: str) -> Thing:
    """Find the thing that a reference names. Raises: Invalid, NotFound."""
    kind, sign, rest = reference.strip().partition(":")
    finder = _FINDERS.get(kind) if sign else None
    if finder:
        return finder(facts, rest)
    if _BARE_RUN.fullmatch(reference.strip()):
        return _run(facts, reference.strip())
    if "/" in reference or "@" in reference:
        return _model(facts, reference)
    raise Invalid(
        f"{reference!r} names nothing with a lineage.",
        hint="Write run:ID, model:NAME/3, dataset:NAME@VERSION, code:COMMIT, environment:HASH or deployment:NAME.",
    )


def _run(facts: Facts, reference: str) -> Thing:
    return RunThing(table.resolve(facts.client, reference))


def _model(facts: Facts, reference: str) -> Thing:
    asked = references.parse(reference)
    if asked.alias:
        return ModelThing(registry.by_alias(facts.client, asked.name, asked.alias))
    return ModelThing(registry.get_version(facts.client, asked.name, asked.version))


def _dataset(facts: Facts, reference: str) -> Thing:
    """Find data by name and version; the version may be its beginning, or be left out for the latest."""
    name, sign, version = reference.rpartition("@")
    if not sign:
        name, version = reference, ""
    found = list(_datasets(facts, name, version)) or list(_datasets(facts, reference, ""))
    if not found:
        raise NotFound(
            f"No run read or wrote {reference!r}.", hint="Data is known by its path in the project and its hash."
        )
    digests = dict.fromkeys(data.digest for data in found)
    if version and len(digests) > 1:
        raise _several("versions of " + name, version, list(digests))
    return DatasetThing(found[0])


def _datasets(facts: Facts, name: str, version: str) -> list[Data]:
    read = [data for run in facts.search(equals("datasets", "name", name)) for data in known.inputs(run)]
    # The tag holds JSON, which may write a sign as several.
    pattern = "".join(sign if sign.isascii() and (sign.isalnum() or sign in "-./ ") else "%" for sign in name)
    wrote = facts.search(f"{field('tags', known.OUTPUTS)} LIKE {quoted(f'%{pattern}%')}")
    # What was written tells its size, so it comes first where the same was also read.
    everything = [data for run in wrote for data in known.outputs(run)] + read
    fitting = [data for data in everything if data.name == name and data.digest.startswith(version)]
    exact = [data for data in fitting if data.digest == version]
    return exact or fitting


def _code(facts: Facts, reference: str) -> Thing:
    run = _tagged(facts, known.COMMIT, reference, "commit")
    return CodeThing(run.tags[known.COMMIT], run.tags.get(known.BRANCH, ""), run.tags.get(known.REMOTE, ""))


def _environment(facts: Facts, reference: str) -> Thing:
    return EnvironmentThing(_tagged(facts, known.ENVIRONMENT, reference, "environment").tags[known.ENVIRONMENT])


def _tagged(facts: Facts, tag: str, start: str, what: str) -> Run:
    if not _HASH_START.fullmatch(start):
        raise Invalid(f"{start!r} is not the beginning of a hash.", hint="Give 4 characters of it or more.")
    runs = [
        run
        for run in facts.search(f"{field('tags', tag)} LIKE {quoted(f'{start}%')}")
        if run.tags.get(tag, "").startswith(start)
    ]
    values = list(dict.fromkeys(run.tags[tag] for run in runs))
    if not values:
        raise NotFound(f"No run of this workspace used the {what} {start}.")
    if len(values) > 1 and start not in values:
        raise _several(f"{what}s", start, values)
    return next(run for run in runs if len(values) == 1 or run.tags[tag] == start)


def _deployment(facts: Facts, reference: str) -> Thing:
    for serving in facts.servings:
        thing = DeploymentThing(serving)
        if thing.id == f"deployment:{reference}":
            return thing
    raise NotFound(f"There is no deployment {reference!r}.", hint="`longshore deployments` lists them.")


def _several(what: str, start: str, values: list[str]) -> Invalid:
    shown = ", ".join(value[: len(start) + 6] for value in values[:4])
    return Invalid(f"Several {what} begin with {start!r}.", hint=f"Give more characters: {shown}.")


_FINDERS = {
    "run": _run,
    "model": _model,
    "dataset": _dataset,
    "code": _code,
    "environment": _environment,
    "deployment": _deployment,
}
