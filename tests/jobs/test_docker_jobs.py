"""Launching in Docker for real: what the container sees, what comes back, and what is nowhere."""

from __future__ import annotations

import io
import json
import uuid
from pathlib import Path

import docker
import pytest

from longshore.errors import LongshoreError
from longshore.jobs import launching
from longshore.jobs import targets as all_targets
from longshore.jobs.targets.base import TargetState
from longshore.mlflow_rest import artifacts, runs
from longshore.mlflow_rest.client import Client
from longshore.secrets import keyring
from longshore.settings import Home, save_settings
from longshore.store import jobs
from longshore.store.records import Job
from tests.support.cli import longshore
from tests.support.launching import is_gone, launch, log_of, make_project, run, says, wait_until

pytestmark = [pytest.mark.docker, pytest.mark.timeout(240)]

SEEN = """
import json, os, pathlib
def read(*names):
    for name in names:
        path = pathlib.Path(name)
        if path.exists():
            return path.read_text().strip()
print(json.dumps({
    "uid": os.getuid(),
    "cwd": sorted(path.name for path in pathlib.Path(".").iterdir()),
    "memory": read("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"),
    "cpu": read("/sys/fs/cgroup/cpu.max", "/sys/fs/cgroup/cpu/cpu.cfs_quota_us"),
    "token": os.environ.get("API_TOKEN", "")[-4:],
    "shout": os.environ.get("SHOUT", ""),
}))
pathlib.Path("out.csv").write_text("a,b\\n1,2\\n")
pathlib.Path("kept.csv").write_text("from the container\\n")
"""


@pytest.fixture
def experiment() -> str:
    return f"docker-{uuid.uuid4().hex[:8]}"


def record_of(job: Job) -> dict[str, object]:
    found: dict[str, object] = json.loads((Path(job.folder) / "docker.json").read_text())
    return found


def test_that_a_container_gets_the_project_and_its_limits_and_gives_its_outputs_back(
    served_home: Home, client: Client, tmp_path: Path, experiment: str
) -> None:
    project = make_project(tmp_path / "seen", SEEN, kept__csv="mine\n")
    (project / ".env").write_text("PASSWORD=swordfish\n")
    job = run(served_home, project, target="docker", experiment=experiment, cpus=0.5, memory_bytes=256 * 1024**2)
    assert (job.state, job.error) == ("finished", None), log_of(job)
    line = next(line for line in log_of(job).splitlines() if line.startswith("{"))
    seen = json.loads(line)
    assert seen["uid"] not in (0, None)
    assert "main.py" in seen["cwd"]
    assert ".env" not in seen["cwd"]
    assert seen["memory"] == str(256 * 1024**2)
    assert seen["cpu"].split()[0] == "50000"
    assert (project / "out.csv").read_text() == "a,b\n1,2\n"
    assert (project / "kept.csv").read_text() == "from the container\n"
    found = runs.get(client, job.run_ids[0])
    assert found.status == "FINISHED"
    assert found.tags["longshore.target"] == "docker"
    assert found.tags["longshore.image"].startswith("sha256:")
    assert "uid" in artifacts.download(client, found.id, "longshore/log.txt").decode()


def test_that_a_file_that_its_owner_changed_meanwhile_is_not_overwritten(
    served_home: Home, tmp_path: Path, experiment: str
) -> None:
    script = "import pathlib, time\nprint('ready', flush=True)\ntime.sleep(3)\npathlib.Path('kept.csv').write_text('theirs')\n"
    project = make_project(tmp_path / "kept", script, kept__csv="first\n")
    job = launch(served_home, project, target="docker", experiment=experiment)
    says(job, "ready")
    (project / "kept.csv").write_text("changed by me\n")
    ended = launching.wait(served_home, job.id)
    assert ended.state == "finished"
    assert (project / "kept.csv").read_text() == "changed by me\n"
    beside = list((Path(ended.folder) / "outputs").rglob("kept.csv"))
    assert [each.read_text() for each in beside] == ["theirs"]


def test_that_a_secret_reaches_the_script_and_is_nowhere_else(
    served_home: Home, tmp_path: Path, experiment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LONGSHORE_SECRETS_BACKEND", "vault")
    monkeypatch.setenv("LONGSHORE_VAULT_PASSPHRASE", "a long passphrase")
    value = f"tok-{uuid.uuid4().hex}"
    keyring.set(served_home, "secret:API_TOKEN", value)
    script = "import os, time\nprint('end', os.environ['API_TOKEN'][-4:], flush=True)\nprint(os.environ['API_TOKEN'], flush=True)\ntime.sleep(2)\n"
    project = make_project(tmp_path / "secret", script)
    job = launch(served_home, project, target="docker", experiment=experiment, secrets=("API_TOKEN",))
    says(job, f"end {value[-4:]}")
    engine = docker.from_env()
    container = engine.containers.get(str(record_of(job)["container_id"]))
    inspected = json.dumps(container.attrs) + json.dumps(container.image.attrs) + json.dumps(container.image.history())
    container_top = json.dumps(container.top())
    engine.close()
    assert value not in inspected
    assert value not in container_top
    ended = launching.wait(served_home, job.id)
    assert ended.state == "finished", ended.error
    shown = launching_log(served_home, ended)
    assert value not in shown
    assert "***" in shown


def launching_log(home: Home, job: Job) -> str:
    from longshore.jobs.log import LogReader

    return "\n".join(LogReader(home, job).tail(100))


def test_that_a_run_takes_the_image_that_it_is_given_as_it_is(
    served_home: Home, client: Client, tmp_path: Path, experiment: str
) -> None:
    script = "import os, pathlib; print('uid', os.getuid(), pathlib.Path('/opt/marked').read_text())"
    # A declaration that cannot be installed proves that nothing of it is.
    project = make_project(tmp_path / "given", script, requirements__txt="longshore-does-not-exist==9.9\n")
    name = f"longshore-test/given:{uuid.uuid4().hex[:8]}"
    engine = docker.from_env()
    recipe = b"FROM python:3.11-slim\nRUN echo 'by hand' > /opt/marked\n"
    image, _ = engine.images.build(fileobj=io.BytesIO(recipe), tag=name, rm=True)
    try:
        arguments = ("run", str(project), "--target", "docker", "--image", name, "--experiment", experiment)
        answer = longshore(served_home.path, *arguments)
        assert answer.status == 0, answer.err
        document = answer.document["job"]
        assert (document["state"], document["exit_code"], document["target"]) == ("finished", 0, "docker")
        assert "by hand" in log_of(jobs.get(served_home, document["id"]))
        assert "uid 0" not in log_of(jobs.get(served_home, document["id"]))
        (run_id,) = document["run_ids"]
        assert runs.get(client, run_id).tags["longshore.image"] == image.id
        missing = longshore(served_home.path, *arguments[:4], "--image", "longshore-test/nowhere:1")
        assert missing.status == 1
        assert "longshore-test/nowhere:1" in missing.out + missing.err
    finally:
        engine.images.remove(name, force=True)
        engine.close()


def test_that_a_stopped_job_leaves_no_container(served_home: Home, tmp_path: Path, experiment: str) -> None:
    project = make_project(tmp_path / "endless", "import time\nprint('ready', flush=True)\ntime.sleep(600)\n")
    job = launch(served_home, project, target="docker", experiment=experiment)
    says(job, "ready")
    launching.stop(served_home, job.id)
    ended = launching.wait(served_home, job.id)
    assert ended.state == "stopped"
    engine = docker.from_env()
    label = {"label": f"longshore.job={job.id}"}
    wait_until(lambda: not engine.containers.list(all=True, filters=label))
    engine.close()


def test_that_a_time_limit_ends_a_container_too(served_home: Home, tmp_path: Path, experiment: str) -> None:
    project = make_project(tmp_path / "endless", "import time\ntime.sleep(600)\n")
    ended = run(served_home, project, target="docker", experiment=experiment, timeout_s=2)
    assert ended.state == "failed"
    assert ended.error is not None
    assert "time" in str(ended.error["message"]).lower()


def test_that_a_failing_script_is_told_with_its_exit_status(served_home: Home, tmp_path: Path, experiment: str) -> None:
    project = make_project(tmp_path / "fails", "import sys\nprint('bad thing')\nsys.exit(3)\n")
    ended = run(served_home, project, target="docker", experiment=experiment)
    assert (ended.state, ended.exit_code) == ("failed", 3)


def test_that_killing_the_supervisor_of_a_container_loses_no_line(
    served_home: Home, tmp_path: Path, experiment: str
) -> None:
    import psutil

    script = "import time\nfor n in range(60):\n    print('line', n, flush=True)\n    time.sleep(0.1)\n"
    project = make_project(tmp_path / "lines", script)
    job = launch(served_home, project, target="docker", experiment=experiment)
    says(job, "line 10")
    pid = json.loads((Path(job.folder) / "supervisor.json").read_text())["pid"]
    psutil.Process(pid).kill()
    wait_until(lambda: is_gone(pid))
    ended = launching.wait(served_home, job.id)
    assert (ended.state, ended.exit_code) == ("finished", 0), ended.error
    lines = [line for line in log_of(ended).splitlines() if line.startswith("line ")]
    assert lines == [f"line {n}" for n in range(60)]


def test_that_without_an_engine_the_target_is_refused_with_the_fix_and_the_local_one_works(
    served_home: Home, tmp_path: Path, experiment: str
) -> None:
    save_settings(served_home, docker_host="tcp://127.0.0.1:9")
    project = make_project(tmp_path / "plain", "print('hello')\n")
    with pytest.raises(LongshoreError) as caught:
        launch(served_home, project, target="docker", experiment=experiment)
    assert caught.value.hint
    assert jobs.listing(served_home) == ()
    states: dict[str, TargetState] = {state.name: state for state in all_targets.states(served_home)}
    assert states["local"].ok
    assert not states["docker"].ok
    assert states["docker"].reason
    assert states["docker"].fix
    assert run(served_home, project, experiment=experiment).state == "finished"
