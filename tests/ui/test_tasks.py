"""The runner of work: order, callbacks on the UI thread, cancel, askers that are gone, work that fails."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QObject, QThread
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from longshore.errors import Invalid, LongshoreError
from longshore.progress import CancelToken, Progress
from longshore.ui.shell.tasks import THREADS, TaskRunner


@pytest.fixture
def asker(qapp: object) -> QObject:
    return QObject()


@pytest.fixture
def runner(qapp: object) -> Iterator[TaskRunner]:
    owner = QObject()
    made = TaskRunner(owner)
    yield made
    made.close()


def nothing(_progress: Progress, _cancel: CancelToken) -> None:
    return None


def test_that_work_runs_elsewhere_and_the_answer_comes_on_the_ui_thread(
    qtbot: QtBot, runner: TaskRunner, asker: QObject
) -> None:
    ui, seen = QThread.currentThread(), []
    worker: list[str] = []

    def work(_progress: Progress, _cancel: CancelToken) -> int:
        worker.append(threading.current_thread().name)
        return 42

    runner.run(asker, work, lambda answer: seen.append((answer, QThread.currentThread() is ui)))
    qtbot.waitUntil(lambda: bool(seen))
    assert seen == [(42, True)]
    assert worker[0].startswith("task")
    assert runner.idle


def test_that_work_of_one_key_runs_in_order_and_keeps_no_thread_from_other_work(
    qtbot: QtBot, runner: TaskRunner, asker: QObject
) -> None:
    gate, order, other = threading.Event(), list[int](), list[str]()

    def numbered(number: int):  # type: ignore[no-untyped-def]
        def work(_progress: Progress, _cancel: CancelToken) -> None:
            gate.wait(10)
            order.append(number)

        return work

    for number in range(THREADS * 3):
        runner.run(asker, numbered(number), key="charts")
    # Were the waiting ones in threads, this one would not get any.
    runner.run(asker, nothing, lambda _none: other.append("done"))
    qtbot.waitUntil(lambda: other == ["done"], timeout=3000)
    gate.set()
    qtbot.waitUntil(lambda: runner.idle)
    assert order == list(range(THREADS * 3))


def test_that_a_failure_in_the_middle_lets_the_next_work_of_its_key_go_on(
    qtbot: QtBot, runner: TaskRunner, asker: QObject
) -> None:
    def fails(_progress: Progress, _cancel: CancelToken) -> None:
        raise Invalid("This is wrong.")

    said: list[str] = []
    runner.run(asker, fails, failed=lambda error: said.append(error.reason), key="one")
    runner.run(asker, nothing, lambda _none: said.append("next"), key="one")
    qtbot.waitUntil(lambda: len(said) == 2)
    assert said == ["This is wrong.", "next"]


def test_that_cancelled_work_is_quiet(qtbot: QtBot, runner: TaskRunner, asker: QObject) -> None:
    started, seen = threading.Event(), list[object]()

    def work(progress: Progress, _cancel: CancelToken) -> str:
        started.set()
        while True:
            progress(None, "still there")
            time.sleep(0.005)

    token = runner.run(asker, work, seen.append, seen.append, title="Endless")
    runner.failed_unseen.connect(lambda *what: seen.append(what))
    assert started.wait(5)
    assert [task.title for task in runner.shown()] == ["Endless"]
    token.cancel()
    qtbot.waitUntil(lambda: runner.idle)
    assert seen == []


def test_that_an_asker_that_is_gone_is_not_called(qtbot: QtBot, runner: TaskRunner) -> None:
    gate, seen = threading.Event(), list[object]()
    widget = QWidget()

    def work(_progress: Progress, _cancel: CancelToken) -> bool:
        return gate.wait(5)

    runner.run(widget, work, seen.append)
    widget.deleteLater()
    qtbot.wait(20)
    gate.set()
    qtbot.waitUntil(lambda: runner.idle)
    assert seen == []


def test_that_work_that_holds_a_widget_is_refused(qapp: object, runner: TaskRunner, asker: QObject) -> None:
    widget = QWidget()

    def work(_progress: Progress, _cancel: CancelToken) -> str:
        return widget.windowTitle()

    with pytest.raises(TypeError, match="must not hold a widget"):
        runner.run(asker, work)
    assert runner.idle
    widget.deleteLater()


def test_that_progress_is_shown_with_its_detail(qtbot: QtBot, runner: TaskRunner, asker: QObject) -> None:
    gate, told = threading.Event(), list[tuple[float | None, str]]()

    def work(progress: Progress, _cancel: CancelToken) -> None:
        progress(0.5, "half of it")
        gate.wait(5)

    runner.run(asker, work, progressed=lambda fraction, detail: told.append((fraction, detail)), title="Long")
    qtbot.waitUntil(lambda: told == [(0.5, "half of it")])
    assert (runner.shown()[0].fraction, runner.shown()[0].detail) == (0.5, "half of it")
    gate.set()
    qtbot.waitUntil(lambda: runner.idle)


@pytest.mark.expects_warnings
def test_that_a_bug_in_work_is_told_in_words_and_logged(
    qtbot: QtBot, runner: TaskRunner, asker: QObject, caplog: pytest.LogCaptureFixture
) -> None:
    def work(_progress: Progress, _cancel: CancelToken) -> int:
        return [1][7]

    told: list[LongshoreError] = []
    runner.run(asker, work, failed=told.append)
    qtbot.waitUntil(lambda: bool(told))
    assert "IndexError" in told[0].reason
    assert "bug in Longshore" in (told[0].hint or "")
    assert "work failed" in caplog.text


def test_that_a_failure_that_nobody_shows_is_told_by_the_window(
    qtbot: QtBot, runner: TaskRunner, asker: QObject
) -> None:
    def fails(_progress: Progress, _cancel: CancelToken) -> None:
        raise Invalid("No.")

    with qtbot.waitSignal(runner.failed_unseen) as told:
        runner.run(asker, fails, title="Trying")
    assert told.args is not None
    assert told.args[0] == "Trying"


def test_that_held_work_starts_only_at_release(qtbot: QtBot, runner: TaskRunner, asker: QObject) -> None:
    order: list[str] = []

    def work(_progress: Progress, _cancel: CancelToken) -> None:
        order.append("work")

    runner.hold()
    runner.run(asker, work, key="a")
    qtbot.wait(50)
    assert order == []
    runner.release(lambda: order.append("first"))
    qtbot.waitUntil(lambda: runner.idle)
    assert order == ["first", "work"]


def test_that_closing_does_not_wait_for_work_that_hangs(qapp: object, asker: QObject) -> None:
    owner, gate = QObject(), threading.Event()
    made = TaskRunner(owner)
    made.run(asker, lambda _progress, _cancel: gate.wait(30))
    began = time.monotonic()
    made.close(timeout_s=0.2)
    assert time.monotonic() - began < 2
    assert made.run(asker, nothing).cancelled, "after the end nothing is begun"
    gate.set()
