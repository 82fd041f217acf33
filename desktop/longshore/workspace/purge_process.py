"""What the process runs that deletes runs for good: MLflow's own `gc`, while no server has the database.

It loads MLflow by name, as the tracking server's process does; `purging.py` starts it. The first line of its standard
input names what is to go; when the input ends (the agent died, or somebody cancelled), it ends too.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import os
import sqlite3
import sys
import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from longshore.workspace.tracking_process import ALREADY_SERVED, DATABASE, LOCK_FILE, store_uri

# A killed process leaves at most one part half gone. Each part costs a look at all that is in the trash.
_PART, _MOST_PARTS = 50, 20
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
    parts = list(_parts(left))
    for number, part in enumerate(parts):
        models = [model for run in part for model in left[run]] + (orphans if number == 0 else [])
        _purge_part(store, folder, part, models)
        print(json.dumps({"done": number + 1, "of": len(parts)}), flush=True)  # noqa: T201 - read by `purging`
    if not parts and orphans:
        _purge_part(store, folder, [], orphans)


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


def _purge_part(store: Any, folder: Path, runs: Sequence[str], models: Sequence[str]) -> None:
    present = [one for one in models if _found(store.get_logged_model, one, allow_deleted=True) is not None]
    _free_room(store, runs, present)
    bin_id = store.create_experiment(f"{_BIN}{uuid.uuid4().hex}")
    # What is not named is taken for "all in the trash": there is always a model to name, too.
    present.append(store.create_logged_model(bin_id, "bin").model_id)
    if not runs:
        runs = [_run_in(store, bin_id)]
    for model in present:
        store.delete_logged_model(model)
    store.delete_experiment(bin_id)
    bins = [one.experiment_id for one in _deleted_bins(store)]
    arguments = ["gc", "--backend-store-uri", store_uri(folder), "--tracking-uri", store_uri(folder)]
    arguments += ["--run-ids", ",".join(runs), "--logged-model-ids", ",".join(present)]
    arguments += ["--experiment-ids", ",".join(bins)]
    command: Any = importlib.import_module("mlflow.cli").cli
    with contextlib.redirect_stdout(sys.stderr):
        command.main(arguments, prog_name="mlflow", standalone_mode=False)


def _free_room(store: Any, runs: Sequence[str], models: Sequence[str]) -> None:
    """Delete the files first, as `gc` does too: on a full disk its database can be written only after."""
    registry: Any = importlib.import_module("mlflow.store.artifact.artifact_repository_registry")
    uris = [store.get_run(run).info.artifact_uri for run in runs]
    uris += [store.get_logged_model(model, allow_deleted=True).artifact_location for model in models]
    for uri in uris:
        registry.get_artifact_repository(uri).delete_artifacts()


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


def _found(get: Any, identity: str, **how: bool) -> Any:
    problem: Any = importlib.import_module("mlflow.exceptions").MlflowException
    try:
        return get(identity, **how)
    except problem as error:
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            return None
        raise


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
