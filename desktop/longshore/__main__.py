"""The one door: the window, a command, or a helper process. The only file that knows every room."""

from __future__ import annotations

import sys


def main() -> int:
    """Start what the command line asks for and give the exit status."""
    arguments = sys.argv[1:]
    if arguments[:2] == ["agent", "serve"]:
        from longshore.agent.main import serve

        return serve(arguments[2:])
    if arguments[:1] == ["supervise"]:  # in a frozen app; else the supervisor is started without any of ours
        from longshore.jobs.supervisor.__main__ import main as supervise

        return supervise()
    if arguments[:1] == ["tracking-server"]:
        from longshore.workspace.tracking_process import serve as serve_tracking

        return serve_tracking(arguments[1:])
    if arguments[:1] == ["tracking-purge"]:
        from longshore.workspace.purge_process import purge

        return purge(arguments[1:])
    if arguments[:1] == ["keyring-probe"]:
        from longshore.secrets.probe import report

        return report(arguments[1:])
    if arguments[:1] == ["parquet-head"]:
        from longshore.tracking.content.parquet_process import report as report_table

        return report_table(arguments[1:])
    if arguments[:1] == ["pachyderm-run"]:
        from longshore.pipelines.pachyderm.runner import main as run_pachyderm

        return run_pachyderm(arguments[1:])
    if wants_window(arguments):
        from longshore.ui.shell.app import run_window

        return run_window([argument for argument in arguments if argument != "gui"])
    from longshore.cli.app import run_command

    return run_command(arguments)


def wants_window(arguments: list[str]) -> bool:
    """Tell whether no command is named, or `gui`: the options that every command takes may stand before it."""
    rest = iter(arguments)
    for argument in rest:
        if argument in ("--help", "-h"):
            return False
        if argument in ("--home", "--workspace", "--screenshots"):
            next(rest, None)
        elif not argument.startswith("-"):
            return argument == "gui"
    return True


if __name__ == "__main__":
    sys.exit(main())
