"""Deleting runs of the personal workspace for good, in a process of its own, while its tracking server is stopped."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from longshore.errors import WorkFailed
from longshore.progress import CancelToken, Progress
from longshore.settings import Home, self_command
from longshore.workspace.tracking_process import environment

_LOOK_S = 0.1
_END_S = 10.0
_TAIL_BYTES = 2000


def purge(home: Home, runs: Mapping[str, Sequence[str]], log: Path, progress: Progress, cancel: CancelToken) -> None:
    """Delete runs that are in the trash, each with its logged models, through MLflow's `gc`. Call it under `held_down`.

    What is gone already is passed over, so that it may be called again after whatever went wrong.
    Raises: WorkFailed with the end of the log; Cancelled. In both cases a part may be gone.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    (home.tracking / "tmp").mkdir(parents=True, exist_ok=True)
    with log.open("ab") as errors:
        process = _start(home, errors)
    try:
        _follow(process, runs, progress, cancel)
    finally:
        _end(process)
    if process.returncode != 0:
        raise _failure(process.returncode, log)


def _start(home: Home, errors: IO[bytes]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            self_command("tracking-purge", "--folder", str(home.tracking)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            cwd=home.tracking,
            env=environment(home.tracking, dict(os.environ)),
        )
    except OSError as error:
        raise WorkFailed(f"MLflow's gc cannot be started: {error}.", hint="Free memory, then try again.") from error


def _follow(
    process: subprocess.Popen[bytes], runs: Mapping[str, Sequence[str]], progress: Progress, cancel: CancelToken
) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    said: queue.Queue[bytes] = queue.Queue()
    threading.Thread(target=_read, args=(process.stdout, said), name="purge output", daemon=True).start()
    with contextlib.suppress(OSError):  # it died already: its exit status tells
        process.stdin.write(json.dumps({run: list(models) for run, models in runs.items()}).encode() + b"\n")
        process.stdin.flush()
    while True:
        cancel.check()
        try:
            line = said.get(timeout=_LOOK_S)
        except queue.Empty:
            continue
        if not line:
            return
        with contextlib.suppress(ValueError, KeyError):
            step = json.loads(line)
            progress(step["done"] / step["of"], f"Deleting {len(runs)} runs for good")


def _read(output: IO[bytes], said: queue.Queue[bytes]) -> None:
    for line in output:
        said.put(line)
    said.put(b"")


def _end(process: subprocess.Popen[bytes]) -> None:
    """Let the process end: without its input it does so at once; after its last word it has ended already."""
    assert process.stdin is not None
    assert process.stdout is not None
    with contextlib.suppress(OSError):
        process.stdin.close()
    try:
        process.wait(timeout=_END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    process.stdout.close()


def _failure(exit_code: int, log: Path) -> WorkFailed:
    how = f"was killed (signal {-exit_code})" if exit_code < 0 else f"ended with status {exit_code}"
    try:
        tail = log.read_bytes()[-_TAIL_BYTES:].decode("utf-8", "replace").strip()
    except OSError:
        tail = ""
    return WorkFailed(f"MLflow's gc {how}.", hint="Look at its last lines, then try again.", details=tail or None)
