"""Asks a Kedro project for its pipelines, its catalogue and its parameters."""

import inspect
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import longshore_probe

del sys.path[0]


def describe(arguments):
    """Give the nodes of every registered pipeline, the datasets of the catalogue, and the parameters."""
    del arguments
    from pathlib import Path

    from kedro.framework.project import pipelines
    from kedro.framework.session import KedroSession
    from kedro.framework.startup import bootstrap_project

    here = Path.cwd()
    bootstrap_project(here)
    try:
        found = {name: [_node(node) for node in one.nodes] for name, one in dict(pipelines).items()}
    except ImportError as error:
        raise (error.__cause__ or error) from None  # Kedro says which pipeline, its cause says why
    answer = {"pipelines": found, "datasets": {}, "parameters": {}}
    try:
        with KedroSession.create(project_path=here) as session:
            context = session.load_context()
            answer["parameters"] = context.params
            for name, one in context.config_loader["catalog"].items():
                if isinstance(one, dict) and not name.startswith("_"):
                    answer["datasets"][name] = {key: one.get(key) for key in ("type", "filepath", "versioned")}
    except Exception as error:  # credentials that are not here, say: the graph is known all the same
        answer["problem"] = "%s: %s" % (type(error).__name__, error)
    return answer


def _node(node):
    function = node.func
    while hasattr(function, "func"):  # a partial
        function = function.func
    function = inspect.unwrap(function)
    source, line = "", 0
    try:
        source = os.path.relpath(inspect.getsourcefile(function)).replace(os.sep, "/")
        line = inspect.getsourcelines(function)[1]
    except Exception:
        pass
    name = getattr(function, "__name__", "function")
    return {
        "name": node.name,
        "label": "" if getattr(node, "_name", None) else name,
        "inputs": list(node.inputs),
        "outputs": list(node.outputs),
        "tags": sorted(node.tags),
        "function": name,
        "source": "" if source.startswith("..") else source,
        "line": line,
        "help": (inspect.getdoc(function) or "").partition("\n")[0],
    }


if __name__ == "__main__":
    longshore_probe.main(describe)
