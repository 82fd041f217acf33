"""Runs `flyte run --local ...` (Flyte 2) as it is, and tells what each task does.

Steps are named as the graph names them: by the function, behind the task that called it; all its calls are tasks of one step.
"""

import contextvars
import functools
import os
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import longshore_events

del sys.path[0]

_NOW = contextvars.ContextVar("now", default="")
_LOCK = threading.Lock()
_COUNTS = {}
# The calls whose results came from the cache.
_CACHED = set()


def main():
    """Hand over to Flyte's command line."""
    try:
        sys.stdout.reconfigure(line_buffering=True)
        _watch()
    except Exception as error:
        sys.stderr.write("Longshore cannot watch this version of Flyte: %r\n" % error)
    longshore_events.pipeline("running")
    from flyte.cli.main import main as flyte

    sys.argv = ["flyte", "run", "--local", *sys.argv[1:]]
    return flyte()


def _watch():
    from flyte._internal.controllers._local_controller import LocalController
    from flyte._persistence._recorder import RunRecorder

    submit, start = LocalController.submit, RunRecorder.record_start

    @functools.wraps(submit)
    async def watched(self, _task, *args, **kwargs):
        try:
            key = _name(_task)
            token = _NOW.set(key)
        except Exception:
            return await submit(self, _task, *args, **kwargs)
        _tell(key, "running", parameters=_parameters(_task, args, kwargs))
        try:
            result = await submit(self, _task, *args, **kwargs)
        except BaseException as error:
            _tell(key, "failed", error="%s: %s" % (type(error).__name__, error))
            raise
        finally:
            _NOW.reset(token)
        _tell(key, "cached" if key in _CACHED else "done", metrics=_numbers(result))
        return result

    @functools.wraps(start)
    def watched_start(self, *args, **kwargs):
        if kwargs.get("cache_hit"):
            _CACHED.add(_NOW.get())
        return start(self, *args, **kwargs)

    LocalController.submit, RunRecorder.record_start = watched, watched_start


def _name(task):
    parent = _NOW.get().partition("\n")[0]
    label = str(task.name).rpartition(".")[2]
    step = parent + "/" + label if parent else label
    with _LOCK:
        count = _COUNTS.get(step, 0)
        _COUNTS[step] = count + 1
    return "%s\n%d" % (step, count) if parent else step


def _tell(key, state, **facts):
    try:
        sys.stdout.flush()
        sys.stderr.flush()
        step, _, task = key.partition("\n")
        longshore_events.step(step, state, task, **facts)
    except Exception:
        pass


def _parameters(task, args, kwargs):
    try:
        names = list(task.native_interface.inputs)
        given = {name: args[index] for index, name in enumerate(names) if index < len(args)}
        given.update(kwargs)
        return {
            name: longshore_events.shown(value)
            for name, value in given.items()
            if isinstance(value, (bool, int, float, str))
        }
    except Exception:
        return {}


def _numbers(result):
    if hasattr(result, "_asdict"):
        return longshore_events.numbers(result._asdict())
    values = result if isinstance(result, tuple) else (result,)
    found = {}
    for index, value in enumerate(values):
        found.update(longshore_events.numbers(value if isinstance(value, dict) else {"o%d" % index: value}))
    return found


if __name__ == "__main__":
    sys.exit(main())
