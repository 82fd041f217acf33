"""A database that is opened in place, as the agent looks after it: jobs log to it, and its server ends with the agent."""

from __future__ import annotations

from pathlib import Path

import pytest

from longshore.errors import Invalid
from longshore.jobs import launching
from longshore.mlflow_rest import artifacts, runs
from longshore.settings import Home
from longshore.store import processes, workspaces
from longshore.workspace import connection, databases
from tests.support.cli import longshore
from tests.support.foreign_store import empty_store, make_store, run_names
from tests.support.launching import is_gone, kill_agent, make_project, run, wait_until, with_our_environment

SCRIPT = """
import mlflow
mlflow.set_experiment("theirs")
with mlflow.start_run(run_name="trained"):
    mlflow.log_metric("loss", 0.5)
    mlflow.log_text("hello", "hello.txt")
"""


def test_that_a_job_logs_to_the_database_and_a_killed_agents_server_ends_with_the_next_one(
    served_home: Home, tmp_path: Path
) -> None:
    file = make_store(tmp_path / "store", "before")
    databases.add(served_home, str(file))
    workspaces.use(served_home, "store")
    project = with_our_environment(make_project(tmp_path / "p", SCRIPT))
    job = run(served_home, project)
    assert (job.state, job.workspace, job.detail) == ("finished", "store", "")
    with connection.connect(served_home, wait_s=60) as client:
        trained = runs.get(client, job.run_ids[0])
        assert artifacts.download(client, trained.id, "hello.txt") == b"hello"
        assert artifacts.download(client, trained.id, "longshore/log.txt")
    kept = file.parent / "mlruns" / trained.experiment_id / trained.id / "artifacts"
    assert (kept / "hello.txt").read_text() == "hello"
    assert not (project / "mlruns").exists()
    before = processes.server(served_home, "store")
    kill_agent(served_home)
    processes.ensure_agent(served_home)
    wait_until(lambda: processes.server(served_home, "store").state == "healthy")
    assert processes.server(served_home, "store").pid == before.pid
    processes.stop_agent(served_home)
    # The shared server of the tests is not this home's to stop.
    processes.put_server(served_home, pid=None, process_started=None, port=None, state="stopped")
    assert longshore(served_home.path, "agent", "stop").status == 0
    wait_until(lambda: is_gone(before.pid or 0))
    assert processes.server(served_home, "store").state == "stopped"
    assert set(run_names(file.parent)) == {"before", "trained"}


@pytest.mark.docker
def test_that_a_container_is_refused_whose_artifacts_would_be_lost(served_home: Home, tmp_path: Path) -> None:
    file = empty_store(tmp_path / "mlflow.db")
    workspaces.add(served_home, name="theirs", url=f"sqlite:///{file}", kind="database")
    project = make_project(tmp_path / "p", SCRIPT)
    with pytest.raises(Invalid, match="keeps its artifacts in a folder of this computer"):
        launching.launch(served_home, str(project), target="docker", workspace="theirs")
