"""Pachyderm pipeline specs: repos and pipelines as one graph, read from JSON and YAML alone.

They run in Docker without Pachyderm, by a process of ours (`pipelines.pachyderm`), datum by datum; what was done with the
same inputs and the same transform is not done again.
"""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from longshore.projects.adapters.pachyderm import spec as specs
from longshore.projects.adapters.pachyderm.spec import Spec
from longshore.projects.folder import Folder
from longshore.projects.model import EntryPoint
from longshore.projects.pipeline import END, ONLY, RESUME, START, WHOLE, Described, Pipeline, Resources, Selection, Step

if TYPE_CHECKING:
    from longshore.projects.adapters.pachyderm.spec import Input

NAME = "pachyderm"
CAN = frozenset({ONLY, START, END, RESUME})
# The entry point of specs that lie in the project's own folder; those of another have the name of that.
TOP = "pachyderm"


def detect(folder: Folder) -> bool:
    """Tell whether there is a spec: a `pipeline` with a `transform`."""
    return next(specs.files(folder), None) is not None


def describe(folder: Folder, problems: list[str]) -> Described:
    """Give one pipeline for the specs of each folder, and of folders that read each other's."""
    found = [_pipeline(name, group) for name, group in groups(specs.read(folder, problems), problems).items()]
    return Described(tuple(_entry(one) for one in found), tuple(found))


def command(entry: EntryPoint, parameters: Mapping[str, str], python: str, selection: Selection = WHOLE) -> list[str]:
    """Give the argv of our own runner, which needs nothing of the project's environment."""
    del parameters, python
    line = ["{longshore}", "pachyderm-run", "--home", "{home}", entry.name]
    for option, value in (("--only", selection.only), ("--from", selection.start), ("--to", selection.end)):
        if value:
            line += [option, value]
    return [*line, "--resume"] if selection.resume else line


def groups(found: Iterable[Spec], problems: list[str]) -> dict[str, dict[str, Spec]]:
    """Give the specs that belong together, by the name of their pipeline and by their own, sources first."""
    by_folder: dict[str, dict[str, Spec]] = {}
    for one in found:
        there = by_folder.setdefault(posixpath.dirname(one.file), {})
        if one.name in there:
            problems.append(f"{one.file} has another pipeline {one.name!r}; {there[one.name].file} is taken.")
        there.setdefault(one.name, one)
    for _round in range(len(by_folder)):
        if (pair := _connected(by_folder)) is None:
            break
        into, other = sorted(pair, key=lambda name: (name.count("/"), name))
        by_folder[into] |= by_folder.pop(other)
    return {folder or TOP: ordered(group, problems) for folder, group in sorted(by_folder.items())}


def ordered(group: Mapping[str, Spec], problems: list[str]) -> dict[str, Spec]:
    """Give specs so that each comes after those whose output it reads; circles are left out, with a sentence."""
    left, done = dict(group), dict[str, Spec]()
    while left:
        ready = [name for name, one in left.items() if not any(repo in left for repo in one.repos)]
        if not ready:
            problems.append(f"The pipelines {', '.join(sorted(left))} read each other in a circle, or a circle.")
            break
        done |= {name: left.pop(name) for name in sorted(ready)}
    return done


def _connected(by_folder: Mapping[str, Mapping[str, Spec]]) -> tuple[str, str] | None:
    """Give two folders of which one reads what the other makes; a name that several make says nothing."""
    makers: dict[str, list[str]] = {}
    for folder, group in by_folder.items():
        for name in group:
            makers.setdefault(name, []).append(folder)
    for folder, group in by_folder.items():
        for one in group.values():
            for repo in one.repos:
                if repo not in group and len(makers.get(repo, ())) == 1:
                    return folder, makers[repo][0]
    return None


def _pipeline(name: str, group: Mapping[str, Spec]) -> Pipeline:
    repos = dict.fromkeys(repo for one in group.values() for repo in one.repos if repo not in group)
    clocks = [(one, leaf) for one in group.values() for leaf in one.input.leaves if leaf.op == "cron"]
    steps = [Step(repo, kind="input", outputs=(repo,), help="a repo: a folder of data") for repo in repos]
    steps += [
        Step(clock_repo(one, leaf), leaf.name, "input", outputs=(leaf.name,), source=one.file, help=leaf.schedule)
        for one, leaf in clocks
    ]
    steps += [_step(one) for one in group.values()]
    first = next(iter(group.values()), None)
    return Pipeline(name, NAME, first.file if first else "", tuple(steps), can=CAN)


def clock_repo(one: Spec, leaf: Input) -> str:
    """Give the name of the repo that a pipeline's clock writes to, as Pachyderm calls it."""
    return f"{one.name}_{leaf.name}"


def _step(one: Spec) -> Step:
    before = [leaf.repo or clock_repo(one, leaf) for leaf in one.input.leaves]
    command_line = " ".join(shlex.quote(part) for part in one.transform.cmd)
    command_line += "".join(f"\n{line}" for line in one.transform.stdin)
    return Step(
        one.name,
        kind="task" if one.input.glob == "/" else "foreach",
        command=command_line,
        after=tuple(dict.fromkeys(before)),
        inputs=tuple(f"{leaf.repo or leaf.name}{leaf.glob}" for leaf in one.input.leaves),
        outputs=(one.name,),
        source=one.file,
        line=one.line,
        image=one.transform.image,
        resources=Resources(one.cpus, one.memory_bytes, one.gpus, one.timeout_s, one.tries - 1),
        help=one.help,
    )


def _entry(pipeline: Pipeline) -> EntryPoint:
    steps = [step.name for step in pipeline.steps if step.kind != "input"]
    return EntryPoint(
        pipeline.name, " → ".join(steps), source=pipeline.file, framework=NAME, needs=("docker",),
        help=f"{len(steps)} Pachyderm pipelines, run in Docker",
    )  # fmt: skip
