"""A quick look for runs in a folder: names and sizes alone, with a limit on time. Nothing is executed or followed."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from longshore.errors import Invalid
from longshore.tracking.imports import database, dvc_experiments, dvclive, mlruns, tensorboard
from longshore.tracking.imports.types import DATABASE, DVC, DVCLIVE, MLRUNS, TENSORBOARD, Found

TIME_LIMIT_S = 0.3
_DEEPEST = 5
_LEFT_OUT = frozenset({"node_modules", "site-packages", "__pycache__", "venv", "env", "mlartifacts"})
_DATABASES = (".db", ".sqlite", ".sqlite3")


def find(folder: Path | str) -> tuple[Found, ...]:
    """Give what can be imported from a folder, by place.

    It stops after a fraction of a second: of a huge folder it gives what it met until then, with `at_least` set.
    Raises: Invalid where the folder can't be read.
    """
    root = Path(folder).expanduser()
    try:
        root = root.resolve(strict=True)
        if root.is_file() and root.suffix in _DATABASES:
            return _Search(root.parent).database(root)
        with os.scandir(root) as entries:
            next(entries, None)
    except (OSError, RuntimeError) as error:
        raise Invalid(f"{folder} cannot be read: {error}.", hint="Check the path.") from error
    return _Search(root).everything()


@dataclass
class _Search:
    folder: Path
    deadline: float = field(default_factory=lambda: time.monotonic() + TIME_LIMIT_S)
    # The highest folder of event files -> the folders with some, and their size.
    events: dict[Path, tuple[int, int]] = field(default_factory=dict)

    @property
    def late(self) -> bool:
        return time.monotonic() > self.deadline

    def everything(self) -> tuple[Found, ...]:
        found = [*self._experiments(), *self._below(self.folder, 0)]
        for top, (count, size) in self.events.items():
            found.append(self._found(TENSORBOARD, top, count, size, at_least=self.late))
        return tuple(sorted(found, key=lambda each: (str(each.path), each.kind)))

    def _found(self, kind: str, path: Path, runs: int, size: int, *, at_least: bool = False) -> Found:
        return Found(kind, path, self.folder, runs, size, at_least)

    def _below(self, place: Path, depth: int) -> Iterator[Found]:
        try:
            with os.scandir(place) as scanned:
                entries = sorted(scanned, key=lambda entry: entry.name)
        except OSError:
            return
        if place.name == "mlruns" or depth == 0:
            stored = tuple(self._file_store(place))
            yield from stored
            if stored or place.name == "mlruns":
                return
        if dvclive.is_one(place):
            yield self._found(DVCLIVE, place, 1, sum(self._sizes(place)))
            return
        self._note_events(place, entries)
        for entry in entries:
            if self.late:
                return
            if not entry.is_symlink() and not entry.name.startswith("."):
                yield from self._entry(entry, depth)

    def _entry(self, entry: os.DirEntry[str], depth: int) -> Iterator[Found]:
        path = Path(entry.path)
        if entry.is_dir(follow_symlinks=False):
            if depth < _DEEPEST and entry.name not in _LEFT_OUT and not (path / "pyvenv.cfg").exists():
                yield from self._below(path, depth + 1)
        elif path.suffix in _DATABASES and entry.is_file(follow_symlinks=False):
            yield from self.database(path)

    def database(self, file: Path) -> tuple[Found, ...]:
        try:
            count = database.count(file, 0.1)
            return (self._found(DATABASE, file, count, file.stat().st_size),) if count else ()
        except (Invalid, OSError):
            return ()

    def _file_store(self, place: Path) -> Iterator[Found]:
        count = size = 0
        with contextlib.suppress(OSError):
            for experiment in mlruns.experiment_folders(place):
                with contextlib.suppress(OSError):
                    names = [name for name in os.listdir(experiment) if mlruns.RUN_ID.fullmatch(name)]  # noqa: PTH208
                    count += len(names)
                    size += sum(sum(self._sizes(experiment / name)) for name in names if not self.late)
        if count:
            yield self._found(MLRUNS, place, count, size, at_least=self.late)

    def _sizes(self, place: Path) -> Iterator[int]:
        for root, _, names in os.walk(place, followlinks=False):
            for name in names:
                if self.late:
                    return
                with contextlib.suppress(OSError):
                    yield os.lstat(os.path.join(root, name)).st_size  # noqa: PTH118

    def _note_events(self, place: Path, entries: list[os.DirEntry[str]]) -> None:
        own = [
            entry
            for entry in entries
            if entry.name.startswith(tensorboard.PREFIX) and entry.is_file(follow_symlinks=False)
        ]
        if not own:
            return
        inner = place.relative_to(self.folder).parts
        top = self.folder / inner[0] if inner else self.folder
        count, size = self.events.get(top, (0, 0))
        with contextlib.suppress(OSError):
            size += sum(entry.stat(follow_symlinks=False).st_size for entry in own)
        self.events[top] = (count + 1, size)

    def _experiments(self) -> Iterator[Found]:
        from longshore.projects.git import top_folder

        top = top_folder(self.folder)
        inside = (self.folder, *self.folder.parents)
        if top is None or not any((place / ".dvc").is_dir() for place in inside if place.is_relative_to(top)):
            return
        git_folder = dvc_experiments.git_folder_of(top)
        if git_folder is None:
            return
        with contextlib.suppress(OSError, UnicodeError):
            names = {name for name in dvc_experiments.ref_names(git_folder) if dvc_experiments.REF.fullmatch(name)}
            if names:
                yield self._found(DVC, self.folder, len(names), 0)
