"""The agent's own life: one per home, ended politely or by idleness, taken over from."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from longshore.agent import step_jobs
from longshore.errors import Cancelled, WorkFailed
from longshore.jobs import launching
from longshore.progress import CancelToken, Progress
from longshore.secrets import keyring
from longshore.settings import Home, save_settings
from longshore.store import jobs, processes
from longshore.store.records import Job
from tests.support.launching import launch, log_of, make_project, runs_now, wait_until


def agent_pid(home: Home) -> int:
    found = processes.agent(home)
    assert found is not None
    return found.pid


def test_that_a_home_has_one_agent_however_many_start_it_at_once(served_home: Home) -> None:
    threads = [threading.Thread(target=processes.ensure_agent, args=(served_home,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    pid = agent_pid(served_home)

    def agents() -> list[int]:
        found = psutil.process_iter(["cmdline"])
        return [
            each.pid for each in found if f"serve --home {served_home.path}" in " ".join(each.info["cmdline"] or ())
        ]

    wait_until(lambda: agents() == [pid])


def test_that_another_agent_leaves_the_first_one_alone(served_home: Home) -> None:
    processes.ensure_agent(served_home)
    pid = agent_pid(served_home)
    command = [sys.executable, "-m", "longshore", "agent", "serve", "--home", str(served_home.path)]
    assert subprocess.run(command, capture_output=True, check=False, timeout=30).returncode == 0
    assert agent_pid(served_home) == pid
    assert processes.agent_runs(served_home)


def test_that_an_agent_that_is_asked_to_end_leaves_its_jobs_to_the_next_one(served_home: Home, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    script = f"import os, time\nwhile not os.path.exists({str(gate)!r}): time.sleep(0.02)"
    job = launch(served_home, make_project(tmp_path / "p", script))
    runs_now(served_home, job)
    first = agent_pid(served_home)
    started = time.monotonic()
    processes.stop_agent(served_home)
    assert time.monotonic() - started < 5
    found = processes.agent(served_home)
    assert found is not None
    assert found.state == "stopped"
    assert jobs.get(served_home, job.id).state == "running"
    assert processes.is_same_process(*server_of(served_home)), "the tracking server stays"
    processes.ensure_agent(served_home)
    assert agent_pid(served_home) != first
    gate.touch()
    assert launching.wait(served_home, job.id).state == "finished"


def server_of(home: Home) -> tuple[int | None, float | None]:
    server = processes.server(home)
    return server.pid, server.process_started


def test_that_a_terminated_agent_puts_a_job_that_it_prepares_back_into_the_queue(home: Home, tmp_path: Path) -> None:
    # Its own tracking server takes seconds to start: so long the job is being prepared.
    job = launch(home, make_project(tmp_path / "p", "print('once')"))
    wait_until(lambda: jobs.get(home, job.id).state == "preparing")
    pid = agent_pid(home)
    os.kill(pid, signal.SIGTERM)
    wait_until(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    assert jobs.get(home, job.id).state == "queued"
    processes.ensure_agent(home)
    assert launching.wait(home, job.id).state == "finished"


def test_that_an_agent_with_nothing_to_do_ends_with_its_tracking_server(home: Home) -> None:
    save_settings(home, agent_idle_s=2.0)
    processes.ensure_agent(home)
    pid = agent_pid(home)
    wait_until(lambda: processes.server(home).pid)
    wait_until(lambda: processes.server(home).state == "stopped")
    wait_until(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    assert not processes.agent_runs(home)


def step_job(home: Home, monkeypatch: pytest.MonkeyPatch, handler: Any) -> Job:
    monkeypatch.setitem(step_jobs.HANDLERS, "probe", handler)
    return jobs.add(home, kind="probe", title="t", spec={}, workspace="personal", steps=("one", "two"))


def test_that_a_job_of_steps_ends_as_its_steps_say(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def handle(_home: Home, _job: Job, progress: Progress, _cancel: CancelToken) -> None:
        progress(1.0, "done")

    job = step_job(home, monkeypatch, handle)
    ended = step_jobs.bring_to_end(home, job, CancelToken())
    assert (ended.state, ended.exit_code, ended.detail) == ("finished", 0, "done")
    assert ended.duration_s is not None


def test_that_a_failed_step_is_told_in_the_jobs_row(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def handle(*_: Any) -> None:
        raise WorkFailed("The image cannot be built.", hint="Look at its log.")

    ended = step_jobs.bring_to_end(home, step_job(home, monkeypatch, handle), CancelToken())
    assert ended.state == "failed"
    assert ended.error is not None
    assert ended.error["hint"] == "Look at its log."


def test_that_a_stopped_job_of_steps_is_stopped_not_failed(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def handle(*_: Any) -> None:
        raise Cancelled

    ended = step_jobs.bring_to_end(home, step_job(home, monkeypatch, handle), CancelToken())
    assert (ended.state, ended.error) == ("stopped", None)


def test_that_the_agent_of_an_older_app_hands_over_and_its_job_goes_on(served_home: Home, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    script = f"import os, time\nwhile not os.path.exists({str(gate)!r}): time.sleep(0.02)"
    job = launch(served_home, make_project(tmp_path / "p", script))
    runs_now(served_home, job)
    first = agent_pid(served_home)
    processes.put_agent(served_home, app_version="0.0.9")
    processes.ensure_agent(served_home)
    assert agent_pid(served_home) != first
    gate.touch()
    assert launching.wait(served_home, job.id).state == "finished"


def test_that_the_agent_of_a_newer_app_is_left_alone(served_home: Home) -> None:
    processes.ensure_agent(served_home)
    first = agent_pid(served_home)
    processes.put_agent(served_home, app_version="99.10.0")
    processes.ensure_agent(served_home)
    assert agent_pid(served_home) == first


def test_that_an_agent_which_runs_already_can_read_the_secrets_of_whoever_launches(
    served_home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LONGSHORE_SECRETS_BACKEND", "vault")
    processes.ensure_agent(served_home)
    keyring.unlock(served_home, "correct horse")
    keyring.set(served_home, "secret:TOKEN", "swordfish-1234")
    script = "import hashlib, os; print(hashlib.md5(os.environ['TOKEN'].encode()).hexdigest())"
    job = launch(served_home, make_project(tmp_path / "p", script), secrets=("TOKEN",))
    assert launching.wait(served_home, job.id).state == "finished"
    assert hashlib.md5(b"swordfish-1234").hexdigest() in log_of(job)


def test_that_what_the_agent_starts_does_not_inherit_the_passphrase(
    served_home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LONGSHORE_VAULT_PASSPHRASE", "correct horse")
    job = launch(served_home, make_project(tmp_path / "p", "import time; time.sleep(60)"))
    runs_now(served_home, job)
    agent = psutil.Process(agent_pid(served_home))
    children = agent.children(recursive=True)
    assert children
    assert not [child for child in children if "LONGSHORE_VAULT_PASSPHRASE" in child.environ()]
    launching.stop(served_home, job.id, force=True)
