"""One datum in one container: inputs read-only in /pfs, no network, not root where that can be, its lines into the log."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from longshore.containers import run as containers
from longshore.containers.run import ContainerInfo, ContainerSpec
from longshore.jobs.supervisor.engine_api import EngineApi, Refused
from longshore.pipelines.pachyderm.repos import files_in, place

if TYPE_CHECKING:
    from longshore.containers.engine import Engine
    from longshore.containers.images import ImageInfo
    from longshore.pipelines.datums import Datum, Piece
    from longshore.projects.adapters.pachyderm.spec import Spec

# What a container may reach: none unless the spec's env, or the job's, names another network.
NETWORK = "LONGSHORE_NETWORK"
_NOBODY = "65534:65534"
_MOST_LOG = 64 << 20


@dataclass(frozen=True)
class Ended:
    """How a container ended; an empty error is a success."""

    code: int | None
    error: str = ""


class DatumContainer:
    """The one container of one try of a datum."""

    def __init__(self, engine: Engine, labels: Mapping[str, str], image: ImageInfo, step: Spec, folder: Path) -> None:
        """`folder` is made anew, for this try alone; what the datum writes is in `out` of it."""
        self._engine, self._labels, self._image, self._step = engine, labels, image, step
        self._folder = folder
        self._api = EngineApi(engine.endpoint)
        self._mounts: dict[str, Path] = {}
        self._late = threading.Event()
        self.out = folder / "out"

    def run(self, datum: Datum, roots: Mapping[str, Path], tell: Callable[[bytes], None]) -> Ended:
        """Run it to its end; each line that it prints goes to `tell`.

        Raises: LongshoreError where the engine refuses it, OSError where the disk or the engine does.
        """
        self._stage(datum, roots)
        made = containers.create(self._engine, self._spec(datum))
        try:
            return self._run(made.id, tell)
        except Refused as error:
            return Ended(None, f"The container could not be started: {error.message.strip().rstrip('.')}.")
        finally:
            containers.remove(self._engine, made.id)

    def _run(self, container: str, tell: Callable[[bytes], None]) -> Ended:
        entrance = self._api.attach_input(container)
        try:
            self._api.call("POST", f"/containers/{container}/start", timeout_s=120.0)
            with contextlib.suppress(OSError):  # it may end without reading all of it
                entrance.send("".join(f"{line}\n" for line in self._step.transform.stdin).encode())
        finally:
            entrance.close()
        with self._ended_in_time(container):
            with self._api.stream(f"/containers/{container}/logs?follow=1&stdout=1&stderr=1") as pieces:
                for line in _lines(pieces):
                    tell(line)
            self._api.call("POST", f"/containers/{container}/wait", timeout_s=None)
        return self._judged(containers.inspect(self._engine, container))

    def _judged(self, found: ContainerInfo) -> Ended:
        code = found.exit_code
        if self._late.is_set():
            return Ended(code, f"It took longer than the {self._step.timeout_s:g} s of `datum_timeout`.")
        if found.oom_killed:
            return Ended(code, "It took more memory than `resource_limits` allows.")
        if code == 0 or code in self._step.transform.accept:
            self._resolve_links()
            return Ended(code)
        return Ended(code, f"It ended with exit status {code}.")

    @contextlib.contextmanager
    def _ended_in_time(self, container: str) -> Iterator[None]:
        if self._step.timeout_s is None:
            yield
            return

        def end() -> None:
            self._late.set()
            containers.kill(self._engine, container)

        timer = threading.Timer(self._step.timeout_s, end)
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _stage(self, datum: Datum, roots: Mapping[str, Path]) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        self.out.mkdir(parents=True)
        # The image's own user writes here, whoever that is; the folders above are the person's alone.
        self.out.chmod(0o777)
        by_name: dict[str, list[Piece]] = {}
        for piece in datum.pieces:
            by_name.setdefault(piece.name, []).append(piece)
        for name, pieces in by_name.items():
            root = roots[pieces[0].repo]
            if [piece.path for piece in pieces] == ["/"] and not pieces[0].empty_files:
                self._mounts[name] = root
                continue
            self._mounts[name] = self._folder / "pfs" / name
            for piece in pieces:
                _stage(piece, roots[piece.repo], self._mounts[name])

    def _spec(self, datum: Datum) -> ContainerSpec:
        step, transform = self._step, self._step.transform
        user = transform.user or _user(self._image)
        env = {f"{piece.name}": f"/pfs/{piece.name}{piece.path}".rstrip("/") for piece in datum.pieces}
        env |= {"PACH_DATUM_ID": datum.id, "PPS_PIPELINE_NAME": step.name}
        if "HOME" not in self._image.env:
            env["HOME"] = "/tmp"
        env |= {key: value for key, value in transform.env.items() if key != NETWORK}
        cores = os.cpu_count() or 1
        return ContainerSpec(
            image=self._image.id,
            entrypoint=transform.cmd[:1],
            command=transform.cmd[1:],
            env=env,
            labels={**self._labels, "longshore.datum": datum.id},
            user=user,
            workdir=transform.working_dir,
            cpus=min(step.cpus, cores) if step.cpus else None,
            memory_bytes=step.memory_bytes,
            network=transform.env.get(NETWORK) or os.environ.get(NETWORK) or "none",
            volumes={str(self.out): "/pfs/out"}
            | {str(source): f"/pfs/{name}:ro" for name, source in self._mounts.items()},
            cap_drop=() if _is_root(user) else ("ALL",),
            pids=4096,
            init=True,
            takes_input=True,
        )

    def _resolve_links(self) -> None:
        """Turn links to inputs, by which a program passes files on uncopied, into files; other links are dropped."""
        for path in [path for path in self.out.rglob("*") if path.is_symlink()]:
            target = path.readlink()
            path.unlink()
            parts = target.parts
            if parts[:2] != ("/", "pfs") or len(parts) < 3 or parts[2] not in self._mounts or ".." in parts:
                continue
            top = self._mounts[parts[2]].resolve()
            source = top.joinpath(*parts[3:])
            if source.is_dir() and source.resolve().is_relative_to(top):
                for file in files_in(source.resolve()):
                    place(file, path / file.relative_to(source.resolve()))
            elif source.is_file() and source.resolve().is_relative_to(top):
                place(source, path)


def _stage(piece: Piece, root: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    source = root / piece.path.strip("/")
    for file in files_in(source) if source.is_dir() else (source,):
        target = folder / file.relative_to(root)
        if target.exists():
            continue  # a file and the folder that holds it, in one group
        if piece.empty_files:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.touch()
        else:
            place(file, target)


def _user(image: ImageInfo) -> str:
    """Give the image's own user where it has one, else the person, else nobody: never root by default."""
    if image.user and not _is_root(image.user):
        return image.user
    if sys.platform == "win32" or os.getuid() == 0:
        return _NOBODY
    return f"{os.getuid()}:{os.getgid()}"


def _is_root(user: str) -> bool:
    return user.partition(":")[0] in ("", "0", "root")


def _lines(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Give the lines of both streams in their order: the engine sends them in frames with a head of 8 bytes."""
    buffer, left, lines = b"", 0, {1: b"", 2: b""}
    stream, seen = 1, 0
    for piece in pieces:
        buffer += piece
        while buffer:
            if left == 0:
                if len(buffer) < 8:
                    break
                stream, left = (2 if buffer[0] == 2 else 1), int.from_bytes(buffer[4:8], "big")
                buffer = buffer[8:]
            part, buffer = buffer[:left], buffer[left:]
            left -= len(part)
            seen += len(part)
            if seen > _MOST_LOG:
                continue
            *whole, lines[stream] = (lines[stream] + part).split(b"\n")
            yield from whole
    yield from (rest for rest in lines.values() if rest)
