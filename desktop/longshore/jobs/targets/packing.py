"""What of a project goes into a container, and how: all that a local run would see, but environments, caches and secrets.

Left out are `.git`, virtual environments, tools' caches, MLflow's local stores (the run logs to the tracking server),
and files whose names say that they hold a secret: what a run needs of those is given to it by name (`--secret`).
"""

from __future__ import annotations

import os
import stat
import tarfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO

from longshore.progress import CancelToken
from longshore.projects.secret_files import looks_secret

_SKIPPED = frozenset(
    {
        ".git", ".hg", ".svn", ".venv", "__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".tox", ".nox",
        ".ipynb_checkpoints", "node_modules", "site-packages", "mlruns", "mlartifacts", ".idea", ".vscode",
    }
)  # fmt: skip
_SKIPPED_PATHS = frozenset({".dvc/cache", ".dvc/tmp"})
_PIECE = 1 << 18
# A file written a moment ago is dated back by so much in the container, where times count in whole seconds: a run
# that changes it at once, without changing its size, is then still seen to have done so.
_SETTLED_S = 2


def is_skipped_folder(name: PurePosixPath) -> bool:
    """Tell whether a folder, relative to the project, neither goes in nor comes back."""
    return name.name in _SKIPPED or str(name) in _SKIPPED_PATHS


@dataclass(frozen=True)
class Entry:
    """One file, folder or link that goes in; its name is relative to the project."""

    name: str
    source: Path
    kind: str  # file, folder, link
    status: os.stat_result
    target: str = ""  # of a link, relative

    @property
    def inner_mtime(self) -> int:
        """Its time in the container, in seconds since the epoch."""
        return min(int(self.status.st_mtime), int(time.time()) - _SETTLED_S)


@dataclass
class Packing:
    """A project as it stood when its job began."""

    project: Path
    entries: list[Entry] = field(default_factory=list)
    # Names that could not be read.
    unreadable: list[str] = field(default_factory=list)
    # Size, time here in ns, time in there in s, by name: how both sides were when they were the same.
    manifest: dict[str, tuple[int, int, int]] = field(default_factory=dict)

    @property
    def size_bytes(self) -> int:
        """How much is copied."""
        return sum(entry.status.st_size for entry in self.entries if entry.kind == "file")

    def archive(self, prefix: str, owner: int, cancel: CancelToken, extra: list[tarfile.TarInfo]) -> Iterator[bytes]:
        """Give the pieces of a tar archive under `prefix`, every file owned by `owner`; reads as it is asked.

        Fills `manifest`. Raises: Cancelled.
        """
        for info in extra:
            yield info.tobuf(tarfile.PAX_FORMAT)
        for entry in self.entries:
            cancel.check()
            yield from self._packed(entry, prefix, owner)
        yield bytes(2 * tarfile.BLOCKSIZE)

    def _packed(self, entry: Entry, prefix: str, owner: int) -> Iterator[bytes]:
        info = folder_entry(f"{prefix}/{entry.name}", owner) if entry.kind == "folder" else _info(entry, prefix, owner)
        if entry.kind != "file":
            yield info.tobuf(tarfile.PAX_FORMAT)
            return
        try:
            source = entry.source.open("rb")
        except OSError:
            self.unreadable.append(entry.name)
            return
        with source:
            yield info.tobuf(tarfile.PAX_FORMAT)
            yield from _exactly(source, info.size)
        self.manifest[entry.name] = (entry.status.st_size, entry.status.st_mtime_ns, int(info.mtime))


def folder_entry(name: str, owner: int) -> tarfile.TarInfo:
    """Describe a folder that the run may write into."""
    info = tarfile.TarInfo(name)
    info.type, info.mode, info.uid, info.gid, info.mtime = tarfile.DIRTYPE, 0o755, owner, owner, int(time.time())
    return info


def _info(entry: Entry, prefix: str, owner: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(f"{prefix}/{entry.name}")
    info.uid = info.gid = owner
    info.mtime = entry.inner_mtime
    if entry.kind == "link":
        info.type, info.linkname, info.mode = tarfile.SYMTYPE, entry.target, 0o777
    else:
        # Windows knows no executable bit: there everything may be run.
        info.size, info.mode = entry.status.st_size, 0o755 if os.name == "nt" else entry.status.st_mode & 0o777 | 0o600
    return info


def _exactly(source: IO[bytes], size: int) -> Iterator[bytes]:
    """Give so many bytes of a file, also where it grows or shrinks meanwhile, and fill up the last block."""
    left = size
    while left:
        piece = source.read(min(_PIECE, left)) or bytes(min(_PIECE, left))
        left -= len(piece)
        yield piece
    yield bytes(-size % tarfile.BLOCKSIZE)


def look(project: Path) -> Packing:
    """Find out what goes in; reads no file's content."""
    packing = Packing(project)
    top = project.resolve()
    _walk(packing, top, top, "", frozenset({top}))
    return packing


def _walk(packing: Packing, top: Path, folder: Path, prefix: str, above: frozenset[Path]) -> None:
    try:
        found = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        packing.unreadable.append(prefix.rstrip("/") or ".")
        return
    for entry in found:
        name = prefix + entry.name
        try:
            _look_at(packing, top, entry, name, above)
        except (OSError, ValueError):
            packing.unreadable.append(name)


def _look_at(packing: Packing, top: Path, entry: os.DirEntry[str], name: str, above: frozenset[Path]) -> None:
    path = Path(entry.path)
    if _stays_behind(name):
        return
    target = _target(top, path) if entry.is_symlink() else None
    if target is not None:
        if target:
            packing.entries.append(Entry(name, path, "link", entry.stat(follow_symlinks=False), target))
    elif entry.is_dir():
        real = path.resolve()
        if is_skipped_folder(PurePosixPath(name)) or (path / "pyvenv.cfg").exists() or real in above:
            return
        packing.entries.append(Entry(name, path, "folder", entry.stat()))
        _walk(packing, top, path, f"{name}/", above | {real})
    elif stat.S_ISREG((status := entry.stat()).st_mode):
        packing.entries.append(Entry(name, path, "file", status))


def _stays_behind(name: str) -> bool:
    return name.endswith(".pyc") or looks_secret(name)


def _target(top: Path, link: Path) -> str | None:
    """Give a link's target, relative to it; empty for a secret. None: it leads elsewhere, and its content is copied."""
    target = link.resolve(strict=True)
    if not target.is_relative_to(top):
        return "" if looks_secret(target) else None
    inside = PurePosixPath(target.relative_to(top).as_posix())
    if looks_secret(inside):
        return ""
    if any(is_skipped_folder(folder) for folder in (inside, *inside.parents)):
        return None
    return os.path.relpath(target, link.parent.resolve()).replace(os.sep, "/")
