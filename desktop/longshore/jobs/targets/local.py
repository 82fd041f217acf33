"""This computer, as a target: the project's own environment, a process tree in a session of its own."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from longshore.jobs.allotment import CORES, GPUS, gpu_count
from longshore.jobs.spec import LONGSHORE, placed
from longshore.jobs.supervisor import files, identity, tree
from longshore.jobs.targets.base import Prepared, Start, TargetState
from longshore.progress import CancelToken, Progress
from longshore.settings import Home, resources_dir

# What describes the agent's own Python and must not reach a script's.
_OURS = ("PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV", "PYTHONSAFEPATH", "__PYVENV_LAUNCHER__", "UV_PROJECT_ENVIRONMENT")


class LocalTarget:
    """A process on this computer."""

    name = "local"

    def check(self, home: Home) -> TargetState:
        """Tell that it is always there."""
        return TargetState(self.name, ok=True, note=limits_note(sys.platform))

    def prepare(self, home: Home, start: Start, progress: Progress, cancel: CancelToken) -> Prepared:
        """Make the project's environment, which is instant once it is cached."""
        from longshore.projects import environments

        project = Path(start.spec.folder)
        environment = environments.prepare(
            home,
            project,
            python=start.spec.python,
            as_of=start.spec.as_of,
            plus=start.spec.plus,
            progress=progress,
            cancel=cancel,
        )
        tool = environments.with_tool(home, environment, start.spec.tool, progress=progress, cancel=cancel)
        frameworks = str(resources_dir() / "frameworks")
        command = placed(
            start.spec.command,
            python=str(environment.python),
            tool=str(tool),
            frameworks=frameworks,
            home=str(home.path),
        )
        return Prepared(
            backend={
                "kind": "process",
                "command": command,
                "cwd": str(project),
                "env": self._environment(home, start, environment.python),
                "cpus": start.spec.cpus,
                "memory_bytes": start.spec.memory_bytes,
                "cores": self._cores(start),
            },
            command=tuple(command),
            environment_hash=environment.hash,
            environment_lock=environment.lock_text,
        )

    def _environment(self, home: Home, start: Start, python: Path) -> dict[str, str]:
        from longshore.projects import adapters, environments

        inherited = {name: value for name, value in os.environ.items() if _is_the_persons(name)}
        found = {
            **inherited,
            **environments.activation(python),
            **start.tracking.environment(start.job.id, start.tracking_url, token=start.listener is not None),
            **self._gpus(start),
            **past_the_proxy(inherited),
            **adapters.variables(start.spec.framework, home.path, Path(start.spec.folder)),
        }
        if start.spec.framework not in ("script", "mlproject"):
            found["LONGSHORE_EVENTS"] = str(start.folder / files.EVENTS)
        if start.spec.cpus is not None:
            # Libraries that count the machine's cores would start more threads than the job may use.
            threads = str(max(1, math.floor(start.spec.cpus)))
            found |= dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), threads)
        return found | dict(start.spec.env) | dict(start.secrets)

    def _cores(self, start: Start) -> list[int]:
        if start.spec.cpus is None or sys.platform != "linux":
            return []
        available = sorted(os.sched_getaffinity(0))
        return CORES.take(start.job.id, math.ceil(start.spec.cpus), available)

    def _gpus(self, start: Start) -> dict[str, str]:
        if not start.spec.gpus:
            return {}
        taken = GPUS.take(start.job.id, start.spec.gpus, range(gpu_count()))
        return {"CUDA_VISIBLE_DEVICES": ",".join(map(str, taken))}

    def has_started(self, home: Home, start: Start) -> bool:
        """Tell that it has not: the process that starts a command notes it, and outlives the supervisor."""
        return False

    def adoption(self, home: Home, start: Start, record: Mapping[str, Any]) -> Prepared:
        """Give what a new supervisor needs to take over the process."""
        return Prepared(backend={"kind": "process", "memory_bytes": start.spec.memory_bytes}, command=())

    def finish(self, home: Home, start: Start, record: Mapping[str, Any]) -> tuple[str, ...]:
        """Give cores and GPUs back; a process that outlived every supervisor is killed."""
        CORES.give_back(start.job.id)
        GPUS.give_back(start.job.id)
        if sys.platform != "win32" and identity.is_alive(record.get("pid"), record.get("mark")):
            tree.end(tree.members(int(record["pid"]), start.job.id), force=True)
        if start.spec.command[:1] == (LONGSHORE,):
            _remove_containers(home, start.job.id)
        return ()


def _remove_containers(home: Home, job_id: str) -> None:
    """Remove what a runner of ours that was killed left in the engine. Raises: Unavailable."""
    from longshore.containers import engine as engines
    from longshore.containers import run

    engine = engines.find(home)
    for one in run.listing(engine, home, {"longshore.kind": "datum", "longshore.job": job_id}):
        run.remove(engine, one.id)


def limits_note(system: str) -> str:
    """Say what this system can't do about the limits of a job; empty where it keeps them."""
    if system in ("linux", "win32"):
        return ""
    return "This system cannot limit cores; memory is watched, and a job that takes more than it may is ended."


def _is_the_persons(name: str) -> bool:
    return name not in _OURS and not name.startswith(("LONGSHORE_", "_MLFLOW_", "MLFLOW_RUN_", "MLFLOW_TRACKING_"))


def past_the_proxy(environment: Mapping[str, str]) -> dict[str, str]:
    """Keep requests to this computer away from a company's proxy, where one is set."""
    if not any(environment.get(name) for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")):
        return {}
    known = environment.get("NO_PROXY") or environment.get("no_proxy") or ""
    missing = [host for host in ("127.0.0.1", "localhost") if host not in known.split(",")]
    value = ",".join([*filter(None, [known]), *missing])
    return {"NO_PROXY": value, "no_proxy": value}
