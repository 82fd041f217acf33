"""What every command starts from: the home, the workspace, where the answer goes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from longshore.cli.output import Output
from longshore.errors import Invalid
from longshore.settings import Home, open_home

if TYPE_CHECKING:
    from longshore.mlflow_rest.client import Client

# The personal tracking server is up after about 6 s; a cold disk may need many times that.
SERVER_WAIT_S = 90.0


class WrongUsage(Exception):
    """The command line itself is wrong: exit status 2."""


@dataclass(frozen=True)
class Globals:
    """The options that every command takes, in any place of the command line."""

    as_json: bool = False
    home: Path | None = None
    workspace: str | None = None


class Session:
    """One command's surroundings; typer hands it on as `context.obj`."""

    def __init__(self, options: Globals) -> None:
        self.options = options
        self.output = Output(as_json=options.as_json)
        self._home: Home | None = None

    @property
    def home(self) -> Home:
        """The home folder, opened at first use."""
        if self._home is None:
            self._home = open_home(self.options.home)
        return self._home

    @property
    def workspace(self) -> str:
        """The name of the workspace that this command means."""
        from longshore.store import workspaces

        return workspaces.get(self.home, self.options.workspace).name

    def client(self, workspace: str | None = None) -> Client:
        """Connect to a workspace's MLflow server, the one that this command means where none is named.

        One on this computer is brought up by the agent first.
        """
        from longshore.store import processes, workspaces
        from longshore.workspace.connection import connect

        name = workspace or self.options.workspace
        if workspaces.get(self.home, name).served_here:
            processes.ensure_agent(self.home)
        return connect(self.home, name, wait_s=SERVER_WAIT_S)


def split_globals(arguments: list[str]) -> tuple[Globals, list[str]]:
    """Take `--json`, `--home DIR` and `--workspace NAME` out of a command line, wherever they stand.

    Raises: WrongUsage if a value is missing.
    """
    as_json, values, rest = False, {"--home": "", "--workspace": ""}, []
    pending = iter(arguments)
    for argument in pending:
        name, equals, value = argument.partition("=")
        if argument == "--":
            rest += [argument, *pending]
        elif argument == "--json":
            as_json = True
        elif name in values:
            values[name] = value if equals else next(pending, "")
            if not values[name]:
                raise WrongUsage(f"{name} needs a value")
        else:
            rest.append(argument)
    home = Path(values["--home"]) if values["--home"] else None
    return Globals(as_json, home, values["--workspace"] or None), rest


def pairs(given: list[str], option: str) -> dict[str, str]:
    """Read `key=value` options. Raises: Invalid for one without `=`."""
    found = {}
    for item in given:
        key, equals, value = item.partition("=")
        if not equals or not key:
            raise Invalid(
                f"{option} {item!r} is not of the form KEY=VALUE.", hint=f"Write {option} {item or 'KEY'}=VALUE."
            )
        found[key] = value
    return found
