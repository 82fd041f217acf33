"""A project's code as it was at a commit, in a folder of its own. Nothing is written into the project's repository.

A repository that borrows the project's objects, not a linked work tree: that would be noted in the project's own `.git`.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from longshore.errors import LongshoreError, WorkFailed
from longshore.projects.git import Question, ask, program, top_folder

_COMMIT = re.compile(r"[0-9a-f]{7,64}")


def problem(project: Path, commit: str) -> str:
    """Say in a sentence why the code can't be had as it was at a commit; empty where it can."""
    if not commit:
        return "No commit was recorded with it."
    if not _COMMIT.fullmatch(commit):
        return "What was recorded as its commit is none."
    if not project.is_dir():
        return f"The project's folder {project} is not there."
    if not top_folder(project):
        return "The project is not in a git repository."
    if program() is None:
        return "No git program is installed."
    try:
        ask(project, Question(("cat-file", "-e", f"{commit}^{{commit}}")))
    except LongshoreError:
        return f"The commit {commit[:7]} is not in the project's repository."
    return ""


def check_out(project: Path, commit: str, target: Path, patch: Path | None = None) -> Path:
    """Put the code of a commit, and what was changed then, into a new folder; gives the project's folder in it.

    Raises: WorkFailed where git refuses, or where the changes don't fit.
    """
    try:
        objects, prefix = _where(project)
        target.mkdir(parents=True)
        ask(target, Question(("init", "--quiet", "--template=", ".")))
        (target / ".git" / "objects" / "info").mkdir(parents=True, exist_ok=True)
        (target / ".git" / "objects" / "info" / "alternates").write_text(f"{objects}\n", "utf-8")
        ask(target, Question(("checkout", "--quiet", "--detach", commit)))
        folder = target / prefix
        folder.mkdir(parents=True, exist_ok=True)
        if patch is not None:
            # Its names are relative to the project, and git would pass over them below the top.
            ask(target, Question(("apply", "--whitespace=nowarn", f"--directory={prefix}", str(patch))))
    except (LongshoreError, OSError) as error:
        reason = error.reason if isinstance(error, LongshoreError) else str(error)
        raise WorkFailed(
            f"The code of commit {commit[:7]} could not be put in place: {reason}",
            hint="Launch it with today's code.",
            details=error.details if isinstance(error, LongshoreError) else None,
        ) from error
    return folder


def _where(project: Path) -> tuple[Path, str]:
    """Give the place of the repository's objects, and the project's folder below its top."""
    found, prefix = ask(
        project, Question(("rev-parse", "--git-path", "objects")), Question(("rev-parse", "--show-prefix"))
    )
    objects = (project / os.fsdecode(found.rstrip(b"\r\n"))).resolve()
    return objects, os.fsdecode(prefix.rstrip(b"\r\n"))


def bring_data(project: Path, folder: Path, names: Iterable[str], *, linked: bool) -> tuple[str, ...]:
    """Give a copy of the code the files beside it that no commit holds, as they are today.

    `linked`: as links, which cost no room; else as copies. Gives the names of those that are not there any more.
    """
    missing = []
    for name in names:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or ":" in name:
            continue
        source, target = project / path, folder / path
        if target.exists() or target.is_symlink():
            continue
        if not source.exists():
            missing.append(name)
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        _bring(source.resolve(), target, linked=linked)
    return tuple(missing)


def _bring(source: Path, target: Path, *, linked: bool) -> None:
    if linked:
        with contextlib.suppress(OSError):  # Windows gives links to few
            target.symlink_to(source, target_is_directory=source.is_dir())
            return
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True)
    else:
        shutil.copy2(source, target)
