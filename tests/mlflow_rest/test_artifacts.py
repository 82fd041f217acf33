"""Artifacts go through a real server's proxy and come back byte for byte."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from longshore.errors import Cancelled, Invalid, NotFound
from longshore.mlflow_rest import artifacts, experiments, runs
from longshore.mlflow_rest.client import Client
from longshore.mlflow_rest.types import Artifact, Run
from longshore.progress import CancelToken


@pytest.fixture
def run(client: Client) -> Run:
    return runs.create(client, experiments.ensure(client, f"artifacts-{uuid.uuid4().hex[:8]}").id)


def test_that_uploaded_files_are_listed_and_read_back(client: Client, run: Run, tmp_path: Path) -> None:
    big = bytes(range(256)) * 20_000
    (tmp_path / "big").write_bytes(big)
    artifacts.upload_many(client, run.id, {"longshore/log ä+.txt": b"hello", "big": tmp_path / "big", "empty": b""})
    assert artifacts.listing(client, run.id) == (
        Artifact("big", False, len(big)),
        Artifact("empty", False, 0),
        Artifact("longshore", True, None),
    )
    assert artifacts.listing(client, run.id, "longshore") == (Artifact("longshore/log ä+.txt", False, 5),)
    assert artifacts.download(client, run.id, "longshore/log ä+.txt") == b"hello"
    assert artifacts.download(client, run.id, "big") == big
    assert artifacts.download(client, run.id, "empty") == b""


def test_that_only_the_head_of_a_large_file_is_read(client: Client, run: Run) -> None:
    artifacts.upload(client, run.id, "data.bin", b"0123456789" * 1000)
    assert artifacts.download(client, run.id, "data.bin", limit_bytes=12) == b"012345678901"
    artifacts.upload(client, run.id, "empty", b"")
    assert artifacts.download(client, run.id, "empty", limit_bytes=12) == b""


def test_that_a_download_reaches_its_file_with_progress(client: Client, run: Run, tmp_path: Path) -> None:
    artifacts.upload(client, run.id, "model.bin", b"x" * 3_000_000)
    told: list[float | None] = []
    artifacts.download_to(
        client, run.id, "model.bin", tmp_path / "here.bin", progress=lambda part, _: told.append(part)
    )
    assert (tmp_path / "here.bin").stat().st_size == 3_000_000
    assert told[-1] == 1.0
    assert told == sorted(told, key=lambda part: part or 0)


def test_that_a_cancelled_download_leaves_nothing_behind(client: Client, run: Run, tmp_path: Path) -> None:
    artifacts.upload(client, run.id, "model.bin", b"x" * 100_000)
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        artifacts.download_to(client, run.id, "model.bin", tmp_path / "here.bin", cancel=cancel)
    assert list(tmp_path.iterdir()) == []


def test_that_a_missing_artifact_is_named(client: Client, run: Run) -> None:
    with pytest.raises(NotFound, match=r"nothing\.txt"):
        artifacts.download(client, run.id, "nothing.txt")


@pytest.mark.parametrize("path", ["../escape.txt", "/etc/passwd", "a/../../b"])
def test_that_no_artifact_is_written_outside_its_run(client: Client, run: Run, path: str) -> None:
    with pytest.raises(Invalid):
        artifacts.upload(client, run.id, path, b"x")
