"""What an index is filled with: the same values, whether they come from MLflow's database or from its REST API."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from longshore.mlflow_rest import runs
from longshore.mlflow_rest.client import Client
from longshore.settings import Home
from longshore.tracking.index import database_runs, database_values, from_rest, from_sqlite
from longshore.workspace.tracking_process import set_wal
from tests.support.tracking import running_server
from tests.tracking.index.truth import held, told

ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Odd:
    """A server with its file, and an experiment of odd runs."""

    client: Client
    database: Path
    experiment: str


@pytest.fixture(scope="module")
def odd() -> Iterator[Odd]:
    folder = Path(tempfile.mkdtemp(prefix="ls-odd-"))
    set_wal(folder / "mlflow.db")
    with running_server(folder=folder) as url, Client(url, timeout_s=30) as client:
        done = subprocess.run(
            [sys.executable, "-m", "tests.support.odd_runs", url],
            cwd=ROOT,
            env=os.environ | {"PYTHONWARNINGS": "ignore"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert "MADE " in done.stdout, done.stderr[-3000:]
        odd = Odd(client, folder / "mlflow.db", done.stdout.rpartition("MADE ")[2].strip())
        write_what_no_client_may(odd)
        yield odd


def write_what_no_client_may(odd: Odd) -> None:
    """Put what other programs, and MLflow's earlier versions, leave in such a file."""
    with contextlib.closing(sqlite3.connect(odd.database)) as connection, connection:
        chosen = "SELECT run_uuid FROM runs WHERE name = 'renamed'"
        for name in ("emoji 🐙 'key'\n\"tag\"", "", "a\x1fb", "a,b", "%s {}"):
            connection.execute(f"INSERT INTO tags (key, value, run_uuid) SELECT ?, ?, ({chosen})", (name, name))
            connection.execute(f"INSERT INTO params (key, value, run_uuid) SELECT ?, ?, ({chosen})", (name, name))
            connection.execute(
                "INSERT INTO latest_metrics (key, value, timestamp, step, is_nan, run_uuid)"
                f" SELECT ?, 1.5, 1, 0, 0, ({chosen})",
                (name,),
            )


def from_database(odd: Odd) -> list[pa.Table]:
    with from_sqlite.Database(odd.database) as database:
        return [chunk.table for chunk in database.fill(odd.experiment)]


def test_that_the_database_gives_every_value_that_the_server_gives(odd: Odd) -> None:
    expected = told(odd.client, odd.experiment)
    assert len(expected) == 18
    assert held(from_database(odd)) == expected


def test_that_the_odd_values_are_there_at_all(odd: Odd) -> None:
    by_name = {row["name"]: row for row in held(from_database(odd)).values()}
    full = by_name['it\'s\n"full" 🐙 שלום']
    metrics = {name: full["m:" + name] for name in ("nan", "inf", "minus inf", "huge", "Loss", "loss", "ends in nan")}
    assert metrics == {
        "nan": "nan", "inf": "inf", "minus inf": "-inf", "huge": "1e+308", "Loss": "0.25", "loss": "0.5",
        "ends in nan": "nan",
    }  # fmt: skip
    assert (full["m:curve"], full["status"], len(full["p:long"]), full["p:empty"]) == ("2.0", "FAILED", 6000, "")
    assert (full["p:plain"], full["p:Plain"]) == ("0.1", "differs by case")
    renamed = by_name["renamed"]
    assert renamed["p:emoji 🐙 'key'\n\"tag\""] == "emoji 🐙 'key'\n\"tag\""
    assert (renamed["m:"], "t:gone" in renamed) == ("1.5", False)
    states = sorted(row["lifecycle"] for row in held(from_database(odd)).values())
    assert states.count("deleted") == 2
    assert sum("datasets" in row for row in held(from_database(odd)).values()) == 3
    assert max(len(row.get("models", ())) for row in held(from_database(odd)).values()) == 2


def test_that_the_rest_api_gives_every_value_that_the_server_gives(odd: Odd) -> None:
    assert held(list(from_rest.fill(odd.client, odd.experiment))) == told(odd.client, odd.experiment)


def test_that_no_use_of_an_index_imports_pandas(odd: Odd, home: Home) -> None:
    home.tracking.mkdir()
    for suffix in ("", "-wal", "-shm"):
        home.tracking.joinpath(f"mlflow.db{suffix}").symlink_to(f"{odd.database}{suffix}")
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.index_uses", str(home.path), odd.client.url, odd.experiment],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    said = json.loads(done.stdout)
    assert len(said) == 24
    assert [use for use, imported in said.items() if imported] == []


@pytest.mark.parametrize("many", [3, 100])
@pytest.mark.parametrize("scanned", [0.0, 1.0])
def test_that_chunks_and_ways_of_reading_give_the_same(
    odd: Odd, monkeypatch: pytest.MonkeyPatch, many: int, scanned: float
) -> None:
    whole = held(from_database(odd))
    monkeypatch.setattr(from_sqlite, "_MANY", many)
    monkeypatch.setattr(from_sqlite, "_CHUNK", 5)
    monkeypatch.setattr(from_sqlite, "_SCANNED", scanned)
    monkeypatch.setattr(database_values, "_BATCH", 5)
    monkeypatch.setattr(database_values, "_SLICE", 7)
    monkeypatch.setattr(database_runs, "_SLICE", 7)
    assert held(from_database(odd)) == whole


def test_that_pages_of_the_rest_api_join_without_a_gap(odd: Odd, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = held(list(from_rest.fill(odd.client, odd.experiment)))
    monkeypatch.setattr(from_rest, "_FIRST", 2)
    monkeypatch.setattr(from_rest, "_PAGE", 5)
    pages = list(from_rest.fill(odd.client, odd.experiment))
    assert [len(page) for page in pages] == [2, 5, 5, 5, 1]
    assert held(pages) == whole


def test_that_the_newest_runs_come_first(odd: Odd, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(from_rest, "_FIRST", 4)
    with from_sqlite.Database(odd.database) as database:
        first = database.newest(odd.experiment, 4)["run_id"].to_pylist()
    assert first == next(from_rest.fill(odd.client, odd.experiment))["run_id"].to_pylist()
    entries, _ = runs.search_entries(odd.client, [odd.experiment], max_results=4, view=runs.ALL)
    assert first == [entry["info"]["run_id"] for entry in entries]


def test_that_some_runs_are_read_and_those_of_other_experiments_are_not(odd: Odd) -> None:
    expected = told(odd.client, odd.experiment)
    chosen = [*list(expected)[:5], "0" * 32]
    wanted = {run: expected[run] for run in chosen[:5]}
    assert held([from_rest.read(odd.client, odd.experiment, chosen)]) == wanted
    with from_sqlite.Database(odd.database) as database:
        assert held([database.read(odd.experiment, chosen)]) == wanted
        assert len(database.read(str(int(odd.experiment) + 1), chosen)) == 0


@pytest.mark.parametrize(
    "update", ["params SET value = x'61ff'", "runs SET name = x'61ff'", "latest_metrics SET value = 'a'"]
)
def test_that_a_value_of_another_type_is_told(odd: Odd, copied: Path, update: str) -> None:
    change(copied, f"UPDATE {update}")
    with pytest.raises(from_sqlite.Unavailable, match=r"mlflow\.db cannot be read"):
        from_database(replace(odd, database=copied))


def test_that_an_experiment_without_runs_gives_no_rows(odd: Odd) -> None:
    empty = str(int(odd.experiment) + 1)
    with from_sqlite.Database(odd.database) as database:
        assert sum(len(chunk.table) for chunk in database.fill(empty)) == 0
        assert len(database.read(empty, [])) == 0
    assert sum(map(len, from_rest.fill(odd.client, empty))) == 0


@pytest.fixture
def copied(tmp_path: Path, odd: Odd) -> Path:
    """A copy of the database, to be spoilt."""
    copy = tmp_path / "mlflow.db"
    with (
        contextlib.closing(sqlite3.connect(odd.database)) as source,
        contextlib.closing(sqlite3.connect(copy)) as target,
    ):
        source.backup(target)
    return copy


def change(database: Path, *statements: str) -> None:
    with contextlib.closing(sqlite3.connect(database)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def test_that_nulls_over_which_the_server_itself_fails_are_read(odd: Odd, copied: Path) -> None:
    chosen = "(SELECT run_uuid FROM runs WHERE name = 'run 7')"
    change(
        copied,
        f"INSERT INTO tags (key, value, run_uuid) VALUES ('null', NULL, {chosen})",
        "UPDATE runs SET user_id = NULL, artifact_uri = NULL, start_time = NULL WHERE name = 'run 7'",
        # One user less, and one more by the sign that stands between them.
        "UPDATE runs SET user_id = 'a\x1eb' WHERE name = 'run 6'",
    )
    rows = held(from_database(replace(odd, database=copied)))
    assert len(rows) == len(held(from_database(odd)))
    (found,) = (row for row in rows.values() if row["name"] == "run 7")
    assert (found["t:null"], found["p:number"]) == ("", "7")
    assert not {"user", "artifact_uri", "start_time"} & set(found)
    assert {row["user"] for row in rows.values() if row["name"] == "run 6"} == {"a\x1eb"}


@pytest.mark.parametrize(
    "statement",
    ["UPDATE alembic_version SET version_num = 'abc'", "DELETE FROM alembic_version", "DROP TABLE alembic_version"],
)
def test_that_another_schema_is_not_read(copied: Path, statement: str) -> None:
    change(copied, statement)
    with pytest.raises(from_sqlite.UnknownSchema):
        from_sqlite.Database(copied)


@pytest.mark.parametrize("content", [None, b"", b"no database at all" * 1000])
def test_that_what_is_no_database_is_told(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "mlflow.db"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(from_sqlite.Unavailable, match=r"mlflow\.db"):
        from_sqlite.Database(file)


@pytest.mark.parametrize("entry", [{}, {"info": {}}, {"info": {"run_id": 1}}, {"info": None}, "text"])
def test_that_an_answer_that_holds_no_runs_is_told(entry: Any) -> None:
    with pytest.raises(from_sqlite.Unavailable, match="cannot be read"):
        from_rest.table([entry])
