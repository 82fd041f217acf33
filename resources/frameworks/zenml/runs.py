"""Lists the runs that ZenML keeps a record of: in this project's own store, and in the person's, where a terminal's are.

Both are read as SQLite files, for reading alone: ZenML's client takes ten seconds, and would change a store of another
version. Arguments: the pipeline's name, how many at most.
"""

import calendar
import json
import os
import sqlite3
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import longshore_probe

_STATES = {"completed": "done", "cached": "cached", "failed": "failed", "running": "running", "skipped": "skipped"}
_STATES.update({"initializing": "running", "provisioning": "running"})
_DATABASE = ("local_stores", "default_zen_store", "zenml.db")


def describe(arguments):
    """Give the runs of a pipeline, the newest first."""
    name, most, found = arguments[0], int(arguments[1]), []
    for folder, own in ((os.environ.get("ZENML_CONFIG_PATH", ""), True), (_theirs(), False)):
        file = os.path.join(folder, *_DATABASE)
        if folder and os.path.isfile(file):
            found += _runs(file, name, most, own)
    return {"runs": sorted(found, key=lambda one: one["began_at"] or 0, reverse=True)[:most]}


def _theirs():
    """Give where ZenML keeps a person's store, as click's `get_app_dir` does."""
    home = os.path.expanduser("~")
    if sys.platform == "darwin":
        return os.path.join(home, "Library", "Application Support", "zenml")
    if os.name == "nt":
        return os.path.join(os.environ.get("APPDATA") or home, "zenml")
    return os.path.join(os.environ.get("XDG_CONFIG_HOME") or os.path.join(home, ".config"), "zenml")


def _runs(file, name, most, own):
    connection = sqlite3.connect("file:%s?mode=ro" % file.replace("?", "%3f").replace("#", "%23"), uri=True, timeout=5)
    connection.row_factory = sqlite3.Row
    try:
        asked = "SELECT r.* FROM pipeline_run r JOIN pipeline p ON r.pipeline_id = p.id WHERE p.name = ?"
        rows = connection.execute(asked + " ORDER BY r.created DESC LIMIT ?", (name, most)).fetchall()
        found = [(row, _steps(connection, row["id"])) for row in rows]
        return [_run(row, steps) for row, steps in found if own or _is_here(connection, steps)]
    except sqlite3.Error:
        return []  # another version's tables
    finally:
        connection.close()


def _steps(connection, run):
    asked = "SELECT * FROM step_run WHERE pipeline_run_id = ? ORDER BY created"
    return connection.execute(asked, (run,)).fetchall()


def _is_here(connection, steps):
    """Tell whether a run's steps are this project's: its code stands in one of our files. Several projects share a store."""
    for step in steps:
        code = (step["source_code"] or "").strip()
        if code and code in _code():
            return True
    return False


_CODE = []


def _code():
    """Give the text of the project's files, once."""
    if not _CODE:
        texts = []
        for folder, folders, files in os.walk("."):
            folders[:] = [one for one in folders if not one.startswith(".") and one not in ("site-packages", "venv")]
            for one in files:
                if one.endswith(".py") and len(texts) < 2000:
                    with open(os.path.join(folder, one), encoding="utf-8", errors="replace") as file:
                        texts.append(file.read(1000000))
        _CODE.append("\n".join(texts))
    return _CODE[0]


def _run(row, steps):
    state = _STATES.get(row["status"], "stopped")
    return {
        "id": _id(row["id"]),
        "state": "done" if state == "cached" else state,
        "began_at": _seconds(row["start_time"] or row["created"]),
        "ended_at": _seconds(row["end_time"]),
        "parameters": _parameters(row),
        "steps": [_step(one) for one in steps],
    }


def _step(row):
    return {
        "step": row["name"],
        "state": _STATES.get(row["status"], "stopped"),
        "began_at": _seconds(row["start_time"] or row["created"]),
        "ended_at": _seconds(row["end_time"]),
        "error": _error(row),
    }


def _error(row):
    try:
        return json.loads(row["exception_info"])["traceback"].strip().splitlines()[-1]
    except Exception:
        return ""


def _parameters(row):
    try:
        found = json.loads(row["pipeline_configuration"]).get("parameters") or {}
        return {str(name): str(value) for name, value in found.items()}
    except Exception:
        return {}


def _id(value):
    text = str(value).replace("-", "")
    return "-".join([text[:8], text[8:12], text[12:16], text[16:20], text[20:]])


def _seconds(text):
    """Read a time as SQLite keeps it, in UTC."""
    try:
        whole, _, rest = str(text).partition(".")
        return calendar.timegm(time.strptime(whole, "%Y-%m-%d %H:%M:%S")) + float("0." + (rest or "0"))
    except ValueError:
        return None


if __name__ == "__main__":
    longshore_probe.main(describe)
