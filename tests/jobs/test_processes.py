"""Processes of a job: which they are, who they are, and what other systems say of them."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from pathlib import Path

import pytest

from longshore.jobs.supervisor import identity, sample, tree, waiter, winapi
from longshore.jobs.supervisor.process import killed_by
from longshore.jobs.supervisor.tree import Entry


def test_that_a_process_is_told_by_its_pid_and_the_moment_of_its_start() -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    mark = identity.mark(process.pid)
    assert identity.is_alive(process.pid, mark)
    assert not identity.is_alive(process.pid, mark + "0")
    assert not identity.is_alive(os.getpid(), mark)
    process.kill()
    if sys.platform == "linux":
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert identity.is_dead_child(process.pid, mark)
        assert not identity.is_alive(process.pid, mark), "dead, though nobody has waited for it"
    process.communicate()
    assert not identity.is_alive(process.pid, mark)
    assert not identity.is_alive(None, None)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no ps")
def test_that_ps_tells_the_same_where_there_is_no_proc() -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    mark = identity._ps_mark(process.pid)
    assert mark
    assert identity._ps_mark(process.pid) == mark
    table = {entry.pid: entry for entry in tree._from_ps(tree._ps())}
    assert table[process.pid].parent == os.getpid()
    assert table[process.pid].memory_bytes > 1_000_000
    process.communicate()
    assert identity._ps_mark(process.pid) == ""


def test_that_the_name_of_a_process_may_hold_anything() -> None:
    assert identity.parse_stat(b"17 (a) b (c) S 4 17 17")[:2] == [b"S", b"4"]


def test_that_a_jobs_processes_are_its_descendants_its_session_and_what_carries_its_mark() -> None:
    table = {
        pid: Entry(pid, parent, session, 0.0, 0)
        for pid, parent, session in [(1, 0, 1), (10, 1, 10), (11, 10, 10), (12, 11, 12), (13, 1, 10), (14, 1, 14)]
    }
    assert [entry.pid for entry in tree.pick(table, 10)] == [10, 11, 12, 13]
    assert [entry.pid for entry in tree.pick(table, 10, marked=[14])] == [10, 11, 12, 13, 14]


@pytest.mark.parametrize(
    ("text", "seconds"), [("0:01.50", 1.5), ("12:00.00", 720), ("01:00:02", 3602), ("2-00:00:01", 172801)]
)
def test_that_cpu_times_of_ps_are_read(text: str, seconds: float) -> None:
    assert tree.cpu_seconds(text) == pytest.approx(seconds)


def test_that_cpu_use_is_that_of_the_time_between_two_readings(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(sample.time, "monotonic", lambda: now)
    meter = sample.Meter()
    assert meter.read([Entry(1, 0, 1, 5.0, 100)]) is None
    now = 102.0
    assert meter.read([Entry(1, 0, 1, 6.0, 100), Entry(2, 1, 1, 1.0, 50)]) == (100.0, 150)
    now = 103.0
    assert meter.read([Entry(1, 0, 1, 6.5, 100)]) == (50.0, 100), "one that ended takes nothing away"
    assert meter.read([]) is None


def test_that_samples_are_dense_at_first_and_rare_in_a_long_job() -> None:
    assert [sample.interval_s(elapsed, 1.0) for elapsed in (0, 10, 1000, 100_000)] == [0.2, 1.0, 5.0, 30.0]


def test_that_signals_are_named() -> None:
    assert killed_by(-9) == "It was killed by the signal SIGKILL."
    assert killed_by(-250) == "It was killed by the signal 250."
    assert killed_by(3) == ""


def test_that_what_cannot_be_executed_is_told(tmp_path: Path) -> None:
    command = waiter.Command(["tool"], str(tmp_path), {})
    assert waiter.why_not(PermissionError(), command) == "The program tool may not be executed."
    assert waiter.why_not(OSError("Exec format error"), command) == "tool could not be started: Exec format error."


@pytest.mark.skipif(sys.maxsize < 1 << 40, reason="the layout of 64-bit Windows")
def test_that_the_structures_of_windows_have_the_layout_that_windows_expects() -> None:
    sizes = {
        winapi.BasicLimits: 64,
        winapi.ExtendedLimits: 144,
        winapi.CpuRate: 8,
        winapi.Accounting: 48,
        winapi.MemoryCounters: 72,
    }
    assert {kind: ctypes.sizeof(kind) for kind in sizes} == sizes
    assert winapi.ExtendedLimits.job_memory_limit.offset == 120
    assert winapi.ProcessList.pids.offset == 8


def test_that_windows_gets_cores_as_a_share_of_the_machine_and_gives_python_like_exit_codes() -> None:
    assert [winapi.cpu_rate(cpus, 8) for cpus in (8, 4, 0.5, 100, 0.0001)] == [10_000, 5_000, 625, 10_000, 1]
    assert winapi.exit_code(3) == 3
    assert winapi.exit_code(0xC0000005) == -1073741819
