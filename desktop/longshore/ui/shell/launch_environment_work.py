"""The environment part's work off the UI thread: Pythons, days, what changed between them, whether all is made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from longshore.progress import CancelToken, Progress
from longshore.settings import Home
from longshore.ui.shell.tasks import Work

if TYPE_CHECKING:
    from longshore.projects.interpreters import Interpreter
    from longshore.projects.time_travel import Change

# Of these, a day changes nothing: why.
NO_DAY = {
    "uv.lock": "uv.lock names every version, so a day would change nothing.",
    "venv": "The project's own .venv is used as it is.",
    "none": "The project declares no packages.",
}


@dataclass(frozen=True)
class Choices:
    """What there is to choose from."""

    pythons: tuple[Interpreter, ...]
    last_commit: date | None


@dataclass(frozen=True)
class EnvironmentState:
    """Whether the environment that is asked for is there already."""

    hash: str
    made: bool
    python: str  # what it asks for, as uv takes it


@dataclass(frozen=True)
class Found:
    """What is known of the environment that is asked for; no state while it is being looked at."""

    python: str = ""
    as_of: str = ""
    state: EnvironmentState | None = None
    problem: str = ""


def choices_work(path: Path) -> Work[Choices]:
    """Give the work that looks for Pythons, and the day of the last commit."""

    def work(_progress: Progress, _cancel: CancelToken) -> Choices:
        from longshore.projects import interpreters, time_travel

        return Choices(interpreters.listing(), time_travel.last_commit_day(path))

    return work


def state_work(home: Home, path: Path, python: str, as_of: str, framework: str) -> Work[EnvironmentState]:
    """Give the work that looks whether the environment is made. Raises, in the work: Invalid for its declaration."""

    def work(_progress: Progress, _cancel: CancelToken) -> EnvironmentState:
        from longshore.projects import adapters, environments
        from longshore.projects.declarations import chosen

        spec = chosen(path, python=python, as_of=as_of).spec
        made = environments.is_made(home, path, python=python, as_of=as_of, plus=adapters.plus(framework))
        return EnvironmentState(spec.hash, made, spec.python)

    return work


def python_work(given: str) -> Work[Interpreter]:
    """Give the work that asks an interpreter for its version. Raises, in the work: Invalid where there is none."""

    def work(_progress: Progress, _cancel: CancelToken) -> Interpreter:
        from longshore.projects import interpreters

        return interpreters.at(given)

    return work


def changes_work(home: Home, path: Path, python: str, as_of: str) -> Work[tuple[Change, ...]]:
    """Give the work that resolves the packages of a day and of today; nothing is installed."""

    def work(progress: Progress, cancel: CancelToken) -> tuple[Change, ...]:
        from longshore.projects import time_travel

        then = time_travel.versions(home, path, as_of, python=python, progress=progress, cancel=cancel)
        now = time_travel.versions(home, path, python=python, progress=progress, cancel=cancel)
        return time_travel.changes(then, now)

    return work
