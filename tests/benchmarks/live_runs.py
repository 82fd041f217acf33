"""Runs that go on: what twenty of them cost the window, the agent and the server, with the server's file at hand and without."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.benchmarks.heartbeat import longest
from tests.benchmarks.measuring import Line, Options, ours, run, temporary_home, user_environment

ROOT = Path(__file__).parents[2]
PROJECT, RUNS = "live", 20
SECONDS, QUICK_SECONDS = 20.0, 4.0


def measure(options: Options) -> Iterator[Line]:
    """Limits while 20 runs log a batch of 10 metrics a second: blocks of 50 ms, 15 % of a core for the agent, 5 requests a second."""
    from longshore.settings import open_home
    from longshore.store import workspaces
    from tests.support.launching import lend_server
    from tests.support.tracking import running_server

    seconds = QUICK_SECONDS if options.quick else SECONDS
    with temporary_home() as path, running_server(folder=_made(path / "tracking")) as server:
        environment, watched = user_environment(path), {}
        with _program("counting_door", server.rpartition(":")[2], path / "end", environment=environment) as door:
            url = f"http://127.0.0.1:{door.line()}"
            home = open_home(path)
            lend_server(home, url)
            workspaces.add(home, name="team", url=url, auth="none", username="")
            folder = _made(path / "work" / PROJECT)
            (folder / "main.py").write_text("print('hello')\n")
            run(ours("open", str(folder)), environment)
            for workspace in ("personal", "team"):
                workspaces.use(home, workspace)
                watched[workspace] = _watch(path, server, workspace, seconds, environment)
            (path / "end").touch()
            requests = json.loads(door.line())
        for workspace, (found, bare, rate) in watched.items():
            for page, stretch in found["stretches"].items():
                of = {"runs": RUNS, "batches_per_s": rate, "workspace": workspace, "page": page}
                yield from (line | of for line in _lines(stretch, found["gaps"], bare, requests))


def _lines(stretch: dict[str, float], gaps: Any, bare: Any, requests: Sequence[tuple[float, str]]) -> Iterator[Line]:
    began, ended = stretch["began"], stretch["ended"]
    took = ended - began
    asked = [what.partition("?")[0] for at, what in requests if began <= at <= ended]
    yield {
        "figure": "longest_gap_while_runs_log", "ms": longest(gaps, began, ended),
        "bare_window_ms": longest(bare, began, ended),
        "over_50_ms": sum(began <= at <= ended and gap > 50 for at, gap in gaps), "limit": 50,
    }  # fmt: skip
    yield {
        "figure": "agents_part_of_a_core", "ratio": round(stretch["agent_cpu_s"] / took, 3),
        "windows": round(stretch["window_cpu_s"] / took, 3), "limit": 0.15,
    }  # fmt: skip
    yield {
        "figure": "requests_to_the_server", "per_s": round(len(asked) / took, 2), "most": Counter(asked).most_common(4),
        "limit": 5,
    }  # fmt: skip


def _watch(
    path: Path, server: str, workspace: str, seconds: float, environment: dict[str, str]
) -> tuple[dict[str, Any], list[tuple[float, float]], float]:
    """Watch runs that begin now; give what the window told, a bare one's gaps, and how many batches a second were logged."""
    ends = [path / f"end-{what}-{workspace}" for what in ("runs", "bare")]
    with (
        _program("logging_runs", server, PROJECT, str(RUNS), ends[0], environment=environment) as logging,
        _program("heartbeat", ends[1], environment=environment) as beating,
    ):
        ids = json.loads(logging.line())
        time.sleep(1)
        command = [sys.executable, "-m", "tests.benchmarks.watch_window", str(path), ids[0], str(seconds)]
        found = json.loads(run(command, environment, cwd=ROOT)[1])
        for end in ends:
            end.touch()
        return found, [tuple(gap) for gap in json.loads(beating.line())], float(logging.line())


class _Program:
    """One of these programs, and the lines that it says."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def line(self) -> str:
        assert self._process.stdout
        said = self._process.stdout.readline()
        if not said:
            raise RuntimeError(f"{self._process.args} ended without a word")
        return said.strip()


@contextmanager
def _program(name: str, *arguments: str | Path, environment: dict[str, str]) -> Iterator[_Program]:
    command = [sys.executable, "-m", f"tests.benchmarks.{name}", *map(str, arguments)]
    with subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield _Program(process)
        finally:
            process.kill()


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder
