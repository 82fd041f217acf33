"""The best and mean values of metrics as columns of a frame, and reading those that are missing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from longshore.errors import NotFound
from longshore.progress import CancelToken, Progress, no_progress
from longshore.settings import Home
from longshore.tracking.direction import less_is_better
from longshore.tracking.index import bridge, columns, layout, ordering
from longshore.tracking.index.from_sqlite import Database, UnknownSchema
from longshore.tracking.index.vectors import Numbers
from longshore.tracking.index.words import WrongFilter
from longshore.tracking.summaries import cache, from_database, from_server
from longshore.workspace.tracking_process import DATABASE

if TYPE_CHECKING:
    import numpy as np

    from longshore.mlflow_rest.client import Client
    from longshore.store.records import Workspace
    from longshore.tracking.index.frame import Frame
    from longshore.tracking.run_index import Selection
    from longshore.tracking.summaries.cache import Known
    from longshore.tracking.summaries.from_database import Values

# So many runs are read from the file at once: some 50 ms, where each logged ten values.
_LOT = 2_000
# What was read from a server is kept after so long, so that little is lost to a crash.
_KEEP_S = 5.0
# A run that goes on is asked for again after so long.
_STALE_S = 10.0
# What a request to a server takes, until one was made.
_REQUEST_S = 0.05


class Missing(NamedTuple):
    """Rows of a frame whose history has to be read. Shape: (n,) each, int64."""

    unknown: np.ndarray
    # Their values are from before something happened to the run.
    stale: np.ndarray


@dataclass
class _Column:
    """A column that was made for a frame, which stays the same object for the same rows and values."""

    frame: Frame
    known: Known
    numbers: Numbers


class Summaries:
    """Any thread may ask. One of them lives as long as what shows the values."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._known: dict[tuple[str, str], Known] = {}
        self._columns: dict[tuple[str, str], _Column] = {}
        self._lock = threading.Lock()
        # When a server was asked for a run's metric last.
        self._asked: dict[tuple[str, str, str], float] = {}
        self._request_s = _REQUEST_S
        # The personal workspace's file is of a schema that is not known here: its server is asked.
        self._unknown_schema = False

    # -- what is known ------------------------------------------------------------------------------------------

    def attach(self, workspace: Workspace, frame: Frame, names: Iterable[str]) -> Frame:
        """Give the frame with those of some columns that say what metrics were over their histories, as far as known.

        It is the same frame where nothing is new. Nobody is asked. Raises: IndexBroken.
        """
        return frame.with_extra({name: self._column(workspace, frame, name) for name in sorted(set(names))})

    def missing(self, workspace: Workspace, frame: Frame, rows: np.ndarray, metric: str) -> Missing:
        """Tell of which of some rows the history of a metric has to be read. Raises: IndexBroken."""
        import pyarrow as pa

        latest = frame.numbers(columns.METRIC + metric)
        rows = rows[latest.is_present[rows]]
        known = self._of(workspace, metric)
        ids = pa.chunked_array([frame.run_ids.take(bridge.places(rows)).combine_chunks()], pa.string())
        places = known.places(ids)
        unknown = places < 0
        stale = ~unknown
        stale[stale] = known.marks[places[stale]] != _marks(frame, rows[stale], metric)
        return Missing(rows[unknown], rows[stale])

    def seconds(self, workspace: Workspace, count: int) -> float:
        """Guess how long a server takes for so many histories; 0 for what the personal workspace's file gives."""
        return 0.0 if self.is_quick(workspace) else count * self._request_s

    def is_quick(self, workspace: Workspace) -> bool:
        """Tell whether histories come from a file, at once for as many runs as there are."""
        return workspace.kind == "personal" and not self._unknown_schema and (self._home.tracking / DATABASE).exists()

    def _column(self, workspace: Workspace, frame: Frame, name: str) -> Numbers:
        key, known = (layout.workspace_key(workspace), name), self._of(workspace, name[2:])
        made = self._columns.get(key)
        if made is None or made.known is not known or not made.frame.has_the_rows_of(frame):
            made = _Column(frame.with_extra({}), known, _numbers(frame, known, name))
            self._columns[key] = made
        return made.numbers

    def _of(self, workspace: Workspace, metric: str) -> Known:
        key = (layout.workspace_key(workspace), metric)
        with self._lock:
            if key not in self._known:
                self._known[key] = cache.load(cache.file_of(self._home, *key))
            return self._known[key]

    # -- reading ------------------------------------------------------------------------------------------------

    def read(
        self,
        workspace: Workspace,
        frame: Frame,
        rows: np.ndarray,
        metrics: Sequence[str],
        connect: Callable[[], Client],
        *,
        progress: Progress = no_progress,
        cancel: CancelToken | None = None,
        longest_s: float | None = None,
    ) -> bool:
        """Read what is missing of some rows, and tell whether anything is new; then `attach` gives a frame that has it.

        `connect` is called where a server has to be asked. `longest_s`: a server is asked no more after so long.
        What came until an error or until it was given up is kept.
        Raises: Unavailable; NotAllowed; IndexBroken; Cancelled.
        """
        token = cancel or CancelToken()
        if self.is_quick(workspace):
            try:
                with Database(self._home.tracking / DATABASE) as database:
                    return self._read_file(database, workspace, frame, rows, metrics, progress, token)
            except UnknownSchema:
                self._unknown_schema = True
        reading = _Asking(self, workspace, frame, connect, progress, token, longest_s)
        return reading.read(rows, metrics)

    def _read_file(
        self,
        database: Database,
        workspace: Workspace,
        frame: Frame,
        rows: np.ndarray,
        metrics: Sequence[str],
        progress: Progress,
        cancel: CancelToken,
    ) -> bool:
        news = False
        for number, metric in enumerate(metrics):
            news |= self._forget_what_changed(database, workspace, metric)
            unknown, stale = self.missing(workspace, frame, rows, metric)
            wanted = [*stale.tolist(), *unknown.tolist()]
            found: dict[int, Values] = {}
            try:
                for start in range(0, len(wanted), _LOT):
                    done = (number + start / len(wanted)) / len(metrics)
                    progress(done, f"{metric}: {start:,} of {len(wanted):,} runs")
                    cancel.check()
                    lot = wanted[start : start + _LOT]
                    found |= self._summed(database, frame, lot, metric, cancel)
            finally:
                self._keep(workspace, frame, metric, found)
            news |= bool(found)
        return news

    def _summed(
        self, database: Database, frame: Frame, lot: Sequence[int], metric: str, cancel: CancelToken
    ) -> dict[int, Values]:
        ids = _ids(frame, lot)
        found = from_database.summed(database, metric, ids, cancel)
        return {row: found.get(run, _alone(frame, row, metric)) for row, run in zip(lot, ids, strict=True)}

    def _forget_what_changed(self, database: Database, workspace: Workspace, metric: str) -> bool:
        """Forget the runs that logged a metric since it was read: also what was logged late, for an earlier step."""
        known = self._of(workspace, metric)
        with database.snapshot():
            changed = from_database.logged_since(database, metric, known.upto) if len(known) else []
            last = from_database.last_row(database)
        if last == known.upto and changed == []:
            return False
        left = cache.empty() if changed is None else known.without(changed) if changed else known
        self._put(workspace, metric, cache.Known(left.ids, left.marks, left.values, last))
        return len(left) < len(known)

    def _keep(self, workspace: Workspace, frame: Frame, metric: str, found: dict[int, Values]) -> None:
        import numpy as np

        if not found:
            return
        rows = np.fromiter(found, np.int64, len(found))
        values = np.array(list(found.values()), np.float64).T
        ids = frame.run_ids.take(bridge.places(rows)).combine_chunks()
        fresh = cache.Known(ids, _marks(frame, rows, metric), values)
        known = self._of(workspace, metric).with_values(fresh)
        self._put(workspace, metric, known)
        cache.save(cache.file_of(self._home, layout.workspace_key(workspace), metric), known)

    def _put(self, workspace: Workspace, metric: str, known: Known) -> None:
        with self._lock:
            self._known[layout.workspace_key(workspace), metric] = known

    def _note_request(self, seconds: float) -> None:
        self._request_s += 0.2 * (seconds - self._request_s)


@dataclass
class _Asking:
    """Asks a server for one history after the other."""

    summaries: Summaries
    workspace: Workspace
    frame: Frame
    connect: Callable[[], Client]
    progress: Progress
    cancel: CancelToken
    longest_s: float | None

    def read(self, rows: np.ndarray, metrics: Sequence[str]) -> bool:
        wanted = self._wanted(rows, metrics)
        if not wanted:
            return False
        client, began, kept = self.connect(), time.monotonic(), time.monotonic()
        found: dict[str, dict[int, Values]] = {metric: {} for metric in metrics}
        news = False
        try:
            for number, (row, metric) in enumerate(wanted):
                if self.longest_s is not None and time.monotonic() - began > self.longest_s:
                    break
                self.progress(number / len(wanted), f"{number:,} of {len(wanted):,} histories")
                values = self._ask(client, row, metric)
                if values is not None:
                    found[metric][row], news = values, True
                if time.monotonic() - kept > _KEEP_S:
                    self._keep(found)
                    kept = time.monotonic()
        finally:
            self._keep(found)
        return news

    def _wanted(self, rows: np.ndarray, metrics: Sequence[str]) -> list[tuple[int, str]]:
        """Give what to ask for, run by run: first what nothing is known of."""
        unknown: list[tuple[int, str]] = []
        stale: list[tuple[int, str]] = []
        for metric in metrics:
            missing = self.summaries.missing(self.workspace, self.frame, rows, metric)
            unknown += ((row, metric) for row in missing.unknown.tolist())
            stale += ((row, metric) for row in missing.stale.tolist() if self._is_due(row, metric))
        place = {row: at for at, row in enumerate(rows.tolist())}
        return sorted(unknown, key=lambda each: place[each[0]]) + stale

    def _ask(self, client: Client, row: int, metric: str) -> Values | None:
        self.cancel.check()
        (run_id,) = _ids(self.frame, [row])
        began = time.monotonic()
        self.summaries._asked[self._key(row, metric)] = began
        try:
            values = from_server.summed(client, run_id, metric, self.cancel)
        except NotFound:
            return None  # deleted under our hands: the index hears of it, too
        self.summaries._note_request(time.monotonic() - began)
        return values or _alone(self.frame, row, metric)

    def _is_due(self, row: int, metric: str) -> bool:
        return time.monotonic() - self.summaries._asked.get(self._key(row, metric), -_STALE_S) >= _STALE_S

    def _key(self, row: int, metric: str) -> tuple[str, str, str]:
        return layout.workspace_key(self.workspace), metric, _ids(self.frame, [row])[0]

    def _keep(self, found: dict[str, dict[int, Values]]) -> None:
        for metric, values in found.items():
            self.summaries._keep(self.workspace, self.frame, metric, values)
            values.clear()


def names_of(shown: Iterable[str], order_by: Sequence[str] = ()) -> tuple[str, ...]:
    """Give those of some index columns, and of what is sorted by, that say what a metric was over its history."""
    found = [name for name in shown if columns.is_summary(name)]
    for clause in order_by:
        try:
            found.append(ordering.parse(clause).column)
        except WrongFilter:
            continue  # said when it is asked
    return tuple(dict.fromkeys(name for name in found if columns.is_summary(name)))


def complete(
    summaries: Summaries,
    workspace: Workspace,
    selection: Selection,
    names: Sequence[str],
    connect: Callable[[], Client],
    *,
    progress: Progress = no_progress,
    cancel: CancelToken | None = None,
) -> Selection:
    """Give a selection whose frame has these columns whole, after reading what is missing. Raises: as `Summaries.read`."""
    from longshore.tracking.run_index import Selection

    metrics = tuple(dict.fromkeys(name[2:] for name in names))
    summaries.read(workspace, selection.frame, selection.numbers, metrics, connect, progress=progress, cancel=cancel)
    return Selection(summaries.attach(workspace, selection.frame, names), selection.numbers)


def _numbers(frame: Frame, known: Known, name: str) -> Numbers:
    import numpy as np

    there = np.zeros(len(frame), bool)
    values = np.full(len(frame), np.nan)
    if len(known):
        places = known.places(frame.run_ids)
        # A metric that a run does not have any more has no past either.
        there = (places >= 0) & frame.numbers(columns.METRIC + name[2:]).is_present
        less = less_is_better(name[2:])
        source = known.mean if name.startswith(columns.MEAN) else known.best(less_is_better=less)
        values[there] = source[places[there]]
    return Numbers(values, there)


def _marks(frame: Frame, rows: np.ndarray, metric: str) -> np.ndarray:
    latest, ended = frame.numbers(columns.METRIC + metric), frame.numbers(columns.END_TIME)
    return cache.marks(latest.values[rows], ended.values[rows])


def _ids(frame: Frame, rows: Sequence[int]) -> list[str]:
    import numpy as np

    found: list[str] = frame.run_ids.take(bridge.places(np.array(rows, np.int64))).to_pylist()
    return found


def _alone(frame: Frame, row: int, metric: str) -> Values:
    """Give what the index says, for a run whose history the store has lost: its last value is all that is left."""
    value = float(frame.numbers(columns.METRIC + metric).values[row])
    return value, value, value
