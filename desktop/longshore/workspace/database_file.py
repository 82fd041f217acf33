"""An MLflow database that somebody else owns: looked at without writing a byte to it or beside it."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sqlite3
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from longshore.errors import Conflict, Invalid, LongshoreError, NotAllowed, NotFound, Unavailable
from longshore.store.records import SQLITE

if TYPE_CHECKING:
    import psutil

HEADER = b"SQLite format 3\0"
# The Alembic revision that MLflow 3.17.2 leaves in a database.
REVISION = "dc11669786a5"
_TABLES = frozenset({"experiments", "runs", "metrics", "params", "tags"})
_LOOK_S = 5.0
# SQLite needs some pages for its journal before it can write anything.
FULL_BYTES = 256 * 1024
_SERVED_ROOT = "mlflow-artifacts:/"
_SERVED = re.compile(r"mlflow\.server|\btracking-server\b|\bmlflow(\.exe|\.__main__)?\W+(server|ui)\b")


def is_one(where: str) -> bool:
    """Tell whether somebody means a database by this, and not the address of a server."""
    if where.startswith(SQLITE):
        return True
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]+:", where):
        return False
    return where.endswith((".db", ".sqlite", ".sqlite3")) or Path(where).expanduser().exists()


def located(where: str) -> Path:
    """Give the file that a path or a `sqlite:///` address means, wherever a link leads.

    Raises: Invalid for a folder, and for a path that MLflow can't open; NotFound.
    """
    text = unquote(where.removeprefix(SQLITE)) if where.startswith(SQLITE) else where
    file = Path(text).expanduser()
    try:
        file = file.resolve(strict=True)
    except (OSError, RuntimeError, ValueError) as error:
        raise NotFound(f"There is no file {text}.", hint="Check the path of the mlflow.db.") from error
    if file.is_dir():
        raise Invalid(f"{file} is a folder.", hint="Give the mlflow.db in it.")
    if "?" in str(file):
        raise Invalid(f"MLflow cannot open {file}: its path has a question mark.", hint="Rename it, or import it.")
    return file


def address(file: Path) -> str:
    """Give the address of a database as MLflow reads it."""
    return f"{SQLITE}{file.as_posix()}"


@contextlib.contextmanager
def reading(file: Path, time_limit_s: float | None = None) -> Iterator[sqlite3.Connection]:
    """Open a database so that not one byte beside it is written. Raises: Invalid where it is no MLflow store."""
    deadline = time.monotonic() + time_limit_s if time_limit_s else None
    connection: sqlite3.Connection | None = None
    try:
        connection = sqlite3.connect(_read_only(file), uri=True, timeout=0.2 if deadline else 10, isolation_level=None)
        # A stranger's schema may hold views and triggers that never end.
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA query_only = ON")
        if deadline:
            connection.set_progress_handler(lambda: time.monotonic() > deadline, 10_000)
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if not tables >= _TABLES:
            raise Invalid(f"{file.name} is not a store of MLflow.")
        yield connection
    except sqlite3.Error as error:
        raise Invalid(f"{file.name} cannot be read: {error}.") from error
    finally:
        if connection is not None:
            connection.close()


def _read_only(file: Path) -> str:
    with file.open("rb") as opened:
        head = opened.read(20)
    if not head.startswith(HEADER):
        raise Invalid(f"{file.name} is not a SQLite database.")
    # Reading a write-ahead database makes files beside it, unless nobody has it open and it is declared unchanging.
    still = head[18:19] == b"\x02" and not file.with_name(file.name + "-wal").exists()
    return f"file:{quote(str(file))}?mode=ro" + ("&immutable=1" if still else "")


def check(file: Path) -> None:
    """Raise what stands against serving a database where it lies; nothing is written.

    Raises: NotFound; Invalid where it is no MLflow store, or one of another schema; NotAllowed where it can't be written;
        Conflict where another process serves it.
    """
    if problem := trouble(file):
        raise problem
    check_schema(file)
    if served := served_by(file):
        raise served


def trouble(file: Path) -> LongshoreError | None:
    """Give what a quick look finds that makes a database useless to its server: it is gone, or can't be written."""
    try:
        mode = file.stat().st_mode
    except OSError:
        return NotFound(f"{file} is not there any more.", hint="Put it back, or remove the workspace.")
    writable = os.access(file, os.W_OK) and os.access(file.parent, os.W_OK)
    # Root may write anything: that nobody may was still meant.
    if not writable or not mode & 0o222 or not file.parent.stat().st_mode & 0o222:
        return NotAllowed(
            f"{file} is read-only, and MLflow's server needs to write to it and to its folder.",
            hint="Make both writable, or import the runs instead: longshore import.",
        )
    return None


def remark(file: Path) -> str:
    """Say what a person should know of a database that is served all the same; empty where nothing is."""
    with contextlib.suppress(OSError):
        if shutil.disk_usage(file.parent).free < FULL_BYTES:
            return f"The disk of {file.name} is full: nothing can be logged until some of it is freed."
    return ""


def check_schema(file: Path) -> None:
    """Raise Invalid where a file is no MLflow store, or one of another schema; Unavailable where it can't be read."""
    try:
        with reading(file, _LOOK_S) as connection:
            tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
            query = "SELECT version_num FROM alembic_version"
            found = {str(row[0]) for row in connection.execute(query)} if "alembic_version" in tables else set()
    except Invalid as error:
        hint = "Choose an mlflow.db that MLflow made."
        raise Invalid(error.reason, hint=error.hint or hint) from error
    except OSError as error:
        raise Unavailable(f"{file} cannot be read: {error.strerror or error}.", hint="Check its rights.") from error
    if found != {REVISION}:
        raise Invalid(
            f"{file.name} was made by another version of MLflow (schema {', '.join(sorted(found)) or 'none'},"
            f" served here is {REVISION}).",
            hint="Import its runs instead (longshore import), or let its owner copy it and run"
            f" `mlflow db upgrade {address(file)}`.",
        )


def artifact_root(file: Path) -> str:
    """Give where a store puts the artifacts of new experiments: where those of its oldest ones lie.

    MLflow keeps it nowhere; the default is what MLflow itself takes for a database without a server. Raises: Invalid.
    """
    with reading(file, _LOOK_S) as connection:
        query = "SELECT experiment_id, artifact_location FROM experiments ORDER BY experiment_id LIMIT 100"
        for number, location in connection.execute(query):
            head, slash, last = str(location or "").rpartition("/")
            if slash and last == str(number):
                return head + slash if head.endswith(":") else head
    return str(file.parent / "mlruns")


def reaches_containers(file: Path) -> bool:
    """Tell whether a container, which sees no folder of this computer, can put artifacts where the store wants them."""
    root = artifact_root(file)
    return ("://" in root and not root.startswith("file:")) or root.startswith(_SERVED_ROOT)


def served_by(file: Path) -> Conflict | None:
    """Give the refusal that names an MLflow server which has the file open already; only this person's are seen."""
    import psutil

    for process in psutil.process_iter(["pid", "cmdline"]):
        if not _SERVED.search(" ".join(process.info["cmdline"] or ())):
            continue
        with contextlib.suppress(psutil.Error):
            family = [process, *process.children(recursive=True)]
            if any(_has_open(one, file) for one in family):
                return _refusal(file, process.pid, _port(family))
    return None


def _has_open(process: psutil.Process, file: Path) -> bool:
    import psutil

    with contextlib.suppress(psutil.Error, OSError):
        return any(Path(opened.path) == file for opened in process.open_files())
    return False


def _port(family: Sequence[psutil.Process]) -> int | None:
    import psutil

    for process in family:
        with contextlib.suppress(psutil.Error, OSError):
            for one in process.net_connections("tcp"):
                if one.status == psutil.CONN_LISTEN:
                    return int(one.laddr.port)
    return None


def _refusal(file: Path, pid: int, port: int | None) -> Conflict:
    where = f" at http://127.0.0.1:{port}" if port else ""
    add = f"Add that server instead (longshore workspace add http://127.0.0.1:{port}), or" if port else "Use it, or"
    return Conflict(f"{file} is served by another process already (pid {pid}{where}).", hint=f"{add} end it first.")
