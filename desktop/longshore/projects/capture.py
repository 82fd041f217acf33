"""The code state that is recorded with a run: commit, uncommitted patch, untracked files; secrets stay behind."""

from __future__ import annotations

import itertools
import json
import os
import re
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from longshore.projects.git import STATE, Question, ask, program, read_state, top_folder
from longshore.projects.model import GitState
from longshore.projects.secret_files import holds_secret, looks_secret

_MOST_PATCH_BYTES = 50_000_000
_MOST_UNTRACKED = 10_000


@dataclass(frozen=True)
class Capture:
    """The code state that was recorded with a run."""

    commit: str
    branch: str
    dirty: bool
    untracked: tuple[str, ...] = ()
    # Changed files whose difference is not kept, since it looks like a secret.
    withheld: tuple[str, ...] = ()
    remote: str = ""
    patch: Path | None = None


@dataclass(frozen=True)
class Patch:
    """What differs from the commit, as `capture` would keep it."""

    text: str
    # Changed files whose difference would not be kept, since it looks like a secret.
    withheld: tuple[str, ...] = ()
    untracked: tuple[str, ...] = ()
    # The text is longer than what is given.
    cut: bool = False


def patch_now(path: Path, most_bytes: int = 2_000_000) -> Patch:
    """Give the patch that a run launched now would keep; empty outside of a repository.

    Raises: Unavailable if git refuses to read the repository.
    """
    if not top_folder(path):
        return Patch("")
    found, kept, withheld = _sifted(path)
    text = b"".join(kept)
    shown = text[:most_bytes].decode("utf-8", "replace")
    return Patch(shown, withheld, found.untracked[:_MOST_UNTRACKED], cut=len(text) > most_bytes)


def capture(path: Path, folder: Path) -> Capture | None:
    """Record the commit, the uncommitted patch and the untracked files into a folder; None outside of a repository.

    Writes `patch.diff` (where something differs), `untracked.json` and `code.json`. Paths are relative to the project.

    Raises: Unavailable if git refuses to read the repository.
    """
    if not top_folder(path):
        return None
    return _write(folder, *_sifted(path))


def _sifted(path: Path) -> tuple[GitState, list[bytes], tuple[str, ...]]:
    if program() is None:
        from longshore.projects.git_without_program import patch_parts, state_without_program

        found = state_without_program(path)
        parts = list(patch_parts(path, list(found.dirty_files)))
    else:
        found, parts = _state_and_patch(path)
    kept, withheld = sift(parts)
    withheld = tuple(dict.fromkeys((*withheld, *(name for name in found.dirty_files if looks_secret(name)))))
    return found, kept, withheld


def _state_and_patch(path: Path) -> tuple[GitState, list[bytes]]:
    with tempfile.TemporaryFile() as patch:
        # Before the first commit there is no HEAD to compare with.
        difference = Question((*_DIFFERENCE, "HEAD", *_PATHS), may_fail=True, stdout=patch.fileno())
        found = read_state(*ask(path, *STATE, difference)[:3])
        if found.dirty_files and not patch.seek(0, os.SEEK_END):
            # Nothing came though something differs: ask once more, and this time hear why not.
            base = "HEAD" if found.commit else _EMPTY_TREE
            ask(path, Question((*_DIFFERENCE, base, *_PATHS), stdout=patch.fileno()))
        patch.seek(0)
        return found, split_patch(patch.read(_MOST_PATCH_BYTES + 1))


_DIFFERENCE = ("diff", "--binary", "--no-color", "--no-ext-diff", "--no-textconv", "--no-renames", "--relative")
_PATHS = ("--", ".", ":(exclude,glob)**/.env", ":(exclude,glob)**/.env.*")
_EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


def split_patch(text: bytes) -> list[bytes]:
    """Cut a patch into one part per file; one that is too large to keep loses the file that reaches over the end."""
    starts = [match.start() for match in re.finditer(rb"(?m)^diff --git ", text)]
    parts = [text[begin:end] for begin, end in itertools.pairwise([*starts, len(text)])]
    return parts[:-1] if len(text) > _MOST_PATCH_BYTES else parts


def sift(parts: list[bytes]) -> tuple[list[bytes], tuple[str, ...]]:
    """Part a patch into what may be kept and the names of the files that look like a secret."""
    kept: list[bytes] = []
    withheld: list[str] = []
    for part in parts:
        name = _file_of(part)
        if looks_secret(name) or holds_secret(part):
            withheld.append(name)
        else:
            kept.append(part)
    return kept, tuple(withheld)


def _file_of(part: bytes) -> str:
    """Read the name out of `diff --git a/NAME b/NAME`; both are the same, since renames are switched off."""
    line = part.partition(b"\n")[0].decode("utf-8", "replace").removeprefix("diff --git ")
    if line.startswith('"'):
        return line.split('" "')[0].removeprefix('"a/')
    return line[2 : (len(line) - 1) // 2]


def _write(folder: Path, found: GitState, kept: list[bytes], withheld: tuple[str, ...]) -> Capture:
    folder.mkdir(parents=True, exist_ok=True)
    patch = folder / "patch.diff" if kept else None
    if patch:
        patch.write_bytes(b"".join(kept))
    untracked = found.untracked[:_MOST_UNTRACKED]
    (folder / "untracked.json").write_text(json.dumps(untracked, indent=0), "utf-8")
    result = Capture(found.commit, found.branch, found.dirty, untracked, withheld, found.remote, patch)
    (folder / "code.json").write_text(json.dumps(asdict(result) | {"patch": patch and patch.name}), "utf-8")
    return result
