"""A run's console on real log files: saved whole, searched whole, and a gigabyte of it in bounded memory."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest
from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot

from longshore.jobs.log import LogReader
from longshore.progress import CancelToken, no_progress
from longshore.settings import Home, Settings
from longshore.store.records import Job
from longshore.ui.pages.run_console import Console, FoundLines
from longshore.ui.pages.run_log import search_log
from longshore.ui.shell.context import AppContext
from longshore.ui.shell.tasks import TaskRunner
from longshore.ui.theme.style import Theme
from longshore.ui.widgets.log_view import KEPT_LINES

TAIL_BYTES = 8 << 20


@pytest.fixture
def console(qapp: QApplication, home: Home, qtbot: QtBot) -> Iterator[Console]:
    owner = QObject()
    runner = TaskRunner(owner)
    made = Console(AppContext(home, runner, Theme(qapp, Settings(), home.path), None))
    qtbot.addWidget(made)
    made.resize(900, 400)
    made.show()
    yield made
    made.clear()
    runner.close()


def job_at(folder: Path) -> Job:
    """A job that has ended, with a folder for its log."""
    folder.mkdir(exist_ok=True)
    return Job(
        id=folder.name, kind="run", state="finished", title="t", project_id=None, workspace="personal", target="local",
        spec={}, position=1, cpus=1, memory_bytes=None, gpus=0, created_at=datetime.now(UTC),
        started_at=None, ended_at=None, exit_code=0, run_ids=(), folder=str(folder), error=None,
        stop_requested=False, progress=None, detail="",
    )  # fmt: skip


def show(qtbot: QtBot, console: Console, job: Job, last: str) -> None:
    console.show_job(job)
    qtbot.waitUntil(lambda: console.log.text.toPlainText().endswith(last), timeout=30_000)
    qtbot.waitUntil(lambda: console.log.text.before is not None, timeout=30_000)


def long_log(tmp_path: Path, lines: int = KEPT_LINES + 5_000) -> Job:
    """A log of which the console holds the end alone."""
    job = job_at(tmp_path / "long")
    (tmp_path / "long" / "log").write_text("".join(f"line {n}\n" for n in range(1, lines + 1)))
    return job


def test_that_the_whole_log_is_saved_also_what_the_console_let_go(
    qtbot: QtBot, console: Console, tmp_path: Path
) -> None:
    job = long_log(tmp_path)
    show(qtbot, console, job, f"line {KEPT_LINES + 5_000}")
    told: list[tuple[str, str, str]] = []
    console._context.told.connect(lambda *words: told.append(words))
    console.log.save.click()
    dialog = console.findChild(QFileDialog)
    assert isinstance(dialog, QFileDialog)
    dialog.fileSelected.emit(str(tmp_path / "saved.log"))
    dialog.close()
    qtbot.waitUntil(lambda: bool(told), timeout=20_000)
    assert told == [("success", "Saved the log", str(tmp_path / "saved.log"))]
    assert (tmp_path / "saved.log").read_bytes() == (tmp_path / "long" / "log").read_bytes()


def test_that_a_log_that_cannot_be_saved_says_why(qtbot: QtBot, console: Console, tmp_path: Path) -> None:
    job, failed = long_log(tmp_path, 10), list[str]()
    show(qtbot, console, job, "line 10")
    console._context.runner.failed_unseen.connect(lambda _title, error: failed.append(error.reason))
    console.save_to(str(tmp_path / "no" / "such" / "folder.log"), job)
    qtbot.waitUntil(lambda: bool(failed), timeout=20_000)
    assert failed[0].startswith("The log could not be saved: ")


def search_older(qtbot: QtBot, console: Console, text: str) -> FoundLines:
    console.log.search.setText(text)
    qtbot.waitUntil(console.log._whole.isVisible)
    console.log._whole.click()
    qtbot.waitUntil(lambda: console.findChild(FoundLines) is not None, timeout=20_000)
    popup = console.findChild(FoundLines)
    assert isinstance(popup, FoundLines)
    return popup


def test_that_lines_that_were_let_go_are_found_in_the_file(qtbot: QtBot, console: Console, tmp_path: Path) -> None:
    show(qtbot, console, long_log(tmp_path), f"line {KEPT_LINES + 5_000}")
    popup = search_older(qtbot, console, "line 12")
    assert popup.title.text().startswith("The first 500 lines of the whole log")
    assert popup.list.item(0).text().split() == ["12", "line", "12"]
    qtbot.keyClick(popup.list, Qt.Key.Key_Return)
    assert "no longer holds that line" in popup.title.text()
    qtbot.keyClick(popup.list, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: console.findChild(FoundLines) is None)


def test_that_a_found_line_that_is_still_there_is_gone_to(qtbot: QtBot, console: Console, tmp_path: Path) -> None:
    show(qtbot, console, long_log(tmp_path), f"line {KEPT_LINES + 5_000}")
    popup = search_older(qtbot, console, "line 24")
    place = next(n for n in range(popup.list.count()) if popup.list.item(n).text().endswith("line 24000"))
    popup.list.setCurrentRow(place)
    qtbot.keyClick(popup.list, Qt.Key.Key_Return)
    assert console.log.text.textCursor().block().text() == "line 24000"
    qtbot.waitUntil(lambda: console.findChild(FoundLines) is None)


def test_that_a_search_of_the_whole_log_can_be_cancelled_and_says_how_far_it_is(home: Home, tmp_path: Path) -> None:
    from longshore.errors import Cancelled

    job, cancel = long_log(tmp_path, 400_000), CancelToken()
    reports: list[float | None] = []

    def report(fraction: float | None, _detail: str) -> None:
        reports.append(fraction)
        cancel.cancel()

    with pytest.raises(Cancelled):
        search_log(home, job, "nothing like it")(report, cancel)
    assert len(reports) == 1, "it stopped after a piece"
    assert 0 < (reports[0] or 0) < 1


def test_that_a_last_line_without_its_end_is_found(home: Home, tmp_path: Path) -> None:
    job = job_at(tmp_path / "short")
    (tmp_path / "short" / "log").write_text("out of memory")
    (found,) = search_log(home, job, "Memory")(no_progress, CancelToken())
    assert (found.number, found.line) == (1, "out of memory")


def gigabyte(tmp_path: Path) -> Job:
    """A log of a gigabyte, most of it a hole in the file; its last 90,000 lines are real."""
    job = job_at(tmp_path / "huge")
    with (tmp_path / "huge" / "log").open("wb") as log:
        log.write(b"the first line\n")
        log.seek(1_000_000_000)
        log.write(b"\n" + b"".join(b"%0100d\n" % number for number in range(90_000)))
    return job


def test_that_a_log_of_a_gigabyte_is_shown_by_its_end(
    qtbot: QtBot, console: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, read = gigabyte(tmp_path), list[tuple[str, int]]()
    really_read = LogReader._read

    def noted(reader: LogReader, most_bytes: int) -> bytes:
        piece = really_read(reader, most_bytes)
        read.append((threading.current_thread().name, len(piece)))
        return piece

    monkeypatch.setattr(LogReader, "_read", noted)
    before = psutil.Process().memory_info().rss
    show(qtbot, console, job, f"{89_999:0100d}")
    assert psutil.Process().memory_info().rss - before < 200 << 20
    assert all(thread.startswith("task") for thread, _size in read), "never on the window's own thread"
    assert sum(size for _thread, size in read) <= TAIL_BYTES
    assert max(size for _thread, size in read) <= 1 << 20
    assert console.log.text.blockCount() == KEPT_LINES
    # The first line, the hole's, and the real ones.
    assert console.log.text.numbers[-1] + (console.log.text.before or 0) == 90_002
