"""Launching again from the code that a run was made from, with its parameters and data, or saying honestly why not."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from longshore.jobs import code_state, launching
from longshore.jobs.spec import RunSpec
from longshore.mlflow_rest import runs
from longshore.mlflow_rest.client import Client
from longshore.settings import Home
from longshore.store import jobs
from longshore.store.records import Job
from tests.projects.test_checkout import git
from tests.support.launching import log_of, make_project, run

SCRIPT = """\
import argparse, pathlib
p = argparse.ArgumentParser()
p.add_argument('--depth', type=int, default=3)
if __name__ == '__main__':
    print('{which}', p.parse_args().depth, pathlib.Path('data.csv').read_text().strip(), flush=True)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = make_project(tmp_path / "forest", SCRIPT.format(which="committed"))
    git(folder, "init", "-q", "-b", "main")
    (folder / ".gitignore").write_text("data.csv\n")
    (folder / "data.csv").write_text("1,2\n")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "first")
    (folder / "main.py").write_text(SCRIPT.format(which="changed"))
    return folder


def change_since(project: Path) -> None:
    (project / "main.py").write_text(SCRIPT.format(which="today"))
    git(project, "commit", "-q", "-a", "-m", "later")


def finished(home: Home, job: Job) -> str:
    ended = launching.wait(home, job.id)
    assert ended.state == "finished", log_of(ended)
    return log_of(ended)


def test_that_a_run_is_launched_again_from_its_commit_changes_and_parameters(
    served_home: Home, client: Client, project: Path
) -> None:
    first = run(served_home, project, parameters={"depth": "7"})
    assert "changed 7 1,2" in log_of(first)
    change_since(project)
    state = code_state.of_run(served_home, project, job=first)
    assert state.words == f"commit {state.commit[:7]} and its changes"
    again = launching.again(served_home, first.id, code=state)
    log = finished(served_home, again)
    assert "changed 7 1,2" in log
    assert f"The code is that of commit {state.commit[:7]} with the changes" in log
    done = jobs.get(served_home, again.id)
    assert done.spec["code_path"].startswith(done.folder)
    (found,) = (runs.get(client, run_id) for run_id in done.run_ids)
    assert found.tags["mlflow.source.git.commit"] == state.commit
    assert found.tags["longshore.git.dirty"] == "true"
    assert (project / "main.py").read_text() == SCRIPT.format(which="today"), "the folder stays as it is"

    # One more time, from what was uploaded with the run: the job's folder may be on another computer.
    remote = code_state.of_run(served_home, project, job=None, client=client, run=found)
    assert (remote.commit, remote.patch, remote.data) == (state.commit, state.patch, state.data)
    # And without any state it is today's code.
    plain = launching.again(served_home, again.id)
    assert not RunSpec.from_json(plain.spec).code_path
    assert "today 7 1,2" in finished(served_home, plain)


def test_that_code_that_is_gone_is_said_in_the_log(served_home: Home, project: Path) -> None:
    first = run(served_home, project)
    change_since(project)
    code = Path(first.folder) / "capture" / "code.json"
    code.write_text(code.read_text().replace(git(project, "rev-parse", "HEAD~1"), "0" * 40))
    state = code_state.of_run(served_home, project, job=first)
    assert state.words == "today's code"
    log = finished(served_home, launching.again(served_home, first.id, code=state))
    assert "The code is today's. The commit 0000000 is not in the project's repository." in log
    assert "today 3" in log


def test_that_changes_that_were_withheld_as_a_secret_are_not_left_out_silently(
    served_home: Home, project: Path
) -> None:
    first = run(served_home, project)
    code = Path(first.folder) / "capture" / "code.json"
    code.write_text(code.read_text().replace('"withheld": []', '"withheld": ["config.py"]'))
    state = code_state.of_run(served_home, project, job=first)
    assert "config.py" in state.why_not


def test_that_patches_are_kept_as_long_as_a_job_is_launched_from_them(home: Home) -> None:
    folder = home.path / "patches"
    folder.mkdir()
    for name in ("used.diff", "old.diff", "fresh.diff"):
        (folder / name).write_text("x")
    for name in ("used.diff", "old.diff"):
        os.utime(folder / name, (1, 1))
    jobs.add(home, kind="run", title="t", spec={"patch": "used.diff"}, workspace="personal")
    code_state.prune_patches(home, datetime.now(UTC) - timedelta(days=1))
    assert sorted(file.name for file in folder.iterdir()) == ["fresh.diff", "used.diff"]


@pytest.mark.docker
def test_that_a_container_gets_the_code_as_it_was(served_home: Home, project: Path) -> None:
    first = run(served_home, project, parameters={"depth": "7"}, target="docker")
    assert "changed 7 1,2" in log_of(first), log_of(first)
    change_since(project)
    state = code_state.of_run(served_home, project, job=first)
    assert "changed 7 1,2" in finished(served_home, launching.again(served_home, first.id, code=state))
    assert not (project / "code").exists()
