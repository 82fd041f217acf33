"""The supervisor and what it leaves in a job's folder, with real processes."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from longshore.jobs import spawning
from longshore.jobs.supervisor import files, identity, tree
from longshore.jobs.supervisor.instructions import Instructions
from longshore.settings import Home

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="these processes are told by POSIX signals")


def wait_until(true: Callable[[], object], timeout_s: float = 15.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.01)


class Job:
    """A script under a supervisor."""

    def __init__(self, folder: Path, script: str, **options: Any) -> None:
        self.folder = folder
        spawning.make_folder(folder)
        self.script = folder / "script.py"
        self.script.write_text(script)
        limits = {name: options.pop(name) for name in ("memory_bytes", "cores") if name in options}
        self.backend = {
            "kind": "process",
            "command": options.pop("command", [sys.executable, str(self.script)]),
            "cwd": options.pop("cwd", str(folder)),
            "env": {**os.environ, "LONGSHORE_JOB": folder.name, "PYTHONUNBUFFERED": "1"},
            **limits,
        }
        self.options = {"grace_s": 0.5, **options}
        self.supervisor: subprocess.Popen[bytes] | None = None

    def start(self, **more: Any) -> Job:
        spawned = spawning.spawn(self.folder)
        spawned.instruct(Instructions(self.folder.name, str(self.folder), self.backend, **self.options, **more))
        self.supervisor = spawned.process
        return self

    def adopt(self) -> Job:
        found = files.read_json(self.folder / files.SUPERVISOR)
        assert found is not None
        return self.start(adopt=found["record"] or {}, began_at=found["began_at"])

    def log(self) -> str:
        return (self.folder / files.LOG).read_text("utf-8", "replace")

    def says(self, text: str) -> None:
        wait_until(lambda: text in self.log())

    def end(self) -> dict[str, Any]:
        assert self.supervisor is not None
        self.supervisor.wait(timeout=20)
        errors = (self.folder / files.SUPERVISOR_LOG).read_text()
        assert not errors, errors
        found = files.read_json(self.folder / files.STATUS)
        assert found is not None
        return found

    def ask(self, how: str) -> None:
        (self.folder / files.STOP).write_text(how)

    def child(self) -> int:
        wait_until(lambda: files.read_json(self.folder / files.CHILD))
        found = files.read_json(self.folder / files.CHILD)
        assert found is not None
        return int(found["pid"])


def kill(process: subprocess.Popen[bytes] | None) -> None:
    assert process is not None
    process.kill()
    process.wait()


def test_that_the_log_and_the_exit_status_of_a_script_are_kept(tmp_path: Path) -> None:
    job = Job(tmp_path / "j1", "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)").start()
    status = job.end()
    assert (status["code"], status["reason"]) == (3, "exited")
    assert "out" in job.log() and "err" in job.log()
    assert stat.S_IMODE((job.folder / files.LOG).stat().st_mode) == 0o600


def test_that_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    status = Job(tmp_path / "j1", "", command=["/nowhere/python"]).start().end()
    assert (status["reason"], status["detail"]) == ("not_started", "The program /nowhere/python was not found.")


def test_that_a_project_folder_that_vanished_is_named(tmp_path: Path) -> None:
    status = Job(tmp_path / "j1", "", cwd=str(tmp_path / "gone")).start().end()
    assert "project folder" in status["detail"]


def test_that_a_polite_stop_lets_a_script_save_its_work(tmp_path: Path) -> None:
    script = "import signal, sys, time\nsignal.signal(signal.SIGTERM, lambda *_: (print('saved'), sys.exit(0)))\n"
    job = Job(tmp_path / "j1", script + "print('up')\ntime.sleep(60)").start()
    job.says("up")
    job.ask("polite")
    status = job.end()
    assert (status["code"], status["reason"], status["killed"]) == (0, "stopped", False)
    assert "saved" in job.log()


STUBBORN = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if len(sys.argv) < 3:
    subprocess.Popen([sys.executable, __file__, *sys.argv[1:], "x"], start_new_session=bool(len(sys.argv) % 2))
sys.stdout.write(f"up {len(sys.argv)} {os.getpid()}\\n")
time.sleep(60)
"""


def test_that_a_stop_kills_the_whole_tree_after_the_grace_period(tmp_path: Path) -> None:
    job = Job(tmp_path / "j1", STUBBORN).start()
    job.says("up 3")
    pids = [int(line.split()[2]) for line in job.log().splitlines()]
    job.ask("polite")
    status = job.end()
    assert (status["reason"], status["killed"]) == ("stopped", True)
    assert not [pid for pid in pids if identity.mark(pid)]


def test_that_what_a_script_leaves_running_is_ended_with_it(tmp_path: Path) -> None:
    script = "import subprocess, sys\nprint(subprocess.Popen(['sleep', '60'], start_new_session=True).pid)"
    job = Job(tmp_path / "j1", script).start()
    assert job.end()["code"] == 0
    assert not identity.mark(int(job.log().split()[0]))


def test_that_a_time_limit_ends_a_script_that_never_ends(tmp_path: Path) -> None:
    status = Job(tmp_path / "j1", "while True: pass", timeout_s=0.5).start().end()
    assert status["reason"] == "timed_out"


def test_that_a_killed_script_is_told_as_killed(tmp_path: Path) -> None:
    job = Job(tmp_path / "j1", "print('up'); import time; time.sleep(60)").start()
    job.says("up")
    os.kill(job.child(), signal.SIGKILL)
    status = job.end()
    assert (status["code"], status["reason"]) == (-9, "killed")
    assert "SIGKILL" in status["detail"]


COUNTING = "import time, pathlib\nfor i in range(30): print(i); time.sleep(0.05)\n"


def test_that_a_killed_supervisor_loses_neither_a_line_nor_the_exit_status(tmp_path: Path) -> None:
    job = Job(tmp_path / "j1", COUNTING + "raise SystemExit(7)").start()
    job.says("3\n")
    kill(job.supervisor)
    status = job.adopt().end()
    assert (status["code"], status["reason"]) == (7, "exited")
    assert job.log().split() == [str(i) for i in range(30)]


def test_that_a_script_that_ended_while_no_supervisor_was_there_is_told_by_its_exit_status(tmp_path: Path) -> None:
    job = Job(tmp_path / "j1", COUNTING).start()
    job.says("3\n")
    kill(job.supervisor)
    wait_until(lambda: (job.folder / files.EXIT).exists())
    assert job.adopt().end()["code"] == 0


def test_that_an_adopted_script_can_still_be_stopped(tmp_path: Path) -> None:
    job = Job(tmp_path / "j1", "print('up'); import time; time.sleep(60)").start()
    job.says("up")
    kill(job.supervisor)
    job.adopt()
    job.ask("force")
    assert job.end()["reason"] == "stopped"
    assert not identity.mark(job.child())


def test_that_a_script_whose_supervisor_and_waiter_are_killed_is_told_as_lost(tmp_path: Path) -> None:
    job = Job(tmp_path / "j1", "print('up'); import time; time.sleep(0.7)").start()
    job.says("up")
    waiter = tree.processes()[job.child()].parent
    kill(job.supervisor)
    os.kill(waiter, signal.SIGKILL)
    status = job.adopt().end()
    assert (status["code"], status["reason"]) == (None, "lost")


def test_that_a_job_has_one_supervisor_at_a_time(tmp_path: Path) -> None:
    job = Job(tmp_path / "j1", "print('up'); import time; time.sleep(1)").start()
    job.says("up")
    second = spawning.spawn(job.folder)
    second.instruct(Instructions("j1", str(job.folder), job.backend))
    assert second.process.wait(timeout=10) == 75
    assert job.end()["code"] == 0
    assert job.log() == "up\n"


def test_that_a_supervisor_whose_agent_died_before_telling_it_anything_starts_nothing(tmp_path: Path) -> None:
    spawning.make_folder(tmp_path / "j1")
    spawned = spawning.spawn(tmp_path / "j1")
    spawned.dismiss()
    assert spawned.process.returncode == 0
    assert not (tmp_path / "j1" / files.SUPERVISOR).exists()


def test_that_cpu_and_memory_are_sampled(tmp_path: Path) -> None:
    # What share of a core it gets beside other programs, it says itself.
    script = (
        "x = bytearray(80_000_000)\nimport time\nbegan, used = time.time(), time.process_time()\n"
        "while time.time() < began + 1.5: pass\n"
        "print(100 * (time.process_time() - used) / (time.time() - began))\n"
    )
    job = Job(tmp_path / "j1", script, sample_s=0.2).start()
    assert job.end()["code"] == 0
    samples = [json.loads(line) for line in (job.folder / files.SAMPLES).read_text().splitlines()]
    assert len(samples) >= 3
    assert max(sample["memory_bytes"] for sample in samples) > 80_000_000
    assert max(sample["cpu_percent"] for sample in samples) > float(job.log()) / 2


@pytest.mark.skipif(sys.platform != "linux", reason="the limit is kept by rlimit")
def test_that_a_memory_limit_is_kept(tmp_path: Path) -> None:
    job = Job(tmp_path / "j1", "x = bytearray(400_000_000)", memory_bytes=200_000_000).start()
    assert job.end()["code"] != 0
    assert "MemoryError" in job.log()


@pytest.mark.skipif(sys.platform != "linux", reason="the limit is kept by affinity")
def test_that_a_limit_on_cores_is_kept(tmp_path: Path) -> None:
    core = min(os.sched_getaffinity(0))
    job = Job(tmp_path / "j1", "import os; print(os.sched_getaffinity(0))", cores=[core]).start()
    job.end()
    assert job.log() == f"{{{core}}}\n"


def test_that_no_secret_is_in_an_argument_or_a_file_of_a_supervised_job(tmp_path: Path) -> None:
    job = Job(tmp_path / "j1", "print('up'); import time; time.sleep(60)")
    secret = uuid.uuid4().hex  # no other test's process has it
    job.backend["env"]["PASSWORD"] = secret
    job.start()
    job.says("up")
    for file in job.folder.rglob("*"):
        assert secret.encode() not in file.read_bytes()
    assert secret not in subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    job.ask("force")
    job.end()


def test_that_the_supervisor_loads_the_standard_library_alone(tmp_path: Path) -> None:
    code = spawning._command(tmp_path)[4].replace("sys.exit(main())", "print([*sys.modules])")
    loaded = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True)
    names = {name.partition(".")[0] for name in eval(loaded.stdout)}
    assert names - set(sys.stdlib_module_names) == {"longshore", "__main__", "sitecustomize"} - {"sitecustomize"}


def test_that_a_spare_supervisor_serves_a_job_that_it_was_not_started_for(home: Home, tmp_path: Path) -> None:
    spare = spawning.Spare(home)
    assert spare.take() is None
    spare.keep()
    spare.keep()
    taken = spare.take()
    assert taken is not None
    assert spare.take() is None
    job = Job(tmp_path / "j1", "print('from the spare')")
    taken.instruct(Instructions("j1", str(job.folder), job.backend))
    job.supervisor = taken.process
    assert job.end()["code"] == 0
    assert job.log() == "from the spare\n"
    spare.keep()
    unused = spare.take()
    assert unused is not None
    unused.dismiss()
    assert unused.process.returncode == 0
