"""What a project is: entry points with typed parameters, git state, the environment it declares. Frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from longshore.projects.pipeline import Pipeline, Repair

ParameterType = Literal["int", "float", "str", "bool", "choice", "path", "list"]


@dataclass(frozen=True)
class Parameter:
    """One argument of an entry point, as its declaration states it."""

    name: str
    type: ParameterType = "str"
    # A JSON value; None where there is none, or where only running the code could tell it.
    default: Any = None
    required: bool = False
    choices: tuple[str, ...] = ()
    help: str = ""
    # The type of each value of a list; of the values, for a choice.
    item: ParameterType = "str"
    # How it is given on the command line. An empty option: by position.
    option: str = ""
    negative: str = ""  # the option that says no (`--no-shuffle`)
    switch: bool = False  # given by presence alone
    repeated: bool = False  # a list given as `--x 1 --x 2`, not `--x 1 2`
    joined: bool = False  # `--x=1`, as fire takes it
    any_text_is_true: bool = False  # argparse's `type=bool`: only the empty text is false
    level: int = 0  # how many subcommands stand before it


@dataclass(frozen=True)
class EntryPoint:
    """Something that can be launched, and what it takes."""

    name: str
    # For people: the command with {parameter} places. `adapters.command` makes the real one.
    command: str
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    source: str = ""  # the script, relative to the project, with forward slashes; empty where unknown
    framework: str = "script"
    subcommands: tuple[str, ...] = ()
    # Its arguments can't all be known without running it: unknown ones are passed on as `--name value`.
    open_ended: bool = False
    help: str = ""
    # What must be there besides Python's packages: conda, kubernetes.
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class GitState:
    """Where the work tree stands. Paths are relative to the project folder."""

    branch: str  # empty on a detached head
    commit: str  # empty before the first commit
    dirty_files: tuple[str, ...] = ()
    untracked: tuple[str, ...] = ()
    remote: str = ""
    ahead: int | None = None
    behind: int | None = None
    root: str = ""  # the repository's top folder

    @property
    def dirty(self) -> bool:
        """Tell whether tracked files differ from the commit."""
        return bool(self.dirty_files)


@dataclass(frozen=True)
class EnvironmentSpec:
    """Which declaration the environment is made from."""

    # uv.lock, pyproject, requirements, python_env, conda, venv, none
    kind: str
    file: str = ""  # relative to the project
    python: str = ""  # the version asked for, as uv takes it; empty: any
    detail: str = ""
    hash: str = ""  # by content; the name of the cached environment
    # The newest day of a package (2022-09-30); empty: today's.
    as_of: str = ""


@dataclass(frozen=True)
class ProjectInfo:
    """An opened folder. `problems` are what could not be read, as sentences; the rest still holds."""

    id: str
    name: str
    path: str
    frameworks: tuple[str, ...] = ()
    entry_points: tuple[EntryPoint, ...] = ()
    git: GitState | None = None
    environment: EnvironmentSpec = EnvironmentSpec("none")
    pipelines: tuple[Pipeline, ...] = ()
    problems: tuple[str, ...] = ()
    repairs: tuple[Repair, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Give the project as `longshore open --json` shows it."""
        return {
            "id": self.id,
            "name": self.name,
            "path": self.path,
            "frameworks": list(self.frameworks),
            "entry_points": [entry_as_dict(entry) for entry in self.entry_points],
            "pipelines": [one.as_dict() for one in self.pipelines],
            "git": asdict(self.git) | {"dirty": self.git.dirty} if self.git else None,
            "environment": asdict(self.environment),
            "problems": list(self.problems),
            "repairs": [asdict(one) for one in self.repairs],
        }


def entry_as_dict(entry: EntryPoint) -> dict[str, Any]:
    """Give an entry point as `longshore open --json` shows it."""
    parameters = {
        one.name: {
            "type": one.type,
            "default": one.default,
            "required": one.required,
            "choices": list(one.choices),
            "help": one.help,
        }
        for one in entry.parameters.values()
    }
    return {"name": entry.name, "command": entry.command, "parameters": parameters, "source": entry.source}
