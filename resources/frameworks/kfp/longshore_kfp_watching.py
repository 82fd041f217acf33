"""Looks over the shoulder of KFP's local runner: which task runs, with what, and how it ended.

Whatever KFP's version lacks of what is watched is left alone; it must never be what breaks a run.
"""

import collections
import functools
import json
import os
import re
import threading

import longshore_events as events

_DOUBLE, _STRING = 1, 3  # of KFP's ParameterTypeEnum


class Watch:
    """One run."""

    def __init__(self, part, fresh, cached):
        self._part, self._fresh, self._cached = part, fresh, cached
        self._told = set()
        self._now = threading.local()

    def begin(self):
        """Put the watchers in their places."""
        for place in (self._tasks, self._groups, self._cache, self._numbers, self._lines):
            try:
                place()
            except (ImportError, AttributeError):
                pass

    def end(self):
        """Tell what was not run although everything went well: a condition was not met."""
        for step in self._part.steps:
            if step not in self._told:
                events.step(step, "skipped", run=False)

    def _tasks(self):
        from kfp.local import task_dispatcher

        run = task_dispatcher.run_single_task_implementation

        @functools.wraps(run)
        def implementation(*args, **facts):
            step = _step(facts.get("component_name"))
            if step in self._cached:
                raise RuntimeError(
                    "%s has no result yet for these parameters: run up to the step that needs it, or everything." % step
                )
            if getattr(self._now, "inside", False):
                self._now.parameters = facts.get("arguments")
                return run(*args, **facts)
            # A version of KFP that has no other place to look at.
            return self._watched(
                lambda: run(*args, **facts), step, facts.get("pipeline_resource_name"), facts.get("arguments")
            )

        task_dispatcher.run_single_task_implementation = implementation

        from kfp.local.orchestrator import task_executor
        from kfp.local.orchestrator.orchestrator_utils import OrchestratorUtils

        execute = task_executor.execute_single_task

        @functools.wraps(execute)
        def single(*args, **facts):
            arguments = {}
            try:
                task = facts["task_spec"]
                step = _step(task.component_ref.name)
                arguments = OrchestratorUtils.make_task_arguments(task.inputs, facts["io_store"])
            except Exception:
                step = _step(facts.get("task_name"))
            return self._watched(lambda: execute(*args, **facts), step, facts.get("pipeline_resource_name"), arguments)

        task_executor.execute_single_task = single

    def _watched(self, run, step, resource, arguments):
        task = _task(resource)
        now = self._now
        now.inside, now.step, now.hit, now.last = True, step, False, collections.deque(maxlen=30)
        self._told.add(step)
        events.step(step, "running", task, **_given(arguments))
        try:
            outputs, status = run()
        except BaseException as error:
            events.step(step, "failed", task, error=str(error) or type(error).__name__)
            raise
        finally:
            now.inside = False
        if getattr(status, "name", "") == "FAILURE":
            events.step(step, "failed", task, error=_reason(now.last))
        else:
            events.step(step, "cached" if now.hit else "done", task, **_made(outputs))
        return outputs, status

    def _groups(self):
        from kfp.local.orchestrator import enhanced_dag_orchestrator as orchestrator

        execute = orchestrator.execute_task

        @functools.wraps(execute)
        def watched(*args, **facts):
            step, task = "", ""
            try:
                step = _step(facts["task_spec"].component_ref.name)
                name = facts["task_name"]
                task = _task("%s/%s" % (facts["pipeline_resource_name"], name if "-iteration-" in name else ""))
            except Exception:
                pass
            if step not in self._part.groups:
                return execute(*args, **facts)
            self._told.add(step)
            events.step(step, "running", task, run=False)
            try:
                outputs, status = execute(*args, **facts)
            except BaseException as error:
                events.step(step, "failed", task, run=False, error=str(error))
                raise
            failed = getattr(status, "name", "") == "FAILURE"
            events.step(step, "failed" if failed else "done", task, run=False)
            return outputs, status

        orchestrator.execute_task = watched

    def _cache(self):
        from kfp.local.cache import LocalCache

        get = LocalCache.get

        @functools.wraps(get)
        def watched(cache, key):
            if getattr(self._now, "step", "") in self._fresh:
                return None
            found = get(cache, key)
            self._now.hit = found is not None
            return found

        LocalCache.get = watched

    def _numbers(self):
        from kfp.local import executor_input_utils as utils

        to_dict = utils.executor_input_to_dict

        @functools.wraps(to_dict)
        def whole(executor_input, component_spec):
            # A whole number of a loop, or within a list, comes as a float here, and a number where a text is asked for as
            # a number; on a cluster the one as it was and the other as a text.
            found = to_dict(executor_input=executor_input, component_spec=component_spec)
            try:
                declared = component_spec.input_definitions.parameters
                values = found.get("inputs", {}).get("parameterValues", {})
                for name in values:
                    kind = declared[name].parameter_type if name in declared else 0
                    if kind != _DOUBLE:
                        values[name] = _whole(values[name])
                    if kind == _STRING and isinstance(values[name], (bool, int, float)):
                        values[name] = json.dumps(values[name])
            except Exception:
                pass
            return found

        utils.executor_input_to_dict = whole

    def _lines(self):
        from kfp.local import subprocess_task_handler as handler

        def say(*words, **options):
            line = " ".join(map(str, words)).strip()
            last = getattr(self._now, "last", None)
            if line and last is not None:
                last.append(line)
            print(*words, **options)

        handler.print = say


def _step(component):
    name = str(component or "")
    return name[len("comp-") :] if name.startswith("comp-") else name


def _task(resource):
    """Give which round of the loops around it a task is of: KFP names folders so."""
    rounds = re.findall(r"-iteration-(\d+)(?=/|$)", str(resource or ""))
    return "iteration %s" % ".".join(rounds) if rounds else ""


def _given(arguments):
    inputs, parameters = [], {}
    for name, value in (arguments or {}).items():
        artifacts = [one for one in (value if isinstance(value, list) else [value]) if hasattr(one, "uri")]
        if artifacts:
            inputs += [_path(one.uri) for one in artifacts]
        elif value is not None:
            parameters[name] = events.shown(_whole(value))
    return {"inputs": inputs, "parameters": parameters}


def _made(outputs):
    paths, metrics = [], {}
    try:
        artifacts = {key: one for key, one in (outputs or {}).items() if hasattr(one, "uri")}
        measures = [key for key, one in artifacts.items() if "Metrics" in getattr(one, "schema_title", "")]
        for key, one in artifacts.items():
            paths.append(_path(one.uri))
            metrics.update(events.numbers(one.metadata, "" if measures == [key] else key))
            _keep(one.uri)
        plain = {key: one for key, one in (outputs or {}).items() if key not in artifacts}
        metrics.update(events.numbers(plain))
    except Exception:
        pass
    return {"outputs": paths, "metrics": metrics}


def _keep(uri):
    # Metrics have no file of their own, and KFP takes nothing from its cache whose file is not there.
    if uri and "://" not in uri and not os.path.exists(uri) and os.path.isdir(os.path.dirname(uri)):
        open(uri, "a").close()


def _path(uri):
    if "://" in uri:
        return uri
    path = os.path.relpath(uri)
    return uri if path.startswith("..") else path


def _whole(value):
    if isinstance(value, dict):
        return {key: _whole(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_whole(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _reason(lines):
    for line in reversed(lines or ()):
        if not line.startswith(("[KFP Executor", "Traceback", "File ", "^")):
            return line
    return "It ended with an error; its log says which."
