"""What every probe shares: it imports a project's module, whatever that does, and writes the answer into a file."""

import importlib
import json
import os
import sys
import traceback


def main(describe):
    """Call `describe(arguments)` and write what it gives, or why it could not, as JSON into the file named first."""
    answer, arguments = sys.argv[1], sys.argv[2:]
    here = os.getcwd()
    try:
        found = describe(arguments)
    except BaseException as error:
        found = {"error": _reason(error)}
    with open(os.path.join(here, answer), "w", encoding="utf-8") as file:
        json.dump(found, file, default=str)
    sys.stdout.flush()
    # Threads and exit handlers of foreign code shall not keep it.
    os._exit(0)


def module(file, root=""):
    """Import a script by its path, as its own framework would: from the first folder above it that is no package."""
    folder, name = os.path.split(os.path.abspath(file))
    name = os.path.splitext(name)[0]
    while os.path.exists(os.path.join(folder, "__init__.py")):
        folder, package = os.path.split(folder)
        name = package + "." + name
    sys.argv = [file]
    # The script's own folder comes first: another one may have a file of the same name.
    for path in (root, folder):
        if path:
            sys.path[:] = [path, *(one for one in sys.path if one != path)]
    known = sys.modules.get(name)
    if known is not None and os.path.abspath(getattr(known, "__file__", None) or "") != os.path.abspath(file):
        del sys.modules[name]
    return importlib.import_module(name)


def sources(top, fits):
    """Give the Python files below a folder whose text fits, by their paths from there; not those of environments."""
    for folder, folders, files in os.walk(top):
        skipped = ("site-packages", "__pycache__", "node_modules")
        folders[:] = [one for one in folders if not one.startswith(".") and one not in skipped]
        folders[:] = [one for one in folders if not os.path.exists(os.path.join(folder, one, "pyvenv.cfg"))]
        for name in files:
            path = os.path.join(folder, name)
            if name.endswith(".py"):
                with open(path, encoding="utf-8", errors="replace") as file:
                    text = file.read(2000000)
                if fits(text):
                    yield os.path.relpath(path, top).replace(os.sep, "/")


def _reason(error):
    if isinstance(error, SystemExit):
        return "it calls sys.exit when it is imported"
    text = "%s: %s" % (type(error).__name__, error) if str(error) else type(error).__name__
    frames = [one for one in traceback.extract_tb(error.__traceback__) if "site-packages" not in one.filename]
    frames = [one for one in frames if "/frameworks/" not in one.filename.replace(os.sep, "/")]
    if frames and not isinstance(error, SyntaxError):
        text += " (%s, line %s)" % (os.path.basename(frames[-1].filename), frames[-1].lineno)
    return text
