"""What the process runs that deletes runs for good: MLflow's own `gc`, while no server has the database.

It loads MLflow by name, as the tracking server's process does; `purging.py` starts it. The first line of its standard
input names what is to go; when the input ends (the agent died, or somebody cancelled), it ends too.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import io
import json
import os
import sqlite3
import sys
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote, urlsplit

from longshore.workspace.tracking_process import ALREADY_SERVED, DATABASE, LOCK_FILE, store_uri

# A killed process leaves at most one part half gone. Each part costs some looks at the database.
_PART, _MOST_PARTS = 50, 20
# SQLite takes only so many values in one condition.
_IDS = 500
# What `gc` says of each run that is gone.
_GONE = "permanently deleted"
_LOCK_WAIT_S = 20.0
# An experiment in the trash that nobody made: without one named, `gc` deletes every experiment that is there.
_BIN = "longshore.purge."


def purge(argv: list[str]) -> int:
    """Delete the named runs with their models for good, and tell on standard output how far it is."""
    parser = argparse.ArgumentParser(prog="longshore tracking-purge")
    parser.add_argument("--folder", type=Path, required=True)
    folder: Path = parser.parse_args(argv).folder
    wanted: dict[str, list[str]] = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_input, daemon=True).start()
    from filelock import FileLock, Timeout

    try:
        with FileLock(str(folder / LOCK_FILE), timeout=_LOCK_WAIT_S):
            _purge(folder, wanted)
    except Timeout:
        print("Another process serves this folder.", file=sys.stderr)  # noqa: T201 - this is the job's log
        return ALREADY_SERVED
    return 0


def _end_with_input() -> None:
    # Read from the descriptor: a thread inside `sys.stdin` would hold its lock while the interpreter ends.
    while os.read(0, 4096):
        pass
    os._exit(1)


def _purge(folder: Path, wanted: Mapping[str, Sequence[str]]) -> None:
    _find_artifacts_in(folder)
    _wait_for_no_disk()
    store: Any = importlib.import_module("mlflow.tracking")._get_store(store_uri(folder))
    aliased = _aliased(folder)
    states = _states(folder)
    # Whoever asked looked at aliases and trash before; somebody may have been quicker than the server's stop.
    left = {
        run: models
        for run, models in wanted.items()
        if states.get(run) == "deleted" and not any(thing in aliased for thing in (run, *models))
    }
    # Of a run that went in an earlier try, models may be left.
    orphans = [model for run, models in wanted.items() if run not in states for model in models if model not in aliased]
    told = _Told(len(left))
    with _look_at_little(store, folder):
        for number, part in enumerate(_parts(left)):
            models = [model for run in part for model in left[run]] + (orphans if number == 0 else [])
            _purge_part(store, folder, part, models, told)
            told.part_done()
        if not left and orphans:
            _purge_part(store, folder, [], orphans, told)


class _Told(io.TextIOBase):
    """Takes what `gc` says: all of it is the job's log; each run that it says is gone counts."""

    def __init__(self, of: int) -> None:
        self._of, self._done, self._said = of, 0, 0

    def write(self, text: str) -> int:
        """Pass on what was said."""
        sys.stderr.write(text)
        # The run that a part may need for want of another is none of those that were asked for.
        self._done = min(self._of, self._done + (text.startswith("Run") and _GONE in text))
        if (self._done - self._said) * 100 >= self._of:
            self.part_done()
        return len(text)

    def part_done(self) -> None:
        """Say how far it is: read by `purging`."""
        self._said = self._done
        assert sys.__stdout__ is not None
        print(json.dumps({"done": self._done, "of": self._of}), file=sys.__stdout__, flush=True)


def _wait_for_no_disk() -> None:
    """Let a commit not wait for the disk: in the write-ahead mode that never damages the database.

    After a power cut the last runs may be in the trash again; asking once more ends it.
    """
    event: Any = importlib.import_module("sqlalchemy.event")
    engine: Any = importlib.import_module("sqlalchemy.engine").Engine

    def relax(connection: sqlite3.Connection, _record: object) -> None:
        if connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal":
            connection.execute("PRAGMA synchronous = NORMAL")

    event.listen(engine, "connect", relax)


@contextlib.contextmanager
def _look_at_little(store: Any, folder: Path) -> Iterator[None]:
    """Answer what `gc` asks of each run and model with the two facts that it uses.

    MLflow reads a run with all its metrics, parameters, tags and data, and, for each part, every run in the trash: that
    took two thirds of the time. What deletes is MLflow's own, and looks again by itself.
    """
    kind = type(store)
    with contextlib.closing(sqlite3.connect(folder / DATABASE, timeout=30)) as connection:

        def run(_store: object, run_id: str) -> Any:
            query = "SELECT lifecycle_stage, artifact_uri FROM runs WHERE run_uuid = ?"
            stage, uri = connection.execute(query, (run_id,)).fetchone() or ("gone", "")
            return SimpleNamespace(info=SimpleNamespace(run_id=run_id, lifecycle_stage=stage, artifact_uri=uri))

        def model(_store: object, model_id: str, allow_deleted: bool = False) -> Any:
            query = "SELECT artifact_location FROM logged_models WHERE model_id = ?"
            return SimpleNamespace(artifact_location=connection.execute(query, (model_id,)).fetchone()[0])

        def trash(_store: object, older_than: int = 0) -> list[str]:
            return []  # everything that goes is named

        def models(_store: object, older_than: int = 0) -> list[str]:
            query = "SELECT model_id FROM logged_models WHERE lifecycle_stage = 'deleted'"
            return [row[0] for row in connection.execute(query)]

        cheap: Mapping[str, Callable[..., Any]] = {
            "get_run": run,
            "get_logged_model": model,
            "_get_deleted_runs": trash,
            "_get_deleted_logged_models": models,
        }
        kept = {name: getattr(kind, name) for name in cheap}
        try:
            for name, answer in cheap.items():
                setattr(kind, name, answer)
            yield
        finally:
            for name, answer in kept.items():
                setattr(kind, name, answer)


def _aliased(folder: Path) -> str:
    """Give the ids of the runs and models that an alias points at, in one text."""
    with contextlib.closing(sqlite3.connect(folder / DATABASE, timeout=30)) as connection:
        rows = connection.execute(
            "SELECT v.run_id, v.source, v.storage_location FROM registered_model_aliases a"
            " JOIN model_versions v ON v.name = a.name AND v.version = a.version"
        ).fetchall()
    return " ".join(str(value) for row in rows for value in row if value)


def _parts(runs: Mapping[str, object]) -> Iterator[list[str]]:
    ids = list(runs)
    size = max(_PART, -(-len(ids) // _MOST_PARTS))
    for start in range(0, len(ids), size):
        yield ids[start : start + size]


def _purge_part(store: Any, folder: Path, runs: Sequence[str], models: Sequence[str], told: _Told) -> None:
    places = _artifact_uris(folder, "runs", "run_uuid", "artifact_uri", runs)
    present = _artifact_uris(folder, "logged_models", "model_id", "artifact_location", models)
    _free_room([*places.values(), *present.values()])
    bin_id = store.create_experiment(f"{_BIN}{uuid.uuid4().hex}")
    # What is not named is taken for "all in the trash": there is always a model to name, too.
    going = [*present, store.create_logged_model(bin_id, "bin").model_id]
    if not runs:
        runs = [_run_in(store, bin_id)]
    for model in going:
        store.delete_logged_model(model)
    store.delete_experiment(bin_id)
    bins = [one.experiment_id for one in _deleted_bins(store)]
    arguments = ["gc", "--backend-store-uri", store_uri(folder), "--tracking-uri", store_uri(folder)]
    arguments += ["--run-ids", ",".join(runs), "--logged-model-ids", ",".join(going)]
    arguments += ["--experiment-ids", ",".join(bins)]
    command: Any = importlib.import_module("mlflow.cli").cli
    with contextlib.redirect_stdout(told):
        command.main(arguments, prog_name="mlflow", standalone_mode=False)


def _free_room(uris: Iterable[str]) -> None:
    """Delete the files first, as `gc` does too: on a full disk its database can be written only after."""
    registry: Any = importlib.import_module("mlflow.store.artifact.artifact_repository_registry")
    for uri in uris:
        registry.get_artifact_repository(uri).delete_artifacts()


def _artifact_uris(folder: Path, table: str, key: str, column: str, ids: Sequence[str]) -> dict[str, str]:
    """Give where the files of those runs or models are that are there."""
    found: dict[str, str] = {}
    with contextlib.closing(sqlite3.connect(folder / DATABASE, timeout=30)) as connection:
        for start in range(0, len(ids), _IDS):
            some = ids[start : start + _IDS]
            asked = f"SELECT {key}, {column} FROM {table} WHERE {key} IN ({','.join('?' * len(some))})"
            found.update(connection.execute(asked, some).fetchall())
    return {one: found[one] for one in ids if one in found}


def _run_in(store: Any, experiment_id: str) -> str:
    run_id: str = store.create_run(experiment_id, "longshore", 0, [], "bin").info.run_id
    store.delete_run(run_id)
    return run_id


def _deleted_bins(store: Any) -> Any:
    """Give our own experiments in the trash: also those of a process that was killed."""
    view: Any = importlib.import_module("mlflow.entities").ViewType
    return store.search_experiments(view_type=view.DELETED_ONLY, filter_string=f"name LIKE '{_BIN}%'")


def _states(folder: Path) -> dict[str, str]:
    """Give every run's lifecycle stage: MLflow's own look at one run takes its metrics and parameters along."""
    with contextlib.closing(sqlite3.connect(folder / DATABASE, timeout=30)) as connection:
        return dict(connection.execute("SELECT run_uuid, lifecycle_stage FROM runs").fetchall())


def _find_artifacts_in(folder: Path) -> None:
    """Let MLflow find what `mlflow-artifacts:` names in the folder itself: no server is there that could delete it."""
    local: Any = importlib.import_module("mlflow.store.artifact.local_artifact_repo").LocalArtifactRepository
    registry: Any = importlib.import_module("mlflow.store.artifact.artifact_repository_registry")

    def repository(uri: str, **how: Any) -> Any:
        return local(artifact_folder(folder, uri).as_uri(), **how)

    registry._artifact_repository_registry.register("mlflow-artifacts", repository)


def artifact_folder(folder: Path, uri: str) -> Path:
    """Give the folder that the server of this tracking folder means by an `mlflow-artifacts:` address.

    Raises: ValueError for one that leaves the artifacts, or means all of them.
    """
    root = (folder / "artifacts").resolve()
    found = (root / unquote(urlsplit(uri).path).strip("/")).resolve()
    if found == root or not found.is_relative_to(root):
        raise ValueError(f"{uri} is not below the artifacts")
    return found
