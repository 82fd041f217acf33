"""Runs that exist already: real stores of MLflow, real event files, and what is broken in them."""

from __future__ import annotations

import json
import math
import os
import struct
import subprocess
import sys
import uuid
from datetime import UTC, datetime
from pathlib import Path

import pytest

from longshore.errors import Cancelled
from longshore.mlflow_rest import artifacts, metrics, runs
from longshore.mlflow_rest.client import Client
from longshore.progress import CancelToken
from longshore.tracking import table
from longshore.tracking.imports.copying import ID_TAG, WHOLE_TAG, import_found
from longshore.tracking.imports.event_file import masked_crc
from longshore.tracking.imports.finding import find

ROOT = Path(__file__).parents[2]


@pytest.fixture
def project() -> str:
    return f"old-{uuid.uuid4().hex[:8]}"


def make_store(folder: Path, uri: str) -> dict[str, str]:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tests/support/log_old_runs.py"), uri],
        cwd=folder, capture_output=True, text=True, encoding="utf-8", check=False,
        env={**os.environ, "MLFLOW_ALLOW_FILE_STORE": "true"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    made: dict[str, str] = json.loads(done.stdout.partition("MADE ")[2])
    return made


@pytest.mark.parametrize("kind", ["mlruns", "mlflow.db"])
def test_that_a_store_of_mlflow_comes_over_whole_and_once(
    client: Client, tmp_path: Path, project: str, kind: str
) -> None:
    made = make_store(
        tmp_path, (tmp_path / "mlruns").as_uri() if kind == "mlruns" else f"sqlite:///{tmp_path}/mlflow.db"
    )
    before = {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*")}
    (found,) = find(tmp_path)
    assert (found.kind, found.runs) == (kind, 2)
    # A first attempt is stopped in the middle.
    cancel = CancelToken()
    with pytest.raises(Cancelled):
        import_found(
            client, found, project=project, cancel=cancel,
            progress=lambda fraction, _: cancel.cancel() if fraction == 0 else None,
        )  # fmt: skip
    assert len(table.search(client, project=project).rows) == 0, "a half made run stays in the table"

    cancel = CancelToken()
    done = import_found(client, found, project=project)
    assert (len(done.created), len(done.already), done.skipped) == (2, 0, ())
    again = import_found(client, found, project=project)
    assert (again.created, len(again.already)) == ((), 2)
    here = {row.tags[ID_TAG]: runs.get(client, row.run_id) for row in table.search(client, project=project).rows}
    parent, child = here[made["parent"]], here[made["child"]]
    assert (parent.name, parent.status, child.status) == ("parent \U0001f98a", "FINISHED", "FAILED")
    assert parent.start_time == datetime.fromtimestamp(1_600_000_000, UTC)
    assert parent.end_time == datetime.fromtimestamp(1_600_000_060, UTC)
    assert parent.params == {"long": "x" * 6000, "face": "\U0001f600 \u05e9\u05dc\u05d5\u05dd"}
    assert parent.tags["mlflow.note.content"] == "# A note\n"
    assert child.tags["mlflow.parentRunId"] == parent.id
    loss = metrics.history(client, parent.id, "loss")
    assert [(point.step, point.timestamp_ms) for point in loss] == [(n, 1_600_000_000_000 + n) for n in range(2500)]
    assert parent.metrics["Loss"] == 7.0
    assert math.isnan(parent.metrics["val/nan"])
    assert (parent.metrics["val/inf"], parent.metrics["val/minus"]) == (math.inf, -math.inf)
    assert artifacts.download(client, parent.id, "notes/a.txt") == b"hello"
    assert {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*")} == before, "the source was written to"


def test_that_a_half_imported_run_is_finished_not_doubled(client: Client, tmp_path: Path, project: str) -> None:
    write_events(tmp_path / "runs" / "a", [("loss", 1.0, 0), ("loss", 0.5, 1)])
    (found,) = find(tmp_path)
    (run_id,) = import_found(client, found, project=project).created
    runs.delete_tag(client, run_id, WHOLE_TAG)  # as a kill before the end leaves it
    assert import_found(client, found, project=project).created == (run_id,)
    assert [point.value for point in metrics.history(client, run_id, "loss")] == [1.0, 0.5]


def test_that_links_out_of_a_run_and_broken_runs_are_left_out_with_their_reason(
    client: Client, tmp_path: Path, project: str
) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("password")
    store = tmp_path / "p" / "mlruns" / "1"
    good, bad = "a" * 32, "b" * 32
    for name in (good, bad):
        (store / name / "artifacts").mkdir(parents=True)
    (store / "meta.yaml").write_text("name: e\n")
    (store / good / "meta.yaml").write_text("run_name: good\nstatus: 3\nstart_time: 1600000000000\n")
    (store / bad / "meta.yaml").write_text("run_name: [unclosed\n")
    (store / good / "artifacts" / "stolen.txt").symlink_to(secret)
    (store / good / "artifacts" / "mine.txt").write_text("mine")
    (found,) = find(tmp_path / "p")
    done = import_found(client, found, project=project)
    assert [skipped.id for skipped in done.skipped] == [bad]
    assert "meta.yaml cannot be read" in done.skipped[0].reason
    assert [each.path for each in artifacts.listing(client, done.created[0])] == ["mine.txt"]
    assert "stolen.txt is a link that leaves" in done.remarks[0]


def test_that_a_cut_off_event_file_gives_what_stands_before_the_cut(
    client: Client, tmp_path: Path, project: str
) -> None:
    file = write_events(tmp_path / "runs" / "a", [("train/loss", 1.0, 0), ("train/loss", 0.5, 1)])
    file.write_bytes(file.read_bytes()[:-5])
    (found,) = find(tmp_path)
    done = import_found(client, found, project=project)
    assert [point.value for point in metrics.history(client, done.created[0], "train/loss")] == [1.0]
    assert "cut off" in done.remarks[0]


def write_events(folder: Path, points: list[tuple[str, float, int]]) -> Path:
    """Write an event file as TensorFlow does: independent of the reader but for the checksum, which has its own test."""
    folder.mkdir(parents=True)
    file = folder / f"events.out.tfevents.1600000000.{uuid.uuid4().hex[:6]}.1.0"
    records = [b"\x09" + struct.pack("<d", 1.6e9) + b"\x1a\x0dbrain.Event:2"]
    for tag, value, step in points:
        inner = b"\x0a" + bytes([len(tag)]) + tag.encode() + b"\x15" + struct.pack("<f", value)
        summary = b"\x0a" + bytes([len(inner)]) + inner
        time = b"\x09" + struct.pack("<d", 1.6e9 + step)
        records.append(time + b"\x10" + bytes([step]) + b"\x2a" + bytes([len(summary)]) + summary)
    with file.open("wb") as output:
        for record in records:
            head = struct.pack("<Q", len(record))
            output.write(head + struct.pack("<I", masked_crc(head)) + record + struct.pack("<I", masked_crc(record)))
    return file


def test_that_the_checksum_is_the_one_of_rfc_3720() -> None:
    crc = 0xE3069283  # of "123456789", by that RFC's tables
    assert masked_crc(b"123456789") == (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    return subprocess.run(
        ["git", *who, *arguments], cwd=folder, capture_output=True, text=True, check=True
    ).stdout.strip()


def test_that_dvcs_experiments_come_with_the_parameters_and_metrics_of_their_commits(
    client: Client, tmp_path: Path, project: str
) -> None:
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc" / "config").write_text("")
    (tmp_path / "dvc.yaml").write_text(
        "stages:\n  train:\n    cmd: x\n    params: [lr]\nmetrics:\n- m.json\n- ../out.json\n"
    )
    (tmp_path / "m.json").write_text('{"acc": NaN, "by": {"cat": 0.75}}')
    (tmp_path / "params.yaml").write_text("lr: 0.5\n")
    git(tmp_path, "init", "-q", ".")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "base")
    base = git(tmp_path, "rev-parse", "HEAD")
    (tmp_path / "params.yaml").write_text("lr: 0.7\n")
    git(tmp_path, "add", "-A")
    commit = git(tmp_path, "commit-tree", git(tmp_path, "write-tree"), "-p", base, "-m", "experiment")
    git(tmp_path, "update-ref", f"refs/exps/{base[:2]}/{base[2:]}/puffy-mole", commit)
    git(tmp_path, "update-ref", "refs/exps/exec/EXEC_HEAD", commit)
    (found,) = find(tmp_path)
    done = import_found(client, found, project=project)
    run = runs.get(client, done.created[0])
    assert (run.name, run.params, run.tags[ID_TAG]) == ("puffy-mole", {"lr": "0.7"}, commit)
    assert run.metrics["by.cat"] == 0.75
    assert math.isnan(run.metrics["acc"])
    assert "outside of the project" in " ".join(done.remarks)
    git(tmp_path, "pack-refs", "--all")
    assert find(tmp_path) == (found,)


def write_with_tensorboard_x(folder: Path) -> None:
    """Write what TensorFlow 2 and the hparams plugin write, with the messages of another project."""
    from tensorboardX import SummaryWriter
    from tensorboardX.proto.event_pb2 import Event
    from tensorboardX.proto.summary_pb2 import Summary
    from tensorboardX.proto.tensor_pb2 import TensorProto
    from tensorboardX.proto.tensor_shape_pb2 import TensorShapeProto

    writer = SummaryWriter(str(folder), write_to_disk=True)
    for step in range(3):
        writer.add_scalar("loss", 1 / (step + 1), step)
        scalar = TensorProto(dtype="DT_FLOAT", float_val=[0.25 * step], tensor_shape=TensorShapeProto())
        packed = TensorProto(dtype="DT_DOUBLE", tensor_content=struct.pack("<d", -1.5 * step))
        image = TensorProto(dtype="DT_FLOAT", float_val=[1.0, 2.0])
        image.tensor_shape.dim.add(size=2)
        values = [("accuracy", scalar), ("gap", packed), ("pair", image)]
        summary = Summary(value=[Summary.Value(tag=tag, tensor=tensor) for tag, tensor in values])
        writer.file_writer.event_writer.add_event(Event(wall_time=1.6e9 + step, step=step, summary=summary))
    writer.add_hparams({"lr": 0.01, "depth": 4, "net": "tree", "warm": True}, {"final": 0.5}, name="same")
    writer.close()


def test_that_tensors_of_tensorflow_2_and_the_parameters_of_hparams_come_too(
    client: Client, tmp_path: Path, project: str
) -> None:
    write_with_tensorboard_x(tmp_path / "runs" / "a")
    (found,) = find(tmp_path)
    done = import_found(client, found, project=project)
    assert done.skipped == ()
    named = {runs.get(client, run_id).name: runs.get(client, run_id) for run_id in done.created}
    assert len(named) == 2
    metrics_of = {key: value for run in named.values() for key, value in run.metrics.items()}
    params_of = {key: value for run in named.values() for key, value in run.params.items()}
    assert (metrics_of["loss"], metrics_of["accuracy"], metrics_of["gap"]) == (pytest.approx(1 / 3), 0.5, -3.0)
    assert metrics_of["final"] == 0.5
    assert "pair" not in metrics_of
    assert params_of == {"lr": "0.01", "depth": "4", "net": "tree", "warm": "True"}


def test_that_a_place_that_can_no_longer_be_read_is_left_out_with_the_reason(
    client: Client, tmp_path: Path, project: str
) -> None:
    make_store(tmp_path, f"sqlite:///{tmp_path}/mlflow.db")
    (found,) = find(tmp_path)
    (tmp_path / "mlflow.db").write_bytes(b"garbage" * 100)
    done = import_found(client, found, project=project)
    assert [(skipped.name, skipped.reason) for skipped in done.skipped] == [
        ("mlflow.db", "mlflow.db is not a SQLite database.")
    ]
    assert done.created == ()
