"""Opening, migrating and watching the local database, and what becomes of a bad one."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from longshore.errors import Conflict, Unavailable
from longshore.settings import Home
from longshore.store import database, jobs, processes, tables, view_state


def test_that_the_database_is_in_wal_mode_so_that_readers_never_wait(home: Home) -> None:
    view_state.save(home, "page", "runs")
    assert sqlite3.connect(home.database).execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_that_the_migrations_make_exactly_the_tables_of_the_code(home: Home) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext
    from sqlalchemy import create_engine
    from sqlmodel import SQLModel

    view_state.save(home, "page", "runs")
    engine = create_engine(f"sqlite:///{home.database}")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), SQLModel.metadata) == []
    engine.dispose()
    assert tables.JobRow.__tablename__ == "job"


def test_that_a_home_of_the_first_schema_keeps_its_servers_port_and_has_a_copy_beside_it(home: Home) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(database.__file__).parent / "migrations"))
    config.set_main_option("sqlalchemy.url", f"sqlite:///{home.database}")
    command.upgrade(config, "0001")
    with contextlib.closing(sqlite3.connect(home.database)) as old, old:
        old.execute("INSERT INTO server VALUES (1, 77, 5.0, 23456, 'healthy', '', '2026-01-02 03:04:05')")
    kept = processes.server(home)
    assert (kept.pid, kept.process_started, kept.port, kept.state) == (77, 5.0, 23456, "healthy")
    assert list(processes.servers(home)) == ["personal"]
    with contextlib.closing(sqlite3.connect(home.database.with_suffix(".0001.bak"))) as copy:
        assert copy.execute("SELECT port FROM server").fetchone() == (23456,)


def test_that_several_processes_may_start_on_a_new_home_at_once(home_path: Path) -> None:
    code = (
        "from longshore.settings import open_home; from longshore.store import view_state\n"
        "import os; home = open_home(); view_state.save(home, str(os.getpid()), 1); print(home.id)\n"
    )
    starts = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(4)]
    answers = {process.communicate(timeout=120)[0] for process in starts}
    assert all(process.returncode == 0 for process in starts)
    assert len(answers) == 1


def test_that_a_home_of_a_newer_app_is_refused_with_the_reason(home: Home) -> None:
    view_state.save(home, "page", "runs")
    database.dispose(home)
    connection = sqlite3.connect(home.database)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    with pytest.raises(Conflict, match="newer Longshore"):
        view_state.load(home, "page")


def test_that_a_damaged_database_is_named_with_the_way_out(home: Home) -> None:
    home.database.write_bytes(b"this is not a database" * 500)
    with pytest.raises(Unavailable, match="damaged") as caught:
        view_state.load(home, "page")
    assert "Move longshore.db away" in (caught.value.hint or "")
    assert home.database.read_bytes().startswith(b"this is not a database")


def test_that_the_watch_tells_when_another_process_wrote(home: Home) -> None:
    view_state.save(home, "page", "runs")
    seen = threading.Event()
    watch = database.Watch(home, seen.set)
    try:
        code = (
            "from longshore.settings import open_home; from longshore.store import view_state\n"
            "view_state.save(open_home(), 'page', 'models')\n"
        )
        subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
        assert seen.wait(5)
    finally:
        watch.close()


def test_that_a_failed_write_leaves_nothing_half_made(home: Home) -> None:
    with pytest.raises(ZeroDivisionError), database.writing(home) as session:
        session.add(tables.ViewStateRow(key="half", value=1))
        session.flush()
        raise ZeroDivisionError
    assert view_state.load(home, "half") is None


def test_that_readers_see_the_last_state_while_a_writer_is_busy(home: Home) -> None:
    job = jobs.add(home, kind="run", title="a", spec={}, workspace="personal")
    with database.writing(home) as session:
        row = session.get(tables.JobRow, job.id)
        assert row is not None
        row.title = "b"
        session.flush()
        assert jobs.get(home, job.id).title == "a"
    assert jobs.get(home, job.id).title == "b"


def test_that_a_heartbeat_is_seen_by_all_and_wakes_no_watch(home: Home) -> None:
    processes.put_agent(home, pid=1, process_started=1.0, state="ready", app_version="1")
    first = processes.agent(home)
    seen = threading.Event()
    watch = database.Watch(home, seen.set)
    try:
        time.sleep(0.05)  # a file's time goes in steps of some milliseconds
        processes.beat(home)
        second = processes.agent(home)
        assert first is not None
        assert second is not None
        assert second.heartbeat_at > first.heartbeat_at
        assert not seen.wait(0.5)
        processes.put_agent(home, state="stopped")
        assert seen.wait(5)
    finally:
        watch.close()
