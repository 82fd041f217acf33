"""What two runs were made from, side by side: code, environment, data, files; on a real server and a real repository."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from longshore.errors import NotFound, Unavailable
from longshore.mlflow_rest import artifacts, runs
from longshore.mlflow_rest.client import Client
from longshore.mlflow_rest.types import DatasetInput, Run
from longshore.projects.history import between
from longshore.tracking.comparing.code import code_difference
from longshore.tracking.comparing.data import data_of
from longshore.tracking.comparing.environment import environment_difference, packages_of
from longshore.tracking.comparing.files import MOST_LINES, files_of, images_of, text_difference, unified
from longshore.tracking.content.image_steps import StepImage
from tests.support.launching import git

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40


@pytest.fixture
def repository(tmp_path: Path) -> tuple[Path, list[str]]:
    """Three commits on one branch, and one on another that begins at the first."""
    folder = tmp_path / "repo"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    shas = []
    for number in range(3):
        (folder / "train.py").write_text(f"depth = {number}\n")
        (folder / ".env").write_text(f"TOKEN=secret{number}\n")
        git(folder, "add", "-f", ".")
        git(folder, "commit", "-q", "-m", f"Step {number}")
        shas.append(git(folder, "rev-parse", "HEAD"))
    git(folder, "checkout", "-q", "-b", "side", shas[0])
    (folder / "side.py").write_text("x = 1\n")
    git(folder, "add", "side.py")
    git(folder, "commit", "-q", "-m", "Beside")
    return folder, [*shas, git(folder, "rev-parse", "HEAD")]


def test_that_commits_and_patch_between_two_runs_are_told(repository: tuple[Path, list[str]]) -> None:
    folder, shas = repository
    found = between(folder, shas[0], shas[2])
    assert [(commit.subject, commit.only_in_old) for commit in found.commits] == [("Step 2", False), ("Step 1", False)]
    assert "-depth = 0" in found.patch
    assert "+depth = 2" in found.patch
    assert "secret" not in found.patch, "what holds secrets stays out of sight"
    assert found.commits[0].author == "T"
    assert found.commits[0].time is not None


def test_that_branches_tell_what_only_each_has(repository: tuple[Path, list[str]]) -> None:
    folder, shas = repository
    found = between(folder, shas[1], shas[3])
    assert {commit.subject: commit.only_in_old for commit in found.commits} == {"Step 1": True, "Beside": False}


def test_that_commits_that_are_not_there_and_folders_without_git_are_said(
    repository: tuple[Path, list[str]], tmp_path: Path
) -> None:
    folder, shas = repository
    with pytest.raises(NotFound, match="does not hold commit ffffffff"):
        between(folder, shas[0], "f" * 40)
    with pytest.raises(NotFound, match="is no commit"):
        between(folder, "--output=/tmp/x", shas[0])
    (tmp_path / "plain").mkdir()
    with pytest.raises(Unavailable, match="holds no git repository"):
        between(tmp_path / "plain", shas[0], shas[1])


def test_that_nothing_that_a_repository_names_is_run(repository: tuple[Path, list[str]], tmp_path: Path) -> None:
    folder, shas = repository
    trap = tmp_path / "trap.sh"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\nexit 1\n")
    trap.chmod(0o755)
    header, _gap, message = git(folder, "cat-file", "commit", shas[1]).partition("\n\n")
    signature = "gpgsig -----BEGIN PGP SIGNATURE-----\n \n abc\n -----END PGP SIGNATURE-----"
    (tmp_path / "commit").write_text(f"{header}\n{signature}\n\n{message}\n")
    sha = git(folder, "hash-object", "-t", "commit", "-w", str(tmp_path / "commit"))
    (folder / ".git" / "info" / "attributes").write_text("*.py diff=trap\n")
    for key, value in {
        "log.showSignature": "true", "gpg.program": str(trap), "diff.external": str(trap), "core.pager": str(trap),
        "diff.trap.textconv": str(trap), "diff.trap.command": str(trap), "core.fsmonitor": str(trap),
    }.items():  # fmt: skip
        git(folder, "config", key, value)
    assert between(folder, shas[0], sha).commits
    assert not (tmp_path / "sprung").exists()


def test_that_the_code_of_two_runs_is_compared_with_what_was_not_committed(
    client: Client, new_run: Callable[..., Run], repository: tuple[Path, list[str]]
) -> None:
    folder, shas = repository
    one = new_run(mlflow__source__git__commit=shas[0], longshore__git__dirty="false")
    two = new_run(mlflow__source__git__commit=shas[1], longshore__git__dirty="true")
    artifacts.upload(client, two.id, "longshore/patch.diff", b"+seed = 1\n")
    found = code_difference(client, one.id, two.id, folder)
    assert found.between is not None
    assert len(found.between.commits) == 1
    assert (found.base.patch, found.other.patch) == ("", "+seed = 1\n")
    assert not found.same
    same = code_difference(client, one.id, one.id, folder)
    assert same.same
    away = code_difference(client, one.id, two.id, None)
    assert away.between is None
    assert away.problem is not None
    assert "No project is open" in away.problem.reason
    assert code_difference(client, new_run(longshore__git__dirty="true").id, two.id, folder).base.patch is None


def test_that_packages_are_added_removed_and_changed(client: Client, new_run: Callable[..., Run]) -> None:
    one, two = new_run(longshore__environment="e1"), new_run(longshore__environment="e2")
    artifacts.upload(client, one.id, "longshore/environment.lock", b"numpy==2.0\npandas==2.2\nold-one==1\n")
    artifacts.upload(client, two.id, "longshore/environment.lock", b"numpy==2.1\npandas==2.2\nNew_One==3\n")
    found = environment_difference(client, one.id, two.id)
    assert [(each.name, each.kind, each.base, each.other) for each in found.packages] == [
        ("new-one", "added", "", "3"), ("numpy", "changed", "2.0", "2.1"), ("old-one", "removed", "1", ""),
    ]  # fmt: skip
    assert (found.same, found.count("added"), found.facts) == (1, 1, (("environment", "e1", "e2"),))
    without = environment_difference(client, one.id, new_run().id)
    assert without.packages == ()
    assert len(without.without_lock) == 1


def test_that_uvs_own_lock_is_read_too() -> None:
    lock = 'version = 1\n\n[[package]]\nname = "numpy"\nversion = "2.1.0"\nsource = { registry = "x" }\n\n[[package]]\n'
    assert packages_of(lock + 'name = "my.own"\nversion = "0.1"\n') == {"numpy": "2.1.0", "my-own": "0.1"}


def test_that_data_tells_hash_size_and_rows_by_run_what_differs_first(
    client: Client, new_run: Callable[..., Run]
) -> None:
    one, two = new_run(), new_run()
    source = json.dumps({"uri": "/data/a.csv"})
    runs.log_inputs(client, one.id, [DatasetInput("a.csv", "11", source=source), DatasetInput("same.csv", "00")])
    runs.log_inputs(client, two.id, [DatasetInput("same.csv", "00"), DatasetInput("a.csv", "22", source=source)])
    listed = [{"path": "a.csv", "size_bytes": 1234, "md5": "11"}]
    artifacts.upload(client, one.id, "longshore/inputs.json", json.dumps(listed).encode())
    changed, same = data_of(client, [one.id, two.id])
    assert (changed.name, changed.same, same.name, same.same) == ("a.csv", False, "same.csv", True)
    first = changed.versions[one.id]
    assert (first.digest, first.source, first.size_bytes, first.rows) == ("11", "/data/a.csv", 1234, None)
    assert changed.versions[two.id].size_bytes is None


def test_that_the_rows_that_mlflow_profiled_are_read() -> None:
    from longshore.mlflow_rest.parsing import dataset_input

    def rows(profile: str) -> int | None:
        return dataset_input({"dataset": {"name": "a", "profile": profile}}).rows

    assert rows('{"num_rows": 7, "num_elements": 21}') == 7
    assert [rows(odd) for odd in ("", "[", "[1]", '{"num_rows": "many"}', '{"num_rows": true}')] == [None] * 5


def test_that_artifacts_are_listed_with_what_differs_and_texts_are_compared(
    client: Client, new_run: Callable[..., Run]
) -> None:
    one, two = new_run(), new_run()
    shared = {"notes.txt": b"same\n", "plots/a.png": PNG}
    artifacts.upload_many(client, one.id, {**shared, "config.yaml": b"depth: 3\nlr: 1\n", "longshore/log.txt": b"x"})
    artifacts.upload_many(client, two.id, {**shared, "config.yaml": b"depth: 12\nlr: 1\n"})
    found = files_of(client, [one.id, two.id])
    assert [(line.path, line.state) for line in found.lines] == [
        ("config.yaml", "differs"), ("notes.txt", "alike"), ("plots/a.png", "alike"), ("longshore/log.txt", "missing"),
    ]  # fmt: skip
    differs = text_difference(client, one.id, two.id, "config.yaml")
    assert differs.lines == ("@@ -1,2 +1,2 @@", "-depth: 3", "+depth: 12", " lr: 1")
    assert text_difference(client, one.id, two.id, "notes.txt").lines == ()
    assert text_difference(client, one.id, two.id, "longshore/log.txt").lines == ("@@ -1 +0,0 @@", "-x")
    assert text_difference(client, one.id, two.id, "plots/a.png").why == "Both are the same bytes."
    assert {run_id: each.kind for run_id, each in images_of(client, dict.fromkeys([one.id, two.id], StepImage("plots/a.png", "a", None))).items()} == {
        one.id: "image", two.id: "image",
    }  # fmt: skip
    assert images_of(client, {two.id: StepImage("longshore/log.txt", "log", None)}) == {}


def test_that_endless_texts_are_compared_as_far_as_is_said() -> None:
    found = unified("\n".join(map(str, range(MOST_LINES + 10))), "x" * 10_000)
    assert found.cut
    assert max(map(len, found.lines)) <= 2_000
