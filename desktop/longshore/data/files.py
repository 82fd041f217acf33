"""Data files that a run reads and writes, with the hashes that DVC would give them."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import re
import time
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from longshore.settings import Home

# What is no data, wherever it lies.
_CODE = (
    ".py",
    ".pyc",
    ".pyi",
    ".ipynb",
    ".sh",
    ".md",
    ".rst",
    ".toml",
    ".lock",
    ".cfg",
    ".ini",
    ".html",
    ".js",
    ".css",
)
# What makes the environment or the project itself; recorded as such, and no data.
_DECLARATION = re.compile(
    r"MLproject|Dockerfile|LICENSE|Makefile|dvc\.yaml|(conda|environment|python_env)\.ya?ml|(.*[-_])?requirements.*\.(txt|in)"
)
_SKIPPED = {"__pycache__", "node_modules", "site-packages", "mlruns", "mlartifacts", "venv", "env", "build", "dist"}
_MOST_FILES = 2000
_MOST_BYTES = 20_000_000_000
_CHUNK = 1 << 20
_MOST_WALKED = 50_000
_SETTLED_NS = 2_000_000_000


@dataclass(frozen=True)
class DataFile:
    """One file by content. The path is relative to the project, with forward slashes."""

    path: str
    size_bytes: int
    md5: str


def fingerprint(folder: Path, paths: Iterable[str], *, home: Home | None = None) -> tuple[DataFile, ...]:
    """Hash files, and the files of folders, as DVC does: md5 of the bytes. What is missing is left out.

    With a home, a file whose size, time and inode are as before is not read again.
    """
    cache = _Cache(home)
    found = {}
    for file in _files(folder, paths):
        try:
            status = file.stat()
            name = file.relative_to(folder).as_posix()
            found[name] = DataFile(name, status.st_size, cache.md5(file, status))
        except OSError:
            continue  # removed or locked meanwhile: the run may do that
    cache.save()
    return tuple(found[name] for name in sorted(found))


def folder_md5(files: Iterable[DataFile], folder: str) -> str:
    """Give the hash under which DVC keeps a folder, ending in `.dir`."""
    prefix = folder.rstrip("/") + "/"
    listed = [{"md5": one.md5, "relpath": one.path.removeprefix(prefix)} for one in files]
    listed.sort(key=lambda one: one["relpath"])
    return hashlib.md5(json.dumps(listed, sort_keys=True).encode(), usedforsecurity=False).hexdigest() + ".dir"


def inputs_of(project: Path, argv_values: Iterable[str], script: Path | None = None) -> list[str]:
    """Guess what a run reads: parameter values and the script's own text constants that name data of the project.

    Gives paths relative to the project; the script is parsed, never run.
    """
    top = project.resolve()
    found: dict[str, None] = {}
    values = [value for given in argv_values for value in (given, given.partition("=")[2])]
    for value in [*values, *(_constants(project / script) if script else ())]:
        if (name := _inside(top, value)) is not None:
            found[name] = None
    return list(found)[:_MOST_FILES]


@dataclass(frozen=True)
class Snapshot:
    """Sizes and times of a folder's data files."""

    folder: Path
    files: Mapping[str, tuple[int, int]]


def snapshot(folder: Path) -> Snapshot:
    """Note the state of a folder's data files; nothing is read."""
    return Snapshot(folder, dict(_walk(folder)))


def changed_since(before: Snapshot) -> tuple[str, ...]:
    """Give the data files that are new or changed since, relative to the folder."""
    return tuple(sorted(name for name, state in _walk(before.folder) if before.files.get(name) != state))


def _walk(top: Path) -> Iterator[tuple[str, tuple[int, int]]]:
    pending, seen = [str(top)], 0
    while pending:
        try:
            entries = list(os.scandir(pending.pop()))
        except OSError:
            continue
        for entry in entries:
            if entry.name.startswith(".") or entry.name in _SKIPPED:
                continue
            if entry.is_dir(follow_symlinks=False):
                if not os.path.lexists(os.path.join(entry.path, "pyvenv.cfg")):  # noqa: PTH118
                    pending.append(entry.path)
            elif _is_data(entry.name) and entry.is_file():
                seen += 1
                if seen > _MOST_WALKED:
                    return
                status = entry.stat()
                yield os.path.relpath(entry.path, top).replace(os.sep, "/"), (status.st_size, status.st_mtime_ns)


def _is_data(name: str) -> bool:
    return not name.lower().endswith(_CODE) and not _DECLARATION.fullmatch(name)


def _files(folder: Path, paths: Iterable[str]) -> Iterator[Path]:
    count, size = 0, 0
    for name in paths:
        path = folder / name
        inside = sorted(path.rglob("*")) if path.is_dir() else [path]
        for file in inside:
            if not file.is_file() or any(part in _SKIPPED for part in file.relative_to(folder).parts[:-1]):
                continue
            count, size = count + 1, size + file.stat().st_size
            if count > _MOST_FILES or size > _MOST_BYTES:
                return
            yield file


def _inside(top: Path, value: str) -> str | None:
    """Give a text as a path inside the project, None where it names no data there."""
    if not value or len(value) > 1000 or "\0" in value or "\n" in value or "://" in value:
        return None
    try:
        path = (top / value).resolve()
        if not path.is_relative_to(top) or path == top or not path.exists():
            return None
        name = path.relative_to(top).as_posix()
        data = _is_data_folder(path) if path.is_dir() else _is_data(path.name)
        hidden = any(part.startswith(".") or part in _SKIPPED for part in Path(name).parts)
    except (OSError, RuntimeError, ValueError):
        return None
    return name if data and not hidden else None


def _is_data_folder(path: Path) -> bool:
    """Tell whether a folder holds data and no code: `src` named in a script is no input."""
    names = [entry.name for entry in os.scandir(path) if not entry.name.startswith(".")]
    return bool(names) and not any(name.endswith(".py") for name in names)


def _constants(script: Path) -> list[str]:
    """Give the text constants of a script, and the paths that it joins of them."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(script.read_text("utf-8-sig", errors="replace"))
    except (OSError, SyntaxError, ValueError, RecursionError):
        return []
    found: dict[str, None] = {}
    parts: set[int] = set()
    for node in ast.walk(tree):  # outer ones first
        if id(node) in parts:
            continue
        # A bare name is no path: "data" is as often a column or a word.
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and ("/" in node.value or "." in node.value):
            found[node.value] = None
        elif isinstance(node, ast.BinOp | ast.Call) and (joined := _joined(node)):
            found[joined] = None
            # `Path("data")` within `Path("data") / "a.csv"` does not name the whole folder.
            parts |= {id(part) for part in ast.walk(node)}
    return list(found)


def _joined(node: ast.expr) -> str:
    """Read `Path("data") / "a.csv"`, `HERE / "data"` and `os.path.join(HERE, "data")` as data/a.csv."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        return "/".join(part for part in (_joined(node.left), _joined(node.right)) if part)
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in ("Path", "join", "PurePath"):
            return "/".join(part for part in map(_joined, node.args) if part)
    return ""


class _Cache:
    """Hashes by path, size, time and inode, in one small file of the home's index."""

    def __init__(self, home: Home | None) -> None:
        self._file = home.index / "md5.json" if home else None
        self._known: dict[str, list[str | int]] = {}
        self._changed = False
        if self._file:
            try:
                found = json.loads(self._file.read_text("utf-8"))
                self._known = found if isinstance(found, dict) else {}
            except (OSError, ValueError):
                self._known = {}

    def md5(self, file: Path, status: os.stat_result) -> str:
        key, state = str(file), [status.st_size, status.st_mtime_ns, status.st_ino]
        known = self._known.get(key)
        if known and known[:3] == state:
            return str(known[3])
        found = md5_of(file)
        # A file written a moment ago may change once more within the clock's step.
        if time.time_ns() - status.st_mtime_ns > _SETTLED_NS:
            self._known[key] = [*state, found]
            self._changed = True
        return found

    def save(self) -> None:
        if not self._file or not self._changed:
            return
        kept = dict(list(self._known.items())[-10_000:])
        fresh = self._file.with_name(f"md5.{os.getpid()}.tmp")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            fresh.write_text(json.dumps(kept), "utf-8")
            fresh.replace(self._file)
        except OSError:
            fresh.unlink(missing_ok=True)  # a cache may be lost


def md5_of(file: Path) -> str:
    """Hash a file's bytes, in bounded memory."""
    state = hashlib.md5(usedforsecurity=False)
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            state.update(chunk)
    return state.hexdigest()
