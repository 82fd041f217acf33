"""Repos: folders of data in the project (or where the person said), and what pipelines made, in the home.

The output of a pipeline is a series of commits that are never changed; HEAD names the one that counts.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from longshore.errors import Conflict, Invalid
from longshore.jobs.supervisor.files import read_json, write_json

if TYPE_CHECKING:
    from longshore.pipelines.datums import Repo
    from longshore.settings import Home

_SKIPPED = frozenset({".git", ".gitkeep", ".gitignore", ".DS_Store"})
_KEPT_COMMITS = 5
# A file that was written this moment may be written again without another time.
_YOUNG_S = 2.0


def state_folder(home: Home, project: Path) -> Path:
    """Give the folder of all that is kept of a project's Pachyderm pipelines."""
    from longshore.projects.opening import project_id

    return home.path / "pachyderm" / project_id(project.resolve())


def name_folder(home: Home, project: Path, repo: str, folder: Path) -> None:
    """Say once where a repo's data lie.

    Raises: Invalid where there is no such folder.
    """
    if not folder.is_dir():
        raise Invalid(f"{folder} is no folder.", hint="Give the folder that holds the repo's files.")
    file = state_folder(home, project) / "repos.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    write_json(file, {**(read_json(file) or {}), repo: str(folder.resolve())})


def folder_of(home: Home, project: Path, repo: str, spec_folder: str = "") -> Path:
    """Give the folder of a repo: the one that was named, else one of its name beside the spec, in the project or in `data`.

    Raises: Invalid where there is none.
    """
    named = (read_json(state_folder(home, project) / "repos.json") or {}).get(repo)
    if isinstance(named, str) and Path(named).is_dir():
        return Path(named)
    for place in (spec_folder, f"{spec_folder}/data", "", "data"):
        folder = project / place.strip("/") / repo
        if folder.is_dir():
            return folder
    raise Invalid(
        f"There is no folder {repo}/ with the data of the repo {repo}.",
        hint=f"Make one in {project}, or name it: longshore datums {project} --repo {repo}=FOLDER",
    )


class Hashes:
    """Hashes of files; one whose size, time and inode are as before is not read again."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._known: dict[str, Any] = read_json(file) or {}
        self._seen: dict[str, Any] = {}

    def of(self, folder: Path) -> Repo:
        """Give the path and hash of every file in a folder; links that lead out of it are passed over.

        Raises: OSError for a file that can't be read.
        """
        top = folder.resolve()
        return {"/" + path.relative_to(top).as_posix(): self._one(path) for path in files_in(top)}

    def save(self) -> None:
        """Keep what is known for the next time."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(OSError):  # the next time they are read again
            write_json(self._file, {**self._known, **self._seen})

    def _one(self, path: Path) -> str:
        status = path.stat()
        mark = [status.st_size, status.st_mtime_ns, status.st_ino]
        known = self._known.get(str(path))
        if isinstance(known, list) and known[:3] == mark:
            return str(known[3])
        with path.open("rb") as file:
            found = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
        if time.time() - status.st_mtime > _YOUNG_S:
            self._seen[str(path)] = [*mark, found]
        return found


def files_in(top: Path) -> Iterator[Path]:
    """Give the regular files below a folder in order."""
    for folder, folders, names in os.walk(top):
        folders[:] = sorted(set(folders) - _SKIPPED)
        for name in sorted(set(names) - _SKIPPED):
            path = Path(folder, name)
            if path.is_file() and (not path.is_symlink() or path.resolve().is_relative_to(top)):
                yield path


def place(source: Path, target: Path) -> None:
    """Put a file somewhere else without copying its bytes, where the disk allows it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    real = source.resolve()
    try:
        os.link(real, target)
    except OSError:
        shutil.copy2(real, target)


class Output:
    """What one pipeline made: commits, and HEAD."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def head(self) -> Path | None:
        """The folder of the last commit, None before the first."""
        try:
            name = (self._folder / "HEAD").read_text("utf-8").strip()
        except OSError:
            return None
        found = self._folder / "commits" / name
        return found if name and found.is_dir() else None

    def provenance(self) -> dict[str, Any]:
        """Give which datum made each file of the last commit, and what each datum read."""
        head = self.head
        return (read_json(head.with_suffix(".json")) or {}) if head else {}

    def commit(self, outs: Mapping[str, Path], inputs: Mapping[str, Iterable[str]]) -> Path:
        """Make a commit of what the datums wrote, by their ids: all of it, and nothing else, or no commit.

        Raises: Conflict where two datums wrote the same path, as Pachyderm 2 does; OSError.
        """
        made_by: dict[str, str] = {}
        sources: dict[str, Path] = {}
        for id_, out in outs.items():
            for path in files_in(out):
                name = path.relative_to(out).as_posix()
                if name in made_by:
                    raise Conflict(
                        f"The datums {made_by[name][:8]} and {id_[:8]} both wrote /pfs/out/{name}.",
                        hint="Let each write a name of its own, after its input.",
                    )
                made_by[name], sources[name] = id_, path
        _no_file_is_a_folder(made_by)
        listed = json.dumps(sorted(made_by.items()))
        name = hashlib.blake2b(listed.encode(), digest_size=12).hexdigest()
        commits = self._folder / "commits"
        target = commits / name
        if not target.is_dir():
            fresh = commits / f"{name}.new"
            shutil.rmtree(fresh, ignore_errors=True)
            fresh.mkdir(parents=True)
            for relative, source in sources.items():
                place(source, fresh / relative)
            fresh.replace(target)
        write_json(target.with_suffix(".json"), {"files": made_by, "datums": {i: list(v) for i, v in inputs.items()}})
        head = self._folder / "HEAD.new"
        head.write_text(name, "utf-8")
        head.replace(self._folder / "HEAD")
        self._prune(name)
        return target

    def _prune(self, head: str) -> None:
        commits = [one for one in (self._folder / "commits").iterdir() if one.is_dir() and one.name != head]
        for old in sorted(commits, key=lambda one: one.stat().st_mtime, reverse=True)[_KEPT_COMMITS - 1 :]:
            shutil.rmtree(old, ignore_errors=True)
            old.with_suffix(".json").unlink(missing_ok=True)


def _no_file_is_a_folder(made_by: Mapping[str, str]) -> None:
    for name, id_ in made_by.items():
        parts = name.split("/")
        for end in range(1, len(parts)):
            if (other := "/".join(parts[:end])) in made_by:
                raise Conflict(
                    f"The datum {made_by[other][:8]} wrote /pfs/out/{other} as a file, {id_[:8]} as a folder.",
                    hint="Let each write a name of its own, after its input.",
                )
