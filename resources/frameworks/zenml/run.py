"""Runs a ZenML pipeline, one of its steps alone, or a script that starts pipelines, and tells what each step does.

Watched where ZenML notes it: each step is created and updated in its store, whatever runs it.
Arguments: FILE PIPELINE [--config=FILE] [--only=STEP --origin=RUN] [-- --name=value ...], or --script FILE ...
"""

import functools
import inspect
import json
import os
import runpy
import sys
import typing

_HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [_HERE, os.path.dirname(_HERE)]
import longshore_events  # noqa: E402
import longshore_zenml  # noqa: E402

del sys.path[:2]

# What can be read of an output without more than a file of ZenML's own.
_READ = ("builtins.int", "builtins.float", "builtins.dict", "builtins.bool")
_LARGEST = 100000
_UNSAID = ("storage_size",)
_STATES = {
    "running": "running", "initializing": "running", "provisioning": "running", "completed": "done",
    "cached": "cached", "failed": "failed", "stopped": "failed", "cancelled": "failed", "skipped": "skipped",
}  # fmt: skip
# Of a script, each run of a pipeline: its name, and which of several of that name it is.
_SEEN = {"prefix": False, "runs": {}, "said": {}, "errors": {}, "open": None}


def main():
    """Run what the arguments say."""
    arguments = sys.argv[1:]
    sys.stdout.reconfigure(line_buffering=True)
    _watch()
    if arguments[0] == "--script":
        # It may start several pipelines: steps are named with theirs.
        _SEEN["prefix"] = True
        return _script(arguments[1:])
    cut = arguments.index("--") if "--" in arguments else len(arguments)
    given, values = arguments[2:cut], arguments[cut + 1 :]
    options = dict(one[2:].partition("=")[::2] for one in given)
    sys.argv = [arguments[0]]
    module = longshore_zenml.load(os.path.abspath(arguments[0]), os.getcwd())
    pipeline = getattr(module, arguments[1])
    if options.get("only"):
        return _only(pipeline, options["only"], options.get("origin", ""))
    if options.get("config"):
        pipeline = pipeline.with_options(config_path=options["config"])
    pipeline(**_values(pipeline.entrypoint, values))
    return 0


def _script(arguments):
    file = os.path.abspath(arguments[0])
    longshore_zenml.source_root(longshore_zenml.roots(file, os.getcwd())[0])
    sys.path.insert(0, os.path.dirname(file))
    sys.argv = arguments
    try:
        runpy.run_path(file, run_name="__main__")
    except SystemExit as error:
        _ended("failed" if error.code else "done")
        raise
    except BaseException:
        _ended("failed")
        raise
    _ended("done")
    return 0


def _values(function, values):
    """Give what was given in the types that the function says; ZenML itself checks them."""
    try:
        hints = typing.get_type_hints(function)
    except Exception:
        hints = {}
    found = {}
    for one in values:
        name, _, text = one[2:].partition("=")
        hint = hints.get(name, getattr(inspect.signature(function).parameters.get(name), "annotation", str))
        found[name] = text
        is_text = hint is str or (str in getattr(hint, "__args__", ()) and hint.__origin__ not in (list, dict))
        if not is_text:
            try:
                found[name] = json.loads(text)
            except ValueError:
                pass
    return found


def _only(pipeline, step, origin):
    """Run one step alone, with what it was given in an earlier run."""
    from zenml import pipeline as decorated
    from zenml.client import Client

    client = Client()
    if not origin:
        runs = client.list_pipeline_runs(sort_by="desc:created", size=1, pipeline=pipeline.name)
        if not runs.items:
            sys.exit("%s has not run yet: nothing says what %s is given. Run all of it first." % (pipeline.name, step))
        origin = runs.items[0].id
    past = client.get_pipeline_run(origin).steps.get(step)
    if past is None:
        sys.exit("The last run did not come to %s: nothing says what it is given. Run all of it first." % step)
    source = past.spec.source
    function = getattr(__import__(source.module, fromlist=["_"]), source.attribute)
    given = dict(past.config.parameters or {})
    for name, one in past.inputs.items():
        one = one if isinstance(one, list) else [one]
        given[name] = (
            client.get_artifact_version(one[0].id)
            if len(one) == 1
            else [client.get_artifact_version(each.id) for each in one]
        )

    def alone():
        function(id=step, **given)

    # ZenML names where a pipeline stands, which must be in the project.
    alone.__module__ = source.module
    decorated(name="%s_%s_alone" % (pipeline.name, step), enable_cache=False)(alone)()
    return 0


# -- watching ---------------------------------------------------------------------------------------------------------


def _watch():
    try:
        from zenml.zen_stores.rest_zen_store import RestZenStore
        from zenml.zen_stores.sql_zen_store import SqlZenStore

        for store in (SqlZenStore, RestZenStore):
            store.create_run_step = _watched(store.create_run_step)
            store.update_run_step = _watched(store.update_run_step)
    except Exception as error:
        sys.stderr.write("Longshore cannot watch this version of ZenML: %r\n" % error)
    try:
        from zenml.orchestrators.step_runner import StepRunner

        StepRunner.run = _noticing(StepRunner.run)
    except Exception:
        pass


def _watched(call):
    @functools.wraps(call)
    def watched(self, *args, **kwargs):
        step = call(self, *args, **kwargs)
        try:
            _tell(self, step)
        except Exception:
            pass
        return step

    return watched


def _noticing(run):
    """Keep why a step failed: ZenML notes the failure first, and raises it then."""

    @functools.wraps(run)
    def noticing(self, *args, **kwargs):
        step = getattr(self, "_step", None)
        load = getattr(self, "_load_step", None)
        try:
            if load is not None:
                self._load_step = lambda: _raising(load(), step)
        except Exception:
            pass
        return run(self, *args, **kwargs)

    return noticing


def _raising(instance, step):
    name = getattr(step.spec, "invocation_id", None) or getattr(step.spec, "pipeline_parameter_name", "")
    function = instance.call_entrypoint if hasattr(instance, "call_entrypoint") else None
    if function is not None:

        @functools.wraps(function)
        def called(*args, **kwargs):
            try:
                return function(*args, **kwargs)
            except BaseException as error:
                _SEEN["errors"][name] = "%s: %s" % (type(error).__name__, error)
                raise

        instance.call_entrypoint = called
    return instance


def _tell(store, step):
    state = _STATES.get(getattr(step.status, "value", str(step.status)))
    key, run = str(step.id), str(step.pipeline_run_id if hasattr(step, "pipeline_run_id") else "")
    if state is None or _SEEN["said"].get(key) == state:
        return
    _SEEN["said"][key] = state
    if run and run not in _SEEN["runs"]:
        _SEEN["runs"][run] = _begun(store, run)
    prefix, task = _SEEN["runs"].get(run, ("", ""))
    name = "%s/%s" % (prefix, step.name) if prefix else step.name
    facts = {}
    if state == "running" or state == "cached":
        facts["parameters"] = {k: longshore_events.shown(v) for k, v in (step.config.parameters or {}).items()}
    if state in ("done", "cached"):
        facts.update(_made(step))
        facts["metrics"].update(longshore_events.numbers(_metadata(store, step)))
    if state == "failed":
        facts["error"] = _SEEN["errors"].get(step.name) or _said(step) or "It failed; its log says why."
    longshore_events.step(name, state, task, **facts)
    if prefix and state == "failed":
        _ended("failed")


def _begun(store, run):
    """Tell that a pipeline begins; the one before it has ended then."""
    _ended("done")
    longshore_events.pipeline("running", origin=run)
    name = _pipeline(store, run) if _SEEN["prefix"] else ""
    count = 1 + sum(1 for one, _task in _SEEN["runs"].values() if one == name)
    task = str(count) if name and count > 1 else ""
    if name:
        _SEEN["open"] = (name, task)
        longshore_events.step(name, "running", task, run=False)
    return name, task


def _ended(state):
    if _SEEN["open"]:
        name, task = _SEEN["open"]
        _SEEN["open"] = None
        longshore_events.step(name, state, task, run=False)


def _pipeline(store, run):
    try:
        import uuid

        return store.get_run(uuid.UUID(run)).pipeline.name
    except Exception:
        return ""


def _metadata(store, step):
    try:
        return dict(store.get_run_step(step.id).run_metadata)
    except Exception:
        return {}


def _said(step):
    try:
        return step.exception_info.traceback.strip().splitlines()[-1]
    except Exception:
        return ""


def _made(step):
    """Give the addresses of a step's outputs, their plain numbers, and what their metadata says in numbers."""
    addresses, metrics = [], {}
    for name, versions in (step.outputs or {}).items():
        for one in versions if isinstance(versions, list) else [versions]:
            try:
                addresses.append(str(one.uri))
                said = dict(one.run_metadata or {})
                metrics.update(longshore_events.numbers({name: {k: v for k, v in said.items() if k not in _UNSAID}}))
                kind = getattr(one.data_type, "import_path", str(one.data_type))
                if kind in _READ and (said.get("storage_size") or 0) <= _LARGEST:
                    metrics.update(longshore_events.numbers({name: one.load()}))
            except Exception:
                continue
    return {"outputs": addresses, "metrics": metrics}


if __name__ == "__main__":
    sys.exit(main())
