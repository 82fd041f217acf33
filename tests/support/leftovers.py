"""Ends what a test's home left running: agent, tracking server, supervisors, jobs, containers; and its compiled files."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from pathlib import Path

import psutil


def end_everything_of(home: Path) -> list[str]:
    """Kill every process and container that carries this home, and name them."""
    ended: list[str] = []
    # An agent may start a tracking server while the processes are gone through: until a look finds none.
    while some := _end_processes(home):
        ended += some
    ended += _remove_containers(home)
    if prefix := os.environ.get("PYTHONPYCACHEPREFIX"):
        # Else the compiled files of each environment that a test makes, 60 MB, would stay for ever.
        shutil.rmtree(Path(prefix, *home.parts[1:]), ignore_errors=True)
    return ended


def _end_processes(home: Path) -> list[str]:
    ended: list[str] = []
    killed: list[psutil.Process] = []
    for process in psutil.process_iter(["pid", "cmdline", "cwd"]):
        info = process.info
        mentions = " ".join(info["cmdline"] or ()) + " " + (info["cwd"] or "")
        if str(home) in mentions and process.pid != psutil.Process().pid:
            ended.append(f"{process.pid} {mentions[:200]}")
            with contextlib.suppress(psutil.Error):
                process.kill()
                killed.append(process)
    psutil.wait_procs(killed, timeout=10)
    return ended


def _remove_containers(home: Path) -> list[str]:
    import docker
    from docker.errors import DockerException

    file = home / "home.json"
    if not file.exists():
        return []
    home_id = json.loads(file.read_text())["id"]
    removed = []
    with contextlib.suppress(DockerException):
        client = docker.from_env(timeout=30)
        label = {"label": f"longshore.home={home_id}"}
        for container in client.containers.list(all=True, filters=label):
            with contextlib.suppress(DockerException):
                removed.append(str(container.name))
                container.remove(force=True)
        for network in client.networks.list(filters=label):
            with contextlib.suppress(DockerException):
                network.remove()
        client.close()
    return removed
