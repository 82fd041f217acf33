"""Bad input through the real command: a message with a next step, exit status 1, nothing half made, never a traceback."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import pytest

from tests.support.cli import Answer, longshore


def check_refusal(answer: Answer, code: str, *parts: str) -> None:
    assert answer.status == 1, answer.err
    assert answer.out == ""
    assert answer.error["code"] == code
    assert answer.error["hint"], "a next step is given"
    for part in parts:
        assert part in answer.error["message"], answer.error


def project(folder: Path, **files: str) -> Path:
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name.replace("_py", ".py")).write_text(text)
    return folder


def test_that_a_folder_that_does_not_exist_is_named(home_path: Path, tmp_path: Path) -> None:
    check_refusal(longshore(home_path, "open", str(tmp_path / "nowhere")), "not_found", "nowhere")
    assert longshore(home_path, "projects").document == {"projects": []}


@pytest.mark.skipif(sys.platform == "win32", reason="folders are closed by other means on Windows")
def test_that_a_folder_that_cannot_be_read_is_named(home_path: Path, tmp_path: Path) -> None:
    folder = project(tmp_path / "closed", main_py="print(1)\n")
    folder.chmod(0)
    try:
        if os.geteuid() == 0:
            # Root reads everything: the command is run as somebody else.
            answer = as_nobody(home_path, "open", str(folder))
        else:
            answer = longshore(home_path, "open", str(folder))
    finally:
        folder.chmod(0o755)
    check_refusal(answer, "invalid" if answer.err and '"invalid"' in answer.err else "not_found", "closed")


def as_nobody(home_path: Path, *arguments: str) -> Answer:
    import subprocess

    for path in (home_path, *Path(arguments[-1]).parents):
        if str(path).startswith(("/tmp/", str(home_path))):
            path.chmod(0o777)
    code = (
        "import os, sys, runpy\n"
        "import longshore.cli.app, longshore.projects.opening, longshore.store.projects\n"
        "os.setgid(65534); os.setuid(65534)\n"
        "sys.argv = ['longshore', *sys.argv[1:]]\n"
        "sys.exit(longshore.cli.app.run_command(sys.argv[1:]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments, "--json"],
        env={**os.environ, "LONGSHORE_HOME": str(home_path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return Answer(done.returncode, done.stdout, done.stderr)


def test_that_a_folder_without_a_project_gets_the_offer_of_a_template(home_path: Path, tmp_path: Path) -> None:
    folder = project(tmp_path / "empty")
    answer = longshore(home_path, "open", str(folder))
    check_refusal(answer, "invalid", "empty")
    assert "longshore new" in answer.error["hint"]


def test_that_an_mlproject_that_is_not_yaml_is_named_with_its_line(home_path: Path, tmp_path: Path) -> None:
    folder = project(tmp_path / "broken", MLproject="name: [unclosed\nentry_points: }\n")
    answer = longshore(home_path, "open", str(folder))
    check_refusal(answer, "invalid", "MLproject")
    assert longshore(home_path, "projects").document == {"projects": []}


def test_that_an_mlproject_that_names_a_missing_file_is_told_which(home_path: Path, tmp_path: Path) -> None:
    text = "name: gone\npython_env: nowhere.yaml\nentry_points:\n  main:\n    command: python main.py\n"
    folder = project(tmp_path / "gone", MLproject=text, main_py="print(1)\n")
    answer = longshore(home_path, "run", str(folder))
    check_refusal(answer, "invalid", "nowhere.yaml")
    assert longshore(home_path, "jobs").document == {"jobs": []}


def test_that_a_parameter_of_the_wrong_type_is_refused_on_the_command_line(home_path: Path, tmp_path: Path) -> None:
    script = "import argparse\np = argparse.ArgumentParser()\np.add_argument('--depth', type=int, default=3)\np.parse_args()\n"
    folder = project(tmp_path / "typed", main_py=script)
    check_refusal(longshore(home_path, "run", str(folder), "-P", "depth=deep"), "invalid", "depth", "deep")
    assert longshore(home_path, "jobs").document == {"jobs": []}


def test_that_a_misspelt_parameter_is_answered_with_the_one_that_was_meant(home_path: Path, tmp_path: Path) -> None:
    script = "import argparse\np = argparse.ArgumentParser()\np.add_argument('--depth', type=int, default=3)\np.parse_args()\n"
    folder = project(tmp_path / "typed", main_py=script)
    answer = longshore(home_path, "run", str(folder), "-P", "dept=3")
    assert answer.status == 1
    assert "depth" in answer.error["message"] + answer.error["hint"]


def test_that_an_unknown_command_is_wrong_usage_and_no_failure(home_path: Path) -> None:
    assert longshore(home_path, "lunch").status == 2
    assert longshore(home_path, "runs", "--limit", "few").status == 2
    assert longshore(home_path, "run").status == 2


def test_that_a_home_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    answer = longshore(tmp_path / "file", "jobs")
    check_refusal(answer, "unavailable", "home folder")


def test_that_a_taken_port_of_the_tracking_server_is_left_to_its_owner(home_path: Path) -> None:
    started = longshore(home_path, "agent", "start").document
    port = int(started["server"]["url"].rpartition(":")[2])
    assert longshore(home_path, "agent", "stop").document["running"] is False
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", port))
        taken.listen()
        again = longshore(home_path, "agent", "start").document
    assert again["server"]["healthy"] is True
    assert again["server"]["url"] != started["server"]["url"]


def test_that_the_secret_of_a_team_is_never_taken_as_an_argument(home_path: Path) -> None:
    answer = longshore(
        home_path, "workspace", "add", "http://127.0.0.1:9", "--username", "ada", "--password", "hunter2"
    )
    assert answer.status == 2


def test_that_a_team_server_that_does_not_answer_is_told_and_not_kept(home_path: Path) -> None:
    answer = longshore(home_path, "workspace", "add", "http://127.0.0.1:9", "--name", "team")
    check_refusal(answer, "unavailable", "127.0.0.1:9")
    assert [each["name"] for each in longshore(home_path, "workspaces").document["workspaces"]] == ["personal"]


def test_that_a_prediction_from_a_file_that_is_not_there_is_refused(home_path: Path) -> None:
    check_refusal(longshore(home_path, "predict", "wine", "--data", "/nowhere.csv"), "not_found", "nowhere.csv")


def test_that_an_unknown_run_model_or_deployment_is_not_found(home_path: Path) -> None:
    assert longshore(home_path, "undeploy", "nothing").error["code"] == "not_found"
    assert longshore(home_path, "promote", "nothing/1", "--alias", "champion").error["code"] == "not_found"
    assert longshore(home_path, "register", "0123456789", "--name", "x").error["code"] == "not_found"
