"""Pachyderm pipeline specs as values: JSON or YAML, one or several in a file, in the names of every Pachyderm since 1.7."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from longshore.errors import Invalid
from longshore.projects.folder import Folder, yaml_problem

Operation = Literal["pfs", "cron", "cross", "union", "join", "group"]
_SEVERAL: tuple[Operation, ...] = ("cross", "union", "join", "group")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*\Z")
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|h|m|s)")
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_SIZES = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12} | {
    unit: 2 ** (10 * power) for power, unit in enumerate(("Ki", "Mi", "Gi", "Ti"), 1)
}
_TRIES = 3  # Pachyderm's own default
_DEEPEST = 20


@dataclass(frozen=True)
class Input:
    """What a pipeline reads: one repo, a clock, or several inputs put together."""

    op: Operation
    name: str = ""  # the folder in /pfs
    repo: str = ""
    glob: str = ""
    join_on: str = ""
    group_by: str = ""
    outer_join: bool = False
    empty_files: bool = False
    schedule: str = ""  # of a clock
    overwrite: bool = False
    inputs: tuple[Input, ...] = ()

    @property
    def leaves(self) -> tuple[Input, ...]:
        """The repos and clocks in it, in their order."""
        return tuple(leaf for one in self.inputs for leaf in one.leaves) if self.inputs else (self,)


@dataclass(frozen=True)
class Transform:
    """What is run for each datum."""

    image: str
    cmd: tuple[str, ...]
    stdin: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    user: str = ""
    working_dir: str = ""
    accept: tuple[int, ...] = ()  # exit statuses that are no failure, besides 0

    def as_dict(self) -> dict[str, Any]:
        """Give all that decides what comes out, for a hash."""
        return {
            "image": self.image,
            "cmd": list(self.cmd),
            "stdin": list(self.stdin),
            "env": dict(sorted(self.env.items())),
            "user": self.user,
            "working_dir": self.working_dir,
        }


@dataclass(frozen=True)
class Spec:
    """One pipeline."""

    name: str
    file: str
    input: Input
    transform: Transform
    help: str = ""
    line: int = 0
    parallelism: int = 1
    tries: int = _TRIES
    timeout_s: float | None = None  # of one datum
    cpus: float | None = None
    memory_bytes: int | None = None
    gpus: int | None = None
    every_job: bool = False  # datums are never skipped

    @property
    def repos(self) -> tuple[str, ...]:
        """The repos that it reads, each once."""
        return tuple(dict.fromkeys(leaf.repo for leaf in self.input.leaves if leaf.op == "pfs"))


def files(folder: Folder) -> Iterator[str]:
    """Give the files that hold specs."""
    return (file for file in _candidates(folder) if next(_documents(folder.text(file), file, []), None))


def read(folder: Folder, problems: list[str]) -> list[Spec]:
    """Give every spec of a folder; what can't be read becomes a sentence."""
    found: list[Spec] = []
    for file in _candidates(folder):
        text = folder.text(file)
        for document in _documents(text, file, problems):
            try:
                found.append(parse(document, file, text))
            except Invalid as error:
                problems.append(error.reason)
    return found


def _candidates(folder: Folder) -> Iterator[str]:
    for file in folder.ending(".json", ".yaml", ".yml"):
        text = folder.text(file)
        if "transform" in text and "pipeline" in text and "input" in text:
            yield file


def parse(document: Mapping[str, Any], file: str, text: str = "") -> Spec:
    """Read one spec.

    Raises: Invalid for what is no pipeline, or needs what only a cluster has.
    """
    pipeline, transform = _get(document, "pipeline"), _get(document, "transform")
    name = str(_get(pipeline, "name") or "")
    where = f"The pipeline {name!r} of {file}"
    if not _NAME.match(name):
        raise Invalid(f"A pipeline of {file} has no usable name: {name[:80]!r}.", hint="Give it a `pipeline.name`.")
    for kind in ("spout", "service"):
        if _get(document, kind):
            raise Invalid(f"{where} is a {kind}, which runs on a cluster alone.", hint="Leave it out.")
    limits, requests = _get(document, "resource_limits") or {}, _get(document, "resource_requests") or {}
    asked = {**(requests if isinstance(requests, dict) else {}), **(limits if isinstance(limits, dict) else {})}
    gpu = _get(asked, "gpu")
    parallelism = _get(document, "parallelism_spec") or {}
    return Spec(
        name=name,
        file=file,
        input=_input(_get(document, "input"), where),
        transform=_transform(transform, where),
        help=str(_get(document, "description") or ""),
        line=_line(text, name),
        parallelism=max(1, _whole(_get(parallelism, "constant"), 1)),
        tries=max(1, _whole(_get(document, "datum_tries"), _TRIES)),
        timeout_s=seconds(_get(document, "datum_timeout")),
        cpus=_cpus(asked.get("cpu")),
        memory_bytes=size(asked.get("memory")),
        gpus=(_whole(_get(gpu, "number"), 0) if isinstance(gpu, dict) else _whole(gpu, 0)) or None,
        every_job=_get(document, "reprocess_spec") == "every_job",
    )


def seconds(value: object) -> float | None:
    """Give the seconds of a duration as Go writes it (1h30m); None where it is none."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    found = _DURATION.findall(value) if isinstance(value, str) else []
    return sum(float(number) * _SECONDS[unit] for number, unit in found) if found else None


def size(value: object) -> int | None:
    """Give the bytes of a size as Kubernetes writes it (512Mi, 2G); None where it is none."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]i?)?B?", str(value).strip(), re.IGNORECASE)
    if match is None:
        return None
    unit = (match[2] or "")[:1].upper() + (match[2] or "")[1:].lower()
    return int(float(match[1]) * _SIZES[unit])


def _transform(found: object, where: str) -> Transform:
    cmd = _get(found, "cmd")
    if not isinstance(found, dict) or not isinstance(cmd, list) or not cmd:
        raise Invalid(f"{where} has no `transform.cmd`.", hint='Add one, as `["python3", "main.py"]`.')
    if _get(found, "datum_batching") is True:
        raise Invalid(f"{where} fetches its datums from Pachyderm itself.", hint="Leave `datum_batching` out.")
    image = str(_get(found, "image") or "")
    if not image:
        raise Invalid(f"{where} names no image.", hint="Add `transform.image`.")
    env, stdin, accept = _get(found, "env"), _get(found, "stdin"), _get(found, "accept_return_code")
    return Transform(
        image=image,
        cmd=tuple(str(one) for one in cmd),
        stdin=tuple(str(one) for one in stdin) if isinstance(stdin, list) else (),
        env={str(key): _text(value) for key, value in env.items()} if isinstance(env, dict) else {},
        user=str(_get(found, "user") or ""),
        working_dir=str(_get(found, "working_dir") or ""),
        accept=tuple(_whole(one, 0) for one in accept) if isinstance(accept, list) else (),
    )


def _input(found: object, where: str, depth: int = 0) -> Input:
    if not isinstance(found, dict) or depth > _DEEPEST:
        raise Invalid(f"{where} has no input that can be read.", hint="Add `input.pfs` with `repo` and `glob`.")
    for op in _SEVERAL:
        if isinstance(parts := _get(found, op), list) and parts:
            return Input(op, inputs=tuple(_input(one, where, depth + 1) for one in parts))
    clock = _get(found, "cron")
    if isinstance(clock, dict):
        name = _checked(str(_get(clock, "name") or ""), where)
        return Input("cron", name, glob="/*", schedule=str(_get(clock, "spec") or ""),
                     overwrite=_get(clock, "overwrite") is True)  # fmt: skip
    one = _get(found, "pfs") or _get(found, "atom")  # its name before 1.9
    if not isinstance(one, dict):
        raise Invalid(f"{where} reads what Longshore cannot: {', '.join(map(str, found))}.", hint="Use `pfs` inputs.")
    if _get(one, "s3") is True:
        raise Invalid(f"{where} reads a repo by S3, which a cluster alone offers.", hint="Read it from /pfs.")
    repo = _checked(str(_get(one, "repo") or ""), where)
    glob = str(_get(one, "glob") or "")
    if not glob:
        raise Invalid(f"{where} has no `glob` for the repo {repo}.", hint='Add one: "/" for all of it, "/*" for each.')
    return Input(
        "pfs",
        _checked(str(_get(one, "name") or repo), where),
        repo,
        glob,
        str(_get(one, "join_on") or ""),
        str(_get(one, "group_by") or ""),
        _get(one, "outer_join") is True,
        _get(one, "empty_files") is True,
    )


def _checked(name: str, where: str) -> str:
    """Names become folders."""
    if not _NAME.match(name) or name == "out":
        raise Invalid(f"{where} has an input without a usable name: {name[:80]!r}.", hint="Name its repo.")
    return name


def _documents(text: str, file: str, problems: list[str]) -> Iterator[dict[str, Any]]:
    """Give the specs of a file, which may be a list, or several one after the other."""
    try:
        loaded = list(_json(text)) if file.endswith(".json") else _yaml(text)
    except ValueError as error:
        if "pfs" in text and "cmd" in text:
            problems.append(f"{file} looks like a Pachyderm pipeline and cannot be read: {yaml_problem(error)}.")
        return
    for one in loaded:
        for document in one if isinstance(one, list) else (one,):
            pipeline = document.get("pipeline") if isinstance(document, dict) else None
            if isinstance(pipeline, dict) and isinstance(document.get("transform"), dict):
                yield document


def _json(text: str) -> Iterator[Any]:
    decoder, at = json.JSONDecoder(), 0
    while at < len(text) and (rest := text[at:].lstrip()):
        at = len(text) - len(rest)
        try:
            found, at = decoder.raw_decode(text, at)
        except RecursionError as error:
            raise ValueError("it is nested too deep") from error
        yield found


def _yaml(text: str) -> list[Any]:
    import yaml

    try:
        return list(yaml.load_all(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(yaml_problem(error)) from error


def _get(found: object, name: str) -> Any:
    """Give a field under its name, or as protobuf's JSON writes it (`datumTries`)."""
    if not isinstance(found, dict):
        return None
    first, *rest = name.split("_")
    return found.get(name, found.get(first + "".join(part.capitalize() for part in rest)))


def _text(value: object) -> str:
    return json.dumps(value) if isinstance(value, bool | dict | list) else "" if value is None else str(value)


def _whole(value: object, default: int) -> int:
    try:
        return int(str(value))
    except ValueError:
        return default


def _cpus(value: object) -> float | None:
    text = str(value)
    try:
        return float(text[:-1]) / 1000 if text.endswith("m") else float(text) or None
    except ValueError:
        return None


def _line(text: str, name: str) -> int:
    match = re.search(rf"name\"?\s*:\s*[\"']?{re.escape(name)}\b", text)
    return text.count("\n", 0, match.start()) + 1 if match else 0
