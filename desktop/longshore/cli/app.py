"""The `longshore` command: finds the command group, runs it, and turns errors into exit statuses."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import typer

from longshore import __version__
from longshore.cli.session import Globals, Session, WrongUsage, split_globals
from longshore.errors import LongshoreError

app = typer.Typer(
    name="longshore",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="""Machine-learning projects from the first run to the served model.

    Without a command, `longshore` opens the window. Every command also takes --json (one JSON document on standard
    output), --home DIR (or LONGSHORE_HOME) and --workspace NAME.""",
)


def run_command(arguments: Sequence[str]) -> int:
    """Run one command and give its exit status: 0 done, 1 it failed, 2 wrong usage, 130 interrupted."""
    _load_commands()
    _say_utf8()
    session = Session(Globals(as_json="--json" in arguments))
    try:
        options, rest = split_globals(list(arguments))
        session = Session(options)
        command = typer.main.get_command(app)
        return int(command.main(rest, prog_name="longshore", standalone_mode=False, obj=session) or 0)
    except LongshoreError as error:
        session.output.error(error)
        return 1
    except WrongUsage as error:
        session.output.message(f"longshore: {error}")
        return 2
    except typer.TyperException as error:
        return _show_usage(error)
    except (KeyboardInterrupt, typer.Abort):
        return 130
    except BrokenPipeError:
        # The reader (head, less) has seen enough.
        sys.stderr.close()
        return 1


def _show_usage(error: Any) -> int:
    # Typer's own class for a wrong command line; it knows the usage line and the nearest option.
    error.show()
    return int(error.exit_code)


def _say_utf8() -> None:
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", errors="replace")


def _load_commands() -> None:
    from longshore.cli import (  # noqa: F401
        agents,
        datums,
        demo,
        doctor,
        edits,
        environments,
        imports,
        jobs,
        lineage,
        models,
        pipelines,
        projects,
        runs,
        secrets,
        serving,
        trash,
        workspaces,
    )


@app.command()
def version(context: typer.Context) -> None:
    """Print the version."""
    session: Session = context.obj
    session.output.document({"version": __version__})
    session.output.text(__version__)


@app.command(name="gui")
def gui() -> None:
    """Open the window (what `longshore` does without a command)."""
    # The door (`__main__`) takes this command before it comes here: the terminal knows nothing of the window.
    raise AssertionError
