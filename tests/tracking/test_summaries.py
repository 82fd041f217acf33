"""Best and mean of metrics over their histories: as MLflow's own histories say, from the file and from a server, read once."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from longshore.errors import Cancelled, NotFound, Unavailable
from longshore.mlflow_rest import experiments, metrics, runs
from longshore.mlflow_rest.client import Client
from longshore.mlflow_rest.types import Metric
from longshore.progress import CancelToken
from longshore.settings import Home
from longshore.store import workspaces
from longshore.store.records import Workspace
from longshore.tracking import run_index, summaries
from longshore.tracking.direction import less_is_better
from longshore.tracking.experiment_list import Named
from longshore.tracking.index.sync import sync
from longshore.tracking.rows import BEST, MEAN, Grouping, GroupRow
from longshore.tracking.run_index import Frame, Selection
from longshore.tracking.summaries import cache, from_server
from longshore.tracking.summaries.summaries import Summaries
from longshore.workspace.tracking_process import set_wal
from tests.support.tracking import running_server

NOW = int(time.time() * 1000)
ODD = (1.0, math.nan, math.inf, 1e308, 1e308, 0.0, -2.5, 5e-324)
HISTORIES: dict[str, Sequence[float]] = {
    "usual": (3.0, 1.0, 2.0),
    "single": (0.25,),
    "odd": ODD,
    "both infinities": (math.inf, 1.0, -math.inf),
    "no number": (math.nan, math.nan),
    "some numbers": (math.nan, 4.0, math.nan, 2.0),
    "near the largest": (1e308, 1.5e308, 1.2e308),
    "near the smallest": (5e-324, 5e-324),
    "low": (-math.inf, 2.0),
}


@dataclass
class Place:
    """Where runs are, how they are read, and how often a server was asked for a history."""

    home: Home
    workspace: Workspace
    client: Client
    experiment: str
    asked: list[str] = field(default_factory=list)
    summaries: Summaries = field(init=False)

    def __post_init__(self) -> None:
        self.summaries = Summaries(self.home)

    def log(
        self, values: Sequence[float], key: str = "loss", run_id: str = "", first: int = 0, end: bool = True
    ) -> str:
        run_id = run_id or runs.create(self.client, self.experiment, name="r").id
        points = [Metric(key, value, NOW + first + number, first + number) for number, value in enumerate(values)]
        runs.log_batch(self.client, run_id, metrics=points)
        if end:
            runs.update(self.client, run_id, status="FINISHED")
        return run_id

    def selection(self, filter: str = "", order_by: Sequence[str] = ()) -> Selection:
        sync(self.home, self.workspace, self.experiment, self.client)
        frame = run_index.open_runs(self.home, self.workspace, [Named(self.experiment, "e")])
        names = summaries.names_of(["b:loss", "a:loss", "b:acc", "a:acc"], order_by)
        return run_index.query(self.summaries.attach(self.workspace, frame, names), filter, order_by)

    def read(self, *keys: str) -> bool:
        chosen = self.selection()
        return self.summaries.read(self.workspace, chosen.frame, chosen.numbers, keys or ("loss",), self.connect)

    def connect(self) -> Client:
        return self.client

    def past(self, run_id: str) -> dict[str, float]:
        found = {row.run_id: row for row in run_index.rows(self.selection())}
        return dict(found[run_id].past)


@pytest.fixture(scope="module")
def personal_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    folder = tmp_path_factory.mktemp("store")
    set_wal(folder / "mlflow.db")
    with running_server(folder=folder) as url:
        yield url, folder


@pytest.fixture(params=["file", "server"])
def place(
    request: pytest.FixtureRequest, home: Home, personal_url: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Place]:
    """The same runs by both ways: the personal workspace's file, and a server that only speaks REST."""
    with made_place(home, personal_url, monkeypatch, by_file=request.param == "file") as made:
        yield made


@pytest.fixture
def file_place(home: Home, personal_url: tuple[str, Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    with made_place(home, personal_url, monkeypatch, by_file=True) as made:
        yield made


@pytest.fixture
def server_place(home: Home, personal_url: tuple[str, Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    with made_place(home, personal_url, monkeypatch, by_file=False) as made:
        yield made


@contextlib.contextmanager
def made_place(
    home: Home, personal_url: tuple[str, Path], monkeypatch: pytest.MonkeyPatch, *, by_file: bool
) -> Iterator[Place]:
    url, folder = personal_url
    if by_file:
        home.tracking.symlink_to(folder, target_is_directory=True)
        workspace = workspaces.get(home, None)
    else:
        workspace = workspaces.add(home, name="team", url=url, auth="none", username="")
    with Client(url, timeout_s=30) as client:
        made = Place(home, workspace, client, experiments.ensure(client, f"past-{time.time_ns()}", {}).id)
        plain = from_server.summed

        def counted(client: Client, run_id: str, key: str, cancel: CancelToken) -> object:
            made.asked.append(run_id)
            return plain(client, run_id, key, cancel)

        monkeypatch.setattr(from_server, "summed", counted)
        yield made


def truth(client: Client, run_id: str, key: str) -> tuple[float, float]:
    """Best and mean of MLflow's own history."""
    values = np.array([point.value for point in metrics.history(client, run_id, key)])
    numbers = values[~np.isnan(values)]
    if not len(numbers):
        return math.nan, math.nan
    scaled = numbers * 2.0**-20 if np.isfinite(numbers).all() and np.abs(numbers).max() > 1e300 else numbers
    with np.errstate(invalid="ignore"):
        mean = float(scaled.mean())
    mean = mean * 2.0**20 if scaled is not numbers else mean
    return float(numbers.min() if less_is_better(key) else numbers.max()), mean


@pytest.mark.parametrize("key", ["loss", "acc"])
def test_that_best_and_mean_are_those_of_mlflows_own_history_by_the_metrics_direction(place: Place, key: str) -> None:
    made = {name: place.log(values, key) for name, values in HISTORIES.items()}
    assert place.read(key)
    for name, run_id in made.items():
        best, mean = truth(place.client, run_id, key)
        past = place.past(run_id)
        assert past[f"b:{key}"] == pytest.approx(best, nan_ok=True, rel=1e-14), name
        assert past[f"a:{key}"] == pytest.approx(mean, nan_ok=True, rel=1e-14), name
    assert not place.read(key), "all of it is known"


def test_that_a_run_without_the_metric_has_nothing_and_is_never_asked(place: Place) -> None:
    plain, with_loss = place.log([1.0], "other"), place.log([1.0, 3.0])
    place.read()
    assert place.past(plain) == {}
    assert place.past(with_loss) == {"b:loss": 1.0, "a:loss": 2.0}
    assert plain not in place.asked


def test_that_ended_runs_are_asked_once_even_by_the_next_process_and_others_again(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended, going_on = place.log([2.0, 1.0]), place.log([5.0, 4.0], end=False)
    place.read()
    place.asked.clear()
    place.summaries = Summaries(place.home)
    assert place.past(ended)["b:loss"] == 1.0, "kept beside the index"
    place.log([3.0], run_id=going_on, first=2, end=False)
    assert place.past(going_on)["b:loss"] == 4.0, "the value from before stays until the new one is there"
    assert place.read()
    assert place.past(going_on) == {"b:loss": 3.0, "a:loss": 4.0}
    assert ended not in place.asked
    place.log([9.0], run_id=going_on, first=3)
    monkeypatch.setattr("longshore.tracking.summaries.summaries._STALE_S", 0.0)
    assert place.read()
    assert place.past(going_on) == {"b:loss": 3.0, "a:loss": 5.25}


def test_that_the_cache_may_be_deleted_or_damaged_at_any_time(place: Place) -> None:
    run_id = place.log([2.0, 1.0])
    place.read()
    (file,) = (place.home.index / "summaries").iterdir()
    content = file.read_bytes()
    for damage in (None, b"", b"garbage", content[:-9], content[:90] + b"\xff" + content[91:], content[:40]):
        file.unlink(missing_ok=True)
        if damage is not None:
            file.write_bytes(damage)
        place.summaries = Summaries(place.home)
        assert place.past(run_id) == {}
        assert place.read()
        assert place.past(run_id) == {"b:loss": 1.0, "a:loss": 1.5}
        assert cache.load(file).ids.to_pylist() == [run_id]


def test_that_runs_are_sorted_by_best_and_mean_those_without_last(place: Place) -> None:
    first, second, third = place.log([1.0, 9.0]), place.log([2.0, 3.0]), place.log([5.0], "other")
    nothing = place.log([math.nan])
    place.read()

    def ordered(clause: str) -> list[str]:
        return [row.run_id for row in run_index.rows(place.selection(order_by=[clause]))]

    assert ordered("best.`loss` ASC") == [first, second, nothing, third]
    assert ordered("best.loss DESC") == [second, first, nothing, third]
    assert ordered("mean.loss") == [second, first, nothing, third]


def test_that_groups_average_seeds_over_the_best_of_each_run(place: Place) -> None:
    for values in ([4.0, 1.0], [3.0, 5.0]):
        place.log(values)
    place.read()
    found = run_index.group_rows(place.selection(), Grouping(("status",), MEAN), ["best.loss"], ["b:loss", "a:loss"])
    (row,) = found
    assert isinstance(row, GroupRow)
    assert row.past == {"b:loss": 2.0, "a:loss": 3.25}
    assert row.past_summaries["b:loss"].best == 1.0
    assert row.summaries == {}
    assert run_index.group_rows(place.selection(), Grouping(("status",), BEST), (), ["b:loss"])[0].past == {
        "b:loss": 1.0
    }


def test_that_reading_is_given_up_at_once_and_what_came_is_kept(place: Place) -> None:
    for _ in range(3):
        place.log([1.0, 2.0])
    chosen, token = place.selection(), CancelToken()

    def progress(_done: float | None, words: str) -> None:
        if words.startswith(("1 of", "loss: 0 of")):
            token.cancel()

    with pytest.raises(Cancelled):
        place.summaries.read(
            place.workspace, chosen.frame, chosen.numbers, ["loss"], place.connect, progress=progress, cancel=token
        )
    known = len([row for row in run_index.rows(place.selection()) if row.past])
    assert known == (0 if place.summaries.is_quick(place.workspace) else 1)


def test_that_what_was_logged_late_for_an_earlier_step_counts_where_the_file_is_at_hand(file_place: Place) -> None:
    run_id = file_place.log([2.0, 4.0], first=5)
    other = file_place.log([1.0])
    file_place.read()
    file_place.log([0.5], run_id=run_id, first=1)
    assert file_place.read()
    assert file_place.past(run_id)["b:loss"] == 0.5
    assert file_place.past(other)["b:loss"] == 1.0


def test_that_a_run_that_is_deleted_under_our_hands_stops_nothing(
    server_place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, here = server_place.log([1.0]), server_place.log([2.0])
    counted = from_server.summed

    def without(client: Client, run_id: str, key: str, cancel: CancelToken) -> object:
        if run_id == gone:
            raise NotFound("It is gone.")
        return counted(client, run_id, key, cancel)

    monkeypatch.setattr(from_server, "summed", without)
    assert server_place.read()
    assert server_place.past(here)["b:loss"] == 2.0
    assert server_place.past(gone) == {}


def test_that_a_server_that_fails_says_so_and_what_came_before_stays(
    server_place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [server_place.log([1.0]), server_place.log([2.0])]
    counted = from_server.summed

    def once(client: Client, run_id: str, key: str, cancel: CancelToken) -> object:
        if server_place.asked:
            raise Unavailable("The server answers 500.")
        return counted(client, run_id, key, cancel)

    monkeypatch.setattr(from_server, "summed", once)
    with pytest.raises(Unavailable):
        server_place.read()
    assert len([run_id for run_id in made if server_place.past(run_id)]) == 1


def test_that_a_frame_stays_the_same_object_while_nothing_is_new(place: Place) -> None:
    place.log([1.0])
    place.read()
    frame = place.selection().frame
    assert place.summaries.attach(place.workspace, frame, frame.extra) is frame
    assert frame.refreshed().holds_the_same(frame)
    assert not Frame(frame.opened).holds_the_same(frame), "other columns are other answers"


def test_that_a_file_of_an_unknown_schema_leads_to_the_server(file_place: Place, tmp_path: Path) -> None:
    file_place.log([3.0, 1.0])
    chosen = file_place.selection()
    file_place.home.tracking.unlink()
    file_place.home.tracking.mkdir()
    (file_place.home.tracking / "mlflow.db").write_bytes(b"")
    assert file_place.summaries.read(file_place.workspace, chosen.frame, chosen.numbers, ["loss"], file_place.connect)
    assert file_place.asked
    assert not file_place.summaries.is_quick(file_place.workspace), "a person is asked before a server is asked often"
    with contextlib.suppress(OSError):
        (file_place.home.tracking / "mlflow.db").unlink()
