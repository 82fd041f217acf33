"""Code as it was: a commit with its changes in a folder of its own, and nothing written into the project's repository."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from longshore.errors import WorkFailed
from longshore.projects import capture, checkout


def git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false")
    return subprocess.run(
        ["git", *who, *arguments], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project in a folder of a repository, changed since its only commit."""
    top = tmp_path / "repo"
    folder = top / "sub project"
    folder.mkdir(parents=True)
    git(top, "init", "-q", "-b", "main")
    (folder / "main.py").write_text("print('first')\n")
    (folder / "raw.bin").write_bytes(bytes(range(256)))
    (top / ".gitignore").write_text("data/\n")
    git(top, "add", ".")
    git(top, "commit", "-q", "-m", "first")
    return folder


def everything(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


def test_that_a_commit_and_what_was_changed_then_come_back(project: Path, tmp_path: Path) -> None:
    (project / "main.py").write_text("print('changed')\n")
    (project / "raw.bin").write_bytes(b"\0other\xff")
    then = capture.capture(project, tmp_path / "capture")
    assert then is not None
    git(project, "commit", "-q", "-a", "-m", "second")
    (project / "main.py").write_text("print('today')\n")
    before = everything(project.parent)
    assert checkout.problem(project, then.commit) == ""
    folder = checkout.check_out(project, then.commit, tmp_path / "code", then.patch)
    assert (folder / "main.py").read_text() == "print('changed')\n"
    assert (folder / "raw.bin").read_bytes() == b"\0other\xff"
    assert git(folder, "rev-parse", "HEAD") == then.commit
    assert everything(project.parent) == before, "nothing is written into the project or its repository"


def test_that_a_commit_that_no_branch_holds_any_more_comes_back(project: Path, tmp_path: Path) -> None:
    (project / "main.py").write_text("print('gone')\n")
    git(project, "commit", "-q", "-a", "-m", "gone")
    gone = git(project, "rev-parse", "HEAD")
    git(project, "reset", "-q", "--hard", "HEAD~1")
    folder = checkout.check_out(project, gone, tmp_path / "code")
    assert (folder / "main.py").read_text() == "print('gone')\n"


def test_that_hooks_and_filters_of_the_repository_are_not_run(project: Path, tmp_path: Path) -> None:
    trap = tmp_path / "trapped"
    hook = project.parent / ".git" / "hooks" / "post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch '{trap}'\n")
    hook.chmod(0o755)
    (project / ".gitattributes").write_text("*.py filter=evil\n")
    git(project, "add", ".")
    git(project, "commit", "-q", "-m", "attributes")
    git(project, "config", "filter.evil.smudge", f"touch '{trap}'; cat")
    checkout.check_out(project, git(project, "rev-parse", "HEAD"), tmp_path / "code")
    assert not trap.exists()


def test_that_code_that_cannot_be_had_says_why(project: Path, tmp_path: Path) -> None:
    assert "No commit" in checkout.problem(project, "")
    assert "is none" in checkout.problem(project, "--upload-pack=evil")
    assert "not in the project's repository" in checkout.problem(project, "0" * 40)
    assert "not there" in checkout.problem(tmp_path / "nowhere", "0" * 40)
    (tmp_path / "plain").mkdir()
    assert "not in a git repository" in checkout.problem(tmp_path / "plain", "0" * 40)


def test_that_changes_that_do_not_fit_are_said(project: Path, tmp_path: Path) -> None:
    (tmp_path / "patch").write_text(
        "diff --git a/main.py b/main.py\n--- a/main.py\n+++ b/main.py\n@@ -1 +1 @@\n-no\n+yes\n"
    )
    with pytest.raises(WorkFailed, match="could not be put in place"):
        checkout.check_out(project, git(project, "rev-parse", "HEAD"), tmp_path / "code", tmp_path / "patch")


@pytest.mark.parametrize("linked", [True, False])
def test_that_data_beside_the_code_comes_along(project: Path, tmp_path: Path, linked: bool) -> None:
    (project / "data").mkdir()
    (project / "data" / "train.csv").write_text("a,b\n")
    (tmp_path / "outside").write_text("x")
    folder = checkout.check_out(project, git(project, "rev-parse", "HEAD"), tmp_path / "code")
    names = ["data/train.csv", "main.py", "data/gone.csv", "../../outside", "/etc/passwd"]
    assert checkout.bring_data(project, folder, names, linked=linked) == ("data/gone.csv",)
    brought = folder / "data" / "train.csv"
    assert brought.read_text() == "a,b\n"
    assert brought.is_symlink() == linked
    assert (folder / "main.py").read_text() == "print('first')\n", "what the commit holds stays"
