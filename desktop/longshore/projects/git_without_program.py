"""The same state and patch where no git program is installed, read by dulwich; slower."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from longshore.errors import Unavailable
from longshore.projects.model import GitState

if TYPE_CHECKING:
    from dulwich.repo import Repo


def _open(path: Path) -> Repo:
    from dulwich.errors import NotGitRepository
    from dulwich.repo import Repo

    try:
        return Repo.discover(str(path))
    except (NotGitRepository, OSError) as error:
        raise Unavailable(f"The git repository of {path} cannot be read: {error}.", hint="Install git.") from error


def state_without_program(path: Path) -> GitState:
    """Tell branch, commit, changed and untracked files.

    Raises: Unavailable if the repository can't be read.
    """
    with _open(path) as repo:
        top = Path(repo.path)
        prefix = path.relative_to(top).as_posix()
        prefix = "" if prefix == "." else prefix + "/"
        dirty, untracked = _changes(repo)
        config = repo.get_config()
        try:
            remote = config.get((b"remote", b"origin"), b"url").decode("utf-8", "replace")
        except KeyError:
            remote = ""
        from longshore.projects.git import without_credentials

        return GitState(
            branch=_branch(repo),
            commit=_commit(repo),
            dirty_files=tuple(name.removeprefix(prefix) for name in dirty if name.startswith(prefix)),
            untracked=tuple(name.removeprefix(prefix) for name in untracked if name.startswith(prefix)),
            remote=without_credentials(remote),
            root=str(top),
        )


def _branch(repo: Repo) -> str:
    from dulwich.refs import HEADREF

    chain = repo.refs.follow(HEADREF)[0]
    last = chain[-1].decode("utf-8", "replace")
    return last.removeprefix("refs/heads/") if last.startswith("refs/heads/") else ""


def _commit(repo: Repo) -> str:
    try:
        return repo.head().decode()
    except KeyError:
        return ""


def _changes(repo: Repo) -> tuple[list[str], list[str]]:
    """Compare commit, index and work tree; `porcelain.status` would run the filters that the repository configures."""
    from dulwich import porcelain
    from dulwich.index import get_unstaged_changes

    index = repo.open_index()
    staged = [name for names in porcelain.get_tree_changes(repo, index).values() for name in names]
    unstaged = get_unstaged_changes(index, repo.path)
    untracked = porcelain.get_untracked_paths(repo.path, repo.path, index, exclude_ignored=True)
    return sorted({_text(name) for name in [*staged, *unstaged]}), sorted(map(_text, untracked))


def _text(name: bytes | str) -> str:
    text = name if isinstance(name, bytes) else os.fsencode(name)
    return text.decode("utf-8", "replace").replace(os.sep, "/")


def patch_parts(path: Path, names: list[str]) -> Iterator[bytes]:
    """Give, file by file, the difference between the commit and the work tree; `names` relative to the folder."""
    from dulwich.object_store import tree_lookup_path
    from dulwich.objects import Blob
    from dulwich.patch import write_blob_diff

    with _open(path) as repo:
        top = Path(repo.path)
        commit = _commit(repo)
        tree = repo[commit.encode()].tree if commit else None  # type: ignore[attr-defined]
        for name in names:
            full = path / name
            inside = full.relative_to(top).as_posix().encode()
            old: tuple[bytes | None, int | None, Blob | None] = (None, None, None)
            if tree is not None:
                try:
                    mode, sha = tree_lookup_path(repo.object_store.__getitem__, tree, inside)
                    found = repo[sha]
                    old = (name.encode(), mode, found) if isinstance(found, Blob) else old
                except KeyError:
                    pass
            new: tuple[bytes | None, int | None, Blob | None] = (None, None, None)
            if full.is_file():
                mode = 0o100755 if full.stat().st_mode & 0o100 else 0o100644
                new = (name.encode(), mode, Blob.from_string(full.read_bytes()))
            if old[2] == new[2] and old[1] == new[1]:
                continue
            file = io.BytesIO()
            write_blob_diff(file, old, new)
            yield file.getvalue()
