"""Lists the runs that Metaflow keeps a record of, whoever started them. Arguments: the flow's name, how many at most."""

import os
import re
import subprocess
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [_HERE, os.path.dirname(_HERE)]
import artifacts  # noqa: E402
import longshore_events  # noqa: E402
import longshore_probe  # noqa: E402


def describe(arguments):
    """Give the runs of a flow, the newest first."""
    import metaflow
    from metaflow.exception import MetaflowNotFound

    metaflow.namespace(None)
    name, most = arguments[0], int(arguments[1])
    try:
        flow = metaflow.Flow(name)
    except MetaflowNotFound:
        return {"runs": []}
    found, alive = [], _alive()
    for run in flow:
        found.append(_run(run, alive))
        if len(found) >= most:
            break
    return {"runs": found}


def _alive():
    """Give the ids of the runs that have a task at work on this computer."""
    try:
        said = subprocess.run(["ps", "-axww", "-o", "command="], stdout=subprocess.PIPE, timeout=10, check=False).stdout
        return set(re.findall(r"--run-id[ =](\S+)", said.decode("utf-8", "replace")))
    except Exception:
        return set()


def _run(run, alive):
    steps, parameters, origin, first = [], {}, "", None
    for step in run:
        for task in step:
            steps.append(_task(step.id, task, run.id in alive))
            first = first or task
            origin = origin or str(task.metadata_dict.get("origin-run-id") or "")
    parameters = _parameters(run, first) if first else {}
    state = "done" if run.successful else "running" if run.id in alive else "failed"
    if state == "failed" and not any(one["state"] == "failed" for one in steps):
        state = "stopped"
    tags = [str(tag) for tag in run.tags]
    job = next((tag.partition(":")[2] for tag in tags if tag.startswith("longshore.job:")), "")
    return {
        "id": run.id,
        "state": state,
        "began_at": _seconds(run.created_at),
        "ended_at": max([one["ended_at"] for one in steps if one["ended_at"]], default=None)
        if state != "running"
        else None,
        "parameters": {name: longshore_events.shown(value) for name, value in parameters.items() if value is not None},
        "origin": origin if origin != "None" else "",
        "job": job,
        "user": next((tag[5:] for tag in tags if tag.startswith("user:")), ""),
        "steps": sorted(steps, key=lambda one: one["began_at"] or 0),
    }


def _task(step, task, alive):
    metadata = task.metadata_dict
    is_cloned = bool(metadata.get("origin-task-id"))
    if task.successful:
        state = "cached" if is_cloned else "done"
    elif task.finished or _has_failed(task):
        state = "failed"
    else:
        state = "running" if alive else "stopped"
    stack = re.findall(r":(\d+)", str(metadata.get("foreach-execution-path") or ""))
    return {
        "step": step,
        "task": ",".join(stack),
        "id": task.id,
        "state": state,
        "began_at": _seconds(task.created_at),
        "ended_at": _seconds(task.finished_at) if state in ("done", "cached", "failed") else None,
        "error": _last_words(task) if state == "failed" else "",
        "metrics": longshore_events.numbers(_values(task)) if state in ("done", "cached") else {},
    }


def _has_failed(task):
    """A task that failed leaves a record of its process's end."""
    try:
        return task.metadata_dict.get("attempt_ok") in ("False", "false") or bool(_last_words(task))
    except Exception:
        return False


def _last_words(task):
    try:
        lines = [line for line in task.stderr.splitlines() if line.strip() and not line.startswith(" ")]
    except Exception:
        return ""
    lines = [line.strip() for line in lines if line.strip() not in ("Task failed.", "Internal error")]
    return lines[-1] if lines else ""


_STORES = {}


def _parameters(run, task):
    import metaflow

    try:
        path = metaflow.Step(run.pathspec + "/_parameters", _namespace_check=False).task.pathspec
        datastore = _datastore(task, path)
        return artifacts.small(datastore, artifacts.made(datastore, []))
    except Exception:
        return {}


def _values(task):
    """Give the plain values that a task set itself."""
    try:
        datastore = _datastore(task)
        parents = [_datastore(parent)._objects for parent in task.parent_tasks]
        if not parents:
            path = task.pathspec.rsplit("/", 2)[0]
            parents = [_datastore(task, path + "/_parameters/0")._objects]
        return artifacts.small(datastore, artifacts.made(datastore, parents))
    except Exception:
        return {}


def _datastore(task, path=""):
    """Give what a task wrote; `path`: of another task in the same store."""
    from metaflow.datastore import FlowDataStore
    from metaflow.plugins import DATASTORES

    flow, run, step, number = (path or task.pathspec).split("/")
    metadata = task.metadata_dict
    kind, root = metadata["ds-type"], metadata["ds-root"]
    key = (flow, kind, root)
    if key not in _STORES:
        storage = next(one for one in DATASTORES if kind == one.TYPE)
        _STORES[key] = FlowDataStore(flow, environment=None, storage_impl=storage, ds_root=root)
    return _STORES[key].get_task_datastore(run, step, number)


def _seconds(when):
    return when.timestamp() if when else None


if __name__ == "__main__":
    longshore_probe.main(describe)
