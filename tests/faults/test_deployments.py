"""What a deployment does with bad input and broken surroundings: a message with a next step, and nothing half made."""

from __future__ import annotations

import gc
import json
import os
import socket
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from longshore.errors import Invalid, Unavailable, WorkFailed
from longshore.serving import predicting, source
from longshore.store import deployments, jobs
from tests.support.cut_off_engine import cut_off_engine
from tests.support.serving import Dock, opened_dock
from tests.support.tiny_models import register_tiny
from tests.support.tracking import free_port

if TYPE_CHECKING:
    from pathlib import Path

    from longshore.mlflow_rest.client import Client

# The SDK forgets to close a socket that it could not connect.
pytestmark = [
    pytest.mark.docker,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(autouse=True)
def collect_the_sdks_sockets() -> Iterator[None]:
    yield
    gc.collect()


@pytest.fixture(scope="module")
def dock(tracking_server: str, client: Client) -> Iterator[Dock]:
    with opened_dock(tracking_server, client) as opened:
        yield opened


def test_that_a_taken_port_is_refused_before_anything_is_made(dock: Dock) -> None:
    version = register_tiny(dock.client, "porter")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Invalid, match=f"Port {port} is used by another program") as refusal:
            dock.queue(version, port=port)
    assert "--port" in (refusal.value.hint or "")
    assert not deployments.listing(dock.home)
    assert not jobs.listing(dock.home)


def test_that_a_port_taken_after_the_click_fails_the_deployment_and_leaves_nothing(dock: Dock) -> None:
    version = register_tiny(dock.client, "porter")
    port = free_port()
    row = dock.queue(version, port=port)
    with socket.create_server(("127.0.0.1", port)), pytest.raises(Invalid, match=f"Port {port} is used"):
        dock.carry_out(row.job_id or "")
    assert not dock.names()
    failed = deployments.get(dock.home, row.name)
    assert (failed.state, failed.serving_version) == ("failed", "")
    assert failed.error is not None and failed.error["hint"]
    dock.undeploy(row.name)


def test_that_a_model_without_a_signature_is_refused_with_what_to_do(dock: Dock) -> None:
    version = register_tiny(dock.client, "unsigned", signed=False)
    with pytest.raises(Invalid, match="has no signature") as refusal:
        dock.queue(version)
    assert "infer_signature" in (refusal.value.hint or "")
    assert not deployments.listing(dock.home)


def test_that_a_requirement_that_does_not_exist_is_named_and_nothing_is_left(dock: Dock) -> None:
    version = register_tiny(dock.client, "wishful", requirements="mlflow-skinny==3.17.2\nno-such-package-of-ours==1\n")
    with pytest.raises(WorkFailed, match="requirements could not be installed") as failure:
        dock.deploy(version)
    assert "no-such-package-of-ours" in (failure.value.details or "")
    assert "pip_requirements" in (failure.value.hint or "")
    assert not dock.names()
    dock.undeploy("wishful")


def test_that_an_engine_stopped_in_the_middle_of_a_build_is_said_and_nothing_is_half_made(
    dock: Dock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # A requirement of its own, so that no cached layer makes the build too short to be cut.
    unusual = f"mlflow-skinny==3.17.2\npandas==3.1.1\n# {os.getpid()}\nsix==1.16.0\n"
    version = register_tiny(dock.client, "cut", requirements=unusual)
    with cut_off_engine(tmp_path) as engine:
        monkeypatch.setenv("DOCKER_HOST", engine.url)
        row = dock.queue(version)

        titles: list[str] = []

        def cut_while_installing(fraction: float | None, title: str) -> None:
            titles.append(title)
            if "Installing the model's requirements" in titles[:-1]:
                engine.cut()  # this is the build's first line

        with pytest.raises(Unavailable, match="engine") as failure:
            dock.carry_out(row.job_id or "", progress=cut_while_installing)
    assert failure.value.hint
    failed = deployments.get(dock.home, row.name)
    assert (failed.state, failed.serving_version) == ("failed", "")
    monkeypatch.delenv("DOCKER_HOST")
    assert not dock.names()
    assert not (dock.home.jobs / (row.job_id or "") / "model").exists()
    # Once it runs again, the name can be deployed.
    assert dock.deploy(register_tiny(dock.client, "cut")).state == "healthy"
    dock.undeploy(row.name)


def test_that_without_an_engine_a_deployment_is_refused_with_the_fix(
    dock: Dock, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = register_tiny(dock.client, "adrift")
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    with pytest.raises(Unavailable) as refusal:
        dock.queue(version)
    assert refusal.value.hint
    assert not deployments.listing(dock.home)


def test_that_a_prediction_with_missing_columns_shows_the_endpoints_own_answer(dock: Dock) -> None:
    row = dock.deploy(register_tiny(dock.client, "columns"))
    sent = json.dumps({"dataframe_split": {"columns": ["rooms"], "data": [[1.0]]}}).encode()
    for body, kind in ((sent, predicting.JSON), (b"rooms\n1.0\n", predicting.CSV)):
        answer = predicting.predict(dock.home, row.name, body, kind)
        assert answer.status == 400
        assert "floor" in answer.body
        assert "Traceback" not in answer.body
    dock.undeploy(row.name)


@pytest.mark.parametrize("small_disk", ["64k"], indirect=True)
def test_that_a_full_disk_while_reading_the_model_is_said_and_nothing_is_left(dock: Dock, small_disk: Path) -> None:
    from longshore.mlflow_rest import registry

    name, _, number = register_tiny(dock.client, "heavy", imports="# " + "x" * 200_000).rpartition("/")
    with pytest.raises(Unavailable, match="cannot be written") as failure:
        source.download(dock.client, registry.get_version(dock.client, name, number), small_disk / "model")
    assert "Free disk space" in (failure.value.hint or "")
    assert not list(small_disk.iterdir())
