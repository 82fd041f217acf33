"""What is changed in a compiled pipeline before it runs here: names of its own for every task, the part that shall run.

`projects/adapters/kfp/compiled.py` gives the steps the same names.
"""

import copy
import json
import re
import shlex

_DEEPEST = 20


class Part:
    """A compiled pipeline that is ready to run."""

    def __init__(self, spec):
        # Every task has a component of its own, named for it: by its name alone a task is known wherever KFP runs it,
        # and two tasks of one component do not write to the same folder.
        self.spec = copy.deepcopy(spec)
        self.steps = []  # names, in the order of the file
        self.groups = set()
        self._paths = {}
        self._tasks = {}
        self._dags = {(): self.spec["root"].get("dag", {})}
        self._collect()
        names = _names(list(self._tasks))
        components = self.spec.get("components", {})
        own = {}
        for path, task in self._tasks.items():
            name = names[path]
            component = copy.deepcopy(components[task["componentRef"]["name"]])
            task["componentRef"]["name"] = "comp-" + name
            own["comp-" + name] = component
            self.steps.append(name)
            self._paths[name] = path
            if "dag" in component:
                self.groups.add(name)
                self._dags[path] = component["dag"]
                # The inner tasks that were collected are the shared component's: they are this copy's from here on.
                for key, inner in component["dag"].get("tasks", {}).items():
                    self._tasks[(*path, key)] = inner
            self._own = own
        self.spec["components"] = own

    def _collect(self):
        components = self.spec.get("components", {})
        todo = [((), self._dags[()])]
        while todo:
            above, dag = todo.pop(0)
            for key, task in dag.get("tasks", {}).items():
                path = (*above, key)
                self._tasks[path] = task
                inner = components.get(task["componentRef"]["name"], {}).get("dag")
                if inner and len(path) < _DEEPEST:
                    todo.append((path, inner))

    def up_to(self, step):
        """Leave out what the step does not need."""
        path = self._path(step)
        while path:
            above, dag = path[:-1], self._dags[path[:-1]]
            tasks = dag["tasks"]
            kept = _reached(path[-1], {key: task.get("dependentTasks", []) for key, task in tasks.items()})
            dag["tasks"] = {key: task for key, task in tasks.items() if key in kept}
            self._drop_outputs(above, dag, kept)
            path = above
        self.steps = [name for name in self.steps if self._is_there(name)]

    def from_on(self, step):
        """Give the step, what it holds, and all that comes after it."""
        path = self._path(step)
        found = {path}
        first = path
        while path:
            tasks = self._dags[path[:-1]]["tasks"]
            after = {key: [one for one in tasks if key in tasks[one].get("dependentTasks", [])] for key in tasks}
            found.update((*path[:-1], key) for key in _reached(path[-1], after) if path == first or key != path[-1])
            path = path[:-1]
        return {name for name in self.steps if any(self._paths[name][: len(one)] == one for one in found)}

    def within(self, step):
        """Give the step and what it holds."""
        path = self._path(step)
        return {name for name in self.steps if self._paths[name][: len(path)] == path}

    def around(self, step):
        """Give what the step is part of."""
        path = self._path(step)
        return {name for name in self.steps if path[: len(self._paths[name])] == self._paths[name]} - {step}

    def _path(self, step):
        if step not in self._paths:
            raise ValueError("There is no step %r. The steps: %s." % (step, ", ".join(self.steps[:12])))
        return self._paths[step]

    def _is_there(self, name):
        path = self._paths[name]
        return all(path[at] in self._dags[path[:at]].get("tasks", {}) for at in range(len(path)))

    def _drop_outputs(self, path, dag, kept):
        outputs = dag.get("outputs", {})
        owner = self.spec["root"] if not path else self._own[self._tasks[path]["componentRef"]["name"]]
        for kind in ("parameters", "artifacts"):
            for key, one in list(outputs.get(kind, {}).items()):
                if any(maker not in kept for maker in re.findall(r'"producerSubtask": "([^"]+)"', json.dumps(one))):
                    del outputs[kind][key]
                    owner.get("outputDefinitions", {}).get(kind, {}).pop(key, None)

    def with_packages_aside(self):
        """Let components find their packages, and install what is missing beside the environment and not into it."""
        for executor in self.spec.get("deploymentSpec", {}).get("executors", {}).values():
            command = executor.get("container", {}).get("command", [])
            if len(command) > 2 and command[:2] == ["sh", "-c"] and "-m pip install" in command[2]:
                wanted = _packages(command[2])
                if wanted is not None:
                    command[2] = (
                        '\nPYTHONPATH="$(python3 "$LONGSHORE_KFP_PACKAGES" %s)${PYTHONPATH:+:$PYTHONPATH}"'
                        ' && export PYTHONPATH && "$0" "$@"\n' % " ".join(shlex.quote(one) for one in wanted)
                    )

    def arguments(self, given):
        """Give arguments in their types.

        Raises: ValueError for one that is none of the pipeline's, or has not its type.
        """
        declared = self.spec["root"].get("inputDefinitions", {}).get("parameters", {})
        found = {}
        for name, text in given.items():
            if name not in declared:
                raise ValueError("The pipeline takes no %r. It takes: %s." % (name, ", ".join(declared) or "nothing"))
            found[name] = _typed(name, text, declared[name].get("parameterType"))
        return found


def _typed(name, text, kind):
    try:
        if kind == "NUMBER_INTEGER":
            return int(text)
        if kind == "NUMBER_DOUBLE":
            return float(text)
        if kind == "BOOLEAN":
            return text.lower() in ("true", "yes", "1", "on")
        if kind in ("LIST", "STRUCT"):
            return json.loads(text)
    except ValueError:
        raise ValueError("%s=%s is not what the pipeline takes: %s." % (name, text, kind)) from None
    return text


def _names(paths):
    count = {}
    for path in paths:
        for at in range(len(path)):
            count[path[at:]] = count.get(path[at:], 0) + 1
    found = {}
    for path in paths:
        ends = [path[at:] for at in range(len(path) - 1, -1, -1)]
        found[path] = ".".join(next((one for one in ends if count[one] == 1), path))
    return found


def _reached(start, following):
    found, todo = {start}, [start]
    while todo:
        for one in following.get(todo.pop(), ()):
            if one not in found:
                found.add(one)
                todo.append(one)
    return found


def _packages(script):
    """Give what a component's script gives to pip; None where the script does something else too."""
    wanted = []
    for line in re.findall(r"-m pip install\s+(.*?)(?=&&|\n|$)", script):
        try:
            wanted += [one for one in shlex.split(line) if one not in _USUAL]
        except ValueError:
            return None
    rest = re.sub(r"(PIP_DISABLE_PIP_VERSION_CHECK=1\s+)?python3 -m pip install\s+.*?(?=&&|\n|$)", "", script)
    rest = re.sub(r"if ! \[ -x .*?\nfi\n", "", rest, flags=re.DOTALL)
    return wanted if re.sub(r"&&|\s|\"\$0\" \"\$@\"", "", rest) == "" else None


_USUAL = ("--quiet", "--no-warn-script-location", "--no-deps", "-q")
