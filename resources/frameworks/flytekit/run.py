"""Runs `pyflyte run ...` as it is, or one task alone, and tells what each task does.

Steps are named as the graph names them: by the function, behind the workflow or dynamic task that they are within, and
numbered from the second call on. Arguments: [--only=STEP --origin=FOLDER] FILE ENTITY [options].
"""

import base64
import contextvars
import functools
import hashlib
import importlib
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import longshore_events

del sys.path[0]

# The step that a call is about, and what the steps within it begin with.
_NOW = contextvars.ContextVar("now", default="")
_PREFIX = contextvars.ContextVar("prefix", default="")
# Within a dynamic task all calls of a task are one step.
_DYNAMIC = contextvars.ContextVar("dynamic", default=False)
_MOST_INPUT = 5000000


def main():
    """Hand over to pyflyte."""
    arguments, only, origin = sys.argv[1:], "", ""
    while arguments and arguments[0].startswith(("--only=", "--origin=")):
        key, _, value = arguments.pop(0).partition("=")
        only, origin = (value, origin) if key == "--only" else (only, value)
    try:
        sys.stdout.reconfigure(line_buffering=True)
        _watch()
    except Exception as error:
        sys.stderr.write("Longshore cannot watch this version of flytekit: %r\n" % error)
    longshore_events.pipeline("running", origin=_folder())
    if only:
        return _only(only, origin, arguments)
    return _pyflyte(arguments)


def _pyflyte(arguments):
    from flytekit.clis.sdk_in_container.pyflyte import main as pyflyte

    sys.argv = ["pyflyte", "run", *arguments]
    return pyflyte()


class _Steps:
    """The names that were given, and what became of each."""

    def __init__(self):
        self.counts, self.tasks, self.ran, self.root, self.forced = {}, {}, set(), False, ""

    def name(self, label):
        if self.forced and not _PREFIX.get():
            return self.forced
        full = _PREFIX.get() + label
        self.counts[full] = count = self.counts.get(full, 0) + 1
        if _DYNAMIC.get():
            return "%s\n%d" % (full, count - 1)
        return full if count == 1 else "%s-%d" % (full, count)


_STEPS = _Steps()


def _tell(key, state, **facts):
    try:
        sys.stdout.flush()
        sys.stderr.flush()
        step, _, task = key.partition("\n")
        longshore_events.step(step, state, facts.pop("task", "") or task, **facts)
    except Exception:
        pass


def _watch():
    from flytekit.core import base_task, condition, workflow

    base_task.Task.__call__ = _called(base_task.Task.__call__, False)
    workflow.WorkflowBase.__call__ = _called(workflow.WorkflowBase.__call__, True)
    base_task.Task.local_execute = _local(base_task.Task.local_execute)
    base_task.PythonTask.dispatch_execute = _dispatched(base_task.PythonTask.dispatch_execute)
    section = condition.LocalExecutedConditionalSection
    section.__init__ = _decided(section.__init__)


def _runs_here():
    """Tell whether a call runs something, and does not only make a node."""
    from flytekit.core.context_manager import FlyteContextManager

    state = FlyteContextManager.current_context().compilation_state
    return state is None or state.mode != 1


def _called(call, is_flow):
    @functools.wraps(call)
    def called(self, *args, **kwargs):
        try:
            is_step = _runs_here()
            if is_flow and not _STEPS.root and is_step:
                _STEPS.root, is_step = True, False
            _STEPS.root = _STEPS.root or is_step
            key = _STEPS.name(_label(self)) if is_step else ""
        except Exception:
            key = ""
        if not key:
            return call(self, *args, **kwargs)
        token = _NOW.set(key)
        try:
            if is_flow:
                _STEPS.ran.add(key)
                return _within(key, False, call, self, *args, **kwargs)
            result = call(self, *args, **kwargs)
            if key not in _STEPS.ran:
                _tell(key, "skipped")
            return result
        finally:
            _NOW.reset(token)

    return called


def _within(key, dynamic, function, *args, **kwargs):
    """Run what has steps within it."""
    prefix = _PREFIX.set(key.partition("\n")[0] + "/")
    kind = _DYNAMIC.set(dynamic)
    _tell(key, "running")
    try:
        result = function(*args, **kwargs)
    except BaseException as error:
        _tell(key, "failed", error=_reason(error))
        raise
    finally:
        _PREFIX.reset(prefix)
        _DYNAMIC.reset(kind)
    _tell(key, "done")
    return result


def _local(execute):
    @functools.wraps(execute)
    def local(self, ctx, **kwargs):
        key = _NOW.get()
        result = execute(self, ctx, **kwargs)
        if key and key not in _STEPS.ran:
            _STEPS.ran.add(key)
            _tell(key, "cached")
        return result

    return local


def _dispatched(dispatch):
    @functools.wraps(dispatch)
    def dispatched(self, ctx, input_literal_map):
        key = _NOW.get() or _STEPS.name(_label(self))
        _STEPS.ran.add(key)
        mapped = _mapped(self)
        if mapped is not None:
            return _each(key, mapped, dispatch, self, ctx, input_literal_map)
        _keep(self, key, input_literal_map)
        _tell(key, "running", **_inputs(input_literal_map))
        now = _NOW.set("")
        prefix = _PREFIX.set(key.partition("\n")[0] + "/")
        dynamic = _DYNAMIC.set(True)
        try:
            result = dispatch(self, ctx, input_literal_map)
        except BaseException as error:
            _tell(key, "failed", error=_reason(error))
            raise
        finally:
            _NOW.reset(now)
            _PREFIX.reset(prefix)
            _DYNAMIC.reset(dynamic)
        _tell(key, "done", **_outputs(result))
        return result

    return dispatched


def _each(key, inner, dispatch, self, ctx, inputs):
    """Tell of every item of a map task."""
    execute, state = inner.execute, {"count": 0}
    _keep(inner, key, inputs, mapped=True)

    def watched(*args, **kwargs):
        task = str(state["count"])
        state["count"] += 1
        shown = {name: longshore_events.shown(value) for name, value in kwargs.items() if _is_plain(value)}
        _tell(key, "running", task=task, parameters=shown)
        try:
            result = execute(*args, **kwargs)
        except BaseException as error:
            _tell(key, "failed", task=task, error=_reason(error))
            raise
        values = result._asdict() if hasattr(result, "_asdict") else {"o0": result}
        _tell(key, "done", task=task, metrics=longshore_events.numbers(values))
        return result

    inner.execute = watched
    try:
        result = dispatch(self, ctx, inputs)
    except BaseException as error:
        if not state["count"]:
            _tell(key, "failed", error=_reason(error))
        raise
    finally:
        del inner.execute
    if not state["count"]:
        _tell(key, "done")
    return result


def _decided(begin):
    @functools.wraps(begin)
    def decided(self, name, *args, **kwargs):
        begin(self, name, *args, **kwargs)
        try:
            key = _STEPS.name(str(name))
            _tell(key, "running")
            _tell(key, "done")
        except Exception:
            pass

    return decided


def _label(entity):
    inner = _mapped(entity)
    return str((inner or entity).name).rpartition(".")[2]


def _mapped(entity):
    """Give the task that a map task runs for each item; None for other tasks."""
    if "map" not in type(entity).__name__.lower():
        return None
    return getattr(entity, "_run_task", None) or getattr(entity, "run_task", None)


# -- values -----------------------------------------------------------------------------------------------------------


def _is_plain(value):
    return isinstance(value, (bool, int, float, str))


def _values(literals):
    """Give the plain values of a map of literals, and the addresses of files and tables."""
    values, addresses = {}, []
    for name, one in getattr(literals, "literals", {}).items():
        try:
            scalar = one.scalar
            if scalar is None:
                continue
            if scalar.primitive is not None:
                values[name] = scalar.primitive.value
            elif scalar.blob is not None:
                addresses.append(_address(scalar.blob.uri))
            elif scalar.structured_dataset is not None:
                addresses.append(_address(scalar.structured_dataset.uri))
            elif scalar.generic is not None:
                from google.protobuf.json_format import MessageToDict

                values[name] = MessageToDict(scalar.generic)
            elif getattr(scalar, "binary", None) is not None and scalar.binary.tag == "msgpack":
                import msgpack

                values[name] = msgpack.loads(scalar.binary.value)
        except Exception:
            continue
    return values, addresses


def _address(uri):
    path = str(uri)
    path = path[7:] if path.startswith("file://") else path
    here = os.getcwd() + os.sep
    return path[len(here) :] if path.startswith(here) else path


def _inputs(literals):
    values, addresses = _values(literals)
    return {"parameters": {name: longshore_events.shown(value) for name, value in values.items()}, "inputs": addresses}


def _outputs(literals):
    values, addresses = _values(literals)
    return {"metrics": longshore_events.numbers(values), "outputs": addresses}


def _reason(error):
    if isinstance(error, SystemExit):
        return "It called sys.exit(%r)." % error.code
    # flytekit puts its own sentence before the message.
    return "%s: %s" % (type(error).__name__, str(error).split("':\n  ", 1)[-1])


# -- one task alone -----------------------------------------------------------------------------------------------------


def _folder():
    path = os.environ.get("LONGSHORE_EVENTS")
    return os.path.join(os.path.dirname(path), "flyte-inputs") if path else ""


def _file(folder, step):
    return os.path.join(folder, hashlib.sha1(step.encode("utf-8")).hexdigest() + ".json")


def _keep(task, key, literals, mapped=False):
    """Keep what a task was given, so that it can be run again alone."""
    try:
        function, folder = task.task_function, _folder()
        data = literals.to_flyte_idl().SerializeToString()
        if not folder or len(data) > _MOST_INPUT:
            return
        os.makedirs(folder, exist_ok=True)
        kept = {"module": function.__module__, "name": function.__name__, "mapped": mapped}
        kept["inputs"] = base64.b64encode(data).decode()
        with open(_file(folder, key.partition("\n")[0]), "w", encoding="utf-8") as file:
            json.dump(kept, file)
    except Exception:
        pass


def _only(step, origin, arguments):
    _STEPS.forced = step
    try:
        with open(_file(origin, step), encoding="utf-8") as file:
            kept = json.load(file)
    except (OSError, ValueError):
        # Never run before: a task whose inputs all have defaults can still be.
        sys.stderr.write("No earlier run says what %s is given; its defaults are.\n" % step)
        name = step.rpartition("/")[2]
        head, _, number = name.rpartition("-")
        return _pyflyte([arguments[0], head if number.isdigit() and head else name])
    from flyteidl.core import literals_pb2
    from flytekit.core.context_manager import ExecutionState, FlyteContextManager
    from flytekit.models.literals import LiteralMap
    from flytekit.tools.script_mode import _find_project_root

    sys.path.insert(0, str(_find_project_root(arguments[0])))
    task = getattr(importlib.import_module(kept["module"]), kept["name"])
    if kept["mapped"]:
        from flytekit import map_task

        task = map_task(task)
    message = literals_pb2.LiteralMap()
    message.ParseFromString(base64.b64decode(kept["inputs"]))
    context = FlyteContextManager.current_context()
    state = context.new_execution_state().with_params(mode=ExecutionState.Mode.LOCAL_WORKFLOW_EXECUTION)
    with FlyteContextManager.with_context(context.with_execution_state(state)) as child:
        result = task.sandbox_execute(child, LiteralMap.from_flyte_idl(message))
    print({name: value for name, value in _values(result)[0].items()} or "Done.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
