"""Runs a workflow of an MLRun project, or one of its functions, on this computer without a server, and tells each step.

MLRun without a server forgets what it is told, so a function could not read what another made: here it is kept in memory.
What it keeps also stands beside the run's events, so that a step can be run again alone, and a failed run can go on.
Arguments: --workflow=NAME | --function=NAME, [--longshore-only=STEP] [--longshore-resume] [--longshore-origin=FILE],
then --name=value ...
"""

import functools
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import longshore_events

del sys.path[0]

_KEPT = {"runs": {}, "artifacts": {}, "counts": {}, "made": []}
# Of each step: the function, what it was given, and its run when it was done.
_CALLS, _BEFORE = {}, {}
_MOST = 50000000


def main():
    """Load the project from its file and run what the arguments say."""
    sys.stdout.reconfigure(line_buffering=True)
    kind, _, name = sys.argv[1][2:].partition("=")
    values = dict(one[2:].partition("=")[::2] for one in sys.argv[2:])
    only, origin = values.pop("longshore-only", ""), values.pop("longshore-origin", "")
    resumes = "longshore-resume" in values
    values.pop("longshore-resume", None)
    sys.argv = ["mlrun"]
    sys.path.insert(0, os.getcwd())
    import mlrun

    try:
        _keep()
        _watch(mlrun)
    except Exception as error:
        sys.stderr.write("Longshore cannot watch this version of MLRun: %r\n" % error)
    project = mlrun.load_project(os.getcwd(), save=False)
    given = {key: _value(one) for key, one in values.items()}
    longshore_events.pipeline("running", origin=_file())
    if only:
        return _only(project, only, _read(origin))
    if resumes:
        _BEFORE.update(_read(origin))
    if kind == "function":
        run = project.run_function(name, params=given, local=True)
        return 0 if _state(run) == "done" else 1
    status = project.run(name, arguments=given, engine="local", local=True)
    state = str(getattr(status, "state", ""))
    return 1 if "ail" in state or "rror" in state or _KEPT.get("failed") else 0


def _only(project, step, calls):
    if step not in calls:
        sys.exit("The last run did not come to %s: nothing says what it is given. Run all of it first." % step)
    _KEPT["forced"] = step
    call = calls[step]
    run = project.run_function(call["function"], **call["given"])
    return 0 if _state(run) == "done" else 1


def _value(text):
    try:
        return json.loads(text)
    except ValueError:
        return text


# -- a memory in the server's place -------------------------------------------------------------------------------------


def _keep():
    from mlrun.db.nopdb import NopDB

    def store_run(self, struct, uid, project="", iter=0):
        _KEPT["runs"][uid, iter or 0] = _plain(struct)

    def update_run(self, updates, uid, project="", iter=0, **more):
        run = _KEPT["runs"].setdefault((uid, iter or 0), {})
        for path, value in (updates or {}).items():
            place = run
            for part in path.split(".")[:-1]:
                place = place.setdefault(part, {})
            place[path.split(".")[-1]] = value

    def read_run(self, uid, project="", iter=0, **more):
        return _KEPT["runs"].get((uid, iter or 0))

    def store_artifact(self, key, artifact, *args, **more):
        artifact = _plain(artifact)
        _KEPT["artifacts"][key, more.get("tree")] = _KEPT["artifacts"][key, None] = artifact
        _KEPT["made"].append(str((artifact.get("spec") or {}).get("target_path") or ""))
        return artifact

    def read_artifact(self, key, *args, **more):
        kept = _KEPT["artifacts"]
        return kept.get((key, more.get("tree"))) or kept.get((key, None))

    for one in (store_run, update_run, read_run, store_artifact, read_artifact):
        setattr(NopDB, one.__name__, one)


def _plain(value):
    return value.to_dict() if hasattr(value, "to_dict") else dict(value or {})


def _file():
    path = os.environ.get("LONGSHORE_EVENTS")
    return os.path.join(os.path.dirname(path), "mlrun-kept.json") if path else ""


def _read(file):
    """Give the calls of an earlier run, and take over what its functions made."""
    try:
        with open(file, encoding="utf-8") as opened:
            kept = json.load(opened)
    except (OSError, ValueError):
        return {}
    for key, tree, artifact in kept["artifacts"]:
        _KEPT["artifacts"][key, tree] = artifact
    for uid, iteration, run in kept["runs"]:
        _KEPT["runs"][uid, iteration] = run
    return kept["calls"]


def _write():
    try:
        kept = {
            "calls": _CALLS,
            "artifacts": [[key, tree, one] for (key, tree), one in _KEPT["artifacts"].items()],
            "runs": [[uid, iteration, one] for (uid, iteration), one in _KEPT["runs"].items()],
        }
        text = json.dumps(kept, default=str)
        if _file() and len(text) <= _MOST:
            with open(_file(), "w", encoding="utf-8") as opened:
                opened.write(text)
    except Exception:
        pass


def _note(step, function, kwargs):
    """Keep what a step was given, as far as JSON can say it."""
    given = {}
    for key, one in kwargs.items():
        if key in ("handler", "name", "params", "inputs", "returns", "hyperparams", "workdir") and one is not None:
            try:
                given[key] = json.loads(json.dumps(one))
            except (TypeError, ValueError):
                given[key] = str(one)
    _CALLS[step] = {"function": _label(function), "given": given}


# -- watching -----------------------------------------------------------------------------------------------------------


def _watch(mlrun):
    from mlrun.projects import operations

    own = operations.run_function
    watched = _watched(own)
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "mlrun" and getattr(module, "run_function", None) is own:
            module.run_function = watched


def _watched(run_function):
    @functools.wraps(run_function)
    def watched(function, *args, **kwargs):
        label = str(kwargs.get("name") or "") or _label(function)
        _KEPT["counts"][label] = count = _KEPT["counts"].get(label, 0) + 1
        step = _KEPT.get("forced") or (label if count == 1 else "%s-%d" % (label, count))
        _note(step, function, kwargs)
        before = _BEFORE.get(step)
        if before and before.get("run") and before["given"] == _CALLS[step]["given"]:
            from mlrun.model import RunObject

            _CALLS[step] = before
            _write()
            longshore_events.step(step, "cached")
            return RunObject.from_dict(before["run"])
        made = len(_KEPT["made"])
        params = kwargs.get("params") or {}
        inputs = [str(one) for one in (kwargs.get("inputs") or {}).values() if one]
        shown = {key: longshore_events.shown(one) for key, one in params.items()}
        longshore_events.step(step, "running", parameters=shown, inputs=inputs)
        kwargs["local"] = True
        try:
            run = run_function(function, *args, **kwargs)
        except BaseException as error:
            _KEPT["failed"] = True
            # MLRun's own error has the message of the one that the code raised.
            longshore_events.step(step, "failed", error=str(error) or type(error).__name__)
            _write()
            raise
        if _state(run) == "failed":
            _KEPT["failed"] = True
            reason = str(getattr(run.status, "error", "") or "It failed; its log says why.")
            longshore_events.step(step, "failed", error=reason)
            # Without this the workflow would go on with what the step did not make.
            raise RuntimeError(reason)
        _CALLS[step]["run"] = _plain(run)
        _write()
        results = longshore_events.numbers(dict(getattr(run.status, "results", None) or {}))
        longshore_events.step(step, "done", metrics=results, outputs=_KEPT["made"][made:])
        return run

    return watched


def _label(function):
    name = function if isinstance(function, str) else getattr(getattr(function, "metadata", None), "name", "")
    return str(name or "function")


def _state(run):
    try:
        kept = _KEPT["runs"].get((run.metadata.uid, 0)) or {}
        state = (kept.get("status") or {}).get("state") or run.status.state
    except Exception:
        return "done"
    return "failed" if state in ("error", "failed", "aborted") else "done"


if __name__ == "__main__":
    sys.exit(main())
