"""The whole journey, as the README shows it: every id that the demo prints is read back from MLflow and from Docker."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import longshore

STEPS = [
    "open",
    "server",
    "prepare",
    "train",
    "evaluate",
    "compare",
    "register",
    "promote",
    "deploy",
    "predict",
    "lineage",
]


def get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return json.loads(answer.read())


def check_mlflow(steps: dict[str, Any]) -> None:
    server = steps["server"]["ids"]["url"] + "/api/2.0/mlflow"
    assert len(steps["train"]["ids"]["runs"]) == 3
    for run_id in steps["train"]["ids"]["runs"]:
        run = get(f"{server}/runs/get?run_id={run_id}")["run"]
        assert run["info"]["status"] == "FINISHED"
        tags = {tag["key"]: tag["value"] for tag in run["data"]["tags"]}
        assert tags["longshore.entry_point"] == "train"
        assert run["inputs"]["dataset_inputs"], "the run's input files are recorded"
    name, _, version = steps["register"]["ids"]["version"].partition("/")
    alias = get(f"{server}/registered-models/alias?name={name}&alias=champion")["model_version"]
    assert alias["version"] == version
    assert alias["run_id"] == steps["register"]["ids"]["run"]
    assert any(tag["key"].startswith("longshore.promotion.") for tag in alias["tags"])


def check_docker(home: Path, document: Any, steps: dict[str, Any]) -> None:
    import docker

    engine = docker.from_env()
    home_id = json.loads((home / "home.json").read_text())["id"]
    found = engine.containers.list(filters={"label": [f"longshore.home={home_id}", "longshore.kind=replica"]})
    assert len(found) == 1
    replica = found[0]
    assert steps["deploy"]["ids"]["containers"] == [replica.id]
    assert replica.attrs["Image"] == steps["deploy"]["ids"]["image"]
    assert replica.labels["longshore.run"] == steps["register"]["ids"]["run"]
    assert replica.labels["longshore.model"] == steps["register"]["ids"]["version"]
    assert replica.attrs["Config"]["User"] not in ("", "0", "root")
    assert not replica.attrs["HostConfig"]["PortBindings"], "the proxy alone publishes the port"
    engine.close()
    url = document["deployment"]["url"]
    assert url.startswith("http://127.0.0.1:")
    assert urllib.request.urlopen(url + "/ping", timeout=10).status == 200
    assert json.loads(steps["predict"]["ids"]["prediction"])["predictions"]


@pytest.mark.docker
@pytest.mark.timeout(1500)
@pytest.mark.parametrize("target", ["local", "docker"])
def test_that_the_demo_makes_what_it_says(home_path: Path, target: str) -> None:
    answer = longshore(home_path, "demo", "--target", target, timeout_s=1400)
    document = answer.document
    steps = {step["name"]: step for step in document["steps"]}
    assert list(steps) == STEPS
    assert {name: step["ok"] for name, step in steps.items()} == dict.fromkeys(STEPS, True), answer.err
    assert answer.status == 0
    check_mlflow(steps)
    check_docker(home_path, document, steps)
    assert steps["lineage"]["ids"]["deployment"] == 1


def test_that_the_demo_says_what_it_leaves_out_where_no_engine_is(home_path: Path) -> None:
    nowhere = {"DOCKER_HOST": "tcp://127.0.0.1:9"}
    (home_path / "settings.json").write_text(json.dumps({"docker_host": "tcp://127.0.0.1:9"}))
    answer = longshore(home_path, "demo", env=nowhere, timeout_s=900)
    steps = {step["name"]: step for step in answer.document["steps"]}
    assert answer.status == 0, answer.err
    assert [name for name, step in steps.items() if step["ok"] is None] == ["deploy", "predict"]
    assert "Docker" in steps["deploy"]["skipped"]
    assert answer.document["deployment"] is None
