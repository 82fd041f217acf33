"""What a run was made from, noted when its job starts: code, data that it reads, environment, command.

Everything lies as files in `jobs/<id>/capture/`, so that whoever settles the job later, even after a crash, has it all.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import time
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from longshore.errors import LongshoreError
from longshore.jobs.spec import RunSpec
from longshore.jobs.supervisor import files
from longshore.settings import Home

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping

    from longshore.data.files import Snapshot
    from longshore.jobs.targets.base import Prepared

_log = logging.getLogger(__name__)
FOLDER = "capture"
CODE, INPUTS, LOCK, COMMAND, START = "code.json", "inputs.json", "environment.lock", "command.txt", "start.json"
SNAPSHOT = "snapshot.json"
# So long may looking at data hold a script up; gigabytes are hashed while it runs.
_DATA_S = 0.06
_HASHED_BYTES = 2_000_000_000


@dataclass(frozen=True)
class Facts:
    """What is known of a job's beginning, read back from its folder."""

    folder: Path
    code: Mapping[str, Any] = field(default_factory=dict)
    # {"path", "size_bytes", "md5"} each.
    inputs: tuple[Mapping[str, Any], ...] = ()
    environment_hash: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    command: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    container: Mapping[str, Any] = field(default_factory=dict)
    # Where a local job's forwarder listens, which whoever adopts the job must do again.
    listen: tuple[str, int] | None = None

    @property
    def artifacts(self) -> dict[str, Path]:
        """The files that every run of the job gets, by name."""
        names = ("patch.diff", "untracked.json", LOCK, INPUTS, COMMAND)
        found = {name: self.folder / name for name in names if (self.folder / name).is_file()}
        notebook = self.folder.parent / "notebook.ipynb"  # as it was executed
        return {**found, notebook.name: notebook} if notebook.is_file() else found


class Capture:
    """The capture of one job, at work beside the preparation of its environment."""

    def __init__(self, home: Home, spec: RunSpec, job_folder: Path) -> None:
        self._home, self._spec, self._job_folder = home, spec, job_folder
        self.folder = job_folder / FOLDER
        self.folder.mkdir(mode=0o700, exist_ok=True)
        for stale in self.folder.iterdir():
            stale.unlink()
        self._began_at = time.time()
        self._pool = ThreadPoolExecutor(3, thread_name_prefix="capture")
        self._code = self._pool.submit(self._keep_code)
        self._data: list[Future[None]] = [self._pool.submit(self._keep_inputs), self._pool.submit(self._keep_snapshot)]
        self._problems: list[str] = []

    def _keep_code(self) -> None:
        from longshore.projects.capture import capture

        try:
            capture(Path(self._spec.folder), self.folder)
        except LongshoreError as error:
            self._problems.append(f"The state of the code could not be recorded: {error.reason}")

    def _keep_inputs(self) -> None:
        keep_inputs(self._home, self._spec, self.folder, self._began_at)

    def _keep_snapshot(self) -> None:
        from longshore.data.files import snapshot

        found = snapshot(Path(self._spec.folder))
        _write(self._job_folder / SNAPSHOT, {name: list(state) for name, state in found.files.items()})

    def finish(self, prepared: Prepared, listener: socket.socket | None = None) -> None:
        """Wait for what must be known before the script changes it, and note what was prepared."""
        (self.folder / LOCK).write_text(prepared.environment_lock, "utf-8")
        (self.folder / COMMAND).write_text(_shown(prepared.command) + "\n", "utf-8")
        self._code.result()
        wait(self._data, timeout=_DATA_S)
        container = {key: prepared.backend[key] for key in ("container_id",) if key in prepared.backend}
        _write(
            self.folder / START,
            {
                "environment_hash": prepared.environment_hash,
                "tags": dict(prepared.tags),
                "command": list(prepared.command),
                "problems": self._problems,
                "container": container,
                "listen": list(listener.getsockname()[:2]) if listener else None,
            },
        )

    def wait_for_data(self) -> None:
        """Wait until everything that the script reads is hashed."""
        wait(self._data)

    def close(self) -> None:
        """Let the rest end by itself; what fails there is in the agent's log."""
        for task in self._data:
            task.add_done_callback(_log_failure)
        self._pool.shutdown(wait=False)


def keep_inputs(home: Home, spec: RunSpec, folder: Path, began_at: float) -> None:
    """Note with their hashes the data files that a script reads; not those that changed since the job began."""
    from longshore.data.files import fingerprint, inputs_of

    project = Path(spec.folder)
    script, values = project / spec.source if spec.source else None, [*spec.parameters.values(), *spec.command]
    names = inputs_of(project, values, script)
    if spec.code_path:
        # Beside code that was put in place, data are links that lead to the project's.
        names += [name for name in inputs_of(Path(spec.project_path), values, script) if name in spec.data]
    found = fingerprint(project, dict.fromkeys(names), home=home)
    unchanged = [file for file in found if _modified_at(project / file.path) <= began_at]
    _write(folder / INPUTS, [dataclasses.asdict(file) for file in unchanged])


def _modified_at(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except OSError:
        return float("inf")


def complete(home: Home, spec: RunSpec, job_folder: Path, began_at: float) -> None:
    """Note what the agent that began the job did not live to note."""
    folder = job_folder / FOLDER
    if folder.is_dir() and not (folder / INPUTS).exists():
        keep_inputs(home, spec, folder, began_at)


def _log_failure(task: Future[None]) -> None:
    if error := task.exception():
        _log.error("The data of a job could not be recorded: %s", error)


def _write(file: Path, document: Any) -> None:
    file.write_text(json.dumps(document), "utf-8")


def _shown(command: tuple[str, ...]) -> str:
    import shlex

    return shlex.join(command)


def facts(job_folder: Path) -> Facts:
    """Read back what was captured; what is missing or damaged is left out."""
    folder = job_folder / FOLDER
    start = files.read_json(folder / START) or {}
    return Facts(
        folder=folder,
        code=files.read_json(folder / CODE) or {},
        inputs=tuple(_read_list(folder / INPUTS)),
        environment_hash=str(start.get("environment_hash", "")),
        tags=dict(start.get("tags") or {}),
        command=tuple(start.get("command") or ()),
        problems=tuple(start.get("problems") or ()),
        container=dict(start.get("container") or {}),
        listen=(str(start["listen"][0]), int(start["listen"][1])) if start.get("listen") else None,
    )


def _read_list(file: Path) -> list[Any]:
    try:
        found = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return []
    return found if isinstance(found, list) else []


def snapshot_of(job_folder: Path, project: Path) -> Snapshot | None:
    """Give the state in which the project's data was before the job, None where it was never noted."""
    from longshore.data.files import Snapshot

    found = files.read_json(job_folder / SNAPSHOT)
    if found is None:
        return None
    return Snapshot(project, {name: (int(state[0]), int(state[1])) for name, state in found.items()})


def outputs(home: Home, spec: RunSpec, job_folder: Path, most: int = 50) -> list[dict[str, Any]]:
    """Give the data files that are new or changed since the job began, at most so many.

    Hashed as long as that takes seconds; the hash of the rest is empty.
    """
    from longshore.data.files import changed_since, fingerprint

    project = Path(spec.folder)
    before = snapshot_of(job_folder, project)
    if before is None:
        return []
    sizes = {name: _size(project / name) for name in changed_since(before)[:most]}
    hashed, left = [], _HASHED_BYTES
    for name in sorted(sizes, key=lambda name: sizes[name]):
        left -= sizes[name]
        if left >= 0:
            hashed.append(name)
    hashes = {file.path: file.md5 for file in fingerprint(project, hashed, home=home)}
    return [{"path": name, "md5": hashes.get(name, ""), "size": size} for name, size in sizes.items()]


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0
