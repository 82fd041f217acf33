"""What the benchmarks share: a home of their own, whole processes, medians."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Line = dict[str, Any]


@dataclass(frozen=True)
class Options:
    """How much to measure."""

    repetitions: int
    quick: bool
    peers: bool


def user_environment(home: Path | None = None) -> dict[str, str]:
    """Give an environment like a user's: with .pyc files, without a display."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    environment.setdefault("QT_QPA_PLATFORM", "offscreen")
    if home is not None:
        environment["LONGSHORE_HOME"] = str(home)
    return environment


@contextmanager
def temporary_home() -> Iterator[Path]:
    """Give a home folder and end everything that ran in it."""
    from tests.support.leftovers import end_everything_of

    folder = Path(tempfile.mkdtemp(prefix="lsb-"))
    try:
        yield folder
    finally:
        end_everything_of(folder)
        shutil.rmtree(folder, ignore_errors=True)


def run(command: Sequence[str], environment: Mapping[str, str], **more: Any) -> tuple[float, str]:
    """Run a command to its end; give its wall time in seconds and its standard output. A failure raises with its errors."""
    started = time.perf_counter()
    done = subprocess.run(command, env=dict(environment), capture_output=True, text=True, check=False, **more)
    took = time.perf_counter() - started
    if done.returncode:
        raise RuntimeError(
            f"{' '.join(command)}: status {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
        )
    return took, done.stdout


def ours(*arguments: str) -> list[str]:
    """Give the command line of a longshore command."""
    return [sys.executable, "-m", "longshore", *arguments, "--json"]


def summary(values: Sequence[float]) -> dict[str, float]:
    """Give minimum, median and maximum, rounded."""
    return {
        "min": round(min(values), 4),
        "median": round(statistics.median(values), 4),
        "max": round(max(values), 4),
    }
