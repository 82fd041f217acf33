"""What this computer offers: Docker, uv, git, the keyring, the disk, the agent, the tracking server; each with a fix."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from longshore.errors import LongshoreError
from longshore.settings import Home

# An environment with scikit-learn and a serving image take about 3 GB together.
LOW_DISK_BYTES = 5 * 1024**3
PROBE_TIMEOUT_S = 10


@dataclass(frozen=True)
class Check:
    """One thing that was looked at; `fix` is empty where it is well."""

    name: str
    ok: bool
    detail: str
    fix: str = ""


def check_all(home: Home) -> tuple[Check, ...]:
    """Look at everything at once. Nothing that is missing raises: it is a check that failed."""
    checks = (check_docker, check_uv, check_git, check_keyring, check_disk, check_agent, check_tracking_server)
    with ThreadPoolExecutor(max_workers=len(checks)) as pool:
        return tuple(pool.map(lambda check: _guarded(check, home), checks))


def _guarded(check: Callable[[Home], Check], home: Home) -> Check:
    name = check.__name__.removeprefix("check_").replace("_", " ")
    try:
        return check(home)
    except LongshoreError as error:
        return Check(name, False, error.reason, error.hint or "")


def check_docker(home: Home) -> Check:
    """Is a Docker engine there?"""
    from longshore.containers import engine

    found = engine.status(home)
    detail = f"Docker {found.version} at {found.endpoint}" if found.ok else found.detail
    return Check("docker", found.ok, detail, found.fix or "")


def check_uv(home: Home) -> Check:
    """Is uv there, which makes the projects' environments?"""
    from longshore.projects.environments import uv_program

    return Check("uv", True, _first_line([str(uv_program()), "--version"]))


def check_git(home: Home) -> Check:
    """Is the git program there?"""
    if program := shutil.which("git"):
        return Check("git", True, _first_line([program, "--version"]))
    return Check("git", False, "The git program is missing; a slower reader is used.", "Install git.")


def check_keyring(home: Home) -> Check:
    """Is there a keyring for passwords and tokens?"""
    from longshore.secrets import keyring

    found = keyring.backend(home)
    return Check("keyring", found.ok, f"{found.name}: {found.detail}".rstrip(": "), found.fix or "")


def check_disk(home: Home) -> Check:
    """Is there room for environments, images and artifacts?"""
    free = shutil.disk_usage(home.path).free
    detail = f"{free / 1024**3:.1f} GB free at {home.path}"
    if free < LOW_DISK_BYTES:
        return Check("disk", False, detail, "Free disk space; an environment and an image take about 3 GB.")
    return Check("disk", True, detail)


def check_agent(home: Home) -> Check:
    """Does the background agent run?"""
    from longshore.store import processes

    agent = processes.agent(home)
    if agent is not None and processes.agent_runs(home):
        return Check("agent", True, f"It runs with pid {agent.pid}.")
    return Check(
        "agent", False, "It does not run; it starts with the window or the first launch.", "longshore agent start"
    )


def check_tracking_server(home: Home) -> Check:
    """Is the personal workspace's tracking server healthy?"""
    from longshore.store import processes

    server = processes.server(home)
    if server.state == "healthy" and processes.is_same_process(server.pid, server.process_started):
        return Check("tracking server", True, f"MLflow at {server.url}")
    fix = f"longshore agent start; its log is {home.logs / 'server.log'}"
    return Check("tracking server", False, f"It is {server.state}. {server.detail}".strip(), fix)


def _first_line(command: list[str]) -> str:
    try:
        found = subprocess.run(command, capture_output=True, text=True, timeout=PROBE_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LongshoreError(f"{command[0]} does not run: {error}.", hint="Install it again.") from error
    return (found.stdout or found.stderr).strip().partition("\n")[0]
