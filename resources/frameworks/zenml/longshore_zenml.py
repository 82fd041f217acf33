"""Finds a project's pipelines as its own scripts would: imported from the folder that they import each other from."""

import importlib
import os
import sys

FRAMEWORKS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def load(file, top):
    """Import a file by its dotted name below the first folder, from the top down, from which that works."""
    failure = None
    for root in roots(file, top):
        name = os.path.splitext(os.path.relpath(file, root))[0].replace(os.sep, ".")
        name = name[: -len(".__init__")] if name.endswith(".__init__") else name
        sys.path[:] = [root, *(path for path in sys.path if path != root)]
        try:
            module = importlib.import_module(name)
        except ImportError as error:
            failure = failure or error
            continue
        source_root(root)
        return module
    raise failure


def roots(file, top):
    """Give the folders that a file may be imported from: where `zenml init` was called, the top, those below it."""
    found, folder = [], os.path.dirname(os.path.abspath(file))
    while True:
        found.insert(0, folder)
        if folder == top or len(folder) <= len(top):
            break
        folder = os.path.dirname(folder)
    marked = [one for one in found if os.path.isdir(os.path.join(one, ".zen"))]
    return list(dict.fromkeys(marked + found))


def source_root(folder):
    """Say which folder ZenML names the code's modules from, since its own marker, `.zen`, is not looked at."""
    try:
        from zenml.utils import source_utils

        source_utils.set_custom_source_root(folder)
    except Exception:
        pass


def pipelines(module):
    """Give the pipelines that a module itself makes, by the names that it has for them."""
    for name, one in list(vars(module).items()):
        entrypoint = getattr(one, "entrypoint", None)
        is_one = callable(getattr(one, "prepare", None)) and hasattr(one, "invocations")
        if is_one and getattr(entrypoint, "__module__", "") == module.__name__:
            yield name, one
