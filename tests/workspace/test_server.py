"""The personal tracking server: brought up, kept up, taken over, and left alone when it runs."""

from __future__ import annotations

import contextlib
import http.client
import importlib.metadata
import json
import os
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from longshore.settings import Home, open_home
from longshore.store import processes
from longshore.store.records import Server
from longshore.workspace import server
from tests.support.leftovers import end_everything_of

START_S = 90.0


def until(look: Callable[[], Server], state: str, timeout_s: float = START_S) -> Server:
    deadline = time.monotonic() + timeout_s
    while (row := look()).state != state:
        assert time.monotonic() < deadline, row
        time.sleep(0.05)
    return row


def call(url: str, method: str = "GET", body: bytes | None = None, host: str | None = None) -> tuple[int, bytes]:
    address, _, path = url.removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(address, timeout=20)
    with contextlib.closing(connection):
        connection.request(method, f"/{path}", body, {"Host": host} if host else {})
        answer = connection.getresponse()
        return answer.status, answer.read()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    home = open_home(tmp_path_factory.mktemp("served"))
    # Started by a process that ends at once, as an agent that is killed: everything below meets a server that outlived it.
    code = "import sys, pathlib; from longshore.settings import open_home; from longshore.workspace import server\n"
    code += "server.start(open_home(pathlib.Path(sys.argv[1])))"
    subprocess.run([sys.executable, "-c", code, str(home.path)], check=True, timeout=60)
    until(lambda: server.check(home), "healthy")
    yield home
    server.stop(home)
    end_everything_of(home.path)


def test_that_the_server_answers_and_listens_on_this_computer_alone(served: Home) -> None:
    row = processes.server(served)
    assert row.url.startswith("http://127.0.0.1:")
    status, body = call(f"{row.url}/api/2.0/mlflow/experiments/search?max_results=1")
    assert status == 200
    assert json.loads(body)["experiments"][0]["artifact_location"] == "mlflow-artifacts:/0"
    assert row.pid is not None
    listening = {one.laddr.ip for one in psutil.Process(row.pid).net_connections() if one.status == psutil.CONN_LISTEN}
    assert listening == {"127.0.0.1"}


def test_that_its_database_is_in_wal_mode_and_the_schema_is_there_before_the_first_client(served: Home) -> None:
    with contextlib.closing(sqlite3.connect(f"file:{served.tracking / 'mlflow.db'}?mode=ro", uri=True)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("SELECT count(*) FROM alembic_version").fetchone() == (1,)


def test_that_the_forwarders_host_header_is_accepted_and_a_strangers_is_not(served: Home) -> None:
    url = processes.server(served).url
    search = f"{url}/api/2.0/mlflow/experiments/search?max_results=1"
    assert call(search, host=url.removeprefix("http://"))[0] == 200
    assert call(search, host="172.17.0.1:9999")[0] == 200
    assert call(search, host="evil.example")[0] == 403


def test_that_artifacts_travel_through_the_server_into_the_home(served: Home) -> None:
    url = processes.server(served).url
    path = f"{url}/api/2.0/mlflow-artifacts/artifacts/0/some/file.bin"
    payload = os.urandom(200_000)
    assert call(path, "PUT", payload)[0] == 200
    assert call(path)[1] == payload
    assert (served.tracking / "artifacts" / "0" / "some" / "file.bin").read_bytes() == payload


@pytest.mark.skipif(sys.platform == "win32", reason="sessions are a POSIX notion")
def test_that_it_has_a_session_of_its_own_and_none_of_the_persons_mlflow_settings(
    served: Home,
) -> None:
    row = processes.server(served)
    assert row.pid is not None
    assert os.getsid(row.pid) != os.getsid(0)
    seen = psutil.Process(row.pid).environ()
    assert seen["MLFLOW_DISABLE_TELEMETRY"] == "true"
    assert seen["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] == "false"


def test_that_settings_of_the_person_do_not_reach_the_server(tmp_path: Path) -> None:
    from longshore.workspace.tracking_process import environment

    given = environment(tmp_path, {"MLFLOW_RUN_ID": "x", "MLFLOW_TRACKING_URI": "http://team", "PATH": "/bin"})
    assert given["PATH"] == "/bin"
    assert not {"MLFLOW_RUN_ID", "MLFLOW_TRACKING_URI"} & given.keys()


def test_that_starting_twice_gives_the_server_that_runs(served: Home) -> None:
    before = processes.server(served)
    assert server.start(served).pid == before.pid
    assert server.ensure(served).pid == before.pid


def test_that_an_agent_without_a_row_adopts_the_running_server(served: Home) -> None:
    before = processes.server(served)
    processes.put_server(served, pid=None, process_started=None, port=None, state="stopped")
    adopted = server.adopt(served)
    assert adopted is not None
    assert (adopted.pid, adopted.port) == (before.pid, before.port)
    assert until(lambda: server.check(served), "healthy").pid == before.pid


def test_that_a_check_without_news_writes_nothing(served: Home) -> None:
    until(lambda: server.check(served), "healthy")
    before = processes.server(served)
    assert server.check(served).checked_at == before.checked_at
    assert processes.server(served).checked_at == before.checked_at


def test_that_the_statistics_are_made_once_a_day_and_seen_by_the_running_server(served: Home) -> None:
    (served.tracking / "analyzed.json").unlink(missing_ok=True)
    assert server.analyze(served) is True
    assert server.analyze(served) is False
    with contextlib.closing(sqlite3.connect(served.tracking / "mlflow.db")) as connection:
        assert connection.execute("SELECT count(*) FROM sqlite_stat1").fetchone()[0] > 0
    url = processes.server(served).url
    assert call(f"{url}/api/2.0/mlflow/experiments/search?max_results=1")[0] == 200


def test_that_a_killed_server_comes_back_at_the_same_port_with_its_data(served: Home) -> None:
    before = processes.server(served)
    assert before.pid is not None
    request = urllib.request.Request(
        f"{before.url}/api/2.0/mlflow/experiments/create",
        data=json.dumps({"name": "kept"}).encode(),
        headers={"Content-Type": "application/json"},
    )
    urllib.request.urlopen(request).close()
    psutil.Process(before.pid).kill()
    until(lambda: server.ensure(served), "starting")
    after = until(lambda: server.ensure(served), "healthy")
    assert after.port == before.port
    assert after.pid != before.pid
    status, body = call(f"{after.url}/api/2.0/mlflow/experiments/get-by-name?experiment_name=kept")
    assert status == 200, body


def test_that_a_stopped_server_frees_the_port_keeps_its_number_and_a_taken_one_is_replaced_and_said(
    served: Home,
) -> None:
    before = processes.server(served)
    stopped = server.stop(served)
    assert (stopped.state, stopped.pid, stopped.port) == ("stopped", None, before.port)
    assert server.check(served).state == "stopped"
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", before.port or 0))
        other.listen()
        started = server.start(served)
        assert started.port is not None
        assert started.port != before.port
        assert f"Port {before.port} is taken" in started.detail
        healthy = until(lambda: server.check(served), "healthy")
        assert f"Port {before.port} is taken" in healthy.detail
    # From now on the new port is the one that stays.
    server.stop(served)
    again = server.start(served)
    assert again.port == started.port
    until(lambda: server.check(served), "healthy")


def test_that_a_damaged_database_is_told_and_tried_again_ever_later(
    home_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = open_home(home_path)
    home.tracking.mkdir()
    (home.tracking / "mlflow.db").write_bytes(b"this is no database" * 1000)
    monkeypatch.setattr(server, "_BACK_OFF_S", (0.0, 600.0))
    server.ensure(home)
    failed = until(lambda: server.ensure(home), "failed")
    assert "file is not a database" in failed.detail
    assert "started again in 600 s" in failed.detail
    assert server.ensure(home) == failed
    server.stop(home)


# Makes a database of this MLflow, takes it one schema back, and lets the server's own start meet it.
AN_OLDER_DATABASE = """
import sys, pathlib
from alembic import command
from mlflow.store.db import utils
from longshore.workspace import tracking_process
folder = pathlib.Path(sys.argv[1])
uri = tracking_process.store_uri(folder)
engine = utils.create_sqlalchemy_engine_with_retry(uri)
utils._initialize_tables(engine)
config = utils._get_alembic_config(uri)
newest = utils._get_schema_version(engine)
with engine.begin() as connection:
    config.attributes["connection"] = connection
    command.downgrade(config, "-1")
assert utils._get_schema_version(engine) != newest
engine.dispose()
(folder / "mlflow.version").write_text("3.0.0")
tracking_process._initialize(folder)
assert utils._get_schema_version(engine) == newest
"""


def test_that_an_older_mlflows_database_is_upgraded_with_a_copy_beside_it(tmp_path: Path) -> None:
    from longshore.workspace.tracking_process import environment

    (tmp_path / "tmp").mkdir()
    ended = subprocess.run(
        [sys.executable, "-c", AN_OLDER_DATABASE, str(tmp_path)],
        env=environment(tmp_path, dict(os.environ)),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stderr
    with contextlib.closing(sqlite3.connect(tmp_path / "mlflow.db.before-upgrade")) as copy:
        assert ("runs",) in copy.execute("SELECT name FROM sqlite_master").fetchall()
    assert (tmp_path / "mlflow.version").read_text() == importlib.metadata.version("mlflow")
