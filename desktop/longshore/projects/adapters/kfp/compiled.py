"""A compiled KFP pipeline (IR YAML): tasks, loops, conditions, exit handlers and pipelines within, read as text.

Every task gets a name of its own in the whole pipeline: its own where no other has it, else with the names of as many as
needed of those that it is part of (`inner.train`). `resources/frameworks/kfp/longshore_kfp_spec.py` gives the same ones.
"""

from __future__ import annotations

import itertools
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from longshore.projects.model import Parameter, ParameterType
from longshore.projects.pipeline import END, ONLY, RESUME, START, Pipeline, Resources, Step, StepKind

CAN = frozenset({ONLY, START, END, RESUME})
_TYPES: dict[str, ParameterType] = {"NUMBER_INTEGER": "int", "NUMBER_DOUBLE": "float", "BOOLEAN": "bool"}
_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
_MOST_STEPS, _DEEPEST = 2000, 20


@dataclass(frozen=True)
class _Graph:
    """A graph within the pipeline, and what its inputs come from."""

    tasks: Mapping[str, Any]
    path: tuple[str, ...] = ()
    # By the name of an input: the output that feeds it ("prepare.data"), or the pipeline's own parameter.
    fed: Mapping[str, str] = field(default_factory=dict)
    given: Mapping[str, Parameter] = field(default_factory=dict)


def pipeline(spec: Mapping[str, Any], *, name: str, framework: str, file: str, text: str = "") -> Pipeline:
    """Give a compiled pipeline's graph. What is not as KFP writes it is left out, never an error."""
    reader = _Reader(spec, file, text)
    info = _mapping(spec.get("pipelineInfo"))
    return Pipeline(name, framework, file, tuple(reader.steps()), can=CAN, help=str(info.get("description") or ""))


def parameters(spec: Mapping[str, Any]) -> dict[str, Parameter]:
    """Give what the pipeline takes, with types and defaults."""
    declared = _mapping(_mapping(_mapping(spec.get("root")).get("inputDefinitions")).get("parameters"))
    return {str(name): _parameter(str(name), _mapping(one)) for name, one in declared.items()}


class _Reader:
    """One pipeline."""

    def __init__(self, spec: Mapping[str, Any], file: str, text: str) -> None:
        self._components = _mapping(spec.get("components"))
        self._executors = _mapping(_mapping(spec.get("deploymentSpec")).get("executors"))
        self._root = _mapping(spec.get("root"))
        self._parameters = parameters(spec)
        self._file, self._lines = file, _lines_of_executors(text)
        self._names: dict[tuple[str, ...], str] = {}

    def steps(self) -> Iterator[Step]:
        """Give every task, those of inner graphs after what they are part of."""
        root = _Graph(_tasks(self._root), given=self._parameters)
        paths = list(itertools.islice(self._paths(root.tasks, ()), _MOST_STEPS))
        self._names = _names(paths)
        return itertools.islice(self._of(root), _MOST_STEPS)

    def _paths(self, tasks: Mapping[str, Any], above: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        for name, task in _in_order(tasks):
            path = (*above, name)
            yield path
            if len(path) < _DEEPEST:
                yield from self._paths(_tasks(self._component(task)), path)

    def _component(self, task: Any) -> Mapping[str, Any]:
        return _mapping(self._components.get(_mapping(_mapping(task).get("componentRef")).get("name", "")))

    def _of(self, graph: _Graph) -> Iterator[Step]:
        for name, task in _in_order(graph.tasks):
            path = (*graph.path, name)
            if path not in self._names:
                return
            component = self._component(task)
            fed, given = self._inputs(graph, _mapping(task), component)
            yield self._step(path, _mapping(task), component, fed, given, graph)
            if inner := _tasks(component):
                yield from self._of(_Graph(inner, path, fed, given))

    def _inputs(
        self, graph: _Graph, task: Mapping[str, Any], component: Mapping[str, Any]
    ) -> tuple[dict[str, str], dict[str, Parameter]]:
        """Give what feeds each input of a task: another's output, or a parameter with its value."""
        fed: dict[str, str] = {}
        inputs = _mapping(task.get("inputs"))
        declared = _mapping(_mapping(component.get("inputDefinitions")).get("parameters"))
        given = {
            str(name): _parameter(str(name), _mapping(one))
            for name, one in declared.items()
            if _mapping(one).get("parameterType") != "TASK_FINAL_STATUS"
        }
        for name, source in [*_mapping(inputs.get("parameters")).items(), *_mapping(inputs.get("artifacts")).items()]:
            source = _mapping(source)
            origin = _mapping(source.get("taskOutputParameter") or source.get("taskOutputArtifact"))
            from_above = str(source.get("componentInputParameter") or source.get("componentInputArtifact") or "")
            if origin:
                key = str(origin.get("outputParameterKey") or origin.get("outputArtifactKey"))
                fed[name] = self._made(graph, str(origin.get("producerTask")), key)
            elif from_above in graph.fed:
                fed[name] = graph.fed[from_above]
            elif name in given:
                above = graph.given.get(from_above)
                constant = _mapping(source.get("runtimeValue")).get("constant")
                given[name] = _with_value(given[name], above.default if above else constant)
        item = _mapping(task.get("parameterIterator")).get("itemInput")
        return fed, {name: one for name, one in given.items() if name not in fed and name != item}

    def _made(self, graph: _Graph, task: str, key: str) -> str:
        """Give the output of the very task that made it, however many graphs handed it out."""
        path, tasks = graph.path, graph.tasks
        for _depth in range(_DEEPEST):
            path = (*path, task)
            component = self._component(tasks.get(task))
            outputs = _mapping(_mapping(component.get("dag")).get("outputs"))
            handed = _mapping(outputs.get("parameters")).get(key) or _mapping(outputs.get("artifacts")).get(key)
            inner = next(_selectors(handed), None)
            if inner is None:
                break
            tasks, (task, key) = _tasks(component), inner
        return f"{self._names.get(path, '')}.{key}"

    def _step(
        self,
        path: tuple[str, ...],
        task: Mapping[str, Any],
        component: Mapping[str, Any],
        fed: Mapping[str, str],
        given: Mapping[str, Parameter],
        graph: _Graph,
    ) -> Step:
        executor = _mapping(self._executors.get(component.get("executorLabel", "")))
        container = _mapping(executor.get("container"))
        group = "dag" in component
        name = self._names[path]
        label = str(_mapping(task.get("taskInfo")).get("name") or "")
        outputs = _mapping(component.get("outputDefinitions"))
        artifacts = {} if group else _mapping(outputs.get("artifacts"))
        measures = [key for key, one in artifacts.items() if "Metrics" in str(_mapping(one).get("artifactType"))]
        plain = [*artifacts, *({} if group else _mapping(outputs.get("parameters")))]
        before = [self._names.get((*graph.path, str(one)), "") for one in task.get("dependentTasks") or []]
        return Step(
            name=name,
            label="" if label == name else label,
            kind=_kind(task, executor, group),
            command="" if group else _command(container),
            after=tuple(filter(None, before)),
            inputs=tuple(dict.fromkeys(fed.values())),
            outputs=tuple(f"{name}.{key}" for key in plain if key not in measures),
            metrics=tuple(f"{name}.{key}" for key in measures),
            parameters={} if group else dict(given),
            source=self._file,
            line=self._lines.get(str(component.get("executorLabel")), 0),
            image=str(container.get("image") or ""),
            resources=_resources(container, task),
            part_of=self._names.get(graph.path, ""),
            help=_help(task),
        )


def _in_order(tasks: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Give tasks after those that they wait for: a file has them by the alphabet."""
    before = {
        str(name): {str(one) for one in _mapping(task).get("dependentTasks") or []} for name, task in tasks.items()
    }
    found: dict[str, None] = {}
    while len(found) < len(before):
        ready = [name for name in before if name not in found and not (before[name] & before.keys()) - found.keys()]
        # A cycle is no pipeline of KFP's; it is shown as it is written.
        found |= dict.fromkeys(ready or [name for name in before if name not in found])
    return [(name, tasks[name]) for name in found]


def _names(paths: list[tuple[str, ...]]) -> dict[tuple[str, ...], str]:
    """Give each path the shortest end of it that no other path has."""
    count = Counter(path[at:] for path in paths for at in range(len(path)))
    ends = {path: [path[at:] for at in range(len(path) - 1, -1, -1)] for path in paths}
    return {path: ".".join(next((one for one in ends[path] if count[one] == 1), path)) for path in paths}


def _selectors(handed: Any) -> Iterator[tuple[str, str]]:
    """Give the tasks, and their outputs, that an output of a graph comes from."""
    if isinstance(handed, list):
        for one in handed:
            yield from _selectors(one)
    elif isinstance(handed, dict):
        if "producerSubtask" in handed:
            key = handed.get("outputParameterKey") or handed.get("outputArtifactKey")
            yield str(handed["producerSubtask"]), str(key)
        for one in handed.values():
            yield from _selectors(one)


def _kind(task: Mapping[str, Any], executor: Mapping[str, Any], group: bool) -> StepKind:
    if "importer" in executor:
        return "input"
    if "parameterIterator" in task or "artifactIterator" in task:
        return "loop"
    if _mapping(task.get("triggerPolicy")).get("condition"):
        return "condition"
    return "pipeline" if group else "task"


def _help(task: Mapping[str, Any]) -> str:
    trigger = _mapping(task.get("triggerPolicy"))
    if condition := str(trigger.get("condition") or ""):
        return "if " + re.sub(r"inputs\.parameter_values\['(?:pipelinechannel--)?([^']+)'\]", r"\1", condition)
    if trigger.get("strategy") == "ALL_UPSTREAM_TASKS_COMPLETED":
        return "runs at the end, whatever has failed"
    for key in ("parameterIterator", "artifactIterator"):
        if items := _mapping(_mapping(task.get(key)).get("items")):
            return f"for each of {next(iter(items.values()), '')}".replace("pipelinechannel--", "")[:500]
    return ""


def _command(container: Mapping[str, Any]) -> str:
    """Give what a container runs; a lightweight component's is its function's name."""
    arguments = [str(one) for one in [*(container.get("command") or []), *(container.get("args") or [])]]
    if "--function_to_execute" in arguments[:-1]:
        return f"{arguments[arguments.index('--function_to_execute') + 1]}()"
    return " ".join(arguments)[:2000]


def _resources(container: Mapping[str, Any], task: Mapping[str, Any]) -> Resources:
    asked = _mapping(container.get("resources"))
    cpus, memory = asked.get("resourceCpuLimit"), asked.get("resourceMemoryLimit")
    accelerator = _mapping(asked.get("accelerator"))
    retries = _mapping(task.get("retryPolicy")).get("maxRetryCount")
    gpus = _number(accelerator.get("count") or accelerator.get("resourceCount"))
    return Resources(
        cpus=_cores(cpus if cpus is not None else asked.get("cpuLimit")),
        memory_bytes=_bytes(memory if memory is not None else asked.get("memoryLimit"), memory is None),
        gpus=int(gpus) if gpus else None,
        retries=int(retries) if isinstance(retries, int | float) else None,
    )


def _cores(value: Any) -> float | None:
    if isinstance(value, str) and value.endswith("m"):
        return None if (found := _number(value[:-1])) is None else found / 1000
    return _number(value)


def _bytes(value: Any, in_gigabytes: bool) -> int | None:
    if in_gigabytes:
        return None if (found := _number(value)) is None else int(found * 10**9)
    match = re.fullmatch(r"([\d.]+)([KMGT]?i?)", str(value))
    found = _number(match[1]) if match else None
    return None if match is None or found is None else int(found * _UNITS.get(match[2], 1))


def _number(value: Any) -> float | None:
    try:
        return float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else None
    except ValueError:
        return None


def _parameter(name: str, declared: Mapping[str, Any]) -> Parameter:
    kind = str(declared.get("parameterType") or "STRING")
    typed = _TYPES.get(kind, "str")
    default = _value(declared.get("defaultValue"), typed)
    required = default is None and not declared.get("isOptional")
    help = str(declared.get("description") or "")
    if not help and kind in ("LIST", "STRUCT"):
        help = "a list, as JSON" if kind == "LIST" else "a mapping, as JSON"
    return Parameter(name, typed, default, required=required, help=help)


def _with_value(parameter: Parameter, value: Any) -> Parameter:
    if value is None:
        return parameter
    default = _value(value, parameter.type)
    return Parameter(parameter.name, parameter.type, default, help=parameter.help)


def _value(value: Any, kind: ParameterType) -> Any:
    """Give a value as its type writes it: the compiler writes every number as a float, and lists as they are."""
    if isinstance(value, list | dict):
        return json.dumps(_whole(value))
    if kind == "int" and isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, str | int | float | bool) else None


def _whole(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _whole(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_whole(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _tasks(component: Mapping[str, Any]) -> Mapping[str, Any]:
    return _mapping(_mapping(component.get("dag")).get("tasks"))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _lines_of_executors(text: str) -> dict[str, int]:
    """Give the line in which each executor begins, from 1: its code and image stand there."""
    found: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if match := re.match(r"^ {4}(exec-[\w-]+):\s*$", line):
            found.setdefault(match[1], number)
    return found
