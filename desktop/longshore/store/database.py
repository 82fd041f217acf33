"""Opening the local database: WAL, migrations, sessions, and the watch that tells when anybody wrote."""

from __future__ import annotations

import functools
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DatabaseError
from sqlmodel import Session, create_engine

from longshore.errors import Conflict, Unavailable
from longshore.settings import Home

# The newest migration; a database that is past it belongs to a newer app.
HEAD = "0003"
BUSY_TIMEOUT_S = 20.0


def now() -> datetime:
    """Give the time as the database keeps it."""
    return datetime.now(UTC)


@contextmanager
def reading(home: Home) -> Iterator[Session]:
    """Give a session that sees one consistent state and writes nothing.

    Raises: Unavailable if the database can't be read.
    """
    with _session(home, write=False) as opened:
        yield opened


@contextmanager
def writing(home: Home) -> Iterator[Session]:
    """Give a session that holds the write lock, commits at the end of the block, or rolls back.

    Raises: Unavailable if the database can't be written (damaged file, full disk).
    """
    with _session(home, write=True) as opened:
        yield opened


@contextmanager
def _session(home: Home, *, write: bool) -> Iterator[Session]:
    try:
        engine = _engine(home.database).execution_options(write=write)
        with Session(engine, expire_on_commit=False) as opened, opened.begin():
            yield opened
    except DatabaseError as error:
        raise Unavailable(
            f"The local database {home.database} cannot be used: {error.orig}.",
            hint="Free disk space, or close other programs that hold the file; then try again.",
        ) from error


@functools.lru_cache(maxsize=16)
def _engine(file: Path) -> Engine:
    _migrate(file)
    engine = create_engine(f"sqlite:///{file}", connect_args={"timeout": BUSY_TIMEOUT_S, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _configure(connection: sqlite3.Connection, _record: object) -> None:
        # pysqlite begins a transaction only at the first write, so a read followed by a write could fail with
        # "database is locked": we begin ourselves, with the write lock where a session is going to write.
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        write = connection.get_execution_options().get("write", True)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine


def dispose(home: Home) -> None:
    """Close this process's connections, for tests and before a home is moved."""
    _engine(home.database).dispose()
    _engine.cache_clear()


def _schema_version(file: Path) -> str | None:
    if not file.exists():
        return None
    try:
        with sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=BUSY_TIMEOUT_S) as connection:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        connection.close()
        return None if row is None else str(row[0])
    except sqlite3.OperationalError:
        return None
    except sqlite3.DatabaseError as error:
        raise Unavailable(
            f"The local database {file} is damaged: {error}.",
            hint=f"Move {file.name} away; runs and models are kept by the tracking server and are not in it.",
        ) from error


def _migrate(file: Path) -> None:
    """Bring the file to this app's schema, one process at a time, with a copy beside it before an upgrade."""
    if (found := _schema_version(file)) == HEAD:
        return
    if found is not None and found > HEAD:
        raise Conflict(
            f"This home was used by a newer Longshore (schema {found}, this app knows {HEAD}).",
            hint="Start the newer version, or choose another home with --home.",
        )
    try:
        with FileLock(str(file.with_suffix(".migrate.lock")), timeout=60):
            if (found := _schema_version(file)) == HEAD:
                return
            if found is not None:
                _back_up(file, found)
            _run_migrations(file)
    except Timeout as error:
        raise Unavailable(
            "Another Longshore has been upgrading the local database for over a minute.",
            hint="Wait for it to end, then try again.",
        ) from error


def _back_up(file: Path, version: str) -> None:
    with sqlite3.connect(file) as source, sqlite3.connect(file.with_suffix(f".{version}.bak")) as target:
        source.backup(target)
    source.close()
    target.close()


def _run_migrations(file: Path) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("sqlalchemy.url", f"sqlite:///{file}")
    command.upgrade(config, "head")


class Watch:
    """Calls back, on a thread of its own, soon after any process committed to the database.

    SQLite's `data_version` changes only for commits of other connections, so writes of this very process are seen too.
    """

    def __init__(self, home: Home, changed: Callable[[], None], *, poll_s: float = 0.05) -> None:
        self._file, self._changed, self._poll_s = home.database, changed, poll_s
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="database watch", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the watch."""
        self._ended.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        _engine(self._file)
        connection = sqlite3.connect(f"file:{self._file}?mode=ro", uri=True)
        try:
            seen = None
            while not self._ended.wait(self._poll_s):
                version = connection.execute("PRAGMA data_version").fetchone()[0]
                if seen is not None and version != seen:
                    self._changed()
                seen = version
        finally:
            connection.close()
