"""What the tracking server's own process runs: the stock MLflow application in one uvicorn process.

The one process that loads MLflow; by name, since nothing else here may import it. `server.py` starts it.
MLflow's own `mlflow server` would start a second process and take twice the memory.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import importlib.metadata
import json
import os
import shutil
import sqlite3
import sys
import tempfile
import uuid
from pathlib import Path
from typing import Any

from longshore.workspace import database_file

DATABASE = "mlflow.db"
IDENTITY_FILE = "server.json"
LOCK_FILE = "server.lock"
VERSION_FILE = "mlflow.version"
# Without it experiments would get a file path, which means nothing inside a container.
ARTIFACT_ROOT = "mlflow-artifacts:/"
# Exit statuses that `server.py` understands.
ALREADY_SERVED, PORT_TAKEN = 75, 76
_DRAIN_S = 5


def environment(tracking: Path, inherited: dict[str, str], database: Path | None = None) -> dict[str, str]:
    """Give the server's environment: MLflow's internal variables, and none of the person's own MLflow settings.

    `tracking`: the server's own folder; `database`: a store of somebody else's, whose artifacts lie beside it.
    """
    uri, root, artifacts = store_uri(tracking), ARTIFACT_ROOT, tracking / "artifacts"
    if database is not None:
        uri, root = database_file.address(database), database_file.artifact_root(database)
        artifacts = database.parent / "mlartifacts"
    kept = {
        name: value
        for name, value in inherited.items()
        if not name.startswith(("MLFLOW_", "_MLFLOW_")) and name != "prometheus_multiproc_dir"
    }
    # Uploads land here first; on the same disk the last step is a rename, and /tmp is not filled with models.
    scratch = str(tracking / "tmp")
    return kept | {
        "_MLFLOW_SERVER_FILE_STORE": uri,
        "_MLFLOW_SERVER_REGISTRY_STORE": uri,
        "_MLFLOW_SERVER_ARTIFACT_ROOT": root,
        "_MLFLOW_SERVER_ARTIFACT_DESTINATION": artifacts.as_uri(),
        "_MLFLOW_SERVER_SERVE_ARTIFACTS": "true",
        "_MLFLOW_SGI_NAME": "uvicorn",
        "_MLFLOW_SERVER_BOOT_ID": uuid.uuid4().hex,
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "true",
        "PYTHONUNBUFFERED": "1",
        "TMPDIR": scratch,
        "TEMP": scratch,
        "TMP": scratch,
    }


def store_uri(tracking: Path) -> str:
    """Give the address of a tracking folder's database, as MLflow reads it."""
    return f"sqlite:///{(tracking / DATABASE).as_posix()}"


def serve(argv: list[str]) -> int:
    """Serve until a signal comes; the schema is there before the port is open."""
    parser = argparse.ArgumentParser(prog="longshore tracking-server")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--database", type=Path)
    chosen = parser.parse_args(argv)
    folder: Path = chosen.folder
    from filelock import FileLock, Timeout

    try:
        with FileLock(str(folder / LOCK_FILE), timeout=5):
            return _serve_alone(folder, chosen.port, chosen.database)
    except Timeout:
        print("Another process serves this folder already.", file=sys.stderr)  # noqa: T201 - this is server.log
        return ALREADY_SERVED


def _serve_alone(folder: Path, port: int, database: Path | None) -> int:
    _write_identity(folder, port)
    shutil.rmtree(folder / "tmp", ignore_errors=True)
    (folder / "tmp").mkdir(parents=True)
    tempfile.tempdir = None
    if database is None:
        set_wal(folder / DATABASE)
        _initialize(folder)
    else:
        _open_in_place(database)
    application = importlib.import_module("mlflow.server.fastapi_app").app
    uvicorn: Any = importlib.import_module("uvicorn")
    config = uvicorn.Config(
        application,
        host="127.0.0.1",
        port=port,
        # One line per request would fill the disk of somebody who logs a metric per batch.
        access_log=False,
        timeout_graceful_shutdown=_DRAIN_S,
    )
    server = uvicorn.Server(config)
    try:
        server.run()
    except SystemExit:
        # uvicorn gives up in one case after its start: it can't bind.
        return PORT_TAKEN
    return 0


def set_wal(database: Path) -> None:
    """Put the database into WAL mode, which persists; made where it is missing."""
    connection = sqlite3.connect(database, timeout=30)
    with contextlib.closing(connection):
        connection.execute("PRAGMA journal_mode=WAL")


def _initialize(folder: Path) -> None:
    """Create or upgrade the schema and open the stores, so that no client waits for it or meets it half made."""
    made_by, version = folder / VERSION_FILE, importlib.metadata.version("mlflow")
    if not made_by.exists():
        made_by.write_text(version, "utf-8")
    if made_by.read_text("utf-8") != version:
        _upgrade(folder)
        made_by.write_text(version, "utf-8")
    handlers: Any = importlib.import_module("mlflow.server.handlers")
    handlers.initialize_backend_stores(store_uri(folder), store_uri(folder), ARTIFACT_ROOT)


def _open_in_place(database: Path) -> None:
    """Open somebody else's store as it is: MLflow would upgrade what lacks a table, and make what is not there."""
    database_file.check_schema(database)
    os.chdir(database.parent)  # artifact addresses may be relative
    utilities: Any = importlib.import_module("mlflow.store.db.utils")
    handlers: Any = importlib.import_module("mlflow.server.handlers")
    uri = database_file.address(database)
    engine = utilities.create_sqlalchemy_engine(uri)
    whole = utilities._all_tables_exist(engine)
    engine.dispose()
    if not whole:
        raise SystemExit(f"{database.name} lacks tables of MLflow.")
    handlers.initialize_backend_stores(uri, uri, os.environ["_MLFLOW_SERVER_ARTIFACT_ROOT"])


def _upgrade(folder: Path) -> None:
    """Bring another MLflow's database to this one's schema, with a copy kept beside it."""
    database = folder / DATABASE
    with (
        contextlib.closing(sqlite3.connect(database)) as source,
        contextlib.closing(sqlite3.connect(folder / f"{DATABASE}.before-upgrade")) as copy,
    ):
        source.backup(copy)
    utilities: Any = importlib.import_module("mlflow.store.db.utils")
    engine = utilities.create_sqlalchemy_engine_with_retry(store_uri(folder))
    utilities._upgrade_db(engine)
    engine.dispose()


def _write_identity(folder: Path, port: int) -> None:
    """Tell who serves: an agent that died right after the start left no row, and the next one adopts by this file."""
    import psutil

    started = psutil.Process().create_time()
    fresh = folder / f"{IDENTITY_FILE}.{os.getpid()}"
    fresh.write_text(json.dumps({"pid": os.getpid(), "process_started": started, "port": port}), "utf-8")
    fresh.replace(folder / IDENTITY_FILE)
