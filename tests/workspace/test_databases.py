"""A database of somebody else's, opened in place: served where it lies, never changed by us, let go without a trace."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from longshore.errors import Conflict, Invalid, LongshoreError, NotAllowed, NotFound, Unavailable
from longshore.mlflow_rest import artifacts, experiments, runs
from longshore.mlflow_rest.client import Client
from longshore.settings import Home, open_home
from longshore.store import jobs, processes, workspaces
from longshore.store.database import now
from longshore.store.records import Server, Workspace
from longshore.tracking import experiment_list
from longshore.workspace import connection, database_file, databases, teams
from longshore.workspace.places import OWN, place_of
from tests.support.foreign_store import make_store, run_names
from tests.support.launching import wait_until
from tests.support.leftovers import end_everything_of


def sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def execute(file: Path, *statements: str) -> list[tuple[object, ...]]:
    with contextlib.closing(sqlite3.connect(file)) as opened, opened:
        rows = [opened.execute(statement).fetchall() for statement in statements]
    return rows[-1]


def listed(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


def row_of(home: Home) -> Server:
    return processes.server(home, "store")


def tended(home: Home, state: str) -> Server:
    """Do what the agent does every second until the server's row says so."""

    def arrived() -> bool:
        databases.tend(home)
        return row_of(home).state == state

    wait_until(arrived, timeout_s=240)
    return row_of(home)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with three runs: their artifacts at an absolute, a relative and a `file:` address."""
    file = make_store(tmp_path_factory.mktemp("owner") / "store", "absolute", "relative", "by_file")
    execute(
        file,
        f"UPDATE runs SET artifact_uri = replace(artifact_uri, '{file.parent}', '.') WHERE name = 'relative'",
        "UPDATE runs SET artifact_uri = 'file://' || artifact_uri WHERE name = 'by_file'",
    )
    return file


@pytest.fixture
def copied(made: Path, tmp_path: Path) -> Path:
    """A store that nobody serves."""
    (tmp_path / "store").mkdir()
    return Path(shutil.copy(made, tmp_path / "store" / "mlflow.db"))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, made: Path) -> Iterator[Home]:
    home = open_home(tmp_path_factory.mktemp("home"))
    before, beside = sha256(made), listed(made.parent)
    databases.add(home, str(made))
    processes.ask_for_server(home, "store")
    tended(home, "healthy")
    assert (sha256(made), listed(made.parent)) == (before, beside), "its server's start changed something"
    yield home
    end_everything_of(home.path)


@pytest.fixture
def client(served: Home) -> Iterator[Client]:
    processes.ask_for_server(served, "store")
    tended(served, "healthy")
    with connection.connect(served, "store", timeout_s=60) as found:
        yield found


def found(client: Client) -> dict[str, str]:
    return {run.name: run.id for run in runs.search_all(client, ["0"])}


def test_that_its_runs_are_listed_at_an_address_of_this_computer_alone(served: Home, client: Client) -> None:
    assert {"absolute", "relative", "by_file"} <= set(found(client))
    row = row_of(served)
    assert row.pid is not None
    listening = {one.laddr.ip for one in psutil.Process(row.pid).net_connections() if one.status == psutil.CONN_LISTEN}
    assert listening == {"127.0.0.1"}


def test_that_experiments_which_no_project_claims_are_any_projects(served: Home, client: Client) -> None:
    mine = experiments.create(client, "mine", {"longshore.project": "p"})
    experiments.create(client, "other", {"longshore.project": "q"})
    shown = experiment_list.fetched(served, workspaces.get(served, "store"), "p", client)
    assert {each.id for each in shown} == {"0", mine.id}


@pytest.mark.parametrize("name", ["absolute", "relative", "by_file"])
def test_that_artifacts_are_read_wherever_their_address_is_relative_to(client: Client, name: str) -> None:
    run_id = found(client)[name]
    assert [each.path for each in artifacts.listing(client, run_id, "notes")] == ["notes/hello.txt"]
    assert artifacts.download(client, run_id, "notes/hello.txt") == f"written by {name}".encode()


def test_that_a_run_that_is_logged_through_it_lies_where_the_store_keeps_its_runs(client: Client, made: Path) -> None:
    run = runs.create(client, "0", name="ours")
    artifacts.upload_many(client, run.id, {"deep/log ä+.txt": b"hello", "empty": b""})
    runs.update(client, run.id, status="FINISHED")
    assert (made.parent / "mlruns" / "0" / run.id / "artifacts" / "deep" / "log ä+.txt").read_bytes() == b"hello"
    assert artifacts.download(client, run.id, "deep/log ä+.txt") == b"hello"
    with pytest.raises(Unavailable, match="past the tracking server"):
        artifacts.upload(client, run.id, "big", b"x" * 10_500_000)


def test_that_the_file_keeps_its_journal_mode_and_our_files_lie_in_the_home(
    served: Home, client: Client, made: Path
) -> None:
    found(client)
    assert execute(made, "PRAGMA journal_mode") == [("delete",)]
    assert listed(made.parent) == ["mlflow.db", "mlruns"]
    folder = place_of(workspaces.get(served, "store")).folder(served)
    assert {"server.json", "server.lock"} <= set(listed(folder))


def test_that_the_personal_server_and_its_row_are_another_matter(served: Home, client: Client) -> None:
    assert processes.server(served).state == "stopped"
    assert OWN.folder(served) == served.tracking
    assert not served.tracking.exists()
    assert client.url == row_of(served).url


def test_that_a_killed_server_comes_back_at_the_same_port(served: Home, client: Client) -> None:
    before = row_of(served)
    psutil.Process(before.pid).kill()
    tended(served, "starting")
    after = tended(served, "healthy")
    assert (after.port, after.pid == before.pid) == (before.port, False)
    assert "absolute" in found(client)


def test_that_the_next_agent_adopts_the_server_that_runs(served: Home, client: Client) -> None:
    before = row_of(served)
    processes.put_server(served, "store", pid=None, process_started=None, port=None, state="stopped")
    after = tended(served, "healthy")
    assert (after.pid, after.port) == (before.pid, before.port)
    assert "absolute" in found(client)


def test_that_another_home_is_told_who_serves_it_already(served: Home, client: Client, made: Path, home: Home) -> None:
    with pytest.raises(Conflict, match=f"served by another process already.*{client.url}") as caught:
        databases.add(home, str(made))
    assert client.url in (caught.value.hint or "")
    assert [each.name for each in workspaces.listing(home)] == ["personal"]


def test_that_a_plain_mlflow_server_on_a_file_is_noticed(tracking_server: str, home: Home) -> None:
    port = int(tracking_server.rpartition(":")[2])
    commands = (" ".join(process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline"]))
    command = next(each for each in commands if f"--port {port} " in each and "--backend-store-uri" in each)
    where = next(word for word in command.split() if word.startswith("sqlite:///"))
    with pytest.raises(Conflict, match=f"served by another process already.*{port}"):
        databases.add(home, where)


def test_that_a_file_that_is_moved_away_is_told_and_served_again_when_it_is_back(
    served: Home, client: Client, made: Path
) -> None:
    away = made.with_name("away.db")
    made.rename(away)
    failed = tended(served, "failed")
    assert f"{made} is not there any more" in failed.detail
    assert failed.pid is None
    with pytest.raises(Unavailable, match="not there any more"):
        connection.connect(served, "store")
    databases.tend(served)
    assert not made.exists(), "MLflow makes what is missing"
    away.rename(made)
    tended(served, "healthy")
    assert "absolute" in found(client)


def test_that_a_file_that_becomes_read_only_is_told(served: Home, client: Client, made: Path) -> None:
    made.chmod(0o444)
    try:
        assert "read-only" in tended(served, "failed").detail
    finally:
        made.chmod(0o644)
    tended(served, "healthy")
    assert "absolute" in found(client)


def test_that_nobody_who_wants_it_means_that_its_server_stops_and_the_next_who_asks_starts_it(
    served: Home, client: Client
) -> None:
    before = client.url
    past = now() - timedelta(seconds=processes.SERVER_LEASE_S + 1)
    processes.put_server(served, "store", asked_at=past)
    tended(served, "stopped")
    with pytest.raises(Unavailable, match="still starting"):
        connection.connect(served, "store")
    tended(served, "healthy")
    assert connection.connect(served, "store").url == before
    processes.put_server(served, "store", asked_at=past)
    workspaces.use(served, "store")
    databases.tend(served)
    assert row_of(served).state == "healthy", "the current one is wanted always"
    workspaces.use(served, "personal")
    databases.tend(served)
    assert row_of(served).state == "stopped"


def test_that_a_removed_workspace_leaves_a_file_that_mlflow_uses_and_nothing_in_the_home(
    served: Home, client: Client, made: Path
) -> None:
    pid = row_of(served).pid
    job = jobs.add(served, kind="run", title="t", spec={}, workspace="store")
    with pytest.raises(Conflict, match="under way"):
        teams.remove(served, "store")
    jobs.update(served, job.id, state="stopped")
    folder = place_of(workspaces.get(served, "store")).folder(served)
    teams.remove(served, "store")
    assert not psutil.pid_exists(pid or 0) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    assert [each.name for each in workspaces.listing(served)] == ["personal"]
    assert "store" not in processes.servers(served)
    assert not folder.exists()
    assert not (served.logs / "server-store.log").exists()
    assert {"absolute", "relative", "by_file"} <= set(run_names(made.parent))
    assert listed(made.parent) == ["mlflow.db", "mlruns"]


def test_that_it_is_added_by_path_or_address_under_a_name_of_its_own(copied: Path, home: Home) -> None:
    added = databases.add(home, f"sqlite:///{copied}")
    assert (added.name, added.kind, added.file, added.current) == ("store", "database", copied, False)
    with pytest.raises(Conflict, match="open already, as store"):
        databases.add(home, str(copied), name="other")
    second = copied.with_name("second.db")
    shutil.copy(copied, second)
    with pytest.raises(Conflict, match="there already"):
        databases.add(home, str(second), name="store")
    with pytest.raises(Invalid, match="not a name"):
        databases.add(home, str(second), name="no/slash")
    assert databases.add(home, str(second)).name == "second"
    (copied.parent / "link.db").symlink_to(copied)
    with pytest.raises(Conflict, match="open already"):
        databases.add(home, str(copied.parent / "link.db"))


def refused(home: Home, where: Path) -> LongshoreError:
    with pytest.raises(LongshoreError) as caught:
        databases.add(home, str(where))
    assert caught.value.hint
    assert [each.name for each in workspaces.listing(home)] == ["personal"]
    return caught.value


def test_that_a_database_of_another_mlflow_is_refused_with_what_would_help_and_is_not_upgraded(
    copied: Path, home: Home
) -> None:
    execute(copied, "UPDATE alembic_version SET version_num = '867495a8f9d4'")
    before = sha256(copied)
    error = refused(home, copied)
    assert isinstance(error, Invalid)
    assert "another version of MLflow (schema 867495a8f9d4" in error.reason
    assert "longshore import" in (error.hint or "")
    assert f"mlflow db upgrade sqlite:///{copied}" in (error.hint or "")
    assert sha256(copied) == before
    assert listed(copied.parent) == ["mlflow.db"]


def test_that_a_database_whose_schema_changes_later_is_not_upgraded_by_its_server(copied: Path, home: Home) -> None:
    databases.add(home, str(copied))
    workspaces.use(home, "store")
    execute(copied, "UPDATE alembic_version SET version_num = '867495a8f9d4'")
    before = sha256(copied)
    assert "mlflow db upgrade" in tended(home, "failed").detail
    assert row_of(home).pid is None
    assert sha256(copied) == before


def test_that_what_is_no_mlflow_store_is_refused(tmp_path: Path, home: Home) -> None:
    text, other = tmp_path / "notes.db", tmp_path / "other.db"
    text.write_text("these are notes\n" * 100)
    execute(other, "CREATE TABLE t (x)")
    assert "not a SQLite database" in refused(home, text).reason
    assert "not a store of MLflow" in refused(home, other).reason
    assert "is a folder" in refused(home, tmp_path).reason
    assert isinstance(refused(home, tmp_path / "missing.db"), NotFound)
    home.tracking.mkdir()
    own = make_own(home)
    assert "personal workspace's own" in refused(home, own).reason


def make_own(home: Home) -> Path:
    execute(home.tracking / "mlflow.db", "CREATE TABLE t (x)")
    return home.tracking / "mlflow.db"


@pytest.mark.parametrize("which", ["file", "folder"])
def test_that_a_read_only_database_is_refused(copied: Path, home: Home, which: str) -> None:
    place, mode = (copied, 0o444) if which == "file" else (copied.parent, 0o555)
    before = place.stat().st_mode
    place.chmod(mode)
    try:
        error = refused(home, copied)
    finally:
        place.chmod(before)
    assert isinstance(error, NotAllowed)
    assert "read-only" in error.reason
    assert "longshore import" in (error.hint or "")


@pytest.mark.parametrize(
    ("location", "root"),
    [
        ("/data/mlruns/0", "/data/mlruns"),
        ("./mlruns/0", "./mlruns"),
        ("file:///data/mlruns/0", "file:///data/mlruns"),
        ("mlflow-artifacts:/0", "mlflow-artifacts:/"),
        ("s3://bucket/there/0", "s3://bucket/there"),
    ],
)
def test_that_new_experiments_go_where_the_stores_own_ones_lie(copied: Path, location: str, root: str) -> None:
    execute(copied, f"UPDATE experiments SET artifact_location = '{location}'")
    assert database_file.artifact_root(copied) == root
    assert database_file.reaches_containers(copied) is root.startswith(("mlflow-artifacts", "s3"))


def test_that_where_the_store_does_not_say_it_is_what_mlflow_takes(copied: Path) -> None:
    execute(copied, "UPDATE experiments SET artifact_location = '/elsewhere'")
    assert database_file.artifact_root(copied) == str(copied.parent / "mlruns")


@pytest.mark.parametrize(
    ("where", "one"),
    [
        ("sqlite:////x/mlflow.db", True),
        ("/x/mlflow.db", True),
        ("old.sqlite3", True),
        ("C:\\x\\mlflow.db", True),
        ("https://mlflow.example.org", False),
        ("http://host:5000/mlflow.db", False),
        ("mlflow.example.org", False),
    ],
)
def test_that_a_path_is_told_from_the_address_of_a_server(where: str, one: bool) -> None:
    assert database_file.is_one(where) is one


@pytest.mark.parametrize("small_disk", ["4m"], indirect=True)
def test_that_on_a_full_disk_runs_are_shown_and_what_cannot_be_logged_is_told(
    small_disk: Path, made: Path, home: Home
) -> None:
    (small_disk / "store").mkdir()
    file = Path(shutil.copy(made, small_disk / "store" / "mlflow.db"))
    databases.add(home, str(file))
    workspaces.use(home, "store")
    with (small_disk / "filler").open("wb", buffering=0) as filler, contextlib.suppress(OSError):
        while filler.write(b"x" * 4096):
            pass
    tended(home, "healthy")
    wait_until(lambda: (databases.tend(home), "is full" in row_of(home).detail)[1])
    with connection.connect(home, "store", timeout_s=60) as client:
        assert "absolute" in found(client)
        with pytest.raises(LongshoreError, match="full"):
            for number in range(200):
                runs.create(client, "0", name=f"{number} " + "x" * 200)
    (small_disk / "filler").unlink()
    wait_until(lambda: (databases.tend(home), row_of(home).detail == "")[1])
    with connection.connect(home, "store", timeout_s=60) as client:
        runs.create(client, "0", name="after")
    databases.stop_all(home)
    assert row_of(home).state == "stopped"


def test_that_a_workspace_record_names_its_file(copied: Path) -> None:
    one = Workspace("s", "database", f"sqlite:///{copied}", "none", "", False, now())
    assert (one.file, one.served_here) == (copied, True)
