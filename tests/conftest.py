"""What every test gets: an own home folder, a temporary keyring, and guards against leftovers and silent warnings."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import platformdirs
import pytest

if TYPE_CHECKING:
    from longshore.mlflow_rest.client import Client
    from longshore.settings import Home
    from tests.support.models import MadeModels
    from tests.support.trash import Maker

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
# The tests' folders are their own; those of trust itself take this back.
os.environ.setdefault("LONGSHORE_TRUST", "always")
# MLflow's import takes 8 s without compiled files, 3 s with: the processes that tests start share them.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
os.environ.setdefault("PYTHONPYCACHEPREFIX", platformdirs.user_cache_dir("longshore-tests", appauthor=False))

# A change is judged by what it did, not by luck: the same examples each time. To look for new ones:
# pytest --hypothesis-profile=explore
hypothesis.settings.register_profile("explore")
hypothesis.settings.register_profile("same", derandomize=True)
hypothesis.settings.load_profile("same")


@pytest.fixture
def home_path(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home folder of this test alone, at a short path (sockets), removed with all its processes at the end."""
    folder = Path(tempfile.mkdtemp(prefix="ls-"))
    monkeypatch.setenv("LONGSHORE_HOME", str(folder))
    yield folder
    from tests.support.leftovers import end_everything_of

    end_everything_of(folder)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def home(home_path: Path) -> Home:
    """The home folder, opened."""
    from longshore.settings import open_home

    return open_home(home_path)


@pytest.fixture(scope="session")
def tracking_server() -> Iterator[str]:
    """The address of a real, stock MLflow server, one for the whole test run: name your things uniquely in it."""
    from tests.support.tracking import running_server

    with running_server() as url:
        yield url


@pytest.fixture
def served_home(home: Home, tracking_server: str) -> Home:
    """A home whose agent, once something is launched, uses the shared tracking server: no seconds to wait for one."""
    from tests.support.launching import lend_server

    lend_server(home, tracking_server)
    return home


@pytest.fixture(scope="session")
def client(tracking_server: str) -> Iterator[Client]:
    """A client of that server."""
    from longshore.mlflow_rest.client import Client

    with Client(tracking_server, timeout_s=30) as found:
        yield found


@pytest.fixture
def maker(client: Client) -> Maker:
    """Makes runs in an experiment of its own on that server."""
    from tests.support.trash import Maker

    return Maker(client)


@pytest.fixture(scope="module")
def own() -> Iterator[Home]:
    """A home whose agent runs a tracking server of its own: what a test does to a server, no other one sees."""
    from tests.support.trash import personal_home

    with personal_home() as home:
        yield home


@pytest.fixture
def own_client(own: Home) -> Iterator[Client]:
    """A client of that home's server."""
    from tests.support.trash import connected

    with connected(own) as found:
        yield found


@pytest.fixture
def own_maker(own_client: Client) -> Maker:
    """Makes runs in an experiment of its own on that home's server."""
    from tests.support.trash import Maker

    return Maker(own_client)


@pytest.fixture(scope="session")
def logged_models(tracking_server: str) -> MadeModels:
    """Runs with small real models of every sort on that server; register them under names of your own."""
    from tests.support.models import make_models

    return make_models(tracking_server)


@pytest.fixture(autouse=True)
def no_unexpected_warning(caplog: pytest.LogCaptureFixture, request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail on any warning in the log that the test did not expect with the marker `expects_warnings`."""
    caplog.set_level(logging.WARNING)
    yield
    if request.node.get_closest_marker("expects_warnings"):
        return
    found = [record for record in caplog.get_records("call") if record.levelno >= logging.WARNING]
    assert not found, "unexpected warnings in the log: " + "; ".join(record.getMessage() for record in found)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin the longest files first where the tests are shared out; a process alone keeps the order of the folders."""
    if hasattr(config, "workerinput"):
        from tests.support.sharing_out import longest_first

        items[:] = longest_first(items)


def docker_reason() -> str | None:
    """Tell why no Docker engine can be used here, None where one can."""
    import docker
    from docker.errors import DockerException

    try:
        client = docker.from_env(timeout=5)
        client.ping()
        client.close()
    except DockerException as error:
        return f"no Docker engine: {error}"
    return None


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what needs Docker where there is none; under LONGSHORE_REQUIRE_DOCKER=1 fail instead."""
    if item.get_closest_marker("docker") and (reason := _docker_reason()):
        if os.environ.get("LONGSHORE_REQUIRE_DOCKER") == "1":
            pytest.fail(reason)
        pytest.skip(reason)


_reason: list[str | None] = []


def _docker_reason() -> str | None:
    if not _reason:
        _reason.append(docker_reason())
    return _reason[0]


@pytest.fixture
def small_disk(request: pytest.FixtureRequest) -> Iterator[Path]:
    """A folder on a disk of its own, of 24 MB, or of what an indirect parameter says in mount's words."""
    folder = Path(tempfile.mkdtemp(prefix="ls-disk-"))
    size = getattr(request, "param", "24m")
    mounted = shutil.which("mount") and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if not mounted or mounted.returncode:
        folder.rmdir()
        why = "a small disk can only be mounted by root, on a system that has tmpfs"
        # The check runs as root: there a test that cannot have its disk has not been run.
        (pytest.fail if os.environ.get("LONGSHORE_REQUIRE_DOCKER") == "1" else pytest.skip)(why)
    yield folder
    # What a test has ended may have it open for a moment.
    for _ in range(50):
        if subprocess.run(["umount", str(folder)], capture_output=True, check=False).returncode == 0:
            break
        time.sleep(0.1)
    else:
        subprocess.run(["umount", "-l", str(folder)], check=True)
    folder.rmdir()
