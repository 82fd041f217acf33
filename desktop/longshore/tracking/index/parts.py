"""Opening indexes: the segments of some experiments, and which of their rows count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from longshore.settings import Home
from longshore.tracking.index import bridge, files, layout, living
from longshore.tracking.index.columns import type_of
from longshore.tracking.index.manifest import IndexBroken, Manifest, Segment, read_manifest

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa


class ExperimentLike(Protocol):
    """What is needed of an experiment."""

    @property
    def id(self) -> str: ...  # noqa: D102
    @property
    def name(self) -> str: ...  # noqa: D102


@dataclass(frozen=True, eq=False)
class Part:
    """The rows of one segment that count."""

    folder: Path
    experiment: str  # its name
    table: pa.Table
    rows: np.ndarray | None  # of the table, ascending; None: all
    segment: Segment
    _checked: set[str] = field(default_factory=set)

    def __len__(self) -> int:
        return len(self.table) if self.rows is None else len(self.rows)

    def has(self, column: str) -> bool:
        """Tell whether some row may have a value there."""
        return column in self._names

    def array(self, column: str) -> pa.Array:
        """Give a column of the rows that count, nulls where there is none. Raises: IndexBroken."""
        import pyarrow as pa

        if not self.has(column):
            return pa.nulls(len(self), type_of(column))
        found = self.chunks(column)
        if self.rows is not None:
            found = found.take(bridge.places(self.rows))
        return found.chunk(0) if found.num_chunks == 1 else found.combine_chunks()

    def chunks(self, column: str) -> pa.ChunkedArray:
        """Give a column of the whole segment. Raises: IndexBroken."""
        if column in self._checked:
            return self.table[column]
        found = files.checked(self.folder, self.table, column)
        self._checked.add(column)
        return found

    def apart(self) -> Part:
        """Give the same rows through a map of the file of its own, which goes when they have been read.

        Through this one's, whatever was touched once would count as memory from then on: of thousands of columns all.
        """
        try:
            return replace(self, table=files.open_one(self.folder, self.segment), _checked=set())
        except IndexBroken:
            return self  # it was merged since, and its file removed

    @property
    def _names(self) -> frozenset[str]:
        names = self.__dict__.get("names")
        if names is None:
            names = frozenset(self.table.column_names)
            self.__dict__["names"] = names
        return names


@dataclass(frozen=True)
class Opened:
    """One experiment's index, as it was found."""

    experiment_id: str
    experiment: str
    folder: Path
    manifest: Manifest | None  # None: not filled yet, or broken
    parts: tuple[Part, ...]
    broken: str | None  # why it can't be read


def open_experiment(home: Home, workspace: str, experiment: ExperimentLike) -> Opened:
    """Open one experiment's index; one that is broken counts as empty and says why. Raises: Unavailable."""
    return open_folder(layout.folder(home, workspace, experiment.id), experiment.id, experiment.name)


def reopened(last: Opened) -> Opened:
    """Give the index as it stands now: the same value where nothing was written. Raises: Unavailable."""
    try:
        manifest = read_manifest(last.folder)
    except IndexBroken as error:
        return last if last.broken == error.reason else replace(last, manifest=None, parts=(), broken=error.reason)
    if last.broken is None and manifest == last.manifest:
        return last
    if manifest and last.manifest and manifest.segments == last.manifest.segments:
        return replace(last, manifest=manifest)
    return open_folder(last.folder, last.experiment_id, last.experiment)


def open_folder(folder: Path, experiment_id: str, experiment: str) -> Opened:
    """Open the index in a folder; one that is broken counts as empty and says why. Raises: Unavailable."""
    try:
        found = files.open_segments(folder)
        if found is None:
            return Opened(experiment_id, experiment, folder, None, (), None)
        manifest, tables = found
        parts = _parts(folder, experiment, tables, manifest.segments)
        return Opened(experiment_id, experiment, folder, manifest, tuple(parts), None)
    except IndexBroken as error:
        return Opened(experiment_id, experiment, folder, None, (), error.reason)


def _parts(folder: Path, experiment: str, tables: Sequence[pa.Table], segments: Sequence[Segment]) -> list[Part]:
    # These two are read before anything is asked.
    for table in tables:
        files.checked(folder, table, "run_id")
        files.checked(folder, table, "lifecycle")
    alive = [living.without_gone(table, rows) for table, rows in zip(tables, living.latest(tables), strict=True)]
    parts = [Part(folder, experiment, *each) for each in zip(tables, alive, segments, strict=True)]
    return [part for part in parts if len(part)]
