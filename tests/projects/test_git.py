"""Git state and capture, against real repositories; with the git program and without it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from longshore.projects import git
from longshore.projects.capture import capture
from longshore.projects.secret_files import holds_secret, looks_secret


def run_git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main")
    done = subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout


@pytest.fixture(params=["git", "dulwich"])
def repository(tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A repository with one commit; the second time read without the git program."""
    folder = tmp_path / "repo"
    folder.mkdir()
    run_git(folder, "init", "-q")
    (folder / ".gitignore").write_text("ignored/\n")
    (folder / "train.py").write_text("print(1)\n")
    (folder / "sub").mkdir()
    (folder / "sub" / "model.py").write_text("x = 1\n")
    run_git(folder, "add", ".")
    run_git(folder, "commit", "-q", "-m", "first")
    if request.param == "dulwich":
        monkeypatch.setattr(git, "program", lambda: None)
        monkeypatch.setattr("longshore.projects.capture.program", lambda: None)
    yield folder


def change(folder: Path) -> None:
    (folder / "train.py").write_text("print(2)\n")
    (folder / "ü new.csv").write_text("1\n")
    (folder / "ignored").mkdir()
    (folder / "ignored" / "x").write_text("x")


def test_that_branch_commit_changed_and_untracked_files_are_told(repository: Path) -> None:
    change(repository)
    state = git.state(repository)
    assert state is not None
    assert state.branch == "main"
    assert state.commit == run_git(repository, "rev-parse", "HEAD").strip()
    assert state.dirty_files == ("train.py",)
    assert state.untracked == ("ü new.csv",)


def test_that_a_project_in_a_subfolder_sees_its_own_files_alone(repository: Path) -> None:
    change(repository)
    (repository / "sub" / "model.py").write_text("x = 2\n")
    state = git.state(repository / "sub")
    assert state is not None
    assert (state.dirty_files, state.untracked) == (("model.py",), ())


def test_that_a_folder_outside_of_a_repository_has_no_state(tmp_path: Path) -> None:
    assert git.state(tmp_path) is None
    assert capture(tmp_path, tmp_path / "capture") is None


def test_that_the_captured_patch_makes_the_same_files_again(repository: Path, tmp_path: Path) -> None:
    change(repository)
    (repository / "sub" / "model.py").unlink()
    found = capture(repository, tmp_path / "capture")
    assert found is not None
    assert found.patch is not None
    assert json.loads((tmp_path / "capture" / "untracked.json").read_text("utf-8")) == ["ü new.csv"]
    clone = tmp_path / "clone"
    run_git(tmp_path, "clone", "-q", str(repository), str(clone))
    run_git(clone, "apply", str(found.patch))
    assert (clone / "train.py").read_text() == "print(2)\n"
    assert not (clone / "sub" / "model.py").exists()


def test_that_no_secret_gets_into_the_patch(repository: Path, tmp_path: Path) -> None:
    for name in (".env", "key.pem", "config.py"):
        (repository / name).write_text("nothing\n")
    run_git(repository, "add", "-f", ".")
    run_git(repository, "commit", "-q", "-m", "second")
    (repository / ".env").write_text("PASSWORD=hunter2-hunter2\n")
    (repository / "key.pem").write_text("hunter2-hunter2\n")
    (repository / "config.py").write_text('api_key = "hunter2-hunter2"\n')
    (repository / "train.py").write_text("print(3)\n")
    found = capture(repository, tmp_path / "capture")
    assert found is not None
    assert found.patch is not None
    assert set(found.withheld) == {".env", "key.pem", "config.py"}
    assert b"+print(3)" in found.patch.read_bytes()
    for file in (tmp_path / "capture").iterdir():
        assert b"hunter2" not in file.read_bytes()


def test_that_a_repository_without_a_commit_is_captured(tmp_path: Path) -> None:
    folder = tmp_path / "fresh"
    folder.mkdir()
    run_git(folder, "init", "-q")
    (folder / "a.py").write_text("x = 1\n")
    run_git(folder, "add", "a.py")
    (folder / "b.py").write_text("x = 1\n")
    found = capture(folder, tmp_path / "capture")
    assert found is not None
    assert (found.commit, found.branch, found.untracked) == ("", "main", ("b.py",))
    assert found.patch is not None
    assert b"+x = 1" in found.patch.read_bytes()


def test_that_nothing_that_the_repository_configures_is_run(repository: Path, tmp_path: Path) -> None:
    trap = tmp_path / "trap.sh"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\ncat\n")
    trap.chmod(0o755)
    (repository / ".gitattributes").write_text("*.py filter=evil diff=evil\n")
    for key in ("core.fsmonitor", "filter.evil.clean", "filter.evil.process", "diff.evil.textconv", "diff.external"):
        run_git(repository, "config", key, str(trap))
    (repository / "train.py").write_text("print(9)\n")
    git.state(repository)
    capture(repository, tmp_path / "capture")
    assert not (tmp_path / "sprung").exists()


def test_that_a_filter_from_an_included_file_is_not_run_either(repository: Path, tmp_path: Path) -> None:
    trap = tmp_path / "trap.sh"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\ncat\n")
    trap.chmod(0o755)
    (tmp_path / "more.conf").write_text(f'[filter "evil"]\n\tclean = {trap}\n')
    (repository / ".gitattributes").write_text("*.py filter=evil\n")
    run_git(repository, "config", "include.path", str(tmp_path / "more.conf"))
    (repository / "train.py").write_text("print(9)\n")
    git.state(repository)
    capture(repository, tmp_path / "capture")
    assert not (tmp_path / "sprung").exists()


def test_that_a_remote_s_password_is_not_shown(repository: Path) -> None:
    run_git(repository, "remote", "add", "origin", "https://me:hunter2@example.com/x.git")
    state = git.state(repository)
    assert state is not None
    assert state.remote == "https://example.com/x.git"


@pytest.mark.skipif(shutil.which("git") is None, reason="needs the git program")
def test_that_a_small_repository_is_captured_faster_than_a_launch_can_feel(tmp_path: Path) -> None:
    run_git(tmp_path, "init", "-q")
    (tmp_path / "a.py").write_text("x = 1\n")
    run_git(tmp_path, "add", ".")
    run_git(tmp_path, "commit", "-q", "-m", "first")
    times = []
    for index in range(5):
        begun = time.perf_counter()
        capture(tmp_path, tmp_path / f"capture{index}")
        times.append(time.perf_counter() - begun)
    # 11 ms on two cores; the bound is loose, since other work runs beside the tests.
    assert min(times) < 0.15, times


@pytest.mark.parametrize(
    "name",
    [
        ".env",
        "conf/.env.local",
        "prod.env",
        ".envrc",
        "server.key",
        "id_rsa",
        ".aws/credentials",
        "credentials.json",
        "my-secrets.yaml",
        "service_account_x.json",
        ".npmrc",
        ".netrc",
        "token.token",
        ".streamlit/secrets.toml",
    ],
)
def test_that_a_file_which_looks_like_a_secret_is_known_by_its_name(name: str) -> None:
    assert looks_secret(name)


@pytest.mark.parametrize(
    "name",
    ["train.py", "tokenizer.json", "secrets/store.py", ".env.example", "keys.csv", "environment.yaml", "id_rsa.pub"],
)
def test_that_ordinary_files_are_no_secrets(name: str) -> None:
    assert not looks_secret(name)


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (b"-----BEGIN RSA PRIVATE KEY-----", True),
        (b"aws = 'AKIAIOSFODNN7EXAMPLA'", True),
        (b"db = 'postgres://me:s3cret@host/db'", True),
        (b'PASSWORD: "correct-horse"', True),
        (b'password = "<your-password>"', False),
        (b'api_key = os.environ["API_KEY"]', False),
        (b'pad_token = "[PAD_TOKEN]"', False),
        (b"url = 'https://example.com:8080/x'", False),
    ],
)
def test_that_keys_and_passwords_are_known_in_a_text(text: bytes, secret: bool) -> None:
    assert holds_secret(text) is secret


def test_that_a_repository_of_somebody_else_is_a_reason_and_no_crash(tmp_path: Path) -> None:
    if os.name == "nt" or os.geteuid() != 0:
        pytest.skip("needs the right to give a folder away")
    folder = tmp_path / "theirs"
    folder.mkdir()
    run_git(folder, "init", "-q")
    (folder / "train.py").write_text("print(1)\n")
    for path in (folder, folder / ".git"):
        os.chown(path, 12345, 12345)
    from longshore.projects import opening

    info = opening.inspect(folder)
    assert info.frameworks == ("script",)
    assert any("belongs to somebody else" in problem for problem in info.problems)
