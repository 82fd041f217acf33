"""A folder's code runs only once a person trusts the folder, and no longer than that."""

from __future__ import annotations

from pathlib import Path

import pytest

from longshore.errors import NotAllowed
from longshore.jobs import launching
from longshore.projects import probing, trust
from longshore.projects.opening import open_project
from longshore.settings import Home, save_settings
from longshore.store import jobs
from tests.support.launching import make_project


@pytest.fixture(autouse=True)
def asking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LONGSHORE_TRUST")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_project(tmp_path / "p", "print('hello')\nopen('ran', 'w')\n")


def test_that_opening_runs_nothing_and_launching_is_refused_until_the_folder_is_trusted(
    served_home: Home, project: Path
) -> None:
    open_project(served_home, project)
    with pytest.raises(NotAllowed, match="not trusted") as refused:
        launching.launch(served_home, str(project))
    assert "longshore trust" in (refused.value.hint or "")
    assert jobs.listing(served_home) == ()
    assert not (project / "ran").exists()
    trust.trust(served_home, project)
    trust.trust(served_home, project)
    job = launching.wait(served_home, launching.launch(served_home, str(project)).id)
    assert job.state == "finished"
    assert (project / "ran").exists()
    trust.distrust(served_home, project)
    with pytest.raises(NotAllowed):
        launching.launch(served_home, str(project))
    with pytest.raises(NotAllowed):
        launching.again(served_home, job.id)


def test_that_a_link_to_a_trusted_folder_is_that_folder_and_its_neighbour_is_not(home: Home, project: Path) -> None:
    trust.trust(home, project)
    link = project.parent / "link"
    link.symlink_to(project, target_is_directory=True)
    assert trust.is_trusted(home, link)
    assert not trust.is_trusted(home, project.parent)
    assert not trust.is_trusted(home, project / "sub")


def test_that_no_probe_runs_in_a_folder_that_is_not_trusted(home: Home, project: Path) -> None:
    with pytest.raises(NotAllowed):
        probing.probe(home, project, "dvc")
    assert not (project / "ran").exists()


def test_that_a_person_may_choose_never_to_be_asked(home: Home, project: Path) -> None:
    save_settings(home, trust="always")
    assert trust.is_trusted(home, project)
