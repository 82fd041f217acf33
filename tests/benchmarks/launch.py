"""Launch: what the app adds to a script that does nothing, agent and environment warm, here and in Docker."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from tests.benchmarks.measuring import Line, Options, ours, run, summary, temporary_home, user_environment

SCRIPT = "import time\nprint(f'first line at {time.time():.6f}', flush=True)\n"


def measure(options: Options) -> Iterator[Line]:
    """Limits: queued to first line 0.15 s, in Docker 0.4 s over `docker run true`; the whole command 1.5 s over the script."""
    with temporary_home() as home:
        environment = user_environment(home)
        folder = home / "work" / "noop"
        folder.mkdir(parents=True)
        (folder / "main.py").write_text(SCRIPT)
        run(ours("open", str(folder)), environment)
        run(ours("run", "noop"), environment)
        yield from _local(options, folder, environment)
        if shutil.which("docker"):
            yield from _docker(options, environment)
        if options.peers:
            yield _mlflow_run(options, folder, environment)


def _first_line_s(answer: str) -> float:
    job = json.loads(answer)["job"]
    log = (Path(job["folder"]) / "log").read_text()
    queued = datetime.fromisoformat(job["created_at"].replace("Z", "+00:00")).timestamp()
    return float(log.split("first line at ")[1].split()[0]) - queued


def _local(options: Options, folder: Path, environment: dict[str, str]) -> Iterator[Line]:
    first, whole, bare = [], [], []
    for _ in range(options.repetitions):
        took, answer = run(ours("run", "noop"), environment)
        whole.append(took)
        first.append(_first_line_s(answer))
        bare.append(run([sys.executable, "main.py"], environment, cwd=folder)[0])
    yield {"figure": "queued_to_first_line", "s": summary(first), "limit": 0.15}
    over = [ours_s - bare_s for ours_s, bare_s in zip(whole, bare, strict=True)]
    yield {"figure": "command_over_script", "s": summary(over), "script_s": summary(bare), "limit": 1.5}


def _docker(options: Options, environment: dict[str, str]) -> Iterator[Line]:
    run(ours("run", "noop", "--target", "docker"), environment)
    first, bare = [], []
    for _ in range(options.repetitions):
        first.append(_first_line_s(run(ours("run", "noop", "--target", "docker"), environment)[1]))
        bare.append(run(["docker", "run", "--rm", "python:3.11-slim", "true"], environment)[0])
    over = [ours_s - bare_s for ours_s, bare_s in zip(first, bare, strict=True)]
    yield {
        "figure": "docker_first_line_over_docker_run_true",
        "s": summary(over),
        "first_line_s": summary(first),
        "docker_run_true_s": summary(bare),
        "limit": 0.4,
    }


def _mlflow_run(options: Options, folder: Path, environment: dict[str, str]) -> Line:
    (folder / "MLproject").write_text("name: noop\nentry_points:\n  main:\n    command: python main.py\n")
    store = f"sqlite:///{folder.parent / 'peer.db'}"
    command = [sys.executable, "-m", "mlflow", "run", "--env-manager", "local", str(folder)]
    quiet = environment | {"MLFLOW_TRACKING_URI": store, "MLFLOW_DISABLE_TELEMETRY": "true"}
    run(command, quiet)
    took = [run(command, quiet)[0] for _ in range(options.repetitions)]
    bare = [run([sys.executable, "main.py"], environment, cwd=folder)[0] for _ in range(options.repetitions)]
    over = [peer - script for peer, script in zip(took, bare, strict=True)]
    return {"figure": "mlflow_run_over_script", "s": summary(over)}
