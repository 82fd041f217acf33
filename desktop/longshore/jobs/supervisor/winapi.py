"""The few calls of Windows that a supervisor needs: job objects, process times, a polite Ctrl+Break.

The structures are defined everywhere, so that their layout is tested everywhere; the calls exist on Windows alone.
"""

from __future__ import annotations

import ctypes
import sys
from ctypes import Structure, c_int64, c_size_t, c_uint32, c_uint64, c_void_p

JOB_MEMORY_LIMIT = 0x00000200
CPU_RATE_ENABLE, CPU_RATE_HARD_CAP = 0x1, 0x4
BASIC_ACCOUNTING, PROCESS_LIST, EXTENDED_LIMIT, CPU_RATE = 1, 3, 9, 15
QUERY_LIMITED, SYNCHRONIZE, TERMINATE, SET_QUOTA = 0x1000, 0x00100000, 0x0001, 0x0100
JOB_ALL_ACCESS = 0x1F001F
STILL_ACTIVE, WAIT_TIMEOUT = 259, 258
_LISTED = 512


class BasicLimits(Structure):
    """JOBOBJECT_BASIC_LIMIT_INFORMATION."""

    _fields_ = (
        ("process_user_time", c_int64),
        ("job_user_time", c_int64),
        ("limit_flags", c_uint32),
        ("minimum_working_set", c_size_t),
        ("maximum_working_set", c_size_t),
        ("active_process_limit", c_uint32),
        ("affinity", c_size_t),
        ("priority_class", c_uint32),
        ("scheduling_class", c_uint32),
    )


class ExtendedLimits(Structure):
    """JOBOBJECT_EXTENDED_LIMIT_INFORMATION."""

    _fields_ = (
        ("basic", BasicLimits),
        ("io_counters", c_uint64 * 6),
        ("process_memory_limit", c_size_t),
        ("job_memory_limit", c_size_t),
        ("peak_process_memory", c_size_t),
        ("peak_job_memory", c_size_t),
    )


class CpuRate(Structure):
    """JOBOBJECT_CPU_RATE_CONTROL_INFORMATION."""

    _fields_ = (("flags", c_uint32), ("rate", c_uint32))


class Accounting(Structure):
    """JOBOBJECT_BASIC_ACCOUNTING_INFORMATION."""

    _fields_ = (
        ("user_time", c_int64),
        ("kernel_time", c_int64),
        ("period_user_time", c_int64),
        ("period_kernel_time", c_int64),
        ("page_faults", c_uint32),
        ("processes", c_uint32),
        ("active_processes", c_uint32),
        ("terminated_processes", c_uint32),
    )


class ProcessList(Structure):
    """JOBOBJECT_BASIC_PROCESS_ID_LIST with room for the first processes."""

    _fields_ = (("assigned", c_uint32), ("listed", c_uint32), ("pids", c_size_t * _LISTED))


class MemoryCounters(Structure):
    """PROCESS_MEMORY_COUNTERS."""

    _fields_ = (
        ("size", c_uint32),
        ("page_faults", c_uint32),
        ("peak_working_set", c_size_t),
        ("working_set", c_size_t),
        ("more", c_size_t * 6),
    )


def cpu_rate(cpus: float, cores: int) -> int:
    """Give Windows's CPU rate for a number of cores: hundredths of a percent of the whole machine, 1 to 10,000."""
    return max(1, min(10_000, round(10_000 * cpus / cores)))


def exit_code(status: int) -> int:
    """Give an exit status as Python writes it: NTSTATUS failures as negative numbers."""
    return status - (1 << 32) if status >= 0x80000000 else status


if sys.platform == "win32":
    _kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    for _name in ("CreateJobObjectW", "OpenJobObjectW", "OpenProcess"):
        getattr(_kernel, _name).restype = c_void_p

    def mark(pid: int) -> str:
        """Give the start of a process as its mark; empty where it has ended."""
        handle = open_process(pid)
        if handle is None:
            return ""
        try:
            times = (c_uint64 * 4)()
            places = [ctypes.byref(times, 8 * index) for index in range(4)]
            ended = running_exit_code(handle) is not None
            found = _kernel.GetProcessTimes(c_void_p(handle), *places)
            return "" if ended or not found else f"{times[0]:x}"
        finally:
            close(handle)

    def open_process(pid: int) -> int | None:
        """Open a process; the handle keeps its exit code readable after its end."""
        handle: int | None = _kernel.OpenProcess(QUERY_LIMITED | SYNCHRONIZE | TERMINATE | SET_QUOTA, False, pid)
        return handle

    def running_exit_code(handle: int) -> int | None:
        """Give the exit code of a process that has ended, None while it runs."""
        if _kernel.WaitForSingleObject(c_void_p(handle), 0) == WAIT_TIMEOUT:
            return None
        status = c_uint32()
        _kernel.GetExitCodeProcess(c_void_p(handle), ctypes.byref(status))
        return exit_code(status.value)

    def wait(handle: int, timeout_s: float) -> int | None:
        """Wait for a process and give its exit code, None if it still runs then."""
        _kernel.WaitForSingleObject(c_void_p(handle), int(timeout_s * 1000))
        return running_exit_code(handle)

    def close(handle: int) -> None:
        """Close a handle."""
        _kernel.CloseHandle(c_void_p(handle))

    def make_job(name: str, process: int, *, cpus: float | None, cores: int, memory_bytes: int | None) -> int | None:
        """Make a job object with these limits and put a process into it; None where Windows refuses."""
        job: int | None = _kernel.CreateJobObjectW(None, name)
        if job is None:
            return None
        if memory_bytes:
            limits = ExtendedLimits()
            limits.basic.limit_flags = JOB_MEMORY_LIMIT
            limits.job_memory_limit = memory_bytes
            _set(job, EXTENDED_LIMIT, limits)
        if cpus:
            _set(job, CPU_RATE, CpuRate(CPU_RATE_ENABLE | CPU_RATE_HARD_CAP, cpu_rate(cpus, cores)))
        if not _kernel.AssignProcessToJobObject(c_void_p(job), c_void_p(process)):
            close(job)
            return None
        return job

    def open_job(name: str) -> int | None:
        """Open a job object that another process made."""
        job: int | None = _kernel.OpenJobObjectW(JOB_ALL_ACCESS, False, name)
        return job

    def _set(job: int, kind: int, value: Structure) -> None:
        _kernel.SetInformationJobObject(c_void_p(job), kind, ctypes.byref(value), ctypes.sizeof(value))

    def _get(job: int, kind: int, value: Structure) -> bool:
        size = ctypes.sizeof(value)
        return bool(_kernel.QueryInformationJobObject(c_void_p(job), kind, ctypes.byref(value), size, None))

    def terminate_job(job: int) -> None:
        """Kill every process of a job object."""
        _kernel.TerminateJobObject(c_void_p(job), 1)

    def job_usage(job: int) -> tuple[float, int] | None:
        """Give the CPU seconds that a job object's processes used so far, and their memory now."""
        accounting, listed = Accounting(), ProcessList()
        if not _get(job, BASIC_ACCOUNTING, accounting) or not _get(job, PROCESS_LIST, listed):
            return None
        memory = sum(_working_set(int(pid)) for pid in listed.pids[: listed.listed])
        return (accounting.user_time + accounting.kernel_time) / 1e7, memory

    def _working_set(pid: int) -> int:
        handle = open_process(pid)
        if handle is None:
            return 0
        counters = MemoryCounters(size=ctypes.sizeof(MemoryCounters))
        _kernel.K32GetProcessMemoryInfo(c_void_p(handle), ctypes.byref(counters), counters.size)
        close(handle)
        return int(counters.working_set)

    def break_politely(pid: int) -> None:
        """Send Ctrl+Break to a process group, from its own console."""
        _kernel.FreeConsole()
        if _kernel.AttachConsole(pid):
            # Else the event would end this process too.
            _kernel.SetConsoleCtrlHandler(None, True)
            _kernel.GenerateConsoleCtrlEvent(1, pid)
else:

    def mark(pid: int) -> str:
        """Exist for the type checker; `identity` asks here on Windows alone."""
        raise NotImplementedError(pid)
