"""Getting a project by the address of its git repository, with progress; nothing of what comes is run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from longshore.errors import Conflict, Invalid, LongshoreError, Unavailable, WorkFailed
from longshore.progress import CancelToken, Progress, no_progress
from longshore.projects import git
from longshore.projects.git import without_credentials

_ADDRESS = re.compile(r"^(https?|ssh|git|file)://\S+$|^[\w.-]+@[\w.-]+:\S+$")
_AT = re.compile(r"(?:^|[\r\n])(?:remote: )?([A-Z][A-Za-z ]+):\s+(\d+)%")
# A whole clone is mostly this; before it the server counts and packs.
_RECEIVING = "Receiving objects"


def name_of(address: str) -> str:
    """Give the folder name that a repository would get; empty where the address has none."""
    path = urlsplit(address).path if "://" in address else address.rpartition(":")[2]
    return re.sub(r"[^\w.-]", "-", path.rstrip("/").rpartition("/")[2].removesuffix(".git")).strip(".-")


def clone(address: str, folder: Path, *, progress: Progress = no_progress, cancel: CancelToken | None = None) -> Path:
    """Clone a repository into a folder that is not there yet, and give the folder.

    Raises: Invalid for what is no address; Conflict where the folder holds something; Unavailable without git;
    WorkFailed with git's own words; Cancelled. Nothing half made is left.
    """
    address = address.strip()
    # Git would run a program for `ext::`, and take `--upload-pack=...` for an option.
    if not _ADDRESS.match(address):
        raise Invalid(
            f"{without_credentials(address)!r} is no address of a repository.", hint="https://… or git@host:…"
        )
    if "://" in address and urlsplit(address).password:
        raise Invalid(
            "An address with a password in it would stand in the list of processes and in the clone's own settings.",
            hint="Leave it out, and sign in with git's credential helper.",
        )
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Conflict(f"{folder} holds something already.", hint="Choose another folder.")
    program = git.program()
    if program is None:
        raise Unavailable("git is not on this computer.", hint="Install git: https://git-scm.com/downloads.")
    token = cancel or CancelToken()
    folder.parent.mkdir(parents=True, exist_ok=True)
    making = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        _run(program, address, making / "clone", progress, token)
        if folder.exists():
            folder.rmdir()
        (making / "clone").replace(folder)
    except OSError as error:
        raise WorkFailed(
            f"{folder} cannot be written: {error}.", hint="Make room, or choose another folder."
        ) from error
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return folder


def _run(program: str, address: str, target: Path, progress: Progress, cancel: CancelToken) -> None:
    command = [program, "-c", "protocol.ext.allow=never", "-c", "core.hooksPath=" + os.devnull, "clone", "--progress"]
    process = subprocess.Popen(
        [*command, "--", address, str(target)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"},
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )
    try:
        said = _listen(process, progress, cancel)
    except BaseException:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        raise
    finally:
        if process.stderr is not None:
            process.stderr.close()
    if process.wait():
        raise _failure(address, said)


def _listen(process: subprocess.Popen[bytes], progress: Progress, cancel: CancelToken) -> str:
    import select
    import sys

    assert process.stderr is not None
    said = b""
    while True:
        cancel.check()
        # Windows has no select for pipes: there a cancel waits for git's next word, which comes several times a second.
        if sys.platform != "win32" and not select.select([process.stderr], [], [], 0.2)[0]:
            continue
        piece = os.read(process.stderr.fileno(), 4096)
        if not piece:
            return said.decode("utf-8", "replace")
        said = (said + piece)[-20_000:]
        if steps := _AT.findall(said.decode("utf-8", "replace")):
            what, percent = steps[-1]
            progress(int(percent) / 100 if what == _RECEIVING else None, f"{what}: {percent} %")


def _failure(address: str, said: str) -> LongshoreError:
    lines = [line.strip() for line in re.split(r"[\r\n]+", said) if line.strip()]
    shown = without_credentials(address)
    decisive = next((line for line in lines if line.startswith(("fatal:", "ERROR:"))), lines[-1] if lines else "")
    words = decisive.removeprefix("fatal: ").removeprefix("ERROR: ").replace(address, shown)
    hint = "Check the address, and whether you may read it."
    if "could not read Username" in words or "Authentication failed" in words or "Permission denied" in words:
        hint = "Sign in with git first (a credential helper, or an ssh key): Longshore uses what git uses."
    return WorkFailed(
        f"{shown} could not be cloned: {words}", hint=hint, details="\n".join(lines[-20:]).replace(address, shown)
    )
