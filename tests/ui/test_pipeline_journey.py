"""A DVC project through the window: opened, trusted, run, seen step by step, failed, resumed where it failed."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton, QWidget
from pytestqt.qtbot import QtBot

from longshore.settings import Home
from longshore.store import jobs
from longshore.ui.pages.pipeline import PipelinePage
from longshore.ui.shell import opening
from longshore.ui.shell.trusting import TrustDialog
from tests.support.launching import log_of
from tests.support.pipelines import dvc_project
from tests.ui.conftest import ShellMaker

# An environment with DVC is made for the first of them.
LONG_MS = 240_000


def click(qtbot: QtBot, widget: QWidget, text: str) -> None:
    """Click a button as soon as it is there; what was put into the window is seen a turn later."""

    def there() -> list[QPushButton]:
        return [one for one in widget.findChildren(QPushButton) if one.text() == text and one.isVisible()]

    qtbot.waitUntil(lambda: len(there()) == 1, timeout=20_000)
    qtbot.mouseClick(there()[0], Qt.MouseButton.LeftButton)


@pytest.mark.timeout(600)
def test_that_a_pipeline_is_opened_trusted_run_watched_and_resumed(
    qtbot: QtBot,
    served_home: Home,
    open_shell: ShellMaker,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("LONGSHORE_TRUST")
    folder = dvc_project(tmp_path / "stages")
    broken = folder / "break-lasso"
    broken.touch()
    shell = open_shell(served_home)
    opening.open_folder(shell.context, str(folder))
    qtbot.waitUntil(lambda: shell.context.project is not None, timeout=20_000)
    shell.context.open("pipeline")
    page = shell.window.page_of("pipeline")
    assert isinstance(page, PipelinePage)
    qtbot.waitUntil(lambda: page.ready and page.seen is not None, timeout=20_000)

    qtbot.waitUntil(lambda: "F5" in shell.window.shortcuts, timeout=20_000)
    page.graph.setFocus()
    qtbot.keyClick(page.graph, Qt.Key.Key_F5)
    qtbot.waitUntil(lambda: bool(shell.window.findChildren(TrustDialog)), timeout=20_000)
    assert jobs.listing(served_home) == ()
    [dialog] = shell.window.findChildren(TrustDialog)
    qtbot.mouseClick(dialog.confirm_button, Qt.MouseButton.LeftButton)

    met: set[str] = set()

    def ended(*states: str) -> bool:
        met.update(page.graph.look_of(step).state for step in ("prepare", "train@ridge", "train@lasso"))
        job = page.seen.job if page.seen is not None else None
        return job is not None and job.state in states and page.ready and not page._timer.isActive()

    qtbot.waitUntil(lambda: ended("failed"), timeout=LONG_MS)
    assert "queued" in met
    assert page.seen is not None
    assert page.seen.job is not None
    looks = {step: page.graph.look_of(step).state for step in ("prepare", "train@ridge", "train@lasso")}
    assert looks == {"prepare": "done", "train@ridge": "done", "train@lasso": "failed"}, log_of(page.seen.job)

    click(qtbot, page.panel, "Open log")
    qtbot.waitUntil(lambda: "broken by design" in page.panel.log.toPlainText(), timeout=20_000)
    assert page.graph.current == "train@lasso"

    broken.unlink()
    page.panel.choose("problems")
    qtbot.waitUntil(lambda: page.ready, timeout=20_000)
    click(qtbot, page.panel, "Resume")
    qtbot.waitUntil(lambda: len(page.seen.jobs) == 2, timeout=20_000)  # type: ignore[union-attr]
    qtbot.waitUntil(lambda: ended("finished"), timeout=LONG_MS)
    assert [page.graph.look_of(step).state for step in ("prepare", "train@ridge", "train@lasso")] == [
        "cached",
        "cached",
        "done",
    ]
    assert "rmse 0.5" in page.graph.look_of("train@lasso").line
    assert [bar.state for bar in page.panel.timeline.rows.bars].count("done") == 1
