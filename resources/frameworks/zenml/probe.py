"""Imports the project's pipelines and tells their steps, as ZenML puts them together without running them.

Arguments: the files; none: all of them.
"""

import inspect
import os
import sys

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)), os.path.dirname(os.path.dirname(os.path.abspath(__file__)))]
import longshore_probe  # noqa: E402
import longshore_zenml  # noqa: E402


def describe(arguments):
    """Give the pipelines of each file that can be imported, and why the others can't."""
    found, problems = [], []
    files, top = (
        arguments or list(longshore_probe.sources(".", lambda text: "zenml" in text and "@pipeline" in text)),
        os.getcwd(),
    )
    for file in files:
        try:
            sys.argv = [file]
            module = longshore_zenml.load(os.path.abspath(file), top)
        except BaseException as error:
            if len(files) == 1:
                raise
            problems.append("%s: %s" % (file, longshore_probe._reason(error)))
            continue
        for name, one in longshore_zenml.pipelines(module):
            try:
                found.append({"name": name, "file": file, "steps": _steps(one, top)})
            except BaseException as error:
                # Most often it takes something that has no default.
                problems.append("%s: %s" % (name, longshore_probe._reason(error)))
    return {"pipelines": found, "problems": problems}


def _steps(pipeline, top):
    pipeline = pipeline.copy() if hasattr(pipeline, "copy") else pipeline
    pipeline.prepare()
    return [_step(name, one, top) for name, one in pipeline.invocations.items()]


def _step(name, invocation, top):
    inputs = []
    for one in invocation.input_artifacts.values():
        for artifact in one if isinstance(one, list) else [one]:
            inputs.append("%s.%s" % (artifact.invocation_id, artifact.output_name))
    function = getattr(invocation.step, "entrypoint", None)
    return {
        "name": name,
        "function": getattr(function, "__name__", ""),
        "after": sorted(invocation.upstream_steps),
        "inputs": inputs,
        "parameters": {key: _plain(one) for key, one in invocation.parameters.items()},
        **_source(function, top),
    }


def _plain(value):
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


def _source(function, top):
    try:
        function = inspect.unwrap(function)
        file = os.path.relpath(inspect.getsourcefile(function), top).replace(os.sep, "/")
        lines, first = inspect.getsourcelines(function)
        # Decorators stand before it.
        offset = next(index for index, line in enumerate(lines) if line.lstrip().startswith(("def ", "async def ")))
        return {"file": "" if file.startswith("..") else file, "line": first + offset}
    except Exception:
        return {"file": "", "line": 0}


if __name__ == "__main__":
    longshore_probe.main(describe)
