"""Deploy: from the click to the first prediction of a new version, dependency layers warm, beside the model's own imports."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.measuring import Line, Options, ours, run, summary, temporary_home, user_environment

LOAD = "import os, mlflow.pyfunc; mlflow.pyfunc.load_model(os.environ.get('LONGSHORE_MODEL', '/opt/longshore/model'))"


def measure(options: Options) -> Iterator[Line]:
    """Limit: 1.5 s over the model's own imports. The peer is the image of `mlflow models generate-dockerfile`."""
    if not shutil.which("docker"):
        return
    with temporary_home() as home:
        environment = user_environment(home)
        answer = json.loads(run(ours("demo"), environment)[1])
        steps = {step["name"]: step["ids"] for step in answer["steps"]}
        runs = steps["train"]["runs"]
        body = Path(tempfile.mkdtemp()) / "rows.json"
        body.write_text(example(home, steps["register"]["version"]))
        total, imports = [], []
        for number in range(options.repetitions):
            run_id = runs[number % len(runs)]
            registered = json.loads(run(ours("register", run_id, "--name", "wine-quality"), environment)[1])["version"]
            version = f"{registered['name']}/{registered['version']}"
            total.append(_deploy_and_predict(home, version, body.read_bytes()))
            imports.append(
                _import_s(json.loads(run(ours("deployments"), environment)[1])["deployments"][0]["image_id"])
            )
        over = [all_s - import_s for all_s, import_s in zip(total, imports, strict=True)]
        yield {
            "figure": "click_to_first_prediction_over_imports",
            "s": summary(over),
            "total_s": summary(total),
            "imports_s": summary(imports),
            "limit": 1.5,
        }
        if options.peers:
            yield _peer(home, runs[0], body.read_bytes())


def example(home: Path, version: str) -> str:
    """Give a request body that fits the model's signature."""
    from longshore.serving import form
    from longshore.settings import open_home
    from longshore.workspace.connection import connect

    body: bytes = form.example_request(connect(open_home(home), "personal", wait_s=30), version)
    return body.decode()


def _deploy_and_predict(home: Path, version: str, body: bytes) -> float:
    """Do what the window's button does, in this process: the command's own start is not part of the click."""
    from longshore.serving import deploying, predicting
    from longshore.settings import open_home
    from longshore.store import deployments, jobs

    opened = open_home(home)
    started = time.perf_counter()
    queued = deploying.deploy(opened, version, name="wine-quality")
    wanted = version.rpartition("/")[2]
    # The old replica is drained and removed afterwards; the first prediction of the new version waits for neither.
    while deployments.get(opened, "wine-quality").serving_version != wanted:
        job = jobs.get(opened, queued.job_id or "")
        assert not job.ended or job.state == "finished", job.error
        time.sleep(0.01)
    answer = predicting.predict(opened, "wine-quality", body, "application/json")
    took = time.perf_counter() - started
    assert answer.status == 200, answer.body
    while not jobs.get(opened, queued.job_id or "").ended:
        time.sleep(0.05)
    return took


def _import_s(image_id: str) -> float:
    """Time importing pyfunc and loading the model in the very image, over starting its Python."""
    base = ["docker", "run", "--rm", "--entrypoint", "/opt/model/bin/python", image_id, "-c"]
    environment = user_environment()
    full = run([*base, LOAD], environment)[0]
    return full - run([*base, "pass"], environment)[0]


def _peer(home: Path, run_id: str, body: bytes) -> Line:
    """Serve the same model the way `mlflow models generate-dockerfile` does it, its layers warm."""
    environment = user_environment(home) | {"MLFLOW_TRACKING_URI": server_url(home), "MLFLOW_DISABLE_TELEMETRY": "true"}
    folder = Path(tempfile.mkdtemp(prefix="peer-"))
    took = []
    for number in range(3):
        context = folder / str(number)
        generate = ["models", "generate-dockerfile", "-m", f"runs:/{run_id}/model", "-d", str(context)]
        started = time.perf_counter()
        run([sys.executable, "-m", "mlflow", *generate], environment)
        (context / f"version-{number}").touch()
        _use_base_image(context / "Dockerfile")
        run(["docker", "build", "-q", "-t", "longshore-peer", str(context)], environment)
        name = f"longshore-peer-{number}"
        run(
            ["docker", "run", "-d", "--rm", "--name", name, "-p", "127.0.0.1:18080:8080", "longshore-peer"], environment
        )
        try:
            _first_answer("http://127.0.0.1:18080/invocations", body)
            took.append(time.perf_counter() - started)
        finally:
            run(["docker", "rm", "-f", name], environment)
    shutil.rmtree(folder)
    return {
        "figure": "mlflow_dockerfile_click_to_first_prediction",
        "s": summary(took[1:]),
        "first_build_s": round(took[0], 1),
    }


def _use_base_image(dockerfile: Path) -> None:
    lines = dockerfile.read_text().splitlines()
    dockerfile.write_text(
        "\n".join("FROM python:3.11-slim" if line.startswith("FROM ") else line for line in lines) + "\n"
    )


def _first_answer(url: str, body: bytes) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                assert answer.status == 200
                return
        except OSError:
            time.sleep(0.05)
    raise TimeoutError(url)


def server_url(home: Path) -> str:
    """Give the address of the home's own tracking server."""
    found: str = json.loads(run(ours("agent", "start"), user_environment(home))[1])["server"]["url"]
    return found
