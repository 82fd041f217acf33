"""Kedro's hooks that tell each node's state. Kedro finds them by the entry point that lies beside this file."""

import os
import re
import sys

from kedro.framework.hooks import hook_impl

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
import longshore_events as events

del sys.path[0]


def _quietly(tell):
    """A hook that fails must not be what ends the run."""

    def told(*args):
        try:
            sys.stdout.flush()
            sys.stderr.flush()
            tell(*args)
        except Exception:
            pass

    return told


class Hooks:
    """What is told of a run."""

    def __init__(self):
        self._pipeline, self._done, self._saved = None, set(), {}

    @hook_impl
    def before_pipeline_run(self, run_params, pipeline, catalog):
        """Tell that it begins, and which nodes keep their results of the run before."""
        self._began(pipeline)

    @hook_impl
    def before_node_run(self, node, catalog, inputs):
        """Tell that a node begins, with what it reads."""
        self._node_began(node, catalog, inputs)

    @hook_impl
    def after_dataset_saved(self, dataset_name, node):
        """Keep in mind which datasets a node has saved."""
        self._saved.setdefault(getattr(node, "name", ""), []).append(dataset_name)

    @hook_impl
    def after_node_run(self, node, catalog, outputs):
        """Tell that a node has ended, with what it made."""
        self._node_ended(node, catalog, outputs)

    @hook_impl
    def on_node_error(self, error, node, catalog):
        """Tell that a node failed."""
        self._node_failed(error, node)

    @hook_impl
    def on_pipeline_error(self, error, run_params, pipeline, catalog):
        """Tell from which nodes it can go on."""
        self._failed(error, pipeline, catalog)

    @_quietly
    def _began(self, pipeline):
        self._pipeline = pipeline
        for name in filter(None, os.environ.get("LONGSHORE_KEDRO_KEPT", "").split(",")):
            events.step(name, "cached", run=False)
        events.pipeline("running", name="kedro")

    @_quietly
    def _node_began(self, node, catalog, inputs):
        names = [one for one in node.inputs if not _is_parameter(one)]
        events.step(node.name, "running", inputs=[_path(catalog, one) for one in names], parameters=_parameters(inputs))

    @_quietly
    def _node_ended(self, node, catalog, outputs):
        self._done.add(node.name)
        saved = self._saved.pop(node.name, None) or node.outputs
        events.step(
            node.name, "done", outputs=[_path(catalog, one, saved=True) for one in saved], metrics=_metrics(outputs)
        )

    @_quietly
    def _node_failed(self, error, node):
        events.step(node.name, "failed", error="%s: %s" % (type(error).__name__, error))

    @_quietly
    def _failed(self, error, pipeline, catalog):
        needed = _needed(pipeline.nodes, self._done, catalog)
        events.pipeline("failed", error=str(error), origin=",".join(needed))


def _needed(nodes, done, catalog):
    """Give the nodes that must run to go on: those that have not, and who makes what they read and was not kept."""
    makers = {output: node for node in nodes for output in node.outputs}
    needed = {node.name: node for node in nodes if node.name not in done}
    todo = list(needed.values())
    while todo:
        for name in todo.pop().inputs:
            maker = makers.get(name)
            if maker is not None and maker.name not in needed and not _is_kept(catalog, name):
                needed[maker.name] = maker
                todo.append(maker)
    return [node.name for node in nodes if node.name in needed]


def _is_kept(catalog, name):
    dataset = _dataset(catalog, name)
    return dataset is not None and "Memory" not in type(dataset).__name__


def _dataset(catalog, name):
    try:
        found = catalog.get(name) if hasattr(catalog, "get") else catalog._get_dataset(name)
    except Exception:
        return None
    return getattr(found, "_dataset", found)  # one that is kept in memory too


def _path(catalog, name, saved=False):
    """Give where a dataset is, from the project's folder; its name where it is no file."""
    dataset = _dataset(catalog, name)
    path = getattr(dataset, "_filepath", None) or getattr(dataset, "_path", None)
    if path is None:
        return name
    protocol = str(getattr(dataset, "_protocol", "file"))
    if protocol not in ("file", "local", ""):
        return "%s://%s" % (protocol, path)
    try:
        if getattr(dataset, "_version", None) is not None:
            path = dataset._get_save_path() if saved else dataset._get_load_path()
    except Exception:
        pass
    relative = os.path.relpath(str(path))
    return str(path) if relative.startswith("..") else relative.replace(os.sep, "/")


def _is_parameter(name):
    return name == "parameters" or name.startswith("params:")


def _parameters(inputs):
    found = {}
    for name, value in inputs.items():
        if _is_parameter(name):
            found.update(_leaves(re.sub("^(params:|parameters$)", "", name), value))
    return dict(list(found.items())[:300])


def _leaves(prefix, value):
    if not isinstance(value, dict):
        return {prefix: events.shown(value)} if prefix else {}
    found = {}
    for key, one in value.items():
        found.update(_leaves("%s.%s" % (prefix, key) if prefix else str(key), one))
    return found


def _metrics(outputs):
    tables = [name for name, one in outputs.items() if isinstance(one, dict)]
    found = {}
    for name, one in outputs.items():
        found.update(events.numbers(one) if tables == [name] else events.numbers({name: one}))
    return found


hooks = Hooks()
