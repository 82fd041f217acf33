"""What a run job is to do, as its row keeps it. Secrets are in here by name alone."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_LISTS = ("secrets", "command", "notes", "earlier_runs", "data", "plus")


@dataclass(frozen=True)
class RunSpec:
    """One launch of an entry point, complete: it can be queued, retried and shown without asking the project again."""

    project_id: str
    project_name: str
    project_path: str
    entry_point: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    target: str = "local"
    experiment: str = ""
    run_name: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    image: str = ""
    # None: what the queue counts by default, and no limit is set on the processes.
    cpus: float | None = None
    memory_bytes: int | None = None
    gpus: int = 0
    timeout_s: float | None = None
    retries: int = 0
    # The command without the interpreter's place: "{python}" stands for it.
    command: tuple[str, ...] = ()
    source: str = ""  # the script, relative to the project; empty where unknown
    framework: str = "script"
    # What it is the run of, where it is more than one step; and which part of it, as `Selection` has it.
    pipeline: str = ""
    selection: Mapping[str, Any] = field(default_factory=dict)
    # The requirement of what runs it, where the project's environment does not bring it.
    tool: str = ""
    # What joins the project's own packages in its environment.
    plus: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()  # sentences for the beginning of its log
    # 1 for the first try; the runs are those of the tries before.
    attempt: int = 1
    earlier_runs: tuple[str, ...] = ()
    # Launched from a recorded code state: its commit, the kept patch, files that no commit holds, and its environment.
    commit: str = ""
    patch: str = ""
    data: tuple[str, ...] = ()
    expected_environment: str = ""
    # Another interpreter than the project asks for, and the day of which no package may be newer.
    python: str = ""
    as_of: str = ""
    # Where that code was put, once the job began.
    code_path: str = ""

    @property
    def folder(self) -> str:
        """The folder that the command runs in: the project's, or that of the code as it was."""
        return self.code_path or self.project_path

    def to_json(self) -> dict[str, Any]:
        """Give the spec as the job's row keeps it."""
        lists = {name: list(getattr(self, name)) for name in _LISTS}
        return {**dataclasses.asdict(self), **lists}

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> RunSpec:
        """Read a row's spec; keys of a newer app are passed over."""
        known = {entry.name for entry in dataclasses.fields(cls)}
        values = {key: value for key, value in found.items() if key in known}
        for key in _LISTS:
            values[key] = tuple(values.get(key) or ())
        return cls(**values)


# Known only where the job starts: the project's interpreter, the one that has the framework, our scripts for it, the app
# itself with its home.
PYTHON, TOOL, FRAMEWORKS, LONGSHORE, HOME = "{python}", "{tool}", "{frameworks}", "{longshore}", "{home}"


def placed(command: tuple[str, ...], *, python: str, tool: str = "", frameworks: str = "", home: str = "") -> list[str]:
    """Give the command line with interpreters and our scripts in their places.

    Raises: Invalid for a command of the app itself where the app is not: without a home.
    """
    from longshore.errors import Invalid
    from longshore.settings import self_command

    own = command[:1] == (LONGSHORE,)
    if own and not home:
        raise Invalid("This makes containers itself and runs on this computer alone.", hint="Use --target local.")
    line = [{PYTHON: python, TOOL: tool or python}.get(part, part) for part in command[own:]]
    line = [home if own and part == HOME else part for part in line]
    line = [part.replace(FRAMEWORKS, frameworks, 1) if part.startswith(FRAMEWORKS) else part for part in line]
    return self_command(*line) if own else line
