"""Runs a pipeline by KFP's local runner and tells each task's state. Started by the interpreter that has KFP.

Arguments: `FILE.yaml` or `FILE.py:FUNCTION`, `--set NAME=VALUE` as often as one likes, and a part: `--only`, `--from` or
`--to` with a step. A task whose inputs and code are those of an earlier run is taken from KFP's cache.
"""

import argparse
import inspect
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.dirname(sys.path[0]))
import longshore_kfp_spec as specs
import longshore_kfp_watching as watching
import longshore_probe
from longshore_events import pipeline as tell

_HERE = sys.path[1]
del sys.path[:2]


def main():
    """Run what the command line asks for; gives the exit status."""
    arguments = _arguments()
    os.environ["LONGSHORE_KFP_PACKAGES"] = os.path.join(_HERE, "packages.py")
    try:
        from kfp import components, local
    except ImportError as error:
        return _stop("This needs KFP 2.7 or later in the project's environment (%s)." % error)
    try:
        part = specs.Part(_spec(arguments.pipeline))
        values = part.arguments(dict(one.split("=", 1) for one in arguments.set))
        fresh, cached = set(), set()
        if arguments.only or arguments.to:
            part.up_to(arguments.only or arguments.to)
        if arguments.only:
            fresh = part.within(arguments.only)
            cached = set(part.steps) - fresh - part.around(arguments.only)
        elif getattr(arguments, "from"):
            fresh = part.from_on(getattr(arguments, "from"))
        part.with_packages_aside()
    except ValueError as error:
        return _stop(str(error))
    known = inspect.signature(local.init).parameters
    caching = {"enable_caching": True} if "enable_caching" in known else {}
    local.init(runner=local.SubprocessRunner(use_venv=False), raise_on_error=True, **caching)
    watch = watching.Watch(part, fresh, cached)
    watch.begin()
    tell("running", name=part.spec["pipelineInfo"]["name"])
    component = components.load_component_from_text(json.dumps(part.spec))
    try:
        component(**values)
    except Exception as error:
        return _stop(str(error) or type(error).__name__)
    watch.end()
    return 0


def _arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("pipeline")
    parser.add_argument("--set", action="append", default=[])
    for one in ("--only", "--from", "--to"):
        parser.add_argument(one, default="")
    return parser.parse_args()


def _spec(pipeline):
    file, _, function = pipeline.rpartition(":")
    if file.endswith(".py"):
        from google.protobuf import json_format

        # Its steps are started by their own text: what the file does as a script is not done here.
        found = getattr(longshore_probe.module(file, os.getcwd()), function, None)
        if not hasattr(found, "pipeline_spec"):
            raise ValueError("%s has no pipeline %r." % (file, function))
        return json_format.MessageToDict(found.pipeline_spec)
    import yaml

    with open(pipeline, encoding="utf-8-sig") as text:
        for document in yaml.load_all(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            if isinstance(document, dict) and "pipelineInfo" in document:
                return document
    raise ValueError("%s holds no compiled pipeline." % pipeline)


def _stop(reason):
    sys.stderr.write(reason + "\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
