"""An old project's environment as of its day: when it was last changed, and what its packages were then and are now."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from longshore.errors import LongshoreError
from longshore.progress import CancelToken, Progress, no_progress
from longshore.projects import environments, git
from longshore.projects.declarations import chosen, requirement_lines
from longshore.projects.uv_program import run_uv
from longshore.settings import Home


@dataclass(frozen=True)
class Change:
    """A package that is another one today; an empty version: it is not there."""

    name: str
    then: str
    now: str


def last_commit_day(path: Path) -> date | None:
    """Give the day of the folder's last commit; None where it has none."""
    try:
        [said] = git.ask(path, git.Question(("log", "-1", "--format=%cI", "--", ".")))
        return datetime.fromisoformat(said.decode().strip()).date()
    except (LongshoreError, ValueError):
        return None


def versions(
    home: Home,
    path: Path,
    as_of: str = "",
    *,
    python: str = "",
    progress: Progress = no_progress,
    cancel: CancelToken | None = None,
) -> dict[str, str]:
    """Give the packages that the project would get, by name; nothing is installed.

    Raises: Invalid for a declaration that can't be read; WorkFailed where its requirements don't go together.
    """
    declaration = chosen(path, python=python, as_of=as_of)
    home.environments.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home.environments, prefix=".resolving-") as scratch:
        source = Path(scratch) / "requirements.in"
        source.write_text("\n".join(requirement_lines(path, declaration)) + "\n", "utf-8")
        command = ["pip", "compile", "--quiet", "--no-header", "--no-annotate", str(source)]
        command += ["--exclude-newer", as_of] if as_of else []
        if interpreter := environments.interpreter_for(declaration):
            command += ["--python", interpreter]
        said = run_uv(command, cwd=path, progress=progress, cancel=cancel)
    pins = (re.match(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?\s*(?:==|@)\s*([^\s;]+)", line) for line in said.splitlines())
    return {pin[1].lower(): pin[2] for pin in pins if pin}


def changes(then: Mapping[str, str], now: Mapping[str, str]) -> tuple[Change, ...]:
    """Give what differs between two resolutions, by name."""
    names = sorted(set(then) | set(now))
    return tuple(
        Change(name, then.get(name, ""), now.get(name, "")) for name in names if then.get(name) != now.get(name)
    )
