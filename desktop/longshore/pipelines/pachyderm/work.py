"""What is known of a project's datums: those of its inputs as they are now, and what became of them."""

from __future__ import annotations

import posixpath
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from longshore.errors import Conflict, Invalid, NotFound
from longshore.jobs.supervisor.files import read_json, write_json
from longshore.pipelines import datums
from longshore.pipelines.datums import Datum
from longshore.pipelines.pachyderm import repos
from longshore.pipelines.pachyderm.repos import Hashes, Output
from longshore.projects import folder as folders
from longshore.projects.adapters import pachyderm
from longshore.projects.adapters.pachyderm import spec as specs

if TYPE_CHECKING:
    from longshore.projects.adapters.pachyderm.spec import Input, Spec
    from longshore.settings import Home

DONE, FAILED, WAITING = "done", "failed", "waiting"


@dataclass(frozen=True)
class DatumRow:
    """A datum with what became of it."""

    id: str
    step: str
    state: str  # done, failed, waiting (new or changed)
    inputs: tuple[str, ...]
    seconds: float | None = None
    tries: int = 0
    error: str = ""
    log: str = ""  # the file; empty where there is none


class Work:
    """The pipelines of one group of specs, their repos and their datums."""

    def __init__(self, home: Home, project: Path, name: str) -> None:
        """Read the specs of the project's folder.

        Raises: NotFound where there is no such group.
        """
        self.home, self.project, self.name = home, project.resolve(), name
        problems: list[str] = []
        found = pachyderm.groups(specs.read(folders.scan(self.project), problems), problems)
        if name not in found:
            raise NotFound(f"{project} has no Pachyderm pipelines {name!r}.", hint=" ".join(problems))
        self.specs: dict[str, Spec] = found[name]
        self.folder = repos.state_folder(home, self.project) / name.replace("/", "%2F")
        self._hashes = Hashes(self.folder / "hashes.json")

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other runs of the same pipelines out. Raises: Conflict."""
        import filelock

        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            with filelock.FileLock(self.folder / "lock", timeout=0):
                yield
        except filelock.Timeout as error:
            raise Conflict(f"{self.name} runs already.", hint="Wait for its end, or stop it.") from error

    def output(self, step: str) -> Output:
        """Give what a pipeline made."""
        return Output(self.folder / step)

    def root(self, step: Spec, leaf: Input) -> Path:
        """Give the folder of an input.

        Raises: Invalid where there is none, or the pipeline that makes it has not run.
        """
        if leaf.op == "cron":
            return self.clock(step, leaf)
        if leaf.repo not in self.specs:
            return repos.folder_of(self.home, self.project, leaf.repo, posixpath.dirname(step.file))
        head = self.output(leaf.repo).head
        if head is None:
            raise Invalid(f"{leaf.repo}, which {step.name} reads, has no output yet.", hint="Run all of it.")
        return head

    def clock(self, step: Spec, leaf: Input) -> Path:
        """Give the folder of a clock's times."""
        return self.folder / "clocks" / pachyderm.clock_repo(step, leaf)

    def tick(self, step: Spec, leaf: Input) -> None:
        """Let a clock write the time, in a file of that name."""
        folder = self.clock(step, leaf)
        if leaf.overwrite:
            shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)
        moment = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        (folder / (moment.replace(":", "-") if sys.platform == "win32" else moment)).touch()

    def roots(self, step: Spec) -> dict[str, Path]:
        """Give the folder of every input by its repo, or by its clock's name. Raises: Invalid."""
        return {leaf.repo or leaf.name: self.root(step, leaf).resolve() for leaf in step.input.leaves}

    def datums(self, step: Spec, roots: Mapping[str, Path]) -> tuple[Datum, ...]:
        """Give a pipeline's datums as its inputs are now. Raises: Invalid, OSError."""
        found = {name: self._hashes.of(root) if root.is_dir() else {} for name, root in roots.items()}
        self._hashes.save()
        return datums.datums(step.input, found, step.transform)

    def place(self, step: str, id_: str) -> Path:
        """Give the folder of a datum's output, log and result."""
        return self.folder / step / "datums" / id_

    def result(self, step: str, id_: str) -> dict[str, Any]:
        """Give what became of a datum; empty where it was not done yet."""
        return read_json(self.place(step, id_) / "datum.json") or {}

    def note(self, step: str, datum: Datum, **facts: Any) -> None:
        """Keep what became of a datum; after this line it is done."""
        document = {"inputs": [str(piece) for piece in datum.pieces], **facts}
        write_json(self.place(step, datum.id) / "datum.json", document)

    def forget(self, step: str, id_: str) -> None:
        """Let a datum be done again."""
        shutil.rmtree(self.place(step, id_), ignore_errors=True)

    def keep_only(self, step: str, current: tuple[Datum, ...]) -> None:
        """Forget datums whose inputs are gone."""
        kept, folder = {one.id for one in current}, self.folder / step / "datums"
        for old in folder.iterdir() if folder.is_dir() else ():
            if old.name not in kept:
                shutil.rmtree(old, ignore_errors=True)

    def rows(self, only: str = "") -> list[DatumRow]:
        """Give the datums of all pipelines, or of one; those of inputs that are not there yet are left out.

        Raises: NotFound for a pipeline that is none; Invalid for a repo without a folder.
        """
        if only and only not in self.specs:
            raise NotFound(f"{self.name} has no pipeline {only!r}.", hint=f"It has {', '.join(self.specs)}.")
        found: list[DatumRow] = []
        for step in self.specs.values():
            reads_nothing = any(repo in self.specs and self.output(repo).head is None for repo in step.repos)
            if reads_nothing or only not in ("", step.name):
                continue
            found += [self._row(step.name, datum) for datum in self.datums(step, self.roots(step))]
        return found

    def _row(self, step: str, datum: Datum) -> DatumRow:
        kept, log = self.result(step, datum.id), self.place(step, datum.id) / "log.txt"
        return DatumRow(
            datum.id,
            step,
            str(kept.get("state") or WAITING),
            tuple(str(piece) for piece in datum.pieces),
            kept.get("seconds"),
            int(kept.get("tries") or 0),
            str(kept.get("error") or ""),
            str(log) if log.is_file() else "",
        )
