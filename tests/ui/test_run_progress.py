"""How far a run is, in its page's head: from a real job's log, and from earlier runs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from longshore.jobs import launching
from longshore.jobs.log_progress import LogProgress
from longshore.jobs.usual_duration import Usual, usual_duration
from longshore.projects import opening
from longshore.settings import Home
from longshore.store import jobs, records
from longshore.store.records import Job
from longshore.ui.pages.run_progress import RunProgress, Told, roughly, told
from longshore.ui.pages.run_work import RunState
from longshore.ui.shell.context import ProjectRef
from tests.support.launching import make_project
from tests.ui.conftest import ShellMaker, shown_run_page

BARS = """\
import sys, time
for n in range(1, 61):
    sys.stderr.write(f"\\r {n}%|#         | {n}/100 [00:{n:02d}<01:00,  1.0it/s]")
    sys.stderr.flush()
    time.sleep(0.2)
"""
NOW = datetime(2026, 5, 8, 12, 0, tzinfo=UTC)


@pytest.fixture
def job(home: Home) -> Job:
    """A job that began two minutes before NOW."""
    made = add(home)
    return jobs.update(home, made.id, state=records.RUNNING, started_at=NOW - timedelta(minutes=2))


def add(home: Home, **spec: object) -> Job:
    whole = {"entry_point": "train", "parameters": {"depth": "3"}, **spec}
    return jobs.add(home, kind="run", title="forest · train", spec=whole, workspace="personal", project_id="p")


def end(home: Home, seconds: float, **spec: object) -> Job:
    made = add(home, **spec)
    return jobs.update(home, made.id, state=records.FINISHED, started_at=NOW, ended_at=NOW + timedelta(seconds=seconds))


def test_that_the_time_left_is_told_with_its_end(job: Job) -> None:
    state = RunState(job, None, progress=LogProgress(0.25, "Epoch 5 of 20"))
    end = (NOW + timedelta(minutes=6)).astimezone()
    assert told(state, NOW) == Told("Epoch 5 of 20", f"6 min left, ends about {end:%H:%M}", 0.25)
    own = replace(state, progress=LogProgress(0.25, "5 of 20", left_s=20.0))
    assert told(own, NOW) == Told("5 of 20", "20 s left", 0.25)
    part = replace(state, progress=LogProgress(0.5, "Epoch 3: 50 of 100", 12.0, whole=False))
    assert told(part, NOW) == Told("Epoch 3: 50 of 100", "12 s left in it", 0.5)


def test_that_earlier_runs_tell_where_the_log_does_not(job: Job) -> None:
    assert told(RunState(job, None), NOW) is None
    assert told(RunState(job, None, usual=Usual(180, 4)), NOW) == Told("Usually 3 min", "about 1 min left", 2 / 3)
    assert told(RunState(job, None, usual=Usual(60, 4)), NOW) == Told("Usually 1 min", "runs for 2 min", None)
    ended = replace(job, state=records.FINISHED)
    assert told(RunState(ended, None, usual=Usual(180, 4)), NOW) is None


def test_that_the_usual_duration_is_that_of_the_runs_most_like_it(home: Home, job: Job) -> None:
    assert usual_duration(home, job) is None
    for seconds in (100, 200, 900):
        end(home, seconds, parameters={"depth": "9"})
    end(home, 5, entry_point="evaluate")
    assert usual_duration(home, job) == Usual(200, 3)
    end(home, 40)
    assert usual_duration(home, job) == Usual(40, 1)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "1 s"),
        (59.4, "59 s"),
        (60, "1 min"),
        (1000, "17 min"),
        (7800, "2 h 10 min"),
        (7200, "2 h"),
        (300_000, "3 d"),
    ],
)
def test_that_durations_are_said_roughly(seconds: float, words: str) -> None:
    assert roughly(seconds) == words


def test_that_a_bar_of_unknown_length_is_full_and_neutral(qtbot: QtBot) -> None:
    shown = RunProgress()
    qtbot.addWidget(shown)
    shown.show_progress(Told("Usually 1 min", "runs for 2 min", None))
    assert (shown.bar.value(), shown.bar.property("tone")) == (1000, "neutral")
    shown.show_progress(Told("Epoch 1 of 2", "", 0.5))
    assert (shown.bar.value(), shown.bar.property("tone"), shown.bar.accessibleName()) == (
        500,
        "",
        "Progress: Epoch 1 of 2",
    )
    shown.show_progress(None)
    assert shown.isHidden()


def test_that_a_running_jobs_bar_stands_in_the_head(
    qtbot: QtBot, served_home: Home, open_shell: ShellMaker, tmp_path: Path
) -> None:
    shell = open_shell(served_home, page="home")
    info = opening.open_project(shell.home, make_project(tmp_path / "bars", BARS))
    shell.context.show_project(ProjectRef(info.id, info.name, str(info.path)))
    made = launching.launch(shell.home, str(info.path))
    shell.context.open("run", job_id=made.id)
    page = shown_run_page(shell)
    qtbot.waitUntil(lambda: page.head.progress.title.text().endswith(" of 100"), timeout=60_000)
    assert page.head.progress.side.text().startswith("1 min left, ends about")
    assert 0 < page.head.progress.bar.value() < 1000
    qtbot.waitUntil(lambda: jobs.get(shell.home, made.id).ended, timeout=60_000)
    qtbot.waitUntil(page.head.progress.isHidden, timeout=20_000)
