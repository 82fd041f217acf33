"""Folders of artifacts on a real server: counted, described, copied whole, and never out of their place."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from longshore.errors import Cancelled, Invalid, NotFound
from longshore.mlflow_rest import artifacts as rest
from longshore.mlflow_rest.client import Client
from longshore.mlflow_rest.types import Artifact, Run
from longshore.progress import CancelToken
from longshore.tracking import artifact_folders, artifacts, local_copies
from tests.support.models import MadeModels


@pytest.fixture
def run(client: Client, new_run: Callable[..., Run]) -> Run:
    made = new_run()
    files = {"plots/s_1.png": b"1", "plots/s_2.png": b"22", "plots/deep/x.txt": b"333", "top.txt": b"t"}
    rest.upload_many(client, made.id, files)
    return made


def test_that_a_folder_tells_its_files_their_size_and_its_images(client: Client, run: Run) -> None:
    found = artifact_folders.folder_preview(client, run.id, "plots")
    assert (found.files, found.size_bytes, found.whole, found.model) == (3, 6, True, None)
    assert [(image.path, image.step) for image in found.images] == [("plots/s_1.png", 1), ("plots/s_2.png", 2)]


def test_that_a_models_folder_tells_what_the_model_is(client: Client, logged_models: MadeModels) -> None:
    made = logged_models.signed
    found = artifact_folders.folder_preview(client, made.run_id, "", model_id=made.model_id)
    assert found.model is not None
    assert any(flavor.startswith("python_function") for flavor in found.model.flavors)
    assert found.model.inputs
    assert found.model.requirements
    assert found.files > 2
    assert found.size_bytes > 100


def test_that_a_folder_is_copied_whole(client: Client, run: Run, tmp_path: Path) -> None:
    told: list[float | None] = []
    count = artifact_folders.download_folder(
        client, run.id, "plots", tmp_path / "here", progress=lambda part, _: told.append(part)
    )
    assert count == 3
    assert (tmp_path / "here/deep/x.txt").read_bytes() == b"333"
    assert (tmp_path / "here/s_2.png").read_bytes() == b"22"
    assert not list((tmp_path / "here").rglob("*.part"))
    assert told == sorted(told, key=lambda part: part or 0)


def test_that_all_of_a_run_is_copied(client: Client, run: Run, tmp_path: Path) -> None:
    assert artifact_folders.download_folder(client, run.id, "", tmp_path / "all") == 4
    assert (tmp_path / "all/plots/deep/x.txt").read_bytes() == b"333"


def test_that_a_cancelled_copy_ends_and_an_empty_folder_is_said(client: Client, run: Run, tmp_path: Path) -> None:
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        artifact_folders.download_folder(client, run.id, "plots", tmp_path / "a", cancel=token)
    with pytest.raises(NotFound):
        artifact_folders.download_folder(client, run.id, "nothing", tmp_path / "b")


@pytest.mark.parametrize(
    "path", ["plots/../../evil", "plots//etc/passwd", "plots/a\\..\\b", "plots/con.txt", "plots/a:b"]
)
def test_that_a_path_that_climbs_out_is_refused(
    client: Client, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """A stock server lists no such path; a hostile one may."""
    monkeypatch.setattr(rest, "listing", lambda *_: (Artifact(path, False, 1),))
    with pytest.raises(Invalid, match="name that can't be a file's"):
        artifact_folders.download_folder(client, run.id, "plots", tmp_path / "here")
    assert not list(tmp_path.rglob("*"))


def test_that_a_folder_that_lists_itself_is_counted_once(
    client: Client, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        rest, "listing", lambda _c, _r, path="": (Artifact(path, True, None), Artifact("x", True, None))
    )
    assert artifact_folders.folder_preview(client, run.id, "plots").files == 0
    endless = lambda _c, _r, path="": (Artifact(f"{path}/d", True, None), Artifact(f"{path}/f", False, 1))  # noqa: E731
    monkeypatch.setattr(rest, "listing", endless)
    assert artifact_folders.folder_preview(client, run.id, "plots").whole is False


def test_that_a_parquet_file_is_previewed_through_the_server(
    client: Client, new_run: Callable[..., Run], tmp_path: Path
) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    run = new_run()
    pq.write_table(pa.table({"id": list(range(5_000)), "name": ["a", None] * 2_500}), tmp_path / "t.parquet")
    rest.upload_many(client, run.id, {"t.parquet": tmp_path / "t.parquet", "broken.parquet": b"PAR1 no PAR1"})
    shown = artifacts.preview(client, run.id, "t.parquet")
    assert (shown.kind, shown.columns) == ("parquet", 2)
    assert shown.table is not None
    assert [dataclasses.astuple(column) for column in shown.table.columns] == [
        ("id", "int64", 0), ("name", "string", 2_500),
    ]  # fmt: skip
    broken = artifacts.preview(client, run.id, "broken.parquet")
    assert (broken.kind, broken.data[:4]) == ("binary", b"PAR1")
    assert broken.note


def test_that_a_part_of_a_file_is_read_from_its_place(client: Client, run: Run) -> None:
    rest.upload(client, run.id, "digits", b"0123456789" * 1000)
    assert rest.download_range(client, run.id, "digits", 9_995, 20) == b"56789"
    assert rest.download_range(client, run.id, "digits", 3, 4) == b"3456"
    assert rest.download_range(client, run.id, "digits", 50_000, 4) == b""


def test_that_a_copy_for_another_program_is_readable_and_not_executable(
    client: Client, run: Run, tmp_path: Path
) -> None:
    made = local_copies.copy_file(client, run.id, "plots/deep/x.txt", tmp_path / "copies")
    assert (made.name, made.read_bytes()) == ("x.txt", b"333")
    assert not made.stat().st_mode & 0o111


@pytest.mark.parametrize(
    ("name", "safe"),
    [("a.png", "a.png"), ("..", "_"), ("a/b", "a_b"), ("con", "_con"), ("nul.txt", "_nul.txt"), ("x. . ", "x"),
     ("gpj.\u202eexe", "gpj._exe"), ("é ü.csv", "é ü.csv"), ("a:b|c", "a_b_c")],
)  # fmt: skip
def test_that_names_are_made_harmless(name: str, safe: str) -> None:
    assert local_copies.safe_name(name) == safe
    assert len(local_copies.safe_name(name * 100)) <= 120


def test_that_what_a_system_would_run_is_known() -> None:
    for name in ("a.exe", "plot.png.LNK", "x.desktop", "run.sh", "a.py", "a.js", "a.url", "a.exe. ."):
        assert local_copies.runs_when_opened(name)
    for name in ("a.png", "README", "a.csv", "report.html", "model.pkl"):
        assert not local_copies.runs_when_opened(name)
