"""What a run used of the machine, where nobody sampled it: the system metrics that the run logged itself."""

from __future__ import annotations

import time
import uuid

import pytest
from pytestqt.qtbot import QtBot

from longshore.mlflow_rest import experiments, runs
from longshore.mlflow_rest.client import Client
from longshore.mlflow_rest.runs import Metric
from longshore.settings import Home
from longshore.ui.pages.run_system import SystemBox, logged_names
from longshore.ui.shell.app import Shell
from tests.ui.conftest import ShellMaker, shown_run_page

CPU, MEMORY = "system/cpu_utilization_percentage", "system/system_memory_usage_megabytes"
GPU = "system/gpu_0_utilization_percentage"


@pytest.fixture
def shell(served_home: Home, open_shell: ShellMaker) -> Shell:
    return open_shell(served_home, page="home")


@pytest.fixture
def elsewhere(client: Client) -> str:
    experiment = experiments.ensure(client, f"elsewhere-{uuid.uuid4().hex[:6]}", {})
    return runs.create(client, experiment.id, name="on-a-server").id


def log(client: Client, run_id: str, step: int, **values: float) -> None:
    names = {"cpu": CPU, "memory": MEMORY, "gpu": GPU, "loss": "loss"}
    now = int(time.time() * 1000)
    runs.log_batch(client, run_id, metrics=[Metric(names[key], value, now, step) for key, value in values.items()])


def show(shell: Shell, run_id: str) -> SystemBox:
    shell.context.open("run", run_id=run_id)
    page = shown_run_page(shell)
    return page.side.system


def test_that_a_run_made_elsewhere_shows_the_system_metrics_that_it_logged(
    qtbot: QtBot, shell: Shell, client: Client, elsewhere: str
) -> None:
    for step, (cpu, memory) in enumerate([(20.0, 1000.0), (90.0, 3000.0), (40.0, 2000.0)]):
        log(client, elsewhere, step, cpu=cpu, memory=memory)
    system = show(shell, elsewhere)
    qtbot.waitUntil(lambda: system.cpu.value.text() == "40 %", timeout=20_000)
    assert system.cpu.below.text() == "peak 90 %"
    assert (system.memory.value.text(), system.memory.below.text()) == ("2.0 GB", "peak 3.0 GB")
    assert not system.gpu.isVisible(), "it logged none"
    # The run still goes on.
    log(client, elsewhere, 3, cpu=55.0, gpu=97.0)
    qtbot.waitUntil(lambda: system.cpu.value.text() == "55 %", timeout=20_000)
    assert system.gpu.value.text() == "97 %"
    assert system.gpu.isVisible()


def test_that_the_next_run_shows_nothing_of_the_one_before(
    qtbot: QtBot, shell: Shell, client: Client, elsewhere: str
) -> None:
    log(client, elsewhere, 0, cpu=20.0, gpu=50.0)
    system = show(shell, elsewhere)
    qtbot.waitUntil(lambda: system.gpu.value.text() == "50 %", timeout=20_000)
    experiment = experiments.ensure(client, f"elsewhere-{uuid.uuid4().hex[:6]}", {})
    plain = runs.create(client, experiment.id, name="plain").id
    log(client, plain, 0, loss=1.0)
    show(shell, plain)
    assert system.cpu.value.text() == "—"
    qtbot.waitUntil(lambda: shell.runner.idle, timeout=20_000)
    assert not system.isVisible()


def test_that_of_many_gpus_the_first_one_is_shown() -> None:
    many = [f"system/gpu_{n}_{ending}" for n in range(16) for ending in ("utilization_percentage", "power_usage_watts")]
    assert logged_names([*many, CPU, "loss", "system/gpu_0_memory_usage_megabytes"]) == (
        CPU,
        "system/gpu_0_utilization_percentage",
        "system/gpu_0_memory_usage_megabytes",
    )
