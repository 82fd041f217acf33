"""Runs `kedro run` with our hooks on its path. Started by the project's interpreter, in the project's folder.

Arguments: a pipeline's name, and `--set NAME=JSON`, `--env`, `--only`, `--from`, `--to`, `--tag`, or `--resume` with the
nodes that an earlier run has left undone.
"""

import argparse
import atexit
import json
import os
import sys
import tempfile

_PLUGIN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "plugin")


def main():
    """Start Kedro's own command line in this process."""
    arguments = _arguments()
    # Processes of a parallel runner find the hooks there too.
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [_PLUGIN, os.environ.get("PYTHONPATH")]))
    sys.path.append(_PLUGIN)
    try:
        from kedro.framework.cli import project
        from kedro.framework.cli.cli import main as kedro
    except ImportError as error:
        sys.stderr.write("This needs Kedro in the project's environment (%s).\n" % error)
        return 1
    known = {one for parameter in project.run.params for one in parameter.opts}
    line = ["kedro", "run"]
    if arguments.pipeline != "__default__":
        line += [_first(known, "--pipelines", "--pipeline"), arguments.pipeline]
    if arguments.env:
        line += ["--env", arguments.env]
    for option, value in (
        ("--nodes", arguments.only),
        ("--from-nodes", getattr(arguments, "from")),
        ("--to-nodes", arguments.to),
    ):
        if value:
            line += [option, value]
    if arguments.tag:
        line += ["--tags", ",".join(arguments.tag)]
    if arguments.resume:
        line += _resumed(arguments, known)
    if arguments.set:
        line += ["--config", _settings(arguments.set)]
    sys.argv = line
    return kedro()


def _arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("pipeline")
    for one in ("--set", "--tag"):
        parser.add_argument(one, action="append", default=[])
    for one in ("--env", "--only", "--from", "--to", "--resume"):
        parser.add_argument(one, default="")
    return parser.parse_args()


def _first(known, *options):
    return next((one for one in options if one in known), options[0])


def _resumed(arguments, known):
    """Give what goes on: the nodes that were left undone, as far as there still are such."""
    try:
        from pathlib import Path

        from kedro.framework.project import pipelines
        from kedro.framework.startup import bootstrap_project

        bootstrap_project(Path.cwd())
        names = [node.name for node in pipelines[arguments.pipeline].nodes]
    except Exception:  # Kedro says itself what is wrong with the project
        return []
    undone = [one for one in arguments.resume.split(",") if one in names]
    if not undone:
        return ["--only-missing-outputs"] if "--only-missing-outputs" in known else []
    # Nodes that have come since have nothing to keep, but what they read may not have been made: Kedro says so.
    os.environ["LONGSHORE_KEDRO_KEPT"] = ",".join(one for one in names if one not in undone)
    return ["--nodes", ",".join(undone)]


def _settings(given):
    """Write parameters into a file: on the command line a comma would part a list, and a text could become a number."""
    values = {}
    for one in given:
        name, _, text = one.partition("=")
        place = values
        *above, last = name.split(".")
        for part in above:
            place = place.setdefault(part, {})
        place[last] = json.loads(text)
    file, path = tempfile.mkstemp(suffix=".yml", prefix="longshore-kedro-")
    with os.fdopen(file, "w", encoding="utf-8") as settings:
        json.dump({"run": {"params": values}}, settings)
    atexit.register(os.unlink, path)
    return path


if __name__ == "__main__":
    sys.exit(main())
