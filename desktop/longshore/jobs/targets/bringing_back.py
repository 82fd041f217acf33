"""Brings what a run made in its container back into the project, without touching what somebody changed meanwhile."""

from __future__ import annotations

import contextlib
import filecmp
import os
import shutil
import tarfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, cast

from longshore.errors import NotFound
from longshore.jobs.targets.packing import is_skipped_folder

# Reading a container's files costs about so much a request and a byte; the cheaper way is taken.
_REQUEST_S, _BYTE_S = 0.01, 1 / 200e6
# Below this nothing is gained by asking before reading.
_LARGE_BYTES = 1 << 20

# Gives the pieces of a tar archive of one path of the container, as a context.
Reading = Callable[[str], AbstractContextManager[Iterator[bytes]]]
# Gives size and time (seconds) of one path of the container, None where it is gone.
Asking = Callable[[str], "tuple[int, int] | None"]
Manifest = Mapping[str, Sequence[int]]


@dataclass
class Brought:
    """What came back. Names are relative to the project."""

    written: list[str] = field(default_factory=list)
    # Somebody changed these here while the run was under way: the run's are beside, in `aside`.
    aside: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


class BringingBack:
    """One container's folder on its way into a project."""

    def __init__(
        self, project: Path, manifest: Manifest, inside: str, aside: Path, *, only_aside: bool = False
    ) -> None:
        """`inside` is the project's folder in the container; `only_aside` leaves the project alone altogether."""
        self._project, self._manifest, self._inside = project.resolve(), manifest, inside
        self._aside, self._only_aside = aside, only_aside
        self.brought = Brought()

    def run(self, changed: Sequence[str], read: Reading, ask: Asking) -> Brought:
        """Bring back what is new or changed among `changed`, the container's own list of touched paths."""
        prefix = f"{self._inside}/"
        names = [path.removeprefix(prefix) for path in changed if path.startswith(prefix)]
        for name in self._to_read(_Tree.of(names), ask):
            with contextlib.suppress(NotFound), read(f"{self._inside}/{name}".rstrip("/")) as pieces:
                self._unpack(pieces, PurePosixPath(name).parent if name else PurePosixPath(), skip_top=not name)
        return self.brought

    def _to_read(self, tree: _Tree, ask: Asking, name: str = "") -> Iterator[str]:
        """Choose paths to read whole: a folder, unless it holds much that the run did not change."""
        large = {child: self._manifest[child][0] for child in tree.large_below(self._manifest)}
        cost_whole = sum(large.values()) * _BYTE_S
        if not large or cost_whole < (len(tree.children) + len(large)) * _REQUEST_S:
            yield name
            return
        for child, below in tree.children.items():
            if is_skipped_folder(PurePosixPath(child)):
                continue
            if below.children:
                yield from self._to_read(below, ask, child)
            elif child not in large or ask(f"{self._inside}/{child}") != self._as_it_went_in(child):
                yield child

    def _as_it_went_in(self, name: str) -> tuple[int, int] | None:
        state = self._manifest.get(name)
        return None if state is None else (state[0], state[2])

    def _unpack(self, pieces: Iterator[bytes], parent: PurePosixPath, *, skip_top: bool) -> None:
        with tarfile.open(fileobj=cast(IO[bytes], _Stream(pieces)), mode="r|", bufsize=1 << 18) as archive:
            for member in archive:
                path = PurePosixPath(member.name)
                name = PurePosixPath(*path.parts[1:]) if skip_top else parent / path
                if not name.parts or _stays_there(name):
                    continue
                if ".." in name.parts or name.is_absolute():
                    self.brought.refused.append(str(name))
                elif member.isreg():
                    self._bring_file(archive, member, str(name))
                elif member.issym():
                    self._bring_link(member, str(name))

    def _bring_file(self, archive: tarfile.TarFile, member: tarfile.TarInfo, name: str) -> None:
        if self._as_it_went_in(name) == (member.size, int(member.mtime)):
            return
        source = archive.extractfile(member)
        assert source is not None
        target, is_aside = self._place(name)
        if target is None:
            self.brought.refused.append(name)
            return
        # By the job's name: what an agent that was killed in the middle of a file left is written over.
        fresh = target.with_name(f".{target.name}.longshore-{self._aside.parent.name}")
        try:
            with fresh.open("wb") as output:
                shutil.copyfileobj(source, output, 1 << 18)
            if member.mode & 0o100 and os.name != "nt":
                fresh.chmod(fresh.stat().st_mode | 0o111)
            os.utime(fresh, (member.mtime, member.mtime))
            fresh.replace(target)
        finally:
            fresh.unlink(missing_ok=True)
        self._note(name, target, is_aside=is_aside)

    def _note(self, name: str, target: Path, *, is_aside: bool) -> None:
        here = self._project / name
        if not is_aside:
            self.brought.written.append(name)
        elif not self._only_aside and here.is_file() and filecmp.cmp(here, target, shallow=False):
            target.unlink()  # both came to the same
        else:
            self.brought.aside.append(name)

    def _bring_link(self, member: tarfile.TarInfo, name: str) -> None:
        """Make a link of the run's here too, where it leads to something inside and nothing is in its place."""
        inside = os.path.normpath(PurePosixPath(name).parent / member.linkname).replace(os.sep, "/")
        here = self._project / name
        if os.path.lexists(here) or self._only_aside:
            return
        if member.linkname.startswith("/") or inside.startswith("..") or not self._is_inside(here.parent):
            self.brought.refused.append(name)
            return
        try:
            here.parent.mkdir(parents=True, exist_ok=True)
            here.symlink_to(member.linkname)
            self.brought.written.append(name)
        except OSError:  # a Windows without the right to make links
            self.brought.refused.append(name)

    def _place(self, name: str) -> tuple[Path | None, bool]:
        """Say where a file of the run goes, and whether that is beside the project."""
        here, beside = self._project / name, self._aside / name
        is_ours = not self._only_aside and self._is_inside(here.parent) and self._is_as_it_was(name, here)
        if is_ours and _made(here.parent):
            return here, False
        return (beside if _made(beside.parent) and not beside.is_dir() else None), True

    def _is_as_it_was(self, name: str, here: Path) -> bool:
        state = self._manifest.get(name)
        try:
            status = here.lstat()
        except FileNotFoundError:
            return state is None
        except NotADirectoryError:
            return False
        return state is not None and (status.st_size, status.st_mtime_ns) == (state[0], state[1])

    def _is_inside(self, folder: Path) -> bool:
        """Tell whether a folder that may be a link leads out of the project."""
        with contextlib.suppress(OSError, RuntimeError):
            return folder.resolve().is_relative_to(self._project)
        return False


def _made(folder: Path) -> bool:
    """Make a folder; False where a file or a link that leads nowhere is in its place."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        return False
    return True


def _stays_there(name: PurePosixPath) -> bool:
    return name.suffix == ".pyc" or any(is_skipped_folder(part) for part in (name, *name.parents))


@dataclass
class _Tree:
    """Touched paths by folder."""

    name: str = ""
    children: dict[str, _Tree] = field(default_factory=dict)

    @classmethod
    def of(cls, names: Sequence[str]) -> _Tree:
        top = cls()
        for name in names:
            node = top
            parts = PurePosixPath(name).parts
            for depth in range(len(parts)):
                child = "/".join(parts[: depth + 1])
                node = node.children.setdefault(child, cls(child))
        return top

    def large_below(self, manifest: Manifest) -> list[str]:
        """Give the large files below that went in, changed or not."""
        if not self.children:
            known = manifest.get(self.name)
            return [self.name] if known is not None and known[0] >= _LARGE_BYTES else []
        return [name for child in self.children.values() for name in child.large_below(manifest)]


class _Stream:
    """The pieces of an archive as a file that is read forwards."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._rest = pieces, memoryview(b"")

    def read(self, size: int) -> bytes:
        """Give so many bytes, fewer at the end."""
        found = []
        while size:
            if not self._rest:
                self._rest = memoryview(next(self._pieces, b""))
                if not self._rest:
                    break
            found.append(self._rest[:size])
            self._rest = self._rest[size:]
            size -= len(found[-1])
        return b"".join(found)
