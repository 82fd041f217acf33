"""One real, stock MLflow server for the whole test run."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

START_TIMEOUT_S = 240.0


# Below the ports that the system hands out by itself and those of the app's own servers: what other tests do at the
# same time does not take one in the seconds until its server listens, or while a server is away.
_PORTS = range(11_000, 21_000)


def free_port() -> int:
    while True:
        port = secrets.choice(_PORTS)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@contextlib.contextmanager
def running_server(
    *options: str, environment: dict[str, str] | None = None, folder: Path | None = None
) -> Iterator[str]:
    """Start a server with a database and artifacts of its own, and give its address once it is healthy.

    `folder`: where its `mlflow.db` lies, for who reads it too; removed at the end.
    """
    folder = folder or Path(tempfile.mkdtemp(prefix="ls-mlflow-"))
    port = free_port()
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1",
                "--backend-store-uri", f"sqlite:///{(folder / 'mlflow.db').as_posix()}",
                "--default-artifact-root", "mlflow-artifacts:/", "--serve-artifacts",
                "--artifacts-destination", (folder / "artifacts").as_uri(), *options,
            ],
            env=os.environ
            | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
            | (environment or {}),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )  # fmt: skip
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_until_healthy(url, process, log)
        yield url
    finally:
        _end(process)
        shutil.rmtree(folder, ignore_errors=True)


def _wait_until_healthy(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    from longshore.mlflow_rest.client import Client

    deadline = time.monotonic() + START_TIMEOUT_S
    with Client(url, timeout_s=5) as client:
        while not client.healthy():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"The tests' tracking server did not start:\n{log.read_text('utf-8', 'replace')}")
            time.sleep(0.1)


def _end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(psutil.Error):
        parent = psutil.Process(process.pid)
        family = [*parent.children(recursive=True), parent]
        for member in family:
            with contextlib.suppress(psutil.Error):
                member.kill()
        psutil.wait_procs(family, timeout=10)
    process.wait(timeout=10)
