"""The projects inside of a repository that holds several: where their own files say so."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from longshore.projects.folder import SKIPPED

# A folder with one of these is a project by itself; scripts alone make none of a subfolder.
_MARKS = {"MLproject": "mlproject", "dvc.yaml": "dvc", "project.yaml": "mlrun"}
_DEEPEST, _MOST = 5, 200


@dataclass(frozen=True)
class Within:
    """A project in a repository."""

    path: str  # relative to the repository, "." for itself
    framework: str


def projects_within(path: Path) -> tuple[Within, ...]:
    """Give the projects that a folder holds, itself first where it is one; 200 at most, five levels down."""
    found: list[Within] = []
    for folder, folders, files in os.walk(path):
        here = Path(folder).relative_to(path)
        names = set(files)
        framework = next((kind for mark, kind in _MARKS.items() if mark in names and _holds(Path(folder) / mark)), "")
        if not framework and "pyproject.toml" in names and "[tool.kedro]" in _head(Path(folder) / "pyproject.toml"):
            framework = "kedro"
        if framework:
            found.append(Within(here.as_posix(), framework))
        deeper = len(here.parts) < _DEEPEST
        folders[:] = sorted(name for name in folders if deeper and not name.startswith(".") and name not in SKIPPED)
        if len(found) >= _MOST:
            break
    return tuple(found)


def _holds(file: Path) -> bool:
    return file.name != "project.yaml" or "kind: project" in _head(file)


def _head(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            return stream.read(100_000).decode("utf-8", "replace")
    except OSError:
        return ""
