"""Runs a flow's script as `python flow.py ...` would, and tells what Metaflow's runtime does with each task."""

import importlib.abc
import importlib.util
import os
import re
import runpy
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [_HERE, os.path.dirname(_HERE)]
import artifacts  # noqa: E402
import longshore_events as events  # noqa: E402

del sys.path[:2]

_STAMP = re.compile(r"^\[MFLOG\|[^\]]*\]")
_DISALLOW_RETRY = 202


def main():
    """Hand over to the script; Metaflow is watched from the moment that it is imported."""
    script, arguments = sys.argv[1], sys.argv[2:]
    sys.argv = [script, *_tagged(arguments)]
    sys.path[0] = os.path.dirname(os.path.abspath(script))
    sys.meta_path.insert(0, _Finder())
    runpy.run_path(script, run_name="__main__")


def _tagged(arguments):
    """Let Metaflow's own record say which job a run was: a run that a terminal started has no such tag."""
    job = os.environ.get("LONGSHORE_JOB")
    for command in ("run", "resume"):
        if job and command in arguments:
            at = arguments.index(command) + 1
            return [*arguments[:at], "--tag=longshore.job:" + job, *arguments[at:]]
    return arguments


class _Finder(importlib.abc.MetaPathFinder):
    """Patches `metaflow.runtime` when it is imported: not before the script has set its variables."""

    def find_spec(self, name, path=None, target=None):
        if name != "metaflow.runtime":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is None or spec.loader is None:
            return spec
        execute = spec.loader.exec_module

        def exec_module(module):
            execute(module)
            try:
                _watch(module)
            except Exception as error:
                sys.stderr.write("Longshore cannot watch this version of Metaflow: %r\n" % error)

        spec.loader.exec_module = exec_module
        return spec


def _safely(function):
    """Whatever happens in here must not reach the flow."""

    def call(*args):
        try:
            return function(*args)
        except Exception:
            return None

    return call


class _Tasks:
    """What is known of the tasks of this run, by their paths (RUN/STEP/TASK)."""

    def __init__(self):
        self.labels, self.taken, self.objects, self.parameters = {}, {}, {}, {}

    def label(self, task):
        """Give what tells a task from the others of its step: the place in each `foreach` around it."""
        if task.path in self.labels:
            return self.labels[task.path][1]
        parent = next((self.labels[path][0] for path in _parents(task) if path in self.labels), ())
        depth = _depth(task)
        index = (*parent, str(task.split_index)) if task.split_index is not None else parent
        return self.named(task.path, task.step, index[:depth] if depth is not None else index)

    def named(self, path, step, index):
        label = ",".join(index)
        again = self.taken.get((step, label), 0) + 1
        self.taken[(step, label)] = again
        if again > 1:  # a step that is gone through several times
            label = ("%s round %d" % (label, again)).strip()
        self.labels[path] = (index, label)
        return label


_TASKS = _Tasks()


def _watch(runtime):
    native, worker = runtime.NativeRuntime, runtime.Worker
    began, ended, constants = worker.__init__, worker.terminate, native.persist_constants
    tell_start, tell_end = _safely(_tell_start), _safely(_tell_end)
    tell_run, tell_clone = _safely(_tell_run), _safely(_tell_clone)

    def watched_init(self, *args, **kwargs):
        began(self, *args, **kwargs)
        tell_start(self.task)

    def watched_terminate(self):
        code = ended(self)
        tell_end(self, code)
        return code

    def watched_constants(self, *args, **kwargs):
        result = constants(self, *args, **kwargs)
        tell_run(self)
        return result

    worker.__init__, worker.terminate, native.persist_constants = watched_init, watched_terminate, watched_constants
    if hasattr(native, "clone_task"):
        cloned = native.clone_task

        def watched_clone(self, step_name, task_id, pathspec_index, *args, **kwargs):
            known = set(self._finished.values())
            result = cloned(self, step_name, task_id, pathspec_index, *args, **kwargs)
            tell_clone(self, step_name, pathspec_index, known)
            return result

        native.clone_task = watched_clone


def _tell_run(runtime):
    datastore = runtime._params_task.results
    _TASKS.objects[runtime._params_task.path] = dict(datastore._objects)
    _TASKS.parameters = _parameters(runtime._flow, datastore)
    shown = {name: events.shown(value) for name, value in _TASKS.parameters.items()}
    events.pipeline("running", origin=str(runtime.run_id), parameters=shown)


def _parameters(flow, datastore):
    names = {attribute: one.name for attribute, one in flow._get_parameters()}
    found = artifacts.small(datastore, [name for name in names if name in datastore._objects])
    return {names[attribute]: value for attribute, value in found.items() if value is not None}


def _tell_start(task):
    if task.is_cloned or _is_mapper(task):
        return
    facts = {"parameters": _used(task)} if _TASKS.parameters else {}
    events.step(task.step, "running", _TASKS.label(task), log_mark="[%s (pid " % task.path, **facts)


def _tell_end(worker, code):
    task = worker.task
    if _is_mapper(task):
        return
    if code:
        may_retry = task.retries < (task.user_code_retries or 0) + (task.error_retries or 0)
        if may_retry and code != _DISALLOW_RETRY and not worker.cleaned:
            return
        events.step(task.step, "failed", _TASKS.label(task), error=_error(worker, code))
        return
    _tell_done(task.step, "cached" if task.is_cloned else "done", _TASKS.label(task), task)


def _tell_done(step, state, label, task):
    facts = {}
    try:
        datastore = task.results
        parents = [_TASKS.objects[path] for path in _parents(task) if path in _TASKS.objects]
        _TASKS.objects[task.path] = dict(datastore._objects)
        if not _TASKS.parameters:  # a step that is spun alone
            _TASKS.parameters = _parameters(task.flow, datastore)
        own = {one.name: name for name, one in task.flow._get_parameters()}
        names = [name for name in artifacts.made(datastore, parents) if name not in own.values()]
        if not parents:
            written = _written(task)
            names = [name for name in names if written is None or name in written]
        facts["outputs"] = ["self." + name for name in names]
        facts["metrics"] = events.numbers(artifacts.small(datastore, names))
        facts["parameters"] = {**_used(task), **_items(datastore)}
    except Exception:
        pass
    events.step(step, state, label, log_mark="[%s (pid " % task.path, **facts)


def _tell_clone(runtime, step, pathspec_index, known):
    """A task that was taken over from the run that failed."""
    fresh = [path for path in set(runtime._finished.values()) - known if path.split("/")[1] == step]
    paths = [path for path in fresh if path not in _TASKS.labels]
    match = re.search(r"\[([^\]]*)\]", pathspec_index)
    index = tuple(part.strip() for part in match.group(1).split(",") if part.strip()) if match else ()
    for path in paths[:1]:
        label = _TASKS.named(path, step, index)
        facts = {}
        try:
            run, _step, task = path.split("/")
            datastore = runtime._flow_datastore.get_task_datastore(run, step, task)
            _TASKS.objects[path] = dict(datastore._objects)
            written = _names(runtime._flow, step)
            given = {attribute for attribute, _one in runtime._flow._get_parameters()}
            own = [name for name in artifacts.made(datastore, []) if written is None or name in written]
            own = [name for name in own if name not in given]
            facts["metrics"] = events.numbers(artifacts.small(datastore, own))
            facts["parameters"] = _items(datastore)
        except Exception:
            pass
        events.step(step, "cached", label, **facts)


def _parents(task):
    """Give the paths of the tasks that a task takes its values from."""
    return ["/".join(str(path).split("/")[:3]) for path in task.input_paths or []]


def _is_mapper(task):
    """The other tasks of a `@parallel` step start by themselves."""
    return "mapper" in str(task.ubf_context or "")


def _depth(task):
    """Give how many `foreach` a step is in."""
    try:
        graph = task.flow._graph
        node = graph[task.step]
        parents = [one for one in node.split_parents if graph[one].type == "foreach"]
        if node.type == "join":
            # The one that it joins is among them.
            joined = graph[node.split_parents[-1]].type if node.split_parents else ""
            return len(parents) - (joined == "foreach")
        return len(parents)
    except Exception:
        return None


def _names(flow, step):
    """Give the names that a step's code uses; None where it can't be told."""
    try:
        return set(getattr(type(flow), step).__code__.co_names)
    except AttributeError:
        return None


def _written(task):
    return _names(task.flow, task.step)


def _used(task):
    """Give the flow's parameters that this step uses."""
    names = _names(task.flow, task.step)
    own = {one.name: attribute for attribute, one in task.flow._get_parameters()}
    return {
        name: events.shown(value)
        for name, value in _TASKS.parameters.items()
        if names is None or own.get(name) in names
    }


def _items(datastore):
    """Give what each `foreach` around a task gave it, as `over.NAME`."""
    found = {}
    try:
        for frame in datastore["_foreach_stack"]:
            found["foreach.%s" % frame.var] = events.shown(frame.value)
    except Exception:
        pass
    return found


def _error(worker, code):
    if worker.cleaned or worker.killed:
        return "It was ended because another step failed."
    if code in (-9, 137):
        return "Its process was killed (signal 9): out of memory, most likely."
    if code < 0:
        return "Its process was ended by signal %d." % -code
    last = ""
    try:
        buffer = worker._stderr.get_buffer()
        buffer.seek(0)
        for line in buffer.read().decode("utf-8", "replace").splitlines():
            text = _STAMP.sub("", line)
            if text.strip() and not text.startswith(" ") and text.strip() not in ("Task failed.", "Internal error"):
                last = text.strip()
    except Exception:
        pass
    return last or "It ended with exit status %s." % code


if __name__ == "__main__":
    main()
