"""Copying found runs into the workspace's server, each once, however often it is asked."""

from __future__ import annotations

import contextlib
import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from longshore.errors import Invalid, LongshoreError, NotFound, Unavailable
from longshore.mlflow_rest import artifacts, experiments, runs
from longshore.mlflow_rest.types import Metric, Run
from longshore.progress import CancelToken, Progress, no_progress
from longshore.tracking.imports import database, dvc_experiments, dvclive, mlruns, tensorboard
from longshore.tracking.imports.types import (
    DATABASE,
    DVC,
    DVCLIVE,
    MLRUNS,
    TENSORBOARD,
    Content,
    Found,
    Imported,
    Skipped,
    SourceRun,
)
from longshore.tracking.table import PROJECT_TAG

if TYPE_CHECKING:
    from longshore.mlflow_rest.client import Client

ID_TAG, FROM_TAG, WHOLE_TAG = "longshore.imported_id", "longshore.imported_from", "longshore.imported_whole"
PARENT_TAG = "mlflow.parentRunId"
_READERS: Mapping[str, Callable[[Found], Iterator[SourceRun]]] = {
    MLRUNS: mlruns.runs,
    DATABASE: database.runs,
    TENSORBOARD: tensorboard.runs,
    DVCLIVE: dvclive.runs,
    DVC: dvc_experiments.runs,
}
_BATCH = 1000
_EXPERIMENTS = 500
_LONGEST_PARAM = 6000
_LONGEST_NAME = 250
# MLflow's own names for tags that belong to the server that a run came from.
_NOT_COPIED = frozenset({"mlflow.user", "mlflow.runName", PARENT_TAG, ID_TAG, FROM_TAG, WHOLE_TAG})
# What its server refuses in the name of a metric or a parameter.
_REFUSED = re.compile(r"[^/\w.\- :]")


def import_found(
    client: Client,
    found: Found,
    *,
    project: str | None = None,
    experiment: str | None = None,
    progress: Progress = no_progress,
    cancel: CancelToken | None = None,
) -> Imported:
    """Copy the runs of a place into the workspace, with their times, values, notes and files.

    Every run carries the tag of its original id: what is there already is left alone, what an import before left half
    made is finished. `experiment`: where all go; else each goes into the experiment of its own name, the project's.
    A place that can't be read, or that is this workspace's own store, is left out with the reason.
    Raises: Unavailable where the server goes away; Cancelled. What was whole by then stays.
    """
    token = cancel or CancelToken()
    progress(None, "Looking for what was imported before")
    work = _Import(client, found, project, experiment, token)
    try:
        sources = _parents_first(_READERS[found.kind](found))
    except (Invalid, Unavailable, OSError, ValueError, TypeError, RecursionError) as error:
        return Imported(skipped=(Skipped("", found.path.name, mlruns.why(error)),))
    if sources and work.is_the_workspace(sources[0]):
        reason = "This workspace itself is made of it: its runs are in the table already."
        return Imported(skipped=(Skipped("", found.path.name, reason),))
    work.look_back()
    for number, source in enumerate(sources):
        token.check()
        progress(number / len(sources), f"{source.name or source.id[:8]} ({number + 1:,} of {len(sources):,})")
        work.take(source)
    progress(1.0, "Done")
    return Imported(tuple(work.created), tuple(work.already), tuple(work.skipped), tuple(work.remarks))


def _parents_first(found: Iterator[SourceRun]) -> list[SourceRun]:
    """Order runs by their start, each parent before its children, so that a child can name its parent's new id."""
    waiting = {source.id: source for source in sorted(found, key=lambda source: source.start_ms)}
    ordered: dict[str, SourceRun] = {}
    for source in waiting.values():
        line = [source]
        while (parent := waiting.get(line[-1].parent_id)) and parent.id not in ordered and parent not in line:
            line.append(parent)
        ordered |= {each.id: each for each in reversed(line) if each.id not in ordered}
    return list(ordered.values())


@dataclass
class _Import:
    client: Client
    found: Found
    project: str | None
    experiment: str | None
    cancel: CancelToken
    created: list[str] = field(default_factory=list)
    already: list[str] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    # Original id -> the run here.
    _here: dict[str, Run] = field(default_factory=dict)
    _in_trash: set[str] = field(default_factory=set)
    _places: dict[str, str] = field(default_factory=dict)

    def is_the_workspace(self, source: SourceRun) -> bool:
        """Tell whether the workspace's own store was found in the folder."""
        if self.found.kind in (MLRUNS, DATABASE):
            with contextlib.suppress(NotFound, Invalid):
                runs.get(self.client, source.id)
                return True
        return False

    def look_back(self) -> None:
        """Find what earlier imports made, in the trash too."""
        condition = f"{runs.field('tags', ID_TAG)} LIKE '%'"
        for deleted in (False, True):
            places = [each.id for gone in {False, deleted} for each in experiments.listing(self.client, deleted=gone)]
            for start in range(0, len(places), _EXPERIMENTS):
                some = places[start : start + _EXPERIMENTS]
                for run in runs.search_all(self.client, some, filter=condition, deleted=deleted):
                    self.cancel.check()
                    self._note(run, deleted=deleted)

    def _note(self, run: Run, *, deleted: bool) -> None:
        original = run.tags[ID_TAG]
        if not deleted:
            known = self._here.get(original)
            if known is None or WHOLE_TAG not in known.tags:
                self._here[original] = run
        elif WHOLE_TAG in run.tags:
            self._in_trash.add(original)

    def take(self, source: SourceRun) -> None:
        """Copy one run, unless it is here; what can't be copied leaves nothing half made."""
        known = self._here.get(source.id)
        if known is not None and WHOLE_TAG in known.tags:
            self.already.append(known.id)
            return
        reason = source.left_out or ("It is in the trash: restore it there." if source.id in self._in_trash else "")
        if reason:
            self._skip(source, reason)
            return
        try:
            content = source.read()
        except (Invalid, OSError, ValueError, TypeError) as error:
            self._skip(source, mlruns.why(error))
            return
        run = known or self._make(source, content)
        try:
            self._fill(run, source, content)
        except Unavailable:
            raise
        except (LongshoreError, OSError, ValueError) as error:
            with contextlib.suppress(LongshoreError):
                runs.delete(self.client, run.id)
            if not isinstance(error, Invalid | NotFound | OSError | ValueError):
                raise
            self._skip(source, mlruns.why(error))
            return
        self._here[source.id] = run
        self.created.append(run.id)
        named = source.name or source.id[:8]
        self.remarks += (f"{named}: {remark}" for remark in dict.fromkeys(content.remarks))

    def _skip(self, source: SourceRun, reason: str) -> None:
        self.skipped.append(Skipped(source.id, source.name, reason))

    def _make(self, source: SourceRun, content: Content) -> Run:
        tags = {key: value for key, value in content.tags.items() if key not in _NOT_COPIED}
        tags |= {ID_TAG: source.id, FROM_TAG: f"{self.found.kind}:{self.found.path}"}
        if source.parent_id:
            parent = self._here.get(source.parent_id)
            tags[PARENT_TAG] = parent.id if parent else source.parent_id
        start = datetime.fromtimestamp(max(source.start_ms, 1) / 1000, UTC)
        place = self._place(source.experiment)
        return runs.create(self.client, place, name=source.name, tags=tags, start_time=start, user=source.user)

    def _fill(self, run: Run, source: SourceRun, content: Content) -> None:
        names = _Names(content)
        points = (replaced for point in content.metrics if (replaced := names.metric(point)))
        while some := list(itertools.islice(points, _BATCH)):
            self.cancel.check()
            runs.log_batch(self.client, run.id, metrics=some)
        # An event file tells its parameters anywhere: after it was read to its end they are known.
        runs.log_batch(self.client, run.id, params=names.params())
        for path, file in content.files:
            self.cancel.check()
            artifacts.upload(self.client, run.id, path, file)
        end = datetime.fromtimestamp(content.end_ms / 1000, UTC) if content.end_ms else None
        runs.update(self.client, run.id, status=content.status, end_time=end)
        runs.set_tag(self.client, run.id, WHOLE_TAG, "true")

    def _place(self, wanted: str) -> str:
        """Give the experiment for runs of an experiment of this name, made at first need."""
        name = self.experiment or wanted
        if name in ("", "Default"):
            name = self.project or self.found.folder.name or "imported"
        if name not in self._places:
            tags = {PROJECT_TAG: self.project} if self.project else {}
            self._places[name] = experiments.ensure(self.client, self._free_name(name), tags).id
        return self._places[name]

    def _free_name(self, name: str) -> str:
        """Leave alone an experiment of this name that belongs to another project, or to none."""
        if not self.project or self.experiment:
            return name
        try:
            owner = experiments.get_by_name(self.client, name).tags.get(PROJECT_TAG)
        except NotFound:
            return name
        return name if owner == self.project else f"{name} ({self.project})"


class _Names:
    """Turns names that the server refuses into ones that it takes, no two into one."""

    def __init__(self, content: Content) -> None:
        self._content = content
        self._metrics: dict[str, str] = {}

    def metric(self, point: Metric) -> Metric | None:
        name = self._metrics.get(point.key)
        if name is None:
            name = self._metrics[point.key] = self._free(point.key, set(self._metrics.values()))
        if name == point.key:
            return point
        return Metric(name, point.value, point.timestamp_ms, point.step)

    def params(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for key, value in self._content.params.items():
            if len(value) > _LONGEST_PARAM:
                self._content.remarks.append(f"Parameter {key} is cut after {_LONGEST_PARAM:,} characters.")
            found[self._free(key, set(found))] = value[:_LONGEST_PARAM]
        return found

    def _free(self, name: str, taken: set[str]) -> str:
        # The server takes a name for a path: it may not begin at the root, climb, or be written in two ways.
        parts = [part for part in _REFUSED.sub("_", name).split("/") if part not in ("", ".", "..")]
        wanted = "/".join(parts)[: _LONGEST_NAME - 4] or "_"
        if wanted != name or wanted in taken:
            free = (f"{wanted}_{number}" if number else wanted for number in itertools.count())
            wanted = next(each for each in free if each not in taken)
            self._content.remarks.append(f"{name!r} is called {wanted!r} here.")
        return wanted
