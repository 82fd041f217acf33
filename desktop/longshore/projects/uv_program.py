"""Running uv: with the person's own settings, never in the app's own environment, and its decisive words on failure."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from longshore.errors import Unavailable, WorkFailed
from longshore.progress import CancelToken, Progress, no_progress

# What uv says on its way, which explains no failure.
_CHATTER = re.compile(
    r"^(Using (CPython|Python|PyPy|prerelease)|Creating virtual|Resolved \d|Prepared \d|Installed \d|Uninstalled \d|Audited"
    r"|Downloading|Downloaded|Building|Built|Updated|Activate with|warning: Failed to inspect| [+~-] )"
)
# How uv begins the lines of an error; older versions draw a tree of Unicode's arrows.
_MARKS = re.compile(r"^[^\w`\"'(]*(?:(?:error|cause|hint):\s*)?")
_MOST_LINES = 30


def uv_program() -> Path:
    """Give the uv binary that comes with the app, else the one on PATH.

    Raises: Unavailable where there is none.
    """
    import uv

    try:
        return Path(uv.find_uv_bin())
    except FileNotFoundError:
        if found := shutil.which("uv"):
            return Path(found)
    raise Unavailable("uv, which makes the projects' environments, is missing.", hint="Install Longshore again, or uv.")


def run_uv(
    arguments: Sequence[str],
    *,
    cwd: Path,
    extra: Mapping[str, str] | None = None,
    progress: Progress = no_progress,
    cancel: CancelToken | None = None,
) -> str:
    """Run uv and give its standard output.

    Raises: Cancelled; WorkFailed whose details are uv's decisive lines.
    """
    environment = uv_environment() | dict(extra or {})
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen(
            [uv_program(), *arguments],
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        said = _watch(process, err.fileno(), progress, cancel)
        if process.returncode:
            raise failure(said)
        out.seek(0)
        return out.read().decode("utf-8", "replace")


def _watch(process: subprocess.Popen[bytes], log: int, progress: Progress, cancel: CancelToken | None) -> str:
    """Wait for uv's end, tell what it does, and end it when asked."""
    said = b""
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            # Short at first: most calls take a few hundredths of a second.
            process.wait(timeout=0.2 if said else 0.05)
        fresh = _read_from(log, len(said))
        said += fresh
        if lines := [line for line in fresh.decode("utf-8", "replace").splitlines() if line.strip()]:
            progress(None, lines[-1].strip())
        if process.returncode is not None:
            return said.decode("utf-8", "replace")
        if cancel is not None and cancel.cancelled:
            process.terminate()
            try:
                process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            cancel.check()


def _read_from(log: int, offset: int) -> bytes:
    """Read what was added to the file, past the child's own position in it."""
    if hasattr(os, "pread"):
        return os.pread(log, 1_000_000, offset)
    with open(log, "rb", closefd=False) as file:
        file.seek(offset)
        return file.read(1_000_000)


def failure(said: str) -> WorkFailed:
    """Turn uv's words into an error: the sentence that decides, and the lines around it."""
    lines = [line.rstrip() for line in said.splitlines()]
    decisive = [line for line in lines if line.strip() and not _CHATTER.match(line)][-_MOST_LINES:]
    sentences = [_MARKS.sub("", line) for line in decisive]
    because = re.search(r"Because .*?(?:unsatisfiable|cannot be used)\.", " ".join(sentences))
    reason = because[0] if because else next(iter(sentences), "uv gave no reason.")
    return WorkFailed(reason.strip(), details="\n".join(decisive))


def uv_environment() -> dict[str, str]:
    """Give the variables for uv: the person's own, without those that would lead it into the app's environment."""
    environment = {key: value for key, value in os.environ.items() if key not in _OURS}
    environment["PATH"] = os.pathsep.join(_search_path())
    environment |= {"UV_NO_PROGRESS": "1", "NO_COLOR": "1"}
    from longshore.projects.pip_settings import as_uv_variables

    return as_uv_variables(environment) | environment


_OURS = (
    "VIRTUAL_ENV",
    "CONDA_PREFIX",
    "PYTHONHOME",
    "PYTHONPATH",
    "__PYVENV_LAUNCHER__",
    "UV_PROJECT_ENVIRONMENT",
    "UV_PROJECT",
    "UV_WORKING_DIRECTORY",
    "UV_PYTHON",
    "UV_SYSTEM_PYTHON",
)


def _search_path() -> list[str]:
    """Give PATH without the app's own interpreter, and with pyenv's interpreters in the place of its shims.

    A shim of a version that is not switched on fails when it is called, and uv then stops looking.
    """
    own = {Path(sys.prefix) / "bin", Path(sys.prefix) / "Scripts"} if sys.prefix != sys.base_prefix else set()
    found: list[str] = []
    for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
        path = Path(folder)
        if path.name == "shims" and (path.parent / "versions").is_dir():
            found += [str(one) for one in _pyenv_versions(path.parent)]
        elif folder and path not in own:
            found.append(folder)
    return found


def _pyenv_versions(root: Path) -> list[Path]:
    try:
        chosen = (root / "version").read_text("utf-8").split()
    except OSError:
        chosen = []
    folders = [folder for folder in (root / "versions").iterdir() if (folder / "bin").is_dir()]
    ranked = sorted(folders, key=lambda one: [int(part) for part in re.findall(r"\d+", one.name)], reverse=True)
    return [folder / "bin" for folder in sorted(ranked, key=lambda one: one.name not in chosen)]
