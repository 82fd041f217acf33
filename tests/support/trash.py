"""Runs with artifacts and logged models of known sizes, and a home whose agent has a tracking server of its own."""

from __future__ import annotations

import os
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from longshore.mlflow_rest import artifacts, experiments, registry, runs
from longshore.mlflow_rest.client import Client
from longshore.settings import Home, open_home
from longshore.store import deployments, processes
from longshore.workspace.connection import connect
from tests.support.launching import wait_until


@contextmanager
def personal_home(*, tracking: Path | None = None) -> Iterator[Home]:
    """Give a home whose agent runs a tracking server of its own; both are gone at the end.

    `tracking`: where the personal workspace lies, such as on a disk of its own.
    """
    import shutil

    from tests.support.leftovers import end_everything_of

    folder = Path(tempfile.mkdtemp(prefix="ls-"))
    home = open_home(folder)
    if tracking is not None:
        tracking.mkdir()
        home.tracking.symlink_to(tracking, target_is_directory=True)
    try:
        processes.ensure_agent(home)
        wait_until(lambda: processes.server(home).state == "healthy", timeout_s=180)
        yield home
    finally:
        end_everything_of(folder)
        shutil.rmtree(folder, ignore_errors=True)


def connected(home: Home) -> Client:
    return connect(home, "personal", wait_s=180, timeout_s=60)


@dataclass(frozen=True)
class Made:
    """A finished run, its artifacts' bytes, and the model that it logged."""

    run_id: str
    model_id: str
    artifact_bytes: int
    model_bytes: int

    @property
    def total_bytes(self) -> int:
        return self.artifact_bytes + self.model_bytes


class Maker:
    """Makes runs in an experiment of its own."""

    def __init__(self, client: Client, project: str = "") -> None:
        self.client = client
        self.name = f"trash-{uuid.uuid4().hex[:8]}"
        self.experiment = experiments.ensure(client, self.name, {"longshore.project": project or self.name})

    def run(self, *, size: int = 1000, model: int = 0, name: str = "", tags: dict[str, str] | None = None) -> Made:
        run = runs.create(self.client, self.experiment.id, name=name, tags=tags)
        artifacts.upload_many(self.client, run.id, {"data/table.bin": os.urandom(size), "note.txt": b"note"})
        model_id = self.log_model(run.id, model) if model else ""
        runs.update(self.client, run.id, status="FINISHED")
        return Made(run.id, model_id, size + 4, model)

    def log_model(self, run_id: str, size: int) -> str:
        body = {"experiment_id": self.experiment.id, "name": "model", "source_run_id": run_id}
        model = self.client.write("logged-models", body)["model"]["info"]
        model_id = str(model["model_id"])
        folder = str(model["artifact_uri"]).removeprefix("mlflow-artifacts:/").strip("/")
        head = f"run_id: {run_id}\nflavors: {{}}\n".encode()
        for path, content in (("MLmodel", head), ("model.bin", os.urandom(size - len(head)))):
            self.client.send("PUT", f"/api/2.0/mlflow-artifacts/artifacts/{folder}/{path}", content=content)
        self.client.write(f"logged-models/{model_id}", {"model_id": model_id, "status": 2}, method="PATCH")
        outputs = [{"model_id": model_id, "step": 0}]
        self.client.write("runs/outputs", {"run_id": run_id, "models": outputs})
        return model_id

    def register(self, made: Made, *, alias: str = "", by_model: bool = True) -> str:
        name = f"m-{uuid.uuid4().hex[:8]}"
        registry.create(self.client, name)
        if made.model_id and by_model:
            registry.create_version(self.client, name, f"models:/{made.model_id}", model_id=made.model_id)
        else:
            uri = runs.get(self.client, made.run_id).artifact_uri
            registry.create_version(self.client, name, f"{uri}/data", run_id=made.run_id)
        if alias:
            registry.set_alias(self.client, name, alias, "1")
        return name


def deploy(home: Home, model: str, name: str, run_id: str = "") -> None:
    """Write the row of a deployment that serves version 1 of a model."""
    deployments.put(
        home, name, workspace="personal", model_name=model, model_version="1", serving_version="1",
        run_id=run_id, state="healthy", port=8412, url="http://127.0.0.1:8412",
    )  # fmt: skip


def files_below(home: Home, run_id: str) -> int:
    """Tell how many bytes the home still keeps of a run."""
    folders = list((home.tracking / "artifacts").glob(f"*/{run_id}"))
    return sum(file.stat().st_size for folder in folders for file in folder.rglob("*") if file.is_file())
