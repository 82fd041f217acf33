"""Imports the project's flows and tells their steps, parameters and decorators. Arguments: the files; none: all of them."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import longshore_probe


def describe(arguments):
    """Give the flow of each file that can be imported, and why the others can't."""
    import metaflow

    found, problems = [], []
    files = arguments or list(longshore_probe.sources(".", lambda text: "metaflow" in text and "FlowSpec" in text))
    root = os.getcwd()
    for file in files:
        try:
            os.chdir(root)
            module = longshore_probe.module(file, root)
            for value in list(vars(module).values()):
                if (
                    isinstance(value, type)
                    and issubclass(value, metaflow.FlowSpec)
                    and value.__module__ == module.__name__
                ):
                    found.append(_flow(value, file, root))
        except BaseException as error:
            if len(files) == 1:
                raise
            problems.append("%s: %s" % (file, longshore_probe._reason(error)))
    return {"flows": [one for one in found if one["steps"]], "problems": problems}


def _flow(flow, file, root):
    from metaflow.graph import FlowGraph

    nodes = list(FlowGraph(flow))
    return {
        "name": flow.__name__,
        "file": file,
        "help": " ".join((flow.__doc__ or "").strip().partition("\n\n")[0].split()),
        "steps": [_step(flow, node, root) for node in nodes],
        "parameters": list(_parameters(flow)),
    }


def _step(flow, node, root):
    # Older versions don't say where a step stands.
    source = os.path.relpath(getattr(node, "source_file", None) or os.devnull, root).replace(os.sep, "/")
    function = getattr(flow, node.name)
    return {
        "name": node.name,
        "next": list(node.out_funcs),
        "foreach": getattr(node, "foreach_param", None)
        or ("num_parallel" if getattr(node, "parallel_foreach", False) else ""),
        "switch": getattr(node, "condition", None) or "",
        "joins": node.num_args > 1,
        "line": node.func_lineno,
        "file": "" if source.startswith("..") else source,
        "help": " ".join((node.doc or "").strip().partition("\n\n")[0].split()),
        "decorators": [_decorator(one) for one in getattr(function, "decorators", [])],
        "reads": list(getattr(getattr(function, "__code__", None), "co_names", ())),
    }


def _decorator(one):
    given = {}
    for name, value in getattr(one, "attributes", {}).items():
        if isinstance(value, (bool, int, float, str)):
            given[name] = value
    return {"name": one.name, "given": given}


def _parameters(flow):
    import metaflow
    from metaflow import IncludeFile, Parameter

    # Older versions have no configurations.
    configs = (metaflow.Config,) if hasattr(metaflow, "Config") else ()
    seen = set()
    for owner in flow.__mro__:
        for attribute, one in vars(owner).items():
            if not isinstance(one, Parameter) or attribute in seen:
                continue
            seen.add(attribute)
            given = dict(one.kwargs)
            given.update(
                {key: value for key, value in getattr(one, "_override_kwargs", {}).items() if value is not None}
            )
            default, kind = given.get("default"), given.get("type")
            is_file = isinstance(one, (IncludeFile, *configs))
            kind = "path" if is_file else getattr(kind, "__name__", "") or type(default).__name__
            yield {
                "attribute": attribute,
                "name": one.name,
                "type": kind,
                "default": default if isinstance(default, (bool, int, float, str)) else None,
                "required": given.get("required") is True,
                "help": str(given.get("help") or ""),
                "option": "--config" if isinstance(one, configs) else "--" + one.name,
            }


if __name__ == "__main__":
    longshore_probe.main(describe)
