"""Data files: their hashes as DVC writes them, which ones a run reads, and what it wrote."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from longshore.data import files
from longshore.settings import Home


def write(folder: Path, **contents: str) -> Path:
    for name, text in contents.items():
        path = folder / name.replace("__", "/").replace("_csv", ".csv").replace("_py", ".py").replace("_txt", ".txt")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=3000))
def test_that_a_hash_is_the_md5_of_the_bytes_as_dvc_keeps_it(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.bin").write_bytes(content)
    (found,) = files.fingerprint(tmp_path, ["a.bin"])
    assert (found.path, found.size_bytes, found.md5) == ("a.bin", len(content), hashlib.md5(content).hexdigest())


def test_that_a_changed_file_gets_another_hash_though_a_cache_knows_it(tmp_path: Path, home: Home) -> None:
    write(tmp_path, a_csv="one")
    before = files.fingerprint(tmp_path, ["a.csv"], home=home)
    assert files.fingerprint(tmp_path, ["a.csv"], home=home) == before
    write(tmp_path, a_csv="two")
    assert files.fingerprint(tmp_path, ["a.csv"], home=home) != before


def test_that_a_missing_file_is_left_out_and_a_folder_is_taken_whole(tmp_path: Path) -> None:
    write(tmp_path, data__a_csv="1", data__sub__b_csv="2")
    found = files.fingerprint(tmp_path, ["data", "gone.csv"])
    assert [one.path for one in found] == ["data/a.csv", "data/sub/b.csv"]


def test_that_parameters_and_the_scripts_own_paths_are_its_inputs(tmp_path: Path) -> None:
    script = "from pathlib import Path\nx = Path('data') / 'train.csv'\ny = 'data/test.csv'\nz = 'data'\n"
    write(tmp_path, train_py=script, data__train_csv="1", data__test_csv="2", other_csv="3", unused_csv="4")
    found = files.inputs_of(tmp_path, ["--extra=other.csv", "--depth", "3"], Path("train.py"))
    assert sorted(found) == ["data/test.csv", "data/train.csv", "other.csv"]


def test_that_code_and_what_declares_the_environment_are_no_inputs(tmp_path: Path) -> None:
    write(
        tmp_path,
        train_py="a = 'requirements.txt'\nb = 'train.py'\nc = './data.csv'\n",
        requirements_txt="x",
        data_csv="1",
    )
    assert files.inputs_of(tmp_path, [], Path("train.py")) == ["data.csv"]


def test_that_paths_out_of_the_project_and_hidden_files_are_no_inputs(tmp_path: Path) -> None:
    project = write(tmp_path / "project", a_csv="1")
    write(tmp_path, secret_txt="s")
    (project / ".env").write_text("TOKEN=1")
    (project / "link.txt").symlink_to(tmp_path / "secret.txt")
    assert files.inputs_of(project, ["../secret.txt", ".env", str(tmp_path / "secret.txt"), "link.txt", "a.csv"]) == [
        "a.csv"
    ]


def test_that_what_a_run_wrote_is_found_without_reading_anything(tmp_path: Path) -> None:
    write(tmp_path, data__old_csv="1", data__changed_csv="1", train_py="x")
    before = files.snapshot(tmp_path)
    write(tmp_path, data__changed_csv="22", data__new_csv="3", train_py="y")
    assert files.changed_since(before) == ("data/changed.csv", "data/new.csv")


def test_that_a_file_that_was_touched_only_counts_as_changed(tmp_path: Path) -> None:
    write(tmp_path, a_csv="1")
    before = files.snapshot(tmp_path)
    os.utime(tmp_path / "a.csv", (time.time() + 5, time.time() + 5))
    assert files.changed_since(before) == ("a.csv",)


def test_that_a_folder_has_the_hash_that_dvc_gives_it(tmp_path: Path) -> None:
    """The hash is what `dvc add data` of DVC 3.67.1 wrote for these three files."""
    write(tmp_path, data__a_txt="x\n", data__b__c_csv="y\n")
    (tmp_path / "data" / "b-1.txt").write_text("z")
    found = files.fingerprint(tmp_path, ["data"])
    assert files.folder_md5(found, "data") == "d242595cc2599c6f4ab801a515886740.dir"
