"""An old project gets the packages of its day, and a Python that they were made for; today's lock is another one."""

from __future__ import annotations

import os
import sys
from datetime import date
from pathlib import Path

import pytest

from longshore.errors import Invalid
from longshore.projects import interpreters, time_travel
from longshore.projects.container_plan import container_plan
from longshore.projects.declarations import chosen
from longshore.projects.environments import prepare
from longshore.projects.interpreters import Interpreter, fitting
from longshore.settings import Home
from tests.support.launching import git
from tests.support.pipelines import write


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose last commit is of September 2022."""
    folder = write(tmp_path / "old", {"requirements.txt": "packaging\n", "main.py": "print(1)\n"})
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    monkeypatch.setenv("GIT_COMMITTER_DATE", "2022-09-30T10:00:00+00:00")
    git(folder, "commit", "-qm", "x")
    monkeypatch.delenv("GIT_COMMITTER_DATE")
    return folder


def test_that_the_packages_of_a_day_are_installed_under_a_python_of_that_time(old: Path, home: Home) -> None:
    assert time_travel.last_commit_day(old) == date(2022, 9, 30)
    then = prepare(home, old, as_of="2022-09-30")
    assert "packaging==21.3" in then.lock_text
    assert then.lock_text.startswith("# Python 3.10")
    now = prepare(home, old)
    assert "packaging==21.3" not in now.lock_text
    assert then.hash != now.hash
    plan = container_plan(old, as_of="2022-09-30")
    assert "--exclude-newer 2022-09-30" in plan.commands[0]
    assert plan.hash != container_plan(old).hash


def test_that_it_is_told_what_changed_since_without_installing_anything(old: Path, home: Home) -> None:
    then, now = time_travel.versions(home, old, "2022-09-30"), time_travel.versions(home, old)
    changed = {one.name: one for one in time_travel.changes(then, now)}
    assert then["packaging"] == changed["packaging"].then == "21.3"
    assert changed["packaging"].now == now["packaging"]
    assert changed["pyparsing"].now == ""
    assert not [one for one in home.environments.iterdir() if not one.name.startswith(".")]


def test_that_a_folder_without_commits_has_no_day_and_a_day_must_be_one(tmp_path: Path) -> None:
    assert time_travel.last_commit_day(tmp_path) is None
    with pytest.raises(Invalid, match="is not a day"):
        chosen(tmp_path, as_of="yesterday")


def test_that_interpreters_are_found_once_each_and_never_the_apps_own() -> None:
    found = interpreters.listing()
    real = [one.path.resolve() for one in found]
    assert len(real) == len(set(real))
    assert found == tuple(sorted(found, key=lambda one: (one.number, one.origin == "system"), reverse=True))
    assert not any(one.path.is_relative_to(sys.prefix) for one in found)
    assert all(one.number >= (3, 7) for one in found)


def test_that_a_request_takes_the_newest_that_fits() -> None:
    found = [Interpreter(Path(version), version, "x") for version in ("3.9.18", "3.10.13", "3.12.1")]
    assert [str(one and one.path) for one in (fitting(text, found) for text in (">=3.9,<3.12", "3.9", "3.10.13"))] == [
        "3.10.13", "3.9.18", "3.10.13",
    ]  # fmt: skip
    assert fitting("3.8", found) is None
    assert fitting("pypy", found) is None


def test_that_an_interpreter_is_chosen_by_its_path_or_its_environments_folder(tmp_path: Path, home: Home) -> None:
    assert interpreters.at(sys.executable).version == ".".join(map(str, sys.version_info[:3]))
    assert interpreters.at(sys.prefix).path.is_relative_to(sys.prefix)
    with pytest.raises(Invalid, match="no Python interpreter"):
        interpreters.at(write(tmp_path, {"python": "no"}) / "python")
    found = interpreters.listing()
    other = next((one for one in found if one.number[:2] != sys.version_info[:2]), found[0])
    made = prepare(home, tmp_path, python=str(other.path))
    assert f"# Python {other.version}" in made.lock_text
    assert os.sep in str(made.python)
