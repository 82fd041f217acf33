"""What the readers give: one command line of a script, with its subcommands and parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from longshore.projects.model import Parameter


@dataclass(frozen=True)
class CommandLine:
    """One way to call a script: `script.py SUBCOMMANDS... PARAMETERS...`."""

    library: str  # argparse, click, typer, fire
    subcommands: tuple[str, ...] = ()
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    # Some of its arguments can't be known without running it.
    open_ended: bool = False
    help: str = ""
