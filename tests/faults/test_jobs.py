"""Jobs that go wrong: each ends in a true state, with the log whole and a next step."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import time
import uuid
from pathlib import Path

import psutil
import pytest

from longshore.errors import Invalid
from longshore.jobs import launching
from longshore.jobs.log import LogReader
from longshore.jobs.supervisor import files
from longshore.mlflow_rest import artifacts, runs
from longshore.mlflow_rest.client import Client
from longshore.settings import Home, open_home, save_settings
from longshore.store import jobs, processes
from tests.support.launching import (
    is_gone,
    kill_agent,
    launch,
    lend_server,
    log_of,
    make_project,
    run,
    runs_now,
    says,
    wait_until,
    with_our_environment,
)

COUNTING = "import time\nfor i in range(60): print(i); time.sleep(0.05)\n"
COUNTED = [str(i) for i in range(60)]


@pytest.fixture
def experiment() -> str:
    return f"faults-{uuid.uuid4().hex[:8]}"


def lines_of_script(log: str) -> list[str]:
    return [line for line in log.splitlines() if not line.startswith("[longshore]")]


def supervisor_of(folder: str) -> psutil.Process:
    found = files.read_json(Path(folder) / files.SUPERVISOR)
    assert found is not None
    return psutil.Process(found["pid"])


def child_of(folder: str) -> int:
    found = files.read_json(Path(folder) / files.CHILD)
    assert found is not None
    return int(found["pid"])


def test_that_a_parameter_of_the_wrong_type_is_refused_before_anything_is_made(
    served_home: Home, tmp_path: Path
) -> None:
    script = "import argparse\np = argparse.ArgumentParser()\np.add_argument('--depth', type=int)\np.parse_args()"
    with pytest.raises(Invalid, match="depth") as error:
        launch(served_home, make_project(tmp_path / "p", script), parameters={"depth": "deep"})
    assert "whole number" in f"{error.value.reason} {error.value.hint}"
    assert jobs.listing(served_home) == ()


def test_that_a_requirement_that_does_not_exist_is_told_with_the_resolvers_decisive_lines(
    served_home: Home, tmp_path: Path, experiment: str
) -> None:
    name = "longshore-does-not-exist-anywhere"
    project = make_project(tmp_path / "p", "print('never')", requirements__txt=f"{name}==9.9\n")
    job = run(served_home, project, experiment=experiment)
    assert (job.state, job.exit_code, job.run_ids) == ("failed", None, ())
    assert job.error is not None
    assert name in f"{job.error['message']} {job.error['details']}"
    assert job.error["hint"]
    assert name in log_of(job)
    assert "never" not in log_of(job)
    assert [entry for entry in served_home.environments.iterdir() if entry.is_dir()] == [], "nothing half made is left"


def test_that_a_script_that_fails_is_told_with_its_exit_status_and_last_line(
    served_home: Home, client: Client, tmp_path: Path, experiment: str
) -> None:
    job = run(served_home, make_project(tmp_path / "p", "raise ValueError('no rows')"), experiment=experiment)
    assert (job.state, job.exit_code) == ("failed", 1)
    assert job.error is not None
    assert job.error["message"] == "main failed with exit status 1: ValueError: no rows"
    found = runs.get(client, job.run_ids[0])
    assert (found.status, found.tags["longshore.exit_code"]) == ("FAILED", "1")


def test_that_a_script_that_never_ends_is_ended_by_its_time_limit(
    served_home: Home, client: Client, tmp_path: Path, experiment: str
) -> None:
    save_settings(served_home, grace_s=0.5)
    script = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('up')\nwhile True: pass"
    job = run(served_home, make_project(tmp_path / "p", script), timeout_s=1.0, experiment=experiment)
    assert job.state == "failed"
    assert job.error is not None
    assert "time limit of 1 s" in str(job.error["message"])
    assert job.error["hint"]
    assert lines_of_script(log_of(job)) == ["up"]
    assert is_gone(child_of(job.folder))
    assert runs.get(client, job.run_ids[0]).status == "KILLED"


def test_that_a_script_that_fills_the_log_with_1_gb_needs_little_memory_and_uploads_an_excerpt(
    served_home: Home, client: Client, tmp_path: Path, experiment: str
) -> None:
    script = (
        "import sys\nblock = ('x' * 1023 + '\\n') * 1024\nfor _ in range(1024): sys.stdout.write(block)\nprint('end')"
    )
    launched = launch(served_home, make_project(tmp_path / "p", script), experiment=experiment)
    before = psutil.Process().memory_info().rss
    job = launching.wait(served_home, launched.id)
    assert (job.state, job.detail) == ("finished", "")
    log = Path(job.folder) / "log"
    assert log.stat().st_size > 1 << 30
    reader = LogReader(served_home, job)
    assert reader.tail(2)[-1] == "end"
    read = 0
    while lines := reader.read_new():
        read += len(lines)
    assert psutil.Process().memory_info().rss - before < 100 << 20
    agent = processes.agent(served_home)
    assert agent is not None
    assert psutil.Process(agent.pid).memory_info().rss < 300 << 20
    uploaded = artifacts.download(client, job.run_ids[0], "longshore/log.txt")
    assert len(uploaded) < 11 << 20
    assert b"left out here" in uploaded
    assert uploaded.endswith(b"end\n")


def test_that_a_script_that_prints_bytes_that_are_not_utf8_is_shown_as_far_as_it_can_be(
    served_home: Home, client: Client, tmp_path: Path, experiment: str
) -> None:
    script = "import sys\nsys.stdout.buffer.write(b'caf\\xe9 \\xff\\x00\\n')\nprint('after')\nraise SystemExit(2)"
    lines: list[str] = []
    launched = launch(served_home, make_project(tmp_path / "p", script), experiment=experiment)
    job = launching.wait(served_home, launched.id, on_line=lines.append)
    assert lines[-2:] == ["caf� �\x00", "after"]
    assert (job.state, job.exit_code) == ("failed", 2)
    assert b"caf\xe9 \xff" in artifacts.download(client, job.run_ids[0], "longshore/log.txt"), "kept as it was"


FILLING = """
print("begun")
while True: print("x" * 1000)
"""


def test_that_a_full_disk_while_logging_ends_in_a_true_state_with_the_reason(
    served_home: Home, client: Client, tmp_path: Path, small_disk: Path, experiment: str
) -> None:
    served_home.jobs.symlink_to(small_disk, target_is_directory=True)
    job = run(served_home, make_project(tmp_path / "p", FILLING), experiment=experiment)
    assert (job.state, job.exit_code) == ("failed", 1)
    assert job.error is not None
    assert "The disk was full while main ran" in str(job.error["message"])
    assert "Free space" in str(job.error["hint"])
    assert lines_of_script(log_of(job))[0] == "begun"
    assert runs.get(client, job.run_ids[0]).status == "FAILED"
    shutil.rmtree(job.folder)
    served_home.jobs.unlink()


def test_that_a_full_disk_of_the_whole_home_while_logging_ends_in_a_true_state_too(
    small_disk: Path, tmp_path: Path, tracking_server: str, experiment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.support.leftovers import end_everything_of

    home = open_home(small_disk / "home")
    monkeypatch.setenv("LONGSHORE_HOME", str(home.path))
    lend_server(home, tracking_server)
    try:
        job = run(home, make_project(tmp_path / "p", FILLING), experiment=experiment)
        assert job.state == "failed"
        assert job.error is not None
        assert "The disk was full while main ran" in str(job.error["message"])
    finally:
        from longshore.store import database

        database.dispose(home)
        end_everything_of(home.path)


def test_that_the_tracking_server_killed_while_a_run_logs_stops_nothing_and_is_said(home: Home, tmp_path: Path) -> None:
    script = """
import mlflow, pathlib, time
with mlflow.start_run():
    for step in range(100):
        mlflow.log_metric("loss", 1.0 / (step + 1), step=step)
        print("step", step)
        if step == 10:
            while not pathlib.Path("gate").exists(): time.sleep(0.05)
        time.sleep(0.02)
print("all logged")
"""
    project = with_our_environment(make_project(tmp_path / "p", script))
    job = launch(home, project)
    says(job, "step 10")
    server = processes.server(home)
    assert server.pid is not None
    psutil.Process(server.pid).kill()
    (project / "gate").touch()
    job = launching.wait(home, job.id)
    assert "all logged" in log_of(job)
    assert (job.state, job.exit_code) == ("finished", 0)
    assert "The tracking server was not reachable from" in job.detail
    assert "The tracking server was not reachable from" in log_of(job)
    with Client(processes.server(home).url) as client:
        found = runs.get(client, job.run_ids[0])
        assert found.status == "FINISHED"
        assert found.metrics["loss"] == pytest.approx(0.01), "MLflow's own client sent it again"
        assert found.tags["longshore.exit_code"] == "0"


def test_that_a_stop_asks_politely_and_then_kills_the_whole_process_tree(
    served_home: Home, tmp_path: Path, experiment: str
) -> None:
    save_settings(served_home, grace_s=1.0)
    script = """
import os, signal, subprocess, sys, time
def say(word):  # in one piece: three processes write into one log
    sys.stdout.write(f"{word}\\n")
signal.signal(signal.SIGTERM, lambda *_: say(f"asked {len(sys.argv)}"))
if len(sys.argv) < 3:
    subprocess.Popen([sys.executable, __file__, *sys.argv[1:], "x"], start_new_session=True)
say(f"pid {len(sys.argv)} {os.getpid()}")
while True: time.sleep(0.1)
"""
    job = launch(served_home, make_project(tmp_path / "p", script), experiment=experiment)
    says(job, "pid 3")
    runs_now(served_home, job)
    started = time.monotonic()
    assert launching.stop(served_home, job.id).state == "stopping"
    ended = launching.wait(served_home, job.id)
    assert time.monotonic() - started >= 1.0
    assert (ended.state, ended.error) == ("stopped", None)
    lines = lines_of_script(log_of(job))
    assert {"asked 1", "asked 2", "asked 3"} <= set(lines)
    assert all(is_gone(int(line.split()[2])) for line in lines if line.startswith("pid"))


def test_that_a_stop_works_while_no_agent_is_there(served_home: Home, tmp_path: Path, experiment: str) -> None:
    project = make_project(tmp_path / "p", "print('up'); import time; time.sleep(60)")
    job = launch(served_home, project, experiment=experiment)
    says(job, "up")
    kill_agent(served_home)
    launching.stop(served_home, job.id)
    assert launching.wait(served_home, job.id).state == "stopped"


def test_that_killing_the_agent_loses_neither_the_job_nor_a_line_of_its_log(
    served_home: Home, client: Client, tmp_path: Path, experiment: str
) -> None:
    job = launch(served_home, make_project(tmp_path / "p", COUNTING), experiment=experiment)
    says(job, "\n5\n")
    killed = kill_agent(served_home)
    processes.ensure_agent(served_home)
    assert processes.agent(served_home).pid != killed  # type: ignore[union-attr]
    ended = launching.wait(served_home, job.id)
    assert (ended.state, ended.exit_code) == ("finished", 0)
    assert lines_of_script(log_of(job)) == COUNTED
    assert runs.get(client, ended.run_ids[0]).status == "FINISHED"


def test_that_a_job_that_ended_while_no_agent_was_there_is_settled_by_the_next_one(
    served_home: Home, tmp_path: Path, experiment: str
) -> None:
    job = launch(served_home, make_project(tmp_path / "p", COUNTING + "raise SystemExit(4)"), experiment=experiment)
    says(job, "\n5\n")
    kill_agent(served_home)
    wait_until(lambda: (Path(job.folder) / files.STATUS).exists())
    processes.ensure_agent(served_home)
    ended = launching.wait(served_home, job.id)
    assert (ended.state, ended.exit_code) == ("failed", 4)
    assert ended.duration_s is not None
    assert ended.duration_s < 10


def test_that_killing_the_supervisor_loses_neither_the_exit_status_nor_a_line_of_the_log(
    served_home: Home, tmp_path: Path, experiment: str
) -> None:
    job = launch(served_home, make_project(tmp_path / "p", COUNTING), experiment=experiment)
    says(job, "\n5\n")
    first = supervisor_of(job.folder)
    first.kill()
    ended = launching.wait(served_home, job.id)
    assert (ended.state, ended.exit_code) == ("finished", 0)
    assert lines_of_script(log_of(job)) == COUNTED
    assert supervisor_of_pid(job.folder) != first.pid


def supervisor_of_pid(folder: str) -> int:
    found = files.read_json(Path(folder) / files.SUPERVISOR)
    assert found is not None
    return int(found["pid"])


def test_that_killing_agent_and_supervisor_together_loses_neither(
    served_home: Home, tmp_path: Path, experiment: str
) -> None:
    job = launch(served_home, make_project(tmp_path / "p", COUNTING + "raise SystemExit(3)"), experiment=experiment)
    says(job, "\n5\n")
    supervisor_of(job.folder).kill()
    kill_agent(served_home)
    processes.ensure_agent(served_home)
    ended = launching.wait(served_home, job.id)
    assert (ended.state, ended.exit_code) == ("failed", 3)
    assert lines_of_script(log_of(job)) == COUNTED


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux hands orphans to the agent")
def test_that_killing_every_process_of_the_supervisor_still_leaves_the_exit_status(
    served_home: Home, tmp_path: Path, experiment: str
) -> None:
    job = launch(served_home, make_project(tmp_path / "p", COUNTING + "raise SystemExit(5)"), experiment=experiment)
    says(job, "\n5\n")
    waiter = psutil.Process(child_of(job.folder)).parent()
    assert waiter is not None
    supervisor_of(job.folder).kill()
    waiter.kill()
    ended = launching.wait(served_home, job.id)
    assert (ended.state, ended.exit_code) == ("failed", 5)
    assert lines_of_script(log_of(job)) == COUNTED


def test_that_killing_the_job_itself_ends_in_a_true_state(
    served_home: Home, client: Client, tmp_path: Path, experiment: str
) -> None:
    job = launch(served_home, make_project(tmp_path / "p", COUNTING), experiment=experiment)
    says(job, "\n5\n")
    os.kill(child_of(job.folder), signal.SIGKILL)
    ended = launching.wait(served_home, job.id)
    assert (ended.state, ended.exit_code) == ("failed", -9)
    assert ended.error is not None
    assert "SIGKILL" in str(ended.error["message"])
    assert runs.get(client, ended.run_ids[0]).status == "KILLED"


def test_that_killing_agent_supervisor_and_job_together_ends_in_a_true_state(
    served_home: Home, tmp_path: Path, experiment: str
) -> None:
    job = launch(served_home, make_project(tmp_path / "p", COUNTING), experiment=experiment)
    says(job, "\n5\n")
    kill_agent(served_home)
    child = psutil.Process(child_of(job.folder))
    waiter = child.parent()
    assert waiter is not None
    for process in (supervisor_of(job.folder), waiter, child):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    processes.ensure_agent(served_home)
    ended = launching.wait(served_home, job.id)
    assert ended.state == "failed"
    assert ended.error is not None
    assert "not known" in str(ended.error["message"]) or "SIGKILL" in str(ended.error["message"])


def test_that_an_agent_killed_while_it_prepares_a_job_leaves_it_to_the_next_one(
    served_home: Home, tmp_path: Path, experiment: str
) -> None:
    job = launch(served_home, make_project(tmp_path / "p", "print('once')"), experiment=experiment)
    kill_agent(served_home)
    processes.ensure_agent(served_home)
    ended = launching.wait(served_home, job.id)
    assert ended.state == "finished"
    assert lines_of_script(log_of(job)) == ["once"], "it was not started twice"
