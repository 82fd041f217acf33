"""Bringing an experiment's index up to date: filled once, then only what changed, from whatever source is at hand."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from longshore.errors import Conflict, Invalid, LongshoreError, NotAllowed, NotFound, Unavailable
from longshore.progress import CancelToken, Progress, no_progress
from longshore.settings import Home
from longshore.tracking.index import layout, segments
from longshore.tracking.index.manifest import IndexBroken, Manifest, read_manifest

if TYPE_CHECKING:
    import pyarrow as pa

    from longshore.mlflow_rest.client import Client
    from longshore.store.records import Workspace
    from longshore.tracking.index.source import Source
    from longshore.tracking.index.sweep import Sweep

    _Page = tuple[pa.Table, int | None]

__all__ = ["Synced", "sync"]

# How long to wait for another process that brings the same index up to date; one that fills it takes longer.
_WAIT_S, _WAIT_FOR_FILLING_S = 10.0, 0.2
# Rows are kept together until they are a part of what is there: each append is a file.
_PART, _LONGEST_S = 0.5, 5.0


@dataclass(frozen=True)
class Synced:
    """How an index stands after a look at its source."""

    # None where there is no index: nothing could be read, ever.
    manifest: Manifest | None
    # Rows came, changed or went.
    changed: bool = False
    # Why the source could not be asked; the index holds the last state.
    offline: LongshoreError | None = None
    # Why the index was built anew, empty where it was not.
    rebuilt: str = ""
    # Another process is filling it just now: what is there so far can be read.
    busy: bool = False


def sync(
    home: Home,
    workspace: Workspace,
    experiment_id: str,
    client: Client | None,
    *,
    progress: Progress = no_progress,
    cancel: CancelToken | None = None,
    full: bool = False,
    thorough: bool = True,
    touched: Collection[str] = (),
    sweep: Sweep | None = None,
) -> Synced:
    """Bring the index of an experiment up to date, and say how it stands.

    `client`: None where the server can't be reached: then only the personal workspace's file is read.
    `full`: read everything again. `thorough`: find edits of old runs too where the source tells them cheaply (a file
    does, a server does not); without, a part of them at each call, for who calls every second.
    `touched`: runs that the caller changed itself. `sweep`: read a further page of old runs too, where a server is asked.
    Raises: Cancelled; Unavailable if the index can't be written. A source that does not answer is told in the result.
    """
    from longshore.tracking.index import source

    folder = layout.folder(home, layout.workspace_key(workspace), experiment_id)
    manifest, broken = _manifest(folder)
    filling = manifest is None or not manifest.complete
    if not (full or touched or filling) and manifest and source.is_unchanged(home, workspace, manifest, thorough):
        return Synced(_looked(folder, manifest))
    try:
        with (
            segments.writing(folder, wait_s=_WAIT_FOR_FILLING_S if filling else _WAIT_S),
            source.opened(home, workspace, experiment_id, client, sweep) as found,
        ):
            return _Sync(folder, found, progress, cancel or CancelToken(), thorough).run(full=full, touched=touched)
    except Conflict:
        return Synced(_manifest(folder)[0], busy=True, rebuilt=broken)
    except source.Unreachable as error:
        return Synced(_manifest(folder)[0], offline=error, rebuilt=broken)


@dataclass
class _Sync:
    """One process's work on one index, under its lock."""

    folder: Path
    source: Source
    progress: Progress
    cancel: CancelToken
    thorough: bool

    def run(self, *, full: bool, touched: Collection[str]) -> Synced:
        manifest, broken = _manifest(self.folder)
        try:
            if manifest is not None and not full and self.source.continues(manifest.source):
                try:
                    return self._increment(manifest, touched)
                except IndexBroken as error:
                    manifest, broken = None, error.reason
            return self._fill(manifest, broken)
        except _NoAnswer as error:
            return Synced(_manifest(self.folder)[0], offline=error.why, rebuilt=broken)

    def _increment(self, manifest: Manifest, touched: Collection[str]) -> Synced:
        from longshore.tracking.index import standing

        as_of = time.time()
        with _asked():
            found = self.source.changes(self.folder, manifest.source, thorough=self.thorough, touched=touched)
        if found is None:
            return self._fill(manifest, "")
        tables = [standing.news(self.folder, table) for table in found.tables]
        came = {run for table in tables for run in table["run_id"].to_pylist()}
        known = standing.among(self.folder, came | found.gone) if came or found.gone else set()
        gone = sorted(known & found.gone)
        if not came and not gone:
            return Synced(segments.touch(self.folder, as_of=as_of, source=found.state))
        expected = (manifest.expected or 0) + len(came - known) - len(gone)
        tables += [segments.tombstones(gone)] if gone else []
        fresh = segments.append(self.folder, tables, as_of=as_of, complete=True, expected=expected, source=found.state)
        return Synced(fresh, changed=True)

    def _fill(self, manifest: Manifest | None, broken: str) -> Synced:
        """Read everything, usable while it comes; what is no longer there goes at the end."""
        from longshore.tracking.index import standing

        before = _readable_ids(self.folder) if manifest is not None else None
        if before is None and (manifest is not None or broken):
            broken = broken or "a file of it is damaged"
            segments.discard(self.folder)
        as_of = time.time()
        with _asked():
            first, expected = self.source.first()
        self._add([first], as_of, expected)
        self.progress(0.0, f"{len(first):,} runs read")
        with _asked():
            state = self.source.begin()
        kept: set[str] = set()
        for tables, expected in self._gathered():
            self.cancel.check()
            kept.update(run for table in tables for run in table["run_id"].to_pylist())
            self._add(tables, as_of, expected)
            self.progress(min(1.0, len(kept) / expected) if expected else None, f"{len(kept):,} runs read")
        gone = sorted(standing.run_ids(self.folder) - kept) if before else []
        last = segments.append(
            self.folder,
            [segments.tombstones(gone)] if gone else [],
            as_of=as_of, complete=True, expected=len(kept), source=state,
        )  # fmt: skip
        return Synced(last, changed=True, rebuilt=broken)

    def _add(self, tables: list[pa.Table], as_of: float, expected: int | None) -> None:
        if any(map(len, tables)):
            segments.append(self.folder, tables, as_of=as_of, complete=False, expected=expected, source={})

    def _gathered(self) -> Iterator[tuple[list[pa.Table], int | None]]:
        """Give pages together once they are worth a file, the first at once."""
        waiting: list[pa.Table] = []
        rows, written, since = 0, 0, time.monotonic()
        expected: int | None = None
        for table, expected in _answers(self.source.fill()):
            waiting.append(table)
            rows += len(table)
            if rows >= _PART * written or time.monotonic() - since > _LONGEST_S:
                yield waiting, expected
                waiting, rows, written, since = [], 0, written + rows, time.monotonic()
        if waiting:
            yield waiting, expected


class _NoAnswer(Exception):
    """The source does not answer: a state that is told, not a failure of the index."""

    def __init__(self, why: LongshoreError) -> None:
        super().__init__(why.reason)
        self.why = why


@contextlib.contextmanager
def _asked() -> Iterator[None]:
    try:
        yield
    except IndexBroken:
        raise
    except (Unavailable, NotAllowed, NotFound, Invalid) as error:
        raise _NoAnswer(error) from error


def _answers(pages: Iterator[_Page]) -> Iterator[_Page]:
    while True:
        with _asked():
            page = next(pages, None)
        if page is None:
            return
        yield page


def _manifest(folder: Path) -> tuple[Manifest | None, str]:
    """Give the state of an index, or why it can't be read."""
    try:
        return read_manifest(folder), ""
    except IndexBroken as error:
        return None, error.reason


def _readable_ids(folder: Path) -> set[str] | None:
    from longshore.tracking.index import standing

    try:
        return standing.run_ids(folder)
    except IndexBroken:
        return None


def _looked(folder: Path, manifest: Manifest) -> Manifest:
    """Say that it was looked, at most once a second; another who is at work says it too."""
    if time.time() - manifest.as_of < 1.0:
        return manifest
    try:
        with segments.writing(folder, wait_s=0.0):
            last = read_manifest(folder)
            if last is None or last.source != manifest.source:
                return last or manifest
            return segments.touch(folder, as_of=time.time(), source=last.source)
    except (Conflict, IndexBroken):
        return manifest
