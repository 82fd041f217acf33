"""Asking a project's own code what it is: a probe script in the project's own interpreter, bounded and cached by content.

The probe (`resources/frameworks/NAME/probe.py`) imports the project's code, so this happens only in trusted folders. What the
code prints goes nowhere; the answer is a file. Nothing is written into the project's folder by us.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil

from longshore.errors import WorkFailed
from longshore.progress import CancelToken
from longshore.projects import adapters, environments, trust
from longshore.projects.folder import scan
from longshore.projects.pipeline import Pipeline
from longshore.settings import Home, resources_dir

TIME_LIMIT_S = 90.0
_MOST_ANSWER, _MOST_SAID = 50_000_000, 20_000
_READS = (".py", ".yaml", ".yml", ".json", ".toml", ".ipynb", ".cfg")


def probe(
    home: Home,
    path: Path,
    framework: str,
    arguments: Sequence[str] = (),
    *,
    cancel: CancelToken | None = None,
    limit_s: float = TIME_LIMIT_S,
) -> dict[str, Any]:
    """Give what a framework's probe says of a folder; from the cache where nothing that it could read has changed.

    The project's environment is made first where it is not there.
    Raises: NotAllowed where the folder is not trusted; WorkFailed with the code's own last words where it can't be imported,
    never ends, or its environment can't be made; Cancelled.
    """
    trust.require(home, path)
    token = cancel or CancelToken()
    environment = environments.prepare(home, path, plus=adapters.plus(framework), cancel=token)
    # A folder of samples may declare nothing: its framework is then asked from an environment of its own.
    python = environments.with_tool(home, environment, adapters.tool(framework), cancel=token)
    script = script_of(framework, "probe")
    kept = home.index / "probes" / f"{_hash(path, script, environment.hash, (str(python), *arguments))}.json"
    with contextlib.suppress(OSError, ValueError):
        return dict(json.loads(kept.read_text("utf-8")))
    found = _asked(home, path, framework, script, python, arguments, token, limit_s)
    _keep(kept, found)
    return found


def ask(
    home: Home,
    path: Path,
    framework: str,
    name: str,
    arguments: Sequence[str] = (),
    *,
    cancel: CancelToken | None = None,
    limit_s: float = TIME_LIMIT_S,
) -> dict[str, Any]:
    """Give what another script of a framework, `NAME.py`, says now; nothing is kept.

    Raises: as `probe`.
    """
    trust.require(home, path)
    token = cancel or CancelToken()
    environment = environments.prepare(home, path, plus=adapters.plus(framework), cancel=token)
    script = script_of(framework, name)
    return _asked(home, path, framework, script, environment.python, arguments, token, limit_s)


def script_of(framework: str, name: str) -> Path:
    """Give the place of a framework's script, which need not be there."""
    return resources_dir() / "frameworks" / framework / f"{name}.py"


def completed(home: Home, path: Path, pipeline: Pipeline, *, cancel: CancelToken | None = None) -> Pipeline:
    """Give a pipeline with what only the project's own code can tell; as it is where the text told all.

    Raises: as `probe`.
    """
    if pipeline.complete:
        return pipeline
    answer = probe(home, path, pipeline.framework, adapters.probe_arguments(pipeline), cancel=cancel)
    return adapters.merged(pipeline, answer)


def _asked(
    home: Home,
    path: Path,
    framework: str,
    script: Path,
    python: Path,
    arguments: Sequence[str],
    cancel: CancelToken,
    limit_s: float,
) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="longshore-probe-", ignore_cleanup_errors=True) as scratch:
        answer, said = Path(scratch) / "answer.json", Path(scratch) / "said"
        with said.open("wb") as out:
            process = subprocess.Popen(
                [str(python), str(script), str(answer), *arguments],
                cwd=path,
                env=_environment(framework, python, Path(scratch)) | adapters.variables(framework, home.path, path),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
            in_time = _wait(process, cancel, limit_s)
        words = _tail(said)
        cancel.check()
        if not in_time:
            raise WorkFailed(
                f"The code of {path.name} was still at work after {limit_s:g} s of being imported.",
                hint="Move what takes long, or waits for something, out of the module's top level.",
                details=words,
            )
        return _read(answer, path, words)


def _read(answer: Path, path: Path, words: str) -> dict[str, Any]:
    found: Any = None
    with contextlib.suppress(OSError, ValueError):
        if answer.stat().st_size <= _MOST_ANSWER:
            found = json.loads(answer.read_text("utf-8"))
    if not isinstance(found, dict):
        raise WorkFailed(f"The code of {path.name} ended before it could be asked.", hint=_HINT, details=words)
    if error := found.get("error"):
        raise WorkFailed(f"The code of {path.name} cannot be imported: {error}", hint=_hint(str(error)), details=words)
    return found


_HINT = "What it printed is in the details. The graph shows what the text alone tells."


def _hint(error: str) -> str:
    if "No module named" in error:
        return "Add the package to the project's requirements, and open the folder again."
    return _HINT


def _wait(process: subprocess.Popen[bytes], cancel: CancelToken, limit_s: float) -> bool:
    """Wait for the end; whatever the code started ends with it. False where it had to be ended."""
    waited = 0.0
    try:
        while waited < limit_s and not cancel.cancelled:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.1)
                return True
            waited += 0.1
        return False
    finally:
        _end_tree(process)


def _end_tree(process: subprocess.Popen[bytes]) -> None:
    members: list[psutil.Process] = []
    with contextlib.suppress(psutil.Error):
        top = psutil.Process(process.pid)
        members = [*top.children(recursive=True), top]
    if os.name == "posix":
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, 9)
    for member in members:
        with contextlib.suppress(psutil.Error):
            member.kill()
    process.wait()


def _environment(framework: str, python: Path, scratch: Path) -> dict[str, str]:
    """Give the person's variables without ours, quiet and without a trace in the project."""
    ours = ("PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV", "PYTHONSAFEPATH", "UV_PROJECT_ENVIRONMENT", "LONGSHORE_EVENTS")
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name not in ours and not name.startswith(("LONGSHORE_", "MLFLOW_"))
    }
    return {
        **inherited,
        **environments.activation(python),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONIOENCODING": "utf-8",
        "MPLBACKEND": "Agg",
        "DO_NOT_TRACK": "1",
        "MLFLOW_TRACKING_URI": (scratch / "mlruns").as_uri(),  # code that logs when it is imported logs nowhere
    }


def _hash(path: Path, script: Path, environment: str, arguments: Sequence[str]) -> str:
    state = hashlib.blake2b(digest_size=16)
    parts = [str(path), environment, script.read_text("utf-8"), *arguments]
    folder = scan(path)
    for name in folder.ending(*_READS):
        parts += [name, folder.text(name)]
    for part in parts:
        data = part.encode("utf-8", "replace")
        state.update(len(data).to_bytes(8, "big") + data)
    return state.hexdigest()


def _keep(file: Path, found: dict[str, Any]) -> None:
    with contextlib.suppress(OSError):  # a full disk: it is asked again
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh = file.with_suffix(f".{os.getpid()}.tmp")
        fresh.write_text(json.dumps(found), "utf-8")
        fresh.replace(file)


def _tail(file: Path) -> str:
    with file.open("rb") as said:
        size = said.seek(0, 2)
        said.seek(max(0, size - _MOST_SAID))
        return said.read().decode("utf-8", "replace").strip()
