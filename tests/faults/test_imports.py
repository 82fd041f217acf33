"""An import that is disturbed: whatever is killed or full, asking again brings every run over, whole and once."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import psutil
import pytest

from longshore.errors import LongshoreError, Unavailable
from longshore.mlflow_rest import artifacts, experiments, metrics, runs
from longshore.mlflow_rest.client import Client
from longshore.mlflow_rest.types import Run
from longshore.progress import CancelToken
from longshore.settings import Home
from longshore.store import processes
from longshore.tracking.imports.copying import ID_TAG, WHOLE_TAG, import_found
from longshore.tracking.imports.finding import find
from tests.support.launching import wait_until
from tests.support.trash import connected, personal_home

POINTS = 3000


def made_store(folder: Path, count: int, artifact: bytes = b"hello") -> tuple[str, ...]:
    """A file store of MLflow with some runs, each with one metric and one artifact."""
    store = folder / "mlruns" / "1"
    ids = tuple(uuid.uuid4().hex for _ in range(count))
    for number, run_id in enumerate(ids):
        run = store / run_id
        for name in ("metrics", "artifacts", "params"):
            (run / name).mkdir(parents=True)
        (run / "meta.yaml").write_text(f"run_name: r{number}\nstart_time: {1_600_000_000_000 + number}\nstatus: 3\n")
        lines = (f"{1_600_000_000_000 + step} {step / 2} {step}\n" for step in range(POINTS))
        (run / "metrics" / "loss").write_text("".join(lines))
        (run / "params" / "lr").write_text("0.1")
        (run / "artifacts" / "a.bin").write_bytes(artifact)
    (store / "meta.yaml").write_text("name: e\n")
    return ids


def imported(client: Client, originals: Sequence[str]) -> list[Run]:
    """All runs, in the trash or not, that came of these."""
    every = [one.id for one in experiments.listing(client)]
    found = [run for deleted in (False, True) for run in runs.search_all(client, every, deleted=deleted)]
    return [run for run in found if run.tags.get(ID_TAG) in originals and run.lifecycle == "active"]


def check_whole_and_once(client: Client, originals: Sequence[str], artifact: bytes = b"hello") -> None:
    found = imported(client, originals)
    assert Counter(run.tags[ID_TAG] for run in found) == Counter(originals)
    for run in found:
        assert WHOLE_TAG in run.tags
        assert (run.status, run.params) == ("FINISHED", {"lr": "0.1"})
        assert [point.step for point in metrics.history(client, run.id, "loss")] == list(range(POINTS))
        assert artifacts.download(client, run.id, "a.bin") == artifact


class At(CancelToken):
    """Does something at one of the looks at whether it was cancelled: in the middle of a run's points and files."""

    def __init__(self, look: int, home: Home) -> None:
        super().__init__()
        self._left, self._home = look, home

    def check(self) -> None:
        self._left -= 1
        if self._left == 0:
            pid = processes.server(self._home).pid
            assert pid is not None
            psutil.Process(pid).kill()
            psutil.wait_procs([psutil.Process(pid)] if psutil.pid_exists(pid) else [], timeout=10)
        super().check()


@pytest.mark.timeout(400)
def test_that_an_import_goes_on_where_it_was_when_the_tracking_server_was_killed_in_the_middle(
    own: Home, own_client: Client, tmp_path: Path
) -> None:
    originals = made_store(tmp_path, 3)
    (found,) = find(tmp_path)
    # Two looks while it looks for earlier imports and at the first run, the rest within the second run.
    token = At(8, own)
    with pytest.raises(Unavailable) as told:
        import_found(own_client, found, project="killed", cancel=token)
    assert told.value.hint
    wait_until(lambda: processes.server(own).state == "healthy" and own_client.healthy(), 120)
    with connected(own) as client:
        before = {run.tags[ID_TAG]: run.id for run in imported(client, originals)}
        assert 0 < len(before) < 3
        assert not all(WHOLE_TAG in run.tags for run in imported(client, originals))
        done = import_found(client, found, project="killed")
        assert len(done.created) + len(done.already) == 3
        check_whole_and_once(client, originals)
        assert before.items() <= {run.tags[ID_TAG]: run.id for run in imported(client, originals)}.items()


@pytest.mark.timeout(400)
def test_that_an_import_that_was_killed_itself_is_ended_by_asking_again(
    own: Home, own_client: Client, tmp_path: Path
) -> None:
    originals = made_store(tmp_path, 6)
    command = [sys.executable, "-m", "longshore", "import", "--from", str(tmp_path), "--experiment", "killed-too"]
    environment = {**os.environ, "LONGSHORE_HOME": str(own.path)}
    with subprocess.Popen(command, env=environment, cwd=tmp_path, stdout=-3, stderr=-3) as process:
        wait_until(lambda: len(imported(own_client, originals)) >= 2, 120)
        process.send_signal(signal.SIGKILL)
    half = [run for run in imported(own_client, originals) if WHOLE_TAG not in run.tags]
    assert len(half) <= 1
    assert len(imported(own_client, originals)) < 6
    again = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
    check_whole_and_once(own_client, originals)


@pytest.mark.timeout(400)
def test_that_an_import_onto_a_full_disk_is_told_and_ends_once_there_is_room(small_disk: Path, tmp_path: Path) -> None:
    content = os.urandom(1_500_000)
    with personal_home(tracking=small_disk / "tracking") as own, connected(own) as client:
        originals = made_store(tmp_path, 3, content)
        (found,) = find(tmp_path)
        filler = small_disk / "filler"
        # Room for one run's files, not for three.
        free = os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_frsize
        with filler.open("wb") as file:
            file.write(b"\0" * (free - 3_500_000))
        told: LongshoreError | None = None
        try:
            done = import_found(client, found, project="full")
            assert done.skipped
        except LongshoreError as error:
            told = error
        assert told is None or (told.reason and told.hint)
        assert len([run for run in imported(client, originals) if WHOLE_TAG in run.tags]) < 3
        filler.unlink()
        wait_until(client.healthy, 120)
        with contextlib.suppress(Unavailable):  # the server may have to come back first
            import_found(client, found, project="full")
        import_found(client, found, project="full")
        check_whole_and_once(client, originals, content)
