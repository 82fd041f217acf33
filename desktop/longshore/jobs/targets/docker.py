"""A container on this computer's Docker engine, as a target.

The project goes in as a copy and what the run makes comes back as a copy. Nothing secret is in the image, in the
container's description or on its disk: its launcher reads the environment from standard input, once, when it starts.
"""

from __future__ import annotations

import contextlib
import getpass
import math
import re
import socket
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from longshore.errors import Invalid, LongshoreError, Unavailable
from longshore.jobs.allotment import GPUS, gpu_count
from longshore.jobs.spec import RunSpec, placed
from longshore.jobs.supervisor import files
from longshore.jobs.targets import job_image, packing
from longshore.jobs.targets.base import Prepared, Start, TargetState, Tracking
from longshore.jobs.targets.bringing_back import BringingBack, Brought
from longshore.jobs.targets.job_image import HOME_FOLDER, PROJECT, USER_ID, JobImage
from longshore.progress import CancelToken, Progress
from longshore.settings import Home

if TYPE_CHECKING:
    from longshore.containers.engine import Engine
    from longshore.containers.run import ContainerInfo

# What this target remembers in the job's folder; nothing secret.
RECORD = "docker.json"
OUTPUTS = "outputs"
# Reads the environment, and starts the command only if all of it came: a supervisor may be killed while it writes.
LAUNCHER = (
    'eval "$(cat)"; [ "$LONGSHORE_READY" = 1 ] || { echo "[longshore] The environment did not arrive." >&2; exit 125; }; '
    'unset LONGSHORE_READY; exec "$@" </dev/null'
)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# The log is read back from the engine as long as the container is there: it must not throw the beginning away.
_LOG_MAX_BYTES = 1 << 40
_SHARED_MEMORY_BYTES = 1 << 30
_COPY_TOLD_BYTES = 50_000_000


class DockerTarget:
    """A container on this computer."""

    name = "docker"

    def check(self, home: Home) -> TargetState:
        """Tell whether an engine is there whose containers can reach this computer."""
        from longshore.containers import engine

        try:
            engine.find(home).host_route()
        except LongshoreError as error:
            return TargetState(self.name, ok=False, reason=error.reason, fix=error.hint or "")
        return TargetState(self.name, ok=True)

    def prepare(self, home: Home, start: Start, progress: Progress, cancel: CancelToken) -> Prepared:
        """Make the image, which takes milliseconds once it is there, and a container with the project in it."""
        from longshore.containers import engine as engines

        engine = engines.find(home)
        packed = packing.look(Path(start.spec.folder))
        image = self._image(home, engine, start, progress, cancel)
        listener = _listen(engine.host_route().listen, 0)
        try:
            return self._prepared(home, engine, start, image, packed, listener, progress, cancel)
        except BaseException:
            listener.close()
            self._remove_made(home, start)
            raise

    def _image(self, home: Home, engine: Engine, start: Start, progress: Progress, cancel: CancelToken) -> JobImage:
        if start.spec.image:
            return job_image.given(engine, start.spec.image, progress, cancel)
        return job_image.made(home, engine, start.spec, progress, cancel)

    def _prepared(
        self,
        home: Home,
        engine: Engine,
        start: Start,
        image: JobImage,
        packed: packing.Packing,
        listener: socket.socket,
        progress: Progress,
        cancel: CancelToken,
    ) -> Prepared:
        command = _inside(placed(start.spec.command, python="python"), start.spec.folder)
        environment = self._environment(engine, start, image, listener.getsockname()[1])
        record: dict[str, Any] = {"listen": list(listener.getsockname()[:2])}
        # Before there is a container, so that whoever comes after a kill looks for one.
        files.write_json(start.folder / RECORD, record)
        container = self._container(home, engine, start, image, command)
        if packed.size_bytes > _COPY_TOLD_BYTES:
            progress(None, f"Copying the project into the container ({packed.size_bytes / 1e6:,.0f} MB)")
        self._copy_in(engine, container, packed, cancel)
        if packed.unreadable:
            progress(None, f"Not in the container, since it cannot be read: {_some(packed.unreadable)}")
        record |= {"container_id": container.id, "image_id": image.info.id, "manifest": packed.manifest}
        files.write_json(start.folder / RECORD, record)
        return Prepared(
            backend={
                **_backend(engine, container.id, start),
                "input": environment_document(environment),
            },
            command=tuple(command),
            listener=listener,
            environment_hash=image.environment_hash,
            environment_lock=image.lock_text,
            tags={"longshore.image": image.info.id},
        )

    def _container(
        self, home: Home, engine: Engine, start: Start, image: JobImage, command: list[str]
    ) -> ContainerInfo:
        from longshore.containers import run

        spec = start.spec
        return run.create(
            engine,
            run.ContainerSpec(
                image=image.info.id,
                name=f"longshore-job-{start.job.id}-{spec.attempt}",
                entrypoint=("/bin/sh", "-c", LAUNCHER, "longshore"),
                command=tuple(command),
                labels=_labels(home, start.job.id),
                user=f"{USER_ID}:{USER_ID}",
                workdir=PROJECT,
                cpus=spec.cpus,
                memory_bytes=spec.memory_bytes,
                gpu_ids=tuple(map(str, GPUS.take(start.job.id, spec.gpus, range(gpu_count())))) if spec.gpus else (),
                shm_bytes=min(_SHARED_MEMORY_BYTES, spec.memory_bytes or _SHARED_MEMORY_BYTES),
                extra_hosts=engine.host_route().extra_hosts,
                cap_drop=("ALL",),
                init=True,
                takes_input=True,
                log_max_bytes=_LOG_MAX_BYTES,
            ),
        )

    def _copy_in(self, engine: Engine, container: ContainerInfo, packed: packing.Packing, cancel: CancelToken) -> None:
        from longshore.containers import run

        pieces = packed.archive(PROJECT.lstrip("/"), USER_ID, cancel, job_image.folders())
        run.put_archive(engine, container.id, "/", pieces)

    def _environment(self, engine: Engine, start: Start, image: JobImage, port: int) -> dict[str, str]:
        from longshore.containers import trust

        host = engine.host_route().address
        person = _person()
        found = {
            "HOME": HOME_FOLDER,
            "USER": person,
            "LOGNAME": person,
            "PYTHONDONTWRITEBYTECODE": "1",
            **trust.container_proxies(engine, past=(host,)),
            **(trust.runtime_environment(dict(image.info.env)) if image.is_ours else {}),
            **start.tracking.environment(start.job.id, f"http://{host}:{port}", token=True),
        }
        if image.python_path:
            found["PYTHONPATH"] = ":".join(f"{PROJECT}/{folder}".removesuffix("/.") for folder in image.python_path)
        if start.spec.cpus is not None:
            # A container sees all cores; libraries would start a thread for each.
            threads = str(max(1, math.floor(start.spec.cpus)))
            found |= dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), threads)
        return found | dict(start.spec.env) | dict(start.secrets)

    def has_started(self, home: Home, start: Start) -> bool:
        """Ask the engine, which knows."""
        from longshore.containers import engine as engines
        from longshore.containers import run

        container = (files.read_json(start.folder / RECORD) or {}).get("container_id")
        return bool(container) and run.inspect(engines.find(home), str(container)).state != "created"

    def adoption(self, home: Home, start: Start, record: Mapping[str, Any]) -> Prepared:
        """Give what a new supervisor needs to take over the container, listening where the container looks for it."""
        from longshore.containers import engine as engines

        known = files.read_json(start.folder / RECORD) or {}
        engine = engines.find(home)
        listener = None
        with contextlib.suppress(OSError):
            host, port = known.get("listen") or ("127.0.0.1", 0)
            listener = _listen(str(host), int(port))
        container = str(record.get("container_id") or known.get("container_id"))
        return Prepared(backend=_backend(engine, container, start), command=(), listener=listener)

    def finish(self, home: Home, start: Start, record: Mapping[str, Any]) -> tuple[str, ...]:
        """Bring the outputs back and remove the job's containers."""
        from longshore.containers import engine as engines

        GPUS.give_back(start.job.id)
        known = files.read_json(start.folder / RECORD)
        if known is None and not record.get("container_id"):
            return ()
        engine = engines.find(home)
        told: list[str] = []
        for container in _containers(home, engine, {"longshore.job": start.job.id}):
            is_of_this_try = known is not None and container.id == known.get("container_id")
            told += self._finish_one(engine, start, container, known if is_of_this_try else None)
        self.sweep(home, engine)
        return tuple(told)

    def sweep(self, home: Home, engine: Engine) -> None:
        """Remove what was left of jobs at whose end the engine was away; their outputs are kept in their folders."""
        with contextlib.suppress(LongshoreError):
            for container in _containers(home, engine, {}):
                with contextlib.suppress(LongshoreError):  # one that cannot be swept keeps none of the others
                    self._sweep_one(home, engine, container)

    def _sweep_one(self, home: Home, engine: Engine, container: ContainerInfo) -> None:
        from longshore.store import jobs

        job = jobs.get(home, container.labels.get("longshore.job", ""))
        if job.ended:
            start = Start(job, RunSpec.from_json(job.spec), Path(job.folder), Tracking("", "", ""))
            known = files.read_json(start.folder / RECORD)
            is_of_its_last_try = known is not None and container.id == known.get("container_id")
            self._finish_one(engine, start, container, known if is_of_its_last_try else None, only_aside=True)

    def _finish_one(
        self,
        engine: Engine,
        start: Start,
        container: ContainerInfo,
        known: Mapping[str, Any] | None,
        *,
        only_aside: bool = False,
    ) -> Iterable[str]:
        from longshore.containers import run

        if container.running:  # its supervisor is gone for good, and the job has ended by decision
            run.kill(engine, container.id)
        told: tuple[str, ...] = ()
        if known is not None and "manifest" in known and container.state != "created":
            brought = bring_back(engine, start, container.id, known["manifest"], only_aside=only_aside)
            told = _said(brought, start.folder / OUTPUTS)
        run.remove(engine, container.id)
        return told

    def _remove_made(self, home: Home, start: Start) -> None:
        from longshore.containers import engine as engines
        from longshore.containers import run

        with contextlib.suppress(LongshoreError):
            engine = engines.find(home)
            for container in _containers(home, engine, {"longshore.job": start.job.id}):
                run.remove(engine, container.id)
        GPUS.give_back(start.job.id)


def bring_back(
    engine: Engine, start: Start, container: str, manifest: Mapping[str, Any], *, only_aside: bool = False
) -> Brought:
    """Copy what a container's run made into the project.

    Raises: Unavailable if the engine goes away, or if there is no room.
    """
    from longshore.containers import copying

    project, aside = Path(start.spec.folder), start.folder / OUTPUTS
    bringing = BringingBack(project, manifest, PROJECT, aside, only_aside=only_aside)
    try:
        return bringing.run(
            copying.changes(engine, container),
            lambda path: copying.get_archive(engine, container, path),
            lambda path: copying.path_state(engine, container, path),
        )
    except OSError as error:
        raise Unavailable(
            f"What the run made could not be copied back: {error}. It is in the container {container[:12]}.",
            hint=f"Make room, then `docker cp {container[:12]}:{PROJECT} .`",
        ) from error


def _said(brought: Brought, aside: Path) -> tuple[str, ...]:
    told = []
    if brought.aside:
        told.append(
            f"Changed here while the run was under way, and left as they are: {_some(brought.aside)}."
            f" The run's versions are in {aside}."
        )
    if brought.refused:
        told.append(
            f"Not brought back, since it leads out of the project or cannot be written: {_some(brought.refused)}."
        )
    return tuple(told)


def _some(names: list[str], most: int = 5) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def left_of(home: Home, engine: Engine, job_id: str) -> bool:
    """Tell whether a container of a job is still there. Raises: Unavailable."""
    return bool(_containers(home, engine, {"longshore.job": job_id}))


def _labels(home: Home, job_id: str) -> dict[str, str]:
    return {"longshore.home": home.id, "longshore.kind": "job", "longshore.job": job_id}


def _containers(home: Home, engine: Engine, labels: Mapping[str, str]) -> tuple[ContainerInfo, ...]:
    from longshore.containers import run

    return run.listing(engine, home, {"longshore.kind": "job", **labels})


def _backend(engine: Engine, container: str, start: Start) -> dict[str, Any]:
    return {
        "kind": "container",
        "endpoint": engine.endpoint,
        "container_id": container,
        "memory_bytes": start.spec.memory_bytes,
    }


def _listen(host: str, port: int) -> socket.socket:
    return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=128)


def _inside(command: list[str], project: str) -> list[str]:
    """Give a command line as the container must read it: paths of the project lead to its copy."""
    outside = re.compile(rf"(^|=){re.escape(str(Path(project)))}(?=$|[/\\])")
    return [outside.sub(lambda match: match[1] + PROJECT, part) for part in command]


def environment_document(environment: Mapping[str, str]) -> str:
    """Write an environment as the launcher reads it.

    Raises: Invalid for a name that no shell takes.
    """
    lines = []
    for name, value in environment.items():
        if not _NAME.fullmatch(name):
            raise Invalid(
                f"{name!r} cannot be the name of a variable in a container.", hint="Use letters, digits and _."
            )
        if "\0" in value:
            raise Invalid(f"The value of {name} holds a zero byte, which no environment can carry.")
        quoted = value.replace("'", "'\\''")
        lines.append(f"export {name}='{quoted}'")
    return "\n".join([*lines, "LONGSHORE_READY=1", ""])


def _person() -> str:
    """Give the user's name, so that MLflow writes the same author as it does outside."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "longshore"
