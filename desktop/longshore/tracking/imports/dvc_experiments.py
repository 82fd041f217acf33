"""DVC's experiments: commits below `refs/exps` of the git repository, read with git alone; DVC is not run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from longshore.errors import Invalid, Unavailable
from longshore.mlflow_rest.types import Metric
from longshore.projects.git import Question, ask
from longshore.tracking.imports import dvclive
from longshore.tracking.imports.reading import LARGEST_TEXT, as_number, as_param, flat, parse
from longshore.tracking.imports.types import Content, Found, SourceRun

# Below refs/exps: the commit that it began from, then the name. What DVC keeps for itself there has another shape.
REF = re.compile(r"refs/exps/([0-9a-f]{2}/[0-9a-f]{38})/(.+)")
_READABLE = (".json", ".yaml", ".yml", ".toml")
_PLOTS = "dvclive/plots/metrics"
_LOST = "Git has not all of its commit: fetch it (dvc exp pull, or git fetch), then import again."


def ref_names(git_folder: Path) -> Iterator[str]:
    """Give the names of the experiments' refs, read from git's files: no process is started."""
    common = git_folder / "commondir"
    if common.is_file():  # a linked work tree
        git_folder = git_folder / common.read_text("utf-8").strip()
    root = git_folder / "refs" / "exps"
    for file in root.glob("??/*/*"):
        if file.is_file():
            yield file.relative_to(git_folder).as_posix()
    packed = git_folder / "packed-refs"
    if packed.is_file() and packed.stat().st_size <= LARGEST_TEXT:
        for line in packed.read_text("utf-8", "replace").splitlines():
            name = line.partition(" ")[2]
            if name.startswith("refs/exps/"):
                yield name


def git_folder_of(top: Path) -> Path | None:
    """Give the folder with git's own files, None where it can't be told."""
    place = top / ".git"
    if place.is_dir():
        return place
    try:
        text = place.read_text("utf-8", "replace")[:4096]
    except OSError:
        return None
    return (top / text.removeprefix("gitdir:").strip()) if text.startswith("gitdir:") else None


def runs(found: Found) -> Iterator[SourceRun]:
    """Give every experiment, one whose commit is lost as left out. Raises: Unavailable where git can't read any."""
    try:
        (answer,) = ask(found.folder, _listing("refs/exps"))
    except Unavailable:
        # Git lists none at all where the object of one is missing, as in a repository that was copied in part.
        yield from _one_by_one(found)
        return
    yield from _listed_runs(found, answer)


def _listing(pattern: str) -> Question:
    form = "%(refname)%00%(objectname)%00%(committerdate:unix)%00%(authorname)"
    return Question(("for-each-ref", f"--format={form}", pattern))


def _listed_runs(found: Found, answer: bytes) -> Iterator[SourceRun]:
    for line in answer.decode("utf-8", "replace").splitlines():
        name, commit, time, author = line.split("\0")
        if shape := REF.fullmatch(name):
            yield _run(found, shape[2], commit, shape[1].replace("/", ""), int(time or 0) * 1000, author)


def _one_by_one(found: Found) -> Iterator[SourceRun]:
    (answer,) = ask(found.folder, Question(("for-each-ref", "--format=%(refname)%00%(objectname)", "refs/exps")))
    for line in answer.decode("utf-8", "replace").splitlines():
        name, commit = line.split("\0")
        try:
            (each,) = ask(found.folder, _listing(name))
        except Unavailable:
            if shape := REF.fullmatch(name):
                yield SourceRun(commit, shape[2], 0, Content, left_out=_LOST)
            continue
        yield from _listed_runs(found, each)


def _run(found: Found, name: str, commit: str, base: str, time_ms: int, author: str) -> SourceRun:
    return SourceRun(
        id=commit,
        name=name,
        start_ms=time_ms,
        read=lambda: _whole(found.folder, name, commit, base, time_ms),
        user=author,
    )


@dataclass(frozen=True)
class _Tree:
    """The files of one commit, below the project's folder."""

    folder: Path
    commit: str

    def sizes(self, *paths: str, deep: bool = False) -> dict[str, int]:
        if not paths:
            return {}
        options = ("ls-tree", "-l", "-z", *(("-r",) if deep else ()), self.commit, "--", *paths)
        (answer,) = ask(self.folder, Question(options))
        found = {}
        for entry in answer.decode("utf-8", "surrogateescape").split("\0"):
            facts, _, path = entry.partition("\t")
            parts = facts.split()
            # Links and folders have no content that could be meant.
            if len(parts) == 4 and parts[0].startswith("100"):
                found[path] = int(parts[3])
        return found

    def read(self, *paths: str) -> dict[str, bytes]:
        known = [path for path, size in self.sizes(*paths).items() if size <= LARGEST_TEXT]
        answers = ask(self.folder, *(Question(("show", f"{self.commit}:./{path}")) for path in known))
        return dict(zip(known, answers, strict=True))


def _whole(folder: Path, name: str, commit: str, base: str, time_ms: int) -> Content:
    try:
        return _content(folder, name, commit, base, time_ms)
    except Unavailable as error:
        raise Invalid(_LOST) from error


def _content(folder: Path, name: str, commit: str, base: str, time_ms: int) -> Content:
    tree = _Tree(folder, commit)
    remarks: list[str] = []
    params_in, metrics_in = _declared(tree.read("dvc.yaml").get("dvc.yaml"))
    plots = tree.sizes(_PLOTS, deep=True)
    files = tree.read(*_known(params_in, remarks), *_known(metrics_in, remarks))
    params: dict[str, str] = {}
    for path, keys in params_in.items():
        if path in files:
            params |= _params(path, parse(path, files[path]), keys)
    points: list[Metric] = []
    prefix = f"{_PLOTS}/"
    histories = {
        path.removeprefix(prefix).removesuffix(".tsv"): content
        for path, content in tree.read(*(path for path in plots if path.endswith(".tsv"))).items()
    }
    for path in metrics_in:
        if path not in files:
            if path != "dvclive/metrics.json":
                remarks.append(f"{path} is not in git (DVC keeps it in its cache) and was left out.")
        elif path == "dvclive/metrics.json":
            points += dvclive.metrics(parse(path, files[path]), histories, time_ms)
        else:
            points += _metrics(parse(path, files[path]), time_ms)
    tags = {"mlflow.source.git.commit": base, "dvc.experiment": name, "dvc.commit": commit}
    return Content(metrics=points, params=params, tags=tags, end_ms=time_ms, remarks=remarks)


def _known(paths: dict[str, Any], remarks: list[str]) -> list[str]:
    known = []
    for path in paths:
        if path.startswith("/") or ".." in PurePosixPath(path).parts:
            remarks.append(f"{path} lies outside of the project and was left out.")
        elif not path.endswith(_READABLE):
            remarks.append(f"{path} is not YAML, JSON or TOML and was left out.")
        else:
            known.append(path)
    return known


def _declared(content: bytes | None) -> tuple[dict[str, set[str] | None], dict[str, None]]:
    """Give the files that hold parameters, with the names that count (None: all), and those that hold metrics."""
    params: dict[str, set[str] | None] = {"params.yaml": None}
    metrics: dict[str, None] = {"dvclive/metrics.json": None}
    declared = parse("dvc.yaml", content) if content else {}
    if not isinstance(declared, dict):
        return params, metrics
    stages = declared.get("stages")
    for part in (declared, *(stages.values() if isinstance(stages, dict) else ())):
        part = part.get("do", part) if isinstance(part, dict) else {}
        for entry in _listed(part.get("params")):
            files = entry if isinstance(entry, dict) else {entry: None} if part is declared else {}
            for path, keys in files.items():
                if isinstance(keys, list) and params.get(str(path), set()) is not None:
                    params[str(path)] = {*(params.get(str(path)) or ()), *map(str, keys)}
                else:
                    params[str(path)] = None
        for entry in _listed(part.get("metrics")):
            metrics |= dict.fromkeys(map(str, entry if isinstance(entry, dict) else [entry]))
    return params, metrics


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _params(path: str, values: Any, keys: set[str] | None) -> dict[str, str]:
    found = {name: as_param(value) for name, value in flat(values).items()}
    if keys is not None:
        found = {name: value for name, value in found.items() if any(f"{name}.".startswith(f"{key}.") for key in keys)}
    # Two files may hold the same name.
    return found if path == "params.yaml" else {f"{path}:{name}": value for name, value in found.items()}


def _metrics(values: Any, time_ms: int) -> Iterator[Metric]:
    if not isinstance(values, dict):
        raise Invalid("A metrics file holds no names.")
    for name, value in flat(values).items():
        if (number := as_number(value)) is not None:
            yield Metric(name, number, time_ms, 0)
