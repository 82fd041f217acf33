"""What lies between two commits of a project: which commits, and the difference of its files. Nothing configured is run."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from longshore.errors import NotFound, Unavailable
from longshore.projects.git import Question, ask, program, top_folder

MOST_COMMITS = 200
MOST_PATCH_BYTES = 2_000_000
_SHA = re.compile(r"[0-9a-f]{7,64}")
_FIELDS, _RECORDS = "\x1f", "\x1e"
_FORMAT = "%m%x1f%H%x1f%an%x1f%aI%x1f%s%x1e"
_DIFFERENCE = ("diff", "--no-color", "--no-ext-diff", "--no-textconv", "--submodule=short", "--relative", "-M")
# Files that hold secrets stay out of sight, as they stay out of what a run records.
_PATHS = ("--", ".", ":(exclude,glob)**/.env", ":(exclude,glob)**/.env.*")


@dataclass(frozen=True)
class Commit:
    """One commit."""

    sha: str
    author: str
    time: datetime | None
    subject: str
    # It is not in the history of the other side.
    only_in_old: bool


@dataclass(frozen=True)
class Between:
    """What lies between two commits; the newest first. Either list may be cut at `MOST_COMMITS`."""

    commits: tuple[Commit, ...]
    patch: str
    # There is more than is given here.
    patch_cut: bool = False
    commits_cut: bool = False


def between(path: Path, old: str, new: str) -> Between:
    """Tell how a project's folder differs from one commit to another.

    Raises: NotFound where the repository at hand lacks one of them; Unavailable where there is none, or no git.
    """
    for sha in (old, new):
        if not _SHA.fullmatch(sha):
            raise NotFound(f"{sha!r} is no commit.", hint="The run was started outside of a repository.")
    if not path.is_dir() or not top_folder(path):
        raise Unavailable(f"{path} holds no git repository.", hint="Open the project's folder to see its commits.")
    if program() is None:
        raise Unavailable("There is no git program on this computer.", hint="Install git to see commits.")
    known = ask(
        path,
        *(Question(("rev-parse", "--verify", "--quiet", f"{sha}^{{commit}}"), may_fail=True) for sha in (old, new)),
    )
    for sha, found in zip((old, new), known, strict=True):
        if not found.strip():
            raise NotFound(
                f"The repository at {path} does not hold commit {sha[:8]}.",
                hint="Fetch it: git fetch --all. It may also have been made on another computer and never pushed.",
            )
    with tempfile.TemporaryFile() as patch:
        log = Question(
            (
                "log",
                "--left-right",
                "--no-show-signature",
                "--no-ext-diff",
                "--no-textconv",
                f"--max-count={MOST_COMMITS + 1}",
                f"--format={_FORMAT}",
                f"{old}...{new}",
                "--",
                ".",
            )
        )
        said = ask(path, log, Question((*_DIFFERENCE, old, new, *_PATHS), stdout=patch.fileno()))[0]
        patch.seek(0)
        found = patch.read(MOST_PATCH_BYTES + 1)
    commits = _commits(said)
    text = found[:MOST_PATCH_BYTES].decode("utf-8", "replace")
    return Between(commits[:MOST_COMMITS], text, len(found) > MOST_PATCH_BYTES, len(commits) > MOST_COMMITS)


def _commits(said: bytes) -> tuple[Commit, ...]:
    found = []
    for record in said.decode("utf-8", "replace").split(_RECORDS):
        parts = record.strip("\n").split(_FIELDS)
        if len(parts) == 5:
            side, sha, author, time, subject = parts
            found.append(Commit(sha, author, _time(time), subject, side == "<"))
    return tuple(found)


def _time(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
