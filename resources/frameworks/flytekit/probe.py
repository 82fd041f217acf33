"""Imports the project's workflows and tells their nodes and inputs. Arguments: the files; none: all of them."""

import enum
import inspect
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import longshore_probe

_DEEPEST = 5


def describe(arguments):
    """Give the workflows of each file that can be imported, and why the others can't."""
    from flytekit.core.workflow import WorkflowBase

    found, problems = [], []
    files, root = (
        arguments
        or list(
            longshore_probe.sources(".", lambda text: "flytekit" in text and ("workflow" in text or "Workflow" in text))
        ),
        os.getcwd(),
    )
    for file in files:
        try:
            os.chdir(root)
            module = longshore_probe.module(file, root)
            own = [(name, one) for name, one in vars(module).items() if isinstance(one, WorkflowBase)]
            for name, one in own:
                if one.name.rpartition(".")[0] in (module.__name__, "") or name not in one.name:
                    found.append(_workflow(name, one, file, root))
        except BaseException as error:
            if len(files) == 1:
                raise
            problems.append("%s: %s" % (file, longshore_probe._reason(error)))
    return {"workflows": found, "problems": problems}


def _workflow(name, flow, file, root):
    steps = []
    _add(flow.nodes, "", "", steps, {}, root, 0)
    return {"name": name, "file": file, "steps": steps, "parameters": _parameters(flow)}


def _add(nodes, prefix, parent, steps, counts, root, depth, before=()):
    """Add the steps of a workflow's nodes, named as the run names them."""
    names = {}
    for node in nodes:
        entity = node.flyte_entity
        after = [names[one.id] for one in node.upstream_nodes if one.id in names] + list(before)
        branch = getattr(entity, "_ifelse_block", None)
        inner = getattr(entity, "_run_task", None) or getattr(entity, "run_task", None)
        label = entity.name if branch is not None else str((inner or entity).name).rpartition(".")[2]
        full = prefix + label
        counts[full] = counts.get(full, 0) + 1
        step = full if counts[full] == 1 else "%s-%d" % (full, counts[full])
        names[node.id] = step
        task = inner or entity
        steps.append(
            {
                "name": step,
                "label": label,
                "kind": "condition" if branch is not None else "foreach" if inner is not None else "task",
                "after": after or ([parent] if parent else []),
                "part_of": parent,
                **_source(getattr(task, "task_function", None), root),
                "image": _image(task),
                "retries": getattr(getattr(task, "metadata", None), "retries", None) or 0,
                "tags": ["cached"] if getattr(getattr(task, "metadata", None), "cache", False) else [],
            }
        )
        if branch is not None:
            cases = [branch.case, *(branch.other or [])]
            inside = [case.then_node for case in cases] + [branch.else_node]
            _add([one for one in inside if one is not None], prefix, parent, steps, counts, root, depth, (step,))
        elif depth < _DEEPEST and isinstance(getattr(entity, "nodes", None), list):
            _add(entity.nodes, step + "/", step, steps, counts, root, depth + 1)


def _source(function, root):
    try:
        function = inspect.unwrap(function)
        file = os.path.relpath(inspect.getsourcefile(function), root).replace(os.sep, "/")
        return {"file": "" if file.startswith("..") else file, "line": function.__code__.co_firstlineno}
    except Exception:
        return {"file": "", "line": 0}


def _image(task):
    image = getattr(task, "container_image", None)
    return image if isinstance(image, str) else ""


def _parameters(flow):
    found = []
    for name, (kind, default) in flow.python_interface.inputs_with_defaults.items():
        if isinstance(kind, type) and issubclass(kind, enum.Enum):
            shown = "str"
        else:
            shown = {"FlyteFile": "path", "FlyteDirectory": "path"}.get(getattr(kind, "__name__", ""), "")
            shown = shown or getattr(kind, "__name__", str(kind))
        plain = default if isinstance(default, (bool, int, float, str)) else None
        found.append({"name": name, "type": shown, "default": plain, "required": default is None})
    return found


if __name__ == "__main__":
    longshore_probe.main(describe)
