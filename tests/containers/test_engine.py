"""The engine, images and containers, on the real engine."""

from __future__ import annotations

import json
import subprocess
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from longshore.containers import engine as engines
from longshore.containers import images, networks
from longshore.containers import run as containers
from longshore.containers.engine import Engine
from longshore.errors import Cancelled, NotFound, Unavailable, WorkFailed
from longshore.progress import CancelToken
from longshore.settings import Home, save_settings

pytestmark = [pytest.mark.docker, pytest.mark.timeout(180)]

BASE = "python:3.11-slim"


@pytest.fixture
def engine(home: Home) -> Engine:
    return engines.find(home, fresh=True)


@pytest.fixture
def labels(home: Home) -> dict[str, str]:
    return {"longshore.home": home.id, "longshore.test": uuid.uuid4().hex}


@pytest.fixture
def container(engine: Engine, labels: dict[str, str]) -> Iterator[containers.ContainerInfo]:
    spec = containers.ContainerSpec(
        image=BASE,
        command=("python", "-c", "import time; print('up', flush=True); time.sleep(300)"),
        labels=labels,
        user="1000:1000",
        memory_bytes=128 * 1024**2,
        cpus=0.5,
        cap_drop=("ALL",),
    )
    made = containers.create(engine, spec)
    yield made
    containers.remove(engine, made.id)


def build(engine: Engine, dockerfile: str, labels: dict[str, str], **options: object) -> images.ImageInfo:
    name = f"longshore-test:{uuid.uuid4().hex[:10]}"
    return images.build(engine, {"hello.txt": b"hello"}, dockerfile, tag=name, labels=labels, **options)  # type: ignore[arg-type]


def test_that_the_engine_is_found_by_the_setting_before_everything_else(home: Home) -> None:
    save_settings(home, docker_host="tcp://127.0.0.1:9")
    with pytest.raises(Unavailable) as caught:
        engines.find(home, fresh=True)
    assert caught.value.hint
    status = engines.status(home)
    assert (status.ok, bool(status.detail), bool(status.fix)) == (False, True, True)
    save_settings(home, docker_host="unix:///var/run/docker.sock")
    assert engines.find(home, fresh=True).endpoint


def test_that_the_current_contexts_socket_is_used(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import hashlib

    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    (tmp_path / "config.json").write_text(json.dumps({"currentContext": "away"}))
    meta = tmp_path / "contexts" / "meta" / hashlib.sha256(b"away").hexdigest()
    meta.mkdir(parents=True)
    endpoint = {"Host": f"unix://{tmp_path}/nobody.sock", "SkipTLSVerify": False}
    (meta / "meta.json").write_text(json.dumps({"Name": "away", "Endpoints": {"docker": endpoint}}))
    with pytest.raises(Unavailable, match=r"nobody\.sock"):
        engines.find(home, fresh=True)
    monkeypatch.undo()
    engines.find(home, fresh=True)  # the answer is kept for some seconds, for whichever test comes next


def test_that_a_build_carries_its_labels_and_is_found_by_them(engine: Engine, labels: dict[str, str]) -> None:
    lines: list[str] = []
    made = build(engine, f"FROM {BASE}\nCOPY hello.txt /hello.txt\n", labels, progress=lines.append)
    try:
        assert any("COPY hello.txt" in line for line in lines)
        found = images.find(engine, labels)
        assert found is not None
        assert found.id == made.id
        assert found.labels["longshore.test"] == labels["longshore.test"]
    finally:
        images.remove(engine, made.id)
    assert images.find(engine, labels) is None


def test_that_a_failed_build_is_told_by_its_decisive_line(engine: Engine, labels: dict[str, str]) -> None:
    dockerfile = f"FROM {BASE}\nRUN echo preparing && echo 'ERROR: the flux is gone' >&2 && exit 7\n"
    with pytest.raises(WorkFailed) as caught:
        build(engine, dockerfile, labels)
    told = f"{caught.value.reason} {caught.value.details}"
    assert "the flux is gone" in told
    assert images.find(engine, labels) is None


def test_that_a_build_can_be_cancelled(engine: Engine, labels: dict[str, str]) -> None:
    token = CancelToken()
    threading.Timer(1.0, token.cancel).start()
    began = time.monotonic()
    with pytest.raises(Cancelled):
        build(engine, f"FROM {BASE}\nRUN sleep 60\n", labels, cancel=token)
    assert time.monotonic() - began < 30


def test_that_the_users_certificates_reach_a_build_that_downloads_and_proxies_stay_out_of_the_image(
    engine: Engine, labels: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "internal.example")
    dockerfile = f'FROM {BASE}\nRUN python -c "import os; print(sorted(k for k in os.environ))" && echo $NO_PROXY\n'
    lines: list[str] = []
    made = build(engine, dockerfile, labels, progress=lines.append, downloads=True)
    try:
        assert any("internal.example" in line for line in lines)
        assert not any(name.lower().endswith("_proxy") for name in made.env)
    finally:
        images.remove(engine, made.id)


def test_that_a_container_has_its_limits_its_user_and_says_its_log(
    engine: Engine, container: containers.ContainerInfo
) -> None:
    containers.start(engine, container.id)
    deadline = time.monotonic() + 20
    while "up" not in containers.logs(engine, container.id):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    inspected = json.loads(subprocess.run(["docker", "inspect", container.id], capture_output=True, check=True).stdout)
    config = inspected[0]["HostConfig"]
    assert (config["Memory"], config["NanoCpus"]) == (128 * 1024**2, 500_000_000)
    assert config["CapDrop"] == ["ALL"]
    assert containers.execute(engine, container.id, ["id", "-u"]).output.strip() in ("1000", b"1000")
    used = containers.stats(engine, container.id)
    assert 0 < used.memory_bytes < 128 * 1024**2
    containers.stop(engine, container.id, grace_s=1)
    assert not containers.inspect(engine, container.id).running


def test_that_only_ones_own_containers_are_listed(
    home: Home, engine: Engine, container: containers.ContainerInfo, tmp_path: Path
) -> None:
    from longshore.settings import open_home

    assert [each.id for each in containers.listing(engine, home)] == [container.id]
    assert containers.listing(engine, open_home(tmp_path / "other")) == ()


def test_that_files_are_put_into_a_container_before_it_starts(
    engine: Engine, container: containers.ContainerInfo
) -> None:
    containers.put_files(engine, container.id, "/tmp", {"note.txt": b"a note"})
    containers.start(engine, container.id)
    assert "a note" in str(containers.execute(engine, container.id, ["cat", "/tmp/note.txt"]).output)


def test_that_a_network_is_made_once_and_removed(engine: Engine, home: Home, labels: dict[str, str]) -> None:
    name = f"longshore-test-{uuid.uuid4().hex[:8]}"
    first = networks.ensure(engine, name, labels)
    assert networks.ensure(engine, name, labels).id == first.id
    networks.remove(engine, name)
    assert networks.find(engine, name) is None


def test_that_what_is_not_there_is_not_found_and_no_error_of_the_sdk_leaves_the_room(engine: Engine) -> None:
    for asked in (containers.inspect, containers.start, containers.logs, containers.stats):
        with pytest.raises(NotFound):
            asked(engine, "longshore-no-such-container")
