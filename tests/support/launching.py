"""A home whose agent finds a tracking server that runs already, tiny projects, and launching in them."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from longshore.jobs import launching
from longshore.settings import Home
from longshore.store import jobs, processes
from longshore.store.records import Job


def lend_server(home: Home, url: str) -> None:
    """Let the home's agent adopt a server that the tests share, instead of starting its own for seconds."""
    port = int(url.rpartition(":")[2])
    pid, started = _listening(port)
    processes.put_server(home, pid=pid, process_started=started, port=port, state="healthy", detail="")


_known: dict[int, psutil.Process] = {}


def _listening(port: int) -> tuple[int, float]:
    """Give who listens at a port, by pid and start; going through all processes takes 0.1 s, so it is done once."""
    if (known := _known.get(port)) is None or not known.is_running():
        everybody = psutil.net_connections("tcp4")
        pid = next(found.pid for found in everybody if found.status == "LISTEN" and found.laddr.port == port)
        known = _known[port] = psutil.Process(pid)
    return known.pid, known.create_time()


def make_project(folder: Path, script: str, **more: str) -> Path:
    """Make a project with a `main.py`, and more files by name (a `__` in it stands for a dot)."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "main.py").write_text(script)
    for name, content in more.items():
        (folder / name.replace("__", ".")).write_text(content)
    return folder


def with_our_environment(project: Path) -> Path:
    """Give a project the tests' own environment as its `.venv`, so that its scripts can import mlflow."""
    (project / ".venv").symlink_to(Path(sys.prefix), target_is_directory=True)
    return project


def launch(home: Home, project: Path, **options: Any) -> Job:
    return launching.launch(home, str(project), **options)


def run(home: Home, project: Path, **options: Any) -> Job:
    return launching.wait(home, launch(home, project, **options).id)


def log_of(job: Job) -> str:
    return (Path(job.folder) / "log").read_text("utf-8", "replace")


def wait_until(true: Callable[[], object], timeout_s: float = 90.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.02)


def says(job: Job, text: str) -> None:
    """Wait until the job printed a text."""
    wait_until(lambda: (Path(job.folder) / "log").exists() and text in log_of(job))


def runs_now(home: Home, job: Job) -> None:
    """Wait until the job's row says that it runs."""
    wait_until(lambda: jobs.get(home, job.id).state == "running")


def kill_agent(home: Home) -> int:
    """Kill the agent with SIGKILL and give its pid."""
    found = processes.agent(home)
    assert found is not None
    process = psutil.Process(found.pid)
    process.kill()
    process.wait(10)
    return found.pid


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def git(folder: Path, *arguments: str) -> str:
    import subprocess

    environment = os.environ | {
        "GIT_AUTHOR_NAME": "T", "GIT_AUTHOR_EMAIL": "t@example.org",
        "GIT_COMMITTER_NAME": "T", "GIT_COMMITTER_EMAIL": "t@example.org",
    }  # fmt: skip
    done = subprocess.run(["git", *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()
