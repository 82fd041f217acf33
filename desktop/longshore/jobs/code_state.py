"""The code that a run was made from, to launch from it again: its commit, its uncommitted changes, its data files."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import shutil
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from longshore.errors import NotFound
from longshore.jobs import capture
from longshore.jobs.spec import RunSpec
from longshore.jobs.supervisor import files
from longshore.settings import Home
from longshore.store import jobs

if TYPE_CHECKING:
    from longshore.jobs.held import Held
    from longshore.mlflow_rest.client import Client
    from longshore.mlflow_rest.types import Run
    from longshore.store.records import Job

FOLDER = "code"
_PATCHES = "patches"
_PATCH_BYTES, _LIST_BYTES = 50_000_000, 4_000_000
_MOST_DATA = 500
_TODAYS = "The code is today's."


@dataclass(frozen=True)
class CodeState:
    """What a run was made from, as far as it can be had again. `why_not` says why it can't."""

    commit: str = ""
    patch: str = ""  # the name of the kept patch, empty where everything was committed
    # Files that no commit holds and that the run read or had beside it, relative to the project.
    data: tuple[str, ...] = ()
    environment: str = ""  # the hash of its environment
    why_not: str = ""

    @property
    def words(self) -> str:
        """Say which code that is: `commit 9f3c2e1 and its changes`, or `today's code`."""
        if self.why_not:
            return "today's code"
        return f"commit {self.commit[:7]}" + (" and its changes" if self.patch else "")


def of_run(
    home: Home, project: Path, *, job: Job | None, client: Client | None = None, run: Run | None = None
) -> CodeState:
    """Find what a run was made from: in its job's folder where that is here, else in what was uploaded with the run.

    The patch is kept in the home folder, so that the launch needs no server. Raises: Unavailable.
    """
    from longshore.projects import checkout

    recorded = _recorded(job, client, run)
    if why_not := checkout.problem(project, recorded.commit):
        return CodeState(why_not=why_not)
    if recorded.withheld:
        names = ", ".join(recorded.withheld[:3])
        return CodeState(why_not=f"Its changes to {names} were not recorded, since they look like a secret.")
    if recorded.dirty and not recorded.patch:
        return CodeState(why_not="Its uncommitted changes were not recorded.")
    patch = _keep(home, recorded.patch) if recorded.patch else ""
    return CodeState(recorded.commit, patch, recorded.data, recorded.environment)


def of_reference(home: Home, workspace: str | None, reference: str, project: Path) -> CodeState:
    """Find what a run was made from, by its id, its name or its job's id, for a launch in a project's folder.

    Raises: NotFound, Conflict; Unavailable where the server is needed and away.
    """
    from longshore.tracking.table import resolve
    from longshore.workspace.connection import connect

    with contextlib.suppress(NotFound):
        job = jobs.get(home, reference)
        run_id = job.run_ids[-1] if job.run_ids else ""
        if (Path(job.folder) / capture.FOLDER / capture.CODE).exists() or not run_id:
            return of_run(home, project, job=job)
        reference = run_id
    client = connect(home, workspace)
    run = resolve(client, reference)
    job_here = None
    with contextlib.suppress(NotFound):
        job_here = jobs.get(home, run.tags["longshore.job"]) if "longshore.job" in run.tags else None
    return of_run(home, project, job=job_here, client=client, run=run)


@dataclass(frozen=True)
class _Recorded:
    commit: str = ""
    dirty: bool = False
    patch: bytes = b""
    withheld: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    environment: str = ""


def _recorded(job: Job | None, client: Client | None, run: Run | None) -> _Recorded:
    if job is not None and job.folder:
        facts = capture.facts(Path(job.folder))
        if facts.code:
            untracked = facts.code.get("untracked") or ()
            patch = facts.artifacts.get("patch.diff")
            return _Recorded(
                str(facts.code.get("commit") or ""),
                bool(facts.code.get("dirty")),
                patch.read_bytes()[:_PATCH_BYTES] if patch else b"",
                tuple(map(str, facts.code.get("withheld") or ())),
                _data((each.get("path") for each in facts.inputs), untracked),
                facts.environment_hash,
            )
    if client is None or run is None:
        return _Recorded()
    return _uploaded(client, run)


def _uploaded(client: Client, run: Run) -> _Recorded:
    inputs = _list_of(_read(client, run, capture.INPUTS, _LIST_BYTES))
    untracked = _list_of(_read(client, run, "untracked.json", _LIST_BYTES))
    paths = (each.get("path") for each in inputs if isinstance(each, dict))
    return _Recorded(
        run.tags.get("mlflow.source.git.commit", ""),
        run.tags.get("longshore.git.dirty") == "true",
        _read(client, run, "patch.diff", _PATCH_BYTES),
        (),
        _data(paths, untracked),
        run.tags.get("longshore.environment", ""),
    )


def _read(client: Client, run: Run, name: str, limit_bytes: int) -> bytes:
    from longshore.mlflow_rest import artifacts

    try:
        return artifacts.download(client, run.id, f"longshore/{name}", limit_bytes)
    except NotFound:
        return b""


def _list_of(data: bytes) -> list[Any]:
    try:
        found = json.loads(data) if data else []
    except ValueError:
        return []
    return found if isinstance(found, list) else []


def _data(*groups: Any) -> tuple[str, ...]:
    names = (str(name) for group in groups for name in group if isinstance(name, str) and name)
    return tuple(dict.fromkeys(names))[:_MOST_DATA]


def _keep(home: Home, patch: bytes) -> str:
    name = f"{hashlib.blake2b(patch, digest_size=16).hexdigest()}.diff"
    folder = home.path / _PATCHES
    folder.mkdir(mode=0o700, exist_ok=True)
    if not (folder / name).exists():
        fresh = folder / f".{name}.part"
        fresh.write_bytes(patch)
        fresh.replace(folder / name)
    return name


def prune_patches(home: Home, before: datetime) -> None:
    """Remove kept patches that no job is launched from any more."""
    folder = home.path / _PATCHES
    if not folder.is_dir():
        return
    used = {job.spec.get("patch") for job in jobs.listing(home)}
    for file in folder.iterdir():
        with contextlib.suppress(OSError):
            if file.name not in used and file.stat().st_mtime < before.timestamp():
                file.unlink()


def with_code(spec: RunSpec, state: CodeState | None) -> RunSpec:
    """Give a spec that is launched from a recorded code state; None, and one that can't be had, mean today's code."""
    notes = tuple(note for note in spec.notes if not note.startswith(_TODAYS))
    plain = replace(spec, notes=notes, commit="", patch="", data=(), expected_environment="", code_path="")
    if state is None:
        return plain
    if state.why_not:
        return replace(plain, notes=(*notes, f"{_TODAYS} {state.why_not}"))
    return replace(
        plain, commit=state.commit, patch=state.patch, data=state.data, expected_environment=state.environment
    )


def put_in_place(held: Held) -> None:
    """Make the code of a job that is launched from a recorded state, in the job's folder. Raises: WorkFailed."""
    from longshore.projects import checkout

    spec = held.spec
    if not spec.commit:
        return
    target = held.folder / FOLDER
    shutil.rmtree(target, ignore_errors=True)
    project = Path(spec.project_path)
    patch = held.home.path / _PATCHES / spec.patch if spec.patch else None
    held.say(detail=f"Putting the code of commit {spec.commit[:7]} in place")
    folder = checkout.check_out(project, spec.commit, target, patch)
    missing = checkout.bring_data(project, folder, (*spec.data, ".venv"), linked=spec.target == "local")
    changes = " with the changes that were recorded" if patch else ""
    files.note(held.folder, f"The code is that of commit {spec.commit[:7]}{changes}. Data files are today's.")
    gone = [name for name in missing if name != ".venv"]
    if gone:
        files.note(held.folder, f"Not there any more: {', '.join(gone[:10])}{' ...' if len(gone) > 10 else ''}")
    command = tuple(_moved(part, project, folder) for part in spec.command)
    held.spec = replace(spec, code_path=str(folder), command=command)
    held.say(spec=held.spec.to_json())


def _moved(part: str, project: Path, folder: Path) -> str:
    """Let what names the project's folder, also behind an option's `=`, name the one of the code."""
    outside = re.compile(rf"(^|=){re.escape(str(project))}(?=$|[/\\\\])")
    return outside.sub(lambda match: match[1] + str(folder), part)


def note_environment(held: Held, environment_hash: str) -> None:
    """Say in the log where the environment is another one than that of the run that is launched again."""
    expected = held.spec.expected_environment
    if expected and environment_hash and expected != environment_hash:
        words = f"The environment is {environment_hash[:7]}; that of the run before was {expected[:7]}."
        files.note(held.folder, words)
