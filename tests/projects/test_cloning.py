"""Getting projects from git: with progress and cancel, nothing run, nothing half made; and finding those inside."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from longshore.cli.app import run_command
from longshore.errors import Cancelled, Conflict, Invalid, WorkFailed
from longshore.progress import CancelToken
from longshore.projects.cloning import clone, name_of
from longshore.projects.finding import projects_within
from tests.support.launching import git
from tests.support.pipelines import write


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    folder = write(
        tmp_path / "origin",
        {
            "examples/a/MLproject": "name: a\nentry_points: {main: {command: python main.py}}\n",
            "examples/a/main.py": "print(1)\n",
            "examples/b/dvc.yaml": "stages: {s: {cmd: echo}}\n",
            "examples/c/pyproject.toml": "[tool.kedro]\npackage_name = 'c'\n",
            "examples/d/project.yaml": "kind: other\n",
            ".hidden/MLproject": "name: h\n",
            "README.md": "x\n",
        },
    )
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "x")
    return folder


def test_that_a_repository_is_cloned_with_progress_and_no_hook_of_it_runs(
    origin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    template = write(tmp_path / "template", {"hooks/post-checkout": f"#!/bin/sh\ntouch {tmp_path / 'ran'}\n"})
    (template / "hooks/post-checkout").chmod(0o755)
    monkeypatch.setenv("GIT_TEMPLATE_DIR", str(template))
    told: list[str] = []
    made = clone(origin.as_uri(), tmp_path / "here" / "it", progress=lambda _fraction, title: told.append(title))
    assert (made / "README.md").read_text() == "x\n"
    assert any(title.startswith("Receiving objects") for title in told)
    assert not (tmp_path / "ran").exists()
    assert [entry.name for entry in (tmp_path / "here").iterdir()] == ["it"]


def test_that_the_projects_in_a_repository_are_found(origin: Path) -> None:
    assert [(one.path, one.framework) for one in projects_within(origin)] == [
        ("examples/a", "mlproject"), ("examples/b", "dvc"), ("examples/c", "kedro"),
    ]  # fmt: skip


def test_that_the_command_opens_the_first_project_inside_and_names_the_others(
    home_path: Path, origin: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["clone", origin.as_uri(), str(tmp_path / "c"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["project"]["path"] == str(tmp_path / "c/examples/a")
    assert [one["path"] for one in found["within"]] == ["examples/a", "examples/b", "examples/c"]


@pytest.mark.parametrize("address", ["ext::sh -c touch% ran", "--upload-pack=touch ran", "/etc", "", "file://a b"])
def test_that_what_is_no_address_is_refused_before_git_sees_it(address: str, tmp_path: Path) -> None:
    with pytest.raises(Invalid):
        clone(address, tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


def test_that_a_password_in_the_address_is_refused_and_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="password") as refused:
        clone("https://ada:hunter2@example.org/r.git", tmp_path / "x")
    assert "hunter2" not in str(refused.value.as_dict())


def test_that_a_repository_that_is_not_there_ends_in_gits_words_and_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(WorkFailed, match=r"does not (exist|appear)"):
        clone((tmp_path / "nowhere").as_uri(), tmp_path / "here" / "it")
    assert list((tmp_path / "here").iterdir()) == []


def test_that_a_folder_with_something_in_it_is_left_alone(origin: Path, tmp_path: Path) -> None:
    folder = write(tmp_path / "full", {"mine.txt": "mine"})
    with pytest.raises(Conflict):
        clone(origin.as_uri(), folder)
    assert (folder / "mine.txt").read_text() == "mine"


def test_that_cancelling_leaves_nothing(origin: Path, tmp_path: Path) -> None:
    cancel = CancelToken()
    threading.Timer(0.0, cancel.cancel).start()
    cancel.wait(5)
    with pytest.raises(Cancelled):
        clone(origin.as_uri(), tmp_path / "here" / "it", cancel=cancel)
    assert list((tmp_path / "here").iterdir()) == []


def test_that_a_clone_is_named_after_its_repository() -> None:
    names = ["https://example.org/team/eta.git", "git@example.org:team/eta", "ssh://example.org/eta/"]
    assert [name_of(address) for address in names] == ["eta", "eta", "eta"]
    assert name_of("https://example.org/..") == ""
