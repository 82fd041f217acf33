"""Artifacts: the tree, and previews that read no more than a head."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from longshore.errors import Invalid, NotFound
from longshore.mlflow_rest import artifacts as rest
from longshore.mlflow_rest import runs
from longshore.mlflow_rest.client import Client
from longshore.mlflow_rest.types import Run
from longshore.tracking import artifacts
from tests.support.models import MadeModels

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


@pytest.fixture
def run(client: Client, new_run: Callable[..., Run]) -> Run:
    made = new_run()
    rest.upload_many(
        client,
        made.id,
        {
            "plots/curve.png": PNG,
            "metrics.json": b'{"rmse":0.5,"per_class":{"a":1}}',
            "table.csv": 'name,v\u00e4rde\n"a,b",1\nc,2\n'.encode(),
            "notes.txt": "Gr\u00fc\u00dfe\n".encode(),
            "empty.txt": b"",
            "weights.bin": bytes(range(256)) * 10,
            "latin.log": "caf\u00e9 au lait, all the rest is fine\n".encode("latin-1"),
        },
    )
    return runs.get(client, made.id)


def test_that_the_tree_shows_folders_first_with_names_and_sizes(client: Client, run: Run) -> None:
    root = artifacts.tree(client, run.id)
    assert [entry.name for entry in root][:3] == ["plots", "empty.txt", "latin.log"]
    (picture,) = artifacts.tree(client, run.id, "plots")
    assert (picture.path, picture.name, picture.size_bytes) == ("plots/curve.png", "curve.png", len(PNG))
    assert artifacts.tree(client, run.id, "no such folder") == ()


def test_that_each_kind_of_file_is_shown_as_what_it_is(client: Client, run: Run) -> None:
    def shown(path: str) -> artifacts.Preview:
        return artifacts.preview(client, run.id, path)

    assert (shown("plots/curve.png").kind, shown("plots/curve.png").image_bytes) == ("image", PNG)
    assert shown("metrics.json").kind == "json"
    assert '\n  "rmse": 0.5' in shown("metrics.json").text
    assert shown("table.csv").rows == (("name", "v\u00e4rde"), ("a,b", "1"), ("c", "2"))
    assert (shown("notes.txt").kind, shown("notes.txt").text) == ("text", "Gr\u00fc\u00dfe\n")
    assert (shown("empty.txt").kind, shown("empty.txt").text, shown("empty.txt").truncated) == ("text", "", False)
    assert (shown("weights.bin").kind, shown("weights.bin").size_bytes) == ("binary", 2560)
    assert shown("latin.log").text.startswith("caf\ufffd au lait")


def test_that_a_big_file_is_read_by_its_head_alone(client: Client, new_run: Callable[..., Run]) -> None:
    run = new_run()
    lines = "".join(f"{number},\u00e9\u00e9\u00e9\n" for number in range(60_000)).encode()
    rest.upload_many(client, run.id, {"big.csv": b"n,text\n" + lines, "big.json": b"[" + b"1," * 300_000 + b"1]"})
    table = artifacts.preview(client, run.id, "big.csv")
    assert (table.kind, table.truncated, len(table.rows)) == ("csv", True, 201)
    assert len(table.text.encode()) <= 256 * 1024
    assert table.rows[200] == ("199", "\u00e9\u00e9\u00e9")
    document = artifacts.preview(client, run.id, "big.json")
    assert (document.kind, document.truncated) == ("json", True)
    assert len(json.loads(document.text)) == 256 * 1024 // 2 - 1, "all whole values of the head"


def test_that_a_picture_too_large_to_show_is_not_fetched(
    client: Client, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(artifacts, "_IMAGE_BYTES", 10)
    found = artifacts.preview(client, run.id, "plots/curve.png")
    assert (found.kind, found.size_bytes, found.image_bytes) == ("too_large", len(PNG), b"")


def test_that_a_missing_file_and_a_folder_are_told(client: Client, run: Run) -> None:
    with pytest.raises(NotFound, match=r"no artifact nothing\.txt"):
        artifacts.preview(client, run.id, "nothing.txt")
    with pytest.raises(Invalid, match="folder"):
        artifacts.preview(client, run.id, "plots")


def test_that_a_logged_models_files_are_in_the_tree_and_can_be_read(client: Client, logged_models: MadeModels) -> None:
    made = logged_models.signed
    model = artifacts.tree(client, made.run_id)[0]
    assert (model.is_dir, model.model_id) == (True, made.model_id)
    files = {entry.name: entry for entry in artifacts.tree(client, made.run_id, model_id=made.model_id)}
    shown = artifacts.preview(client, made.run_id, files["MLmodel"].path, model_id=made.model_id)
    assert shown.kind == "text"
    assert "flavors:" in shown.text


@pytest.mark.parametrize(
    ("path", "head", "kind"),
    [
        ("a.png", b"not a picture", "text"),
        ("a.svg", b"<svg xmlns='x'/>", "image"),
        ("a.json", b"{broken", "text"),
        ("a.json", b"[" * 100_000, "text"),
        ("a.csv", b'"never closed', "csv"),
        ("a.csv", b"\0\1", "binary"),
        ("a.tsv", b"a\tb\n1\t2\n", "csv"),
        ("noname", b"\xff\xfe\xfd\xfc", "binary"),
        ("a.json", json.dumps({"\u00e9": 1}).encode("utf-8-sig"), "json"),
    ],
)
def test_that_content_decides_where_a_name_is_wrong(path: str, head: bytes, kind: str) -> None:
    assert artifacts.preview_of(path, head, size_bytes=len(head), truncated=False).kind == kind


def test_that_a_cut_inside_a_character_is_no_binary() -> None:
    head = ("\u00e9" * 100).encode()[:-1]
    assert artifacts.preview_of("a.txt", head, size_bytes=500, truncated=True).text == "\u00e9" * 99
