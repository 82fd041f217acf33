"""Tells Longshore what the steps of a pipeline do: one JSON object a line, in the file that LONGSHORE_EVENTS names.

It runs in the project's own interpreter, with the standard library alone, from Python 3.8 on. Each line has the time, the
step, its task (one of several of a step; empty otherwise), and its state: running, done, cached, failed or skipped.
`log_at` is how long the run's log was then, so that a step's own lines can be found in it.
"""

import json
import math
import os
import threading
import time

_LOCK = threading.Lock()
_LONGEST = 5000


def step(name, state, task="", **facts):
    """Tell the state of a step. Facts: parameters, metrics, inputs, outputs, artifacts, error, label, after, kind.

    `run=False`: it gets no run of its own (a loop, whose rounds have theirs; what was left out).
    `log_mark`: a text that each of its lines in the log holds, where others write there at the same time.
    """
    _write({"event": "step", "step": str(name), "task": str(task), "state": state, **facts})


def metrics(name, values, task="", at=None):
    """Tell numbers that a step measured; `at` is their own step, an epoch say."""
    _write({"event": "metrics", "step": str(name), "task": str(task), "metrics": values, "at": at})


def pipeline(state, **facts):
    """Tell something about the whole: its name for this run (`origin`), its parameters, its error."""
    _write({"event": "pipeline", "state": state, **facts})


def numbers(value, prefix="", most=1000):
    """Give the numbers of nested dictionaries under dotted names."""
    found = {}
    for key, one in value.items() if isinstance(value, dict) else ():
        name = f"{prefix}.{key}" if prefix else str(key)
        if isinstance(one, dict):
            found.update(numbers(one, name, most))
        elif isinstance(one, (int, float)) and not isinstance(one, bool):
            found[name] = float(one)
        elif hasattr(one, "item") and getattr(one, "size", 1) == 1:
            try:
                found[name] = float(one.item())
            except (TypeError, ValueError):
                pass
    return dict(list(found.items())[:most])


def shown(value):
    """Give a value as text that a parameter can hold."""
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def numbers_in_file(path):
    """Give the numbers of a JSON, YAML or TOML file of metrics; nothing where it is none."""
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read(10_000_000)
        if str(path).endswith(".json"):
            return numbers(json.loads(text))
        if str(path).endswith((".yaml", ".yml")):
            import yaml

            return numbers(yaml.safe_load(text))
    except Exception:
        pass
    return {}


def _write(event):
    path = os.environ.get("LONGSHORE_EVENTS")
    if not path:
        return
    event["time"] = time.time()
    try:
        event["log_at"] = os.fstat(1).st_size
    except OSError:
        pass
    line = (json.dumps(_plain(event), ensure_ascii=False) + "\n").encode("utf-8", "replace")
    with _LOCK:
        try:
            # One write, appended: several processes of a pipeline tell theirs to the same file.
            file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(file, line)
            finally:
                os.close(file)
        except OSError:
            pass


def _plain(value):
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return shown(value)
