"""What is broken, old or huge in a place that runs are imported from: each comes over as far as it can, or is named."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tracemalloc
import uuid
from pathlib import Path

import pytest

from longshore.errors import Invalid
from longshore.mlflow_rest import artifacts, metrics, runs
from longshore.mlflow_rest.client import Client
from longshore.registry import files, models
from longshore.tracking.imports import mlruns
from longshore.tracking.imports.copying import import_found
from longshore.tracking.imports.finding import find
from longshore.tracking.imports.types import Found
from longshore.workspace import database_file
from tests.tracking.test_imports import git, write_events

ROOT = Path(__file__).parents[2]
# The first schema that numbers its revisions, MLflow 1.x before steps, and one of MLflow 2.
OLD = ("90e64c465722", "451aebb31d03", "7f2a7d5fae7d")


@pytest.fixture
def project() -> str:
    return f"faulty-{uuid.uuid4().hex[:8]}"


def stored_run(store: Path, **about: str) -> Path:
    """A run of MLflow's file store, with one metric."""
    folder = store / "1" / uuid.uuid4().hex
    (folder / "metrics").mkdir(parents=True)
    (store / "1" / "meta.yaml").write_text("name: e\n")
    facts = {"run_name": "r", "start_time": "1600000000000", "status": "3"} | about
    (folder / "meta.yaml").write_text("".join(f"{key}: {value}\n" for key, value in sorted(facts.items())))
    (folder / "metrics" / "loss").write_text("1600000000000 0.5 0\n")
    return folder


@pytest.mark.parametrize("revision", OLD)
def test_that_a_database_of_an_older_mlflow_is_imported_but_not_opened_and_never_migrated(
    client: Client, tmp_path: Path, project: str, revision: str
) -> None:
    file = tmp_path / "mlflow.db"
    command = [sys.executable, "-m", "tests.support.old_store", str(file), revision]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    made = done.stdout.partition("MADE ")[2].strip()
    before = file.read_bytes()
    with pytest.raises(Invalid, match="made by another version of MLflow") as refused:
        database_file.check(file)
    assert revision in refused.value.reason
    assert "longshore import" in (refused.value.hint or "")
    (found,) = find(tmp_path)
    done_import = import_found(client, found, project=project)
    assert done_import.skipped == ()
    run = runs.get(client, done_import.created[0])
    assert (run.name, run.params, run.metrics, run.user) == ("veteran", {"lr": "0.1"}, {"loss": 0.5}, "ada")
    assert run.tags["longshore.imported_id"] == made
    assert file.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["mlflow.db"]


def test_that_a_meta_file_cut_off_anywhere_is_named_and_the_other_runs_come(
    client: Client, tmp_path: Path, project: str
) -> None:
    store = tmp_path / "mlruns"
    whole = stored_run(store)
    content = (whole / "meta.yaml").read_bytes()
    cut = {}
    for length in range(0, content.index(b"status: 3"), 7):
        folder = stored_run(store)
        (folder / "meta.yaml").write_bytes(content[:length])
        cut[folder.name] = length
    (found,) = find(tmp_path)
    done = import_found(client, found, project=project)
    assert [runs.get(client, run_id).tags["longshore.imported_id"] for run_id in done.created] == [whole.name]
    assert {each.id for each in done.skipped} == set(cut)
    assert all("meta.yaml" in each.reason for each in done.skipped)


def test_that_a_metric_of_a_million_lines_is_read_a_line_at_a_time_and_what_is_broken_in_it_is_counted(
    tmp_path: Path,
) -> None:
    folder = stored_run(tmp_path / "mlruns")
    with (folder / "metrics" / "loss").open("w") as file:
        for step in range(1_000_000):
            file.write(f"1600000000000 {step}.5 {step}\n" if step % 4 else "garbage without end\n")
        file.write("7" * 5_000_000)
    (source,) = mlruns.runs(Found("mlruns", tmp_path / "mlruns", tmp_path, 1, 0))
    content = source.read()
    tracemalloc.start()
    try:
        assert sum(1 for _ in content.metrics) == 750_000
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()
    (remark,) = content.remarks
    assert remark.endswith("lines of metric loss cannot be read and were left out.")


def test_that_models_of_mlflow_3_come_along_with_their_run_and_lead_to_a_registered_version(
    client: Client, tmp_path: Path, project: str
) -> None:
    store = tmp_path / "mlruns"
    folder = stored_run(store)
    model_id = f"m-{uuid.uuid4().hex}"
    model = store / "1" / "models" / model_id
    (model / "artifacts").mkdir(parents=True)
    (model / "meta.yaml").write_text("name: forest\n")
    (model / "artifacts" / "MLmodel").write_text(f"run_id: {folder.name}\nflavors: {{}}\n")
    (model / "artifacts" / "model.bin").write_bytes(b"weights")
    (folder / "outputs" / model_id).mkdir(parents=True)
    (found,) = find(tmp_path)
    (run_id,) = import_found(client, found, project=project).created
    assert artifacts.download(client, run_id, "forest/model.bin") == b"weights"
    version = models.register(client, run_id, f"m-{uuid.uuid4().hex[:8]}")
    assert files.read(client, version, "model.bin") == b"weights"


def test_that_event_files_cut_anywhere_give_what_stands_before_or_are_named(
    client: Client, tmp_path: Path, project: str
) -> None:
    file = write_events(tmp_path / "runs" / "whole", [("loss", 1.0, 0), ("loss", 0.5, 1)])
    content = file.read_bytes()
    for length in range(0, len(content), 9):
        folder = tmp_path / "runs" / f"cut-{length:03}"
        folder.mkdir()
        (folder / f"{file.name}.{length}").write_bytes(content[:length])
    (found,) = find(tmp_path)
    done = import_found(client, found, project=project)
    assert len(done.created) + len(done.skipped) == found.runs
    assert {each.reason for each in done.skipped} <= {"Its event files hold nothing that can be read."}
    for run_id in done.created:
        points = [point.value for point in metrics.history(client, run_id, "loss")]
        assert points == [1.0, 0.5][: len(points)]
    whole = next(run_id for run_id in done.created if runs.get(client, run_id).name == "whole")
    assert len(metrics.history(client, whole, "loss")) == 2


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("metrics.json", b"\x00\xff garbage"),
        ("metrics.json", b"[1, 2]"),
        ("metrics.json", b"[" * 100_000),
        ("params.yaml", b"a: &a [*a]\nb: [unclosed"),
        ("plots/metrics/loss.tsv", b'step\tloss\n0\t"' + b"x" * 200_000),
        ("plots/metrics/loss.tsv", b"step\tloss\n\x00\x00\x00"),
    ],
)
def test_that_garbage_in_a_dvclive_folder_is_named_or_passed_over_and_nothing_is_half_made(
    client: Client, tmp_path: Path, project: str, name: str, content: bytes
) -> None:
    folder = tmp_path / "dvclive"
    (folder / "plots" / "metrics").mkdir(parents=True)
    (folder / "metrics.json").write_text(json.dumps({"step": 1, "acc": 0.5}))
    (folder / name).write_bytes(content)
    (found,) = find(tmp_path)
    done = import_found(client, found, project=project)
    assert len(done.created) + len(done.skipped) == 1
    if done.skipped:
        assert done.skipped[0].reason.endswith(".")
    else:
        assert runs.get(client, done.created[0]).metrics == {"acc": 0.5}


def test_that_dvcs_experiments_come_though_the_cache_is_missing_and_what_lay_there_is_named(
    client: Client, tmp_path: Path, project: str
) -> None:
    (tmp_path / ".dvc" / "cache").mkdir(parents=True)
    (tmp_path / ".dvc" / "config").write_text("")
    (tmp_path / ".gitignore").write_text("cached.json\n.dvc/cache\n")
    (tmp_path / "dvc.yaml").write_text("stages:\n  train:\n    cmd: x\n    metrics: [m.json, cached.json]\n")
    (tmp_path / "m.json").write_text('{"acc": 0.75}')
    (tmp_path / "params.yaml").write_text("lr: 0.5\n")
    git(tmp_path, "init", "-q", ".")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "base")
    base = git(tmp_path, "rev-parse", "HEAD")
    commit = git(tmp_path, "commit-tree", git(tmp_path, "write-tree"), "-p", base, "-m", "experiment")
    git(tmp_path, "update-ref", f"refs/exps/{base[:2]}/{base[2:]}/puffy-mole", commit)
    shutil.rmtree(tmp_path / ".dvc" / "cache")
    (found,) = find(tmp_path)
    done = import_found(client, found, project=project)
    run = runs.get(client, done.created[0])
    assert (run.params, run.metrics) == ({"lr": "0.5"}, {"acc": 0.75})
    assert any("cached.json is not in git (DVC keeps it in its cache)" in remark for remark in done.remarks)
    # An experiment whose objects were lost with a clone is left out, and the other one is still there.
    broken = tmp_path / ".git" / "refs" / "exps" / base[:2] / base[2:] / "lost-mole"
    broken.write_text("f" * 40 + "\n")
    again = import_found(client, find(tmp_path)[0], project=project)
    assert (again.created, again.already) == ((), done.created)
    assert [(each.name, "Git has not all of its commit" in each.reason) for each in again.skipped] == [
        ("lost-mole", True)
    ]
