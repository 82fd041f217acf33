"""The pipeline page, from runs whose events were written by hand: states, lines, problems, log, timeline, keyboard, trust."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton, QWidget
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from longshore.projects import trust
from longshore.projects.model import ProjectInfo
from longshore.projects.opening import open_project
from longshore.projects.pipeline import Selection
from longshore.settings import Home
from longshore.store import jobs
from longshore.store.database import now
from longshore.ui.pages.pipeline import PipelinePage
from longshore.ui.shell.app import Shell
from longshore.ui.shell.context import ProjectRef
from longshore.ui.shell.screenshots import wait_ms
from longshore.ui.shell.trusting import TrustDialog
from longshore.ui.widgets.states import Banner, EmptyState
from tests.support.pipelines import tell, write, written_run
from tests.ui.conftest import ShellMaker

FILES = {
    "params.yaml": "train: {depth: 6}\n",
    "dvc.yaml": """
        stages:
          prepare: {cmd: python prepare.py, deps: [raw.csv], outs: [clean.csv]}
          train: {cmd: python train.py, deps: [clean.csv], outs: [model.pkl], params: [train.depth]}
          profile: {cmd: python profile.py, deps: [clean.csv], outs: [profile.json]}
          report: {cmd: python report.py, deps: [model.pkl, profile.json]}
    """,
}


@dataclass
class Opened:
    """The page on a project."""

    shell: Shell
    page: PipelinePage
    info: ProjectInfo
    home: Home

    def line(self, step: str) -> tuple[str, str]:
        look = self.page.graph.look_of(step)
        return look.state, look.line

    def action(self, action_id: str) -> tuple[str, str]:
        """Give an action's reason to be disabled and its command."""
        found = next(one for one in self.page.actions_now() if one.id == action_id)
        return found.disabled_because, found.command


def words(widget: QWidget) -> str:
    labels = [label.text() for label in widget.findChildren(QLabel)]
    return "\n".join(labels + [button.text() for button in widget.findChildren(QPushButton)])


def show(qtbot: QtBot, shell: Shell, info: ProjectInfo, home: Home) -> Opened:
    shell.context.show_project(ProjectRef(info.id, info.name, info.path))
    shell.context.open("pipeline")
    page = shell.window.page_of("pipeline")
    assert isinstance(page, PipelinePage)
    wait_for(qtbot, page)
    return Opened(shell, page, info, home)


def wait_for(qtbot: QtBot, page: PipelinePage) -> None:
    """Inspector and panel follow the graph some turns later."""
    qtbot.waitUntil(lambda: page.ready and page.seen is not None, timeout=20_000)


@pytest.fixture
def info(served_home: Home, tmp_path: Path) -> ProjectInfo:
    return open_project(served_home, write(tmp_path / "stages", FILES))


@pytest.fixture
def shell(served_home: Home, open_shell: ShellMaker) -> Shell:
    return open_shell(served_home)


RUNNING = [
    {"step": "prepare", "state": "running", "time": -60},
    {"step": "prepare", "state": "done", "time": -48, "metrics": {"rows": 1200}},
    {"step": "train", "state": "running", "time": -48, "log_at": 0},
    {"step": "profile", "state": "running", "time": -48, "log_at": 9},
    {"step": "profile", "state": "failed", "time": -40, "error": "Traceback\nKeyError: 'rain'", "log_at": 28},
]


def test_that_each_step_says_how_it_stands_and_what_it_waits_for(
    qtbot: QtBot, shell: Shell, served_home: Home, info: ProjectInfo
) -> None:
    written_run(served_home, info, RUNNING, progress=0.5, detail="Epoch 3 of 6")
    opened = show(qtbot, shell, info, served_home)
    assert opened.line("prepare") == ("done", "12 s, rows 1,200")
    assert opened.line("train")[0] == "running"
    assert opened.line("train")[1].startswith("Epoch 3 of 6, ")
    assert opened.page.graph.look_of("train").fraction == 0.5
    assert opened.line("profile") == ("failed", "KeyError: 'rain'")
    assert opened.line("report") == ("", "Blocked by profile")
    assert opened.page.graph.current == "profile", "what failed is selected first"
    assert "1 failed" in words(opened.page.toolbar)
    assert "KeyError: 'rain'" in words(opened.page.inspector)


def test_that_the_page_follows_a_run_and_rests_when_it_has_ended_or_is_hidden(
    qtbot: QtBot, shell: Shell, served_home: Home, info: ProjectInfo
) -> None:
    job = written_run(served_home, info, RUNNING[:3])
    opened = show(qtbot, shell, info, served_home)
    assert opened.line("train")[0] == "running"
    assert opened.line("report") == ("queued", "Waits for train and 1 more")
    tell(job, [{"step": "train", "state": "done"}])
    qtbot.waitUntil(lambda: opened.line("train")[0] == "done", timeout=10_000)
    assert opened.page._timer.isActive()
    shell.context.open("overview")
    assert not opened.page._timer.isActive()
    shell.context.open("pipeline")
    qtbot.waitUntil(opened.page._timer.isActive, timeout=10_000)
    jobs.update(served_home, job.id, state="finished", ended_at=now())
    qtbot.waitUntil(lambda: not opened.page._timer.isActive(), timeout=10_000)
    assert opened.line("report") == ("", "Not part of the last run")


def test_that_a_problem_leads_to_the_lines_that_its_step_printed(
    qtbot: QtBot, shell: Shell, served_home: Home, info: ProjectInfo
) -> None:
    written_run(served_home, info, RUNNING, log="training\nreading the weather\nother\n")
    opened = show(qtbot, shell, info, served_home)
    said = words(opened.page.panel)
    assert "profile failed: KeyError: 'rain'" in said
    opened.page.graph.select("prepare")
    wait_for(qtbot, opened.page)
    button = next(one for one in opened.page.panel.findChildren(QPushButton) if one.text() == "Open log")
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "weather" in opened.page.panel.log.toPlainText(), timeout=10_000)
    assert opened.page.panel.log.toPlainText() == "reading the weather"
    assert opened.page.graph.current == "profile"


def test_that_an_old_lock_is_set_aside_with_one_click(
    qtbot: QtBot, shell: Shell, served_home: Home, info: ProjectInfo
) -> None:
    lock = Path(info.path) / "dvc.lock"
    lock.write_text("prepare: {cmd: x}\n")
    opened = show(qtbot, shell, info, served_home)
    qtbot.waitUntil(lambda: "written by DVC 1" in words(opened.page.panel))
    button = next(one for one in opened.page.panel.findChildren(QPushButton) if one.text() == "Set it aside")
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "written by DVC 1" not in words(opened.page.panel))
    assert not lock.exists()
    assert (lock.parent / "dvc.lock.dvc1").read_text() == "prepare: {cmd: x}\n"


def test_that_the_timeline_has_a_bar_for_each_task_in_the_order_of_their_beginning(
    qtbot: QtBot, shell: Shell, served_home: Home, info: ProjectInfo
) -> None:
    written_run(served_home, info, RUNNING)
    opened = show(qtbot, shell, info, served_home)
    opened.page.panel.choose("timeline")
    bars = opened.page.panel.timeline.rows.bars
    assert [(bar.step, bar.state) for bar in bars] == [("prepare", "done"), ("train", "running"), ("profile", "failed")]
    assert bars[0].ended_at is not None
    assert 11.9 < bars[0].ended_at - bars[0].began_at < 12.1
    rows = opened.page.panel.timeline.rows
    rows.setFocus()
    qtbot.keyClick(rows, Qt.Key.Key_Down)
    assert opened.page.graph.current == "train"


def test_that_the_arrow_keys_follow_the_flow_downwards_and_a_search_finds_commands(
    qtbot: QtBot, shell: Shell, served_home: Home, info: ProjectInfo
) -> None:
    opened = show(qtbot, shell, info, served_home)
    graph = opened.page.graph
    assert graph.current == "prepare"
    qtbot.keyClick(graph, Qt.Key.Key_Down)
    first = graph.current
    assert first in ("train", "profile")
    other = {"train": "profile", "profile": "train"}[first]
    for key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
        qtbot.keyClick(graph, key)
    assert graph.current in (first, other)
    qtbot.keyClick(graph, Qt.Key.Key_Down)
    assert graph.current == "report"
    qtbot.keyClicks(opened.page.toolbar.search, "train.py")
    assert graph.current == "train"
    wait_for(qtbot, opened.page)
    assert "train.depth" in words(opened.page.inspector)
    qtbot.keyClick(graph, Qt.Key.Key_F)
    assert graph.dimmed == {"profile"}


def test_that_what_can_be_run_says_its_command_and_why_not(
    qtbot: QtBot, shell: Shell, served_home: Home, info: ProjectInfo
) -> None:
    opened = show(qtbot, shell, info, served_home)
    opened.page.graph.select("train")
    base = "longshore pipeline stages --name dvc.yaml"
    assert opened.action("pipeline-run") == ("", f"{base} --run")
    assert opened.action("pipeline-run-from") == ("", f"{base} --run --from train")
    assert opened.action("pipeline-run-only") == ("", f"{base} --run --only train")
    assert "not run yet" in opened.action("pipeline-resume")[0]
    qtbot.waitUntil(lambda: {"F5", "Shift+F5"} <= shell.window.shortcuts.keys(), timeout=10_000)
    job = written_run(served_home, info, RUNNING)
    opened.page.refresh()
    qtbot.waitUntil(lambda: opened.page.seen is not None and opened.page.seen.running, timeout=10_000)
    assert "runs already" in opened.action("pipeline-run")[0]
    assert opened.action("pipeline-stop") == ("", f"longshore stop {job.id}")
    jobs.update(served_home, job.id, state="failed", ended_at=now())
    opened.page.refresh()
    qtbot.waitUntil(lambda: not opened.page.seen.running, timeout=10_000)  # type: ignore[union-attr]
    assert opened.action("pipeline-resume") == ("", f"{base} --run --resume")


def test_that_the_list_says_the_same_as_the_graph_and_selects_in_it(
    qtbot: QtBot, shell: Shell, served_home: Home, info: ProjectInfo
) -> None:
    job = written_run(served_home, info, RUNNING[:3])
    opened = show(qtbot, shell, info, served_home)
    steps = opened.page._body.list
    ModelTester(steps.model())
    opened.page._toggle_list()
    assert steps.isVisible()
    assert steps.hasFocus()
    model = steps.model()

    def rows() -> dict[str, tuple[str, str]]:
        return {
            model.index(row, 0).data(): (model.index(row, 1).data(), model.index(row, 4).data())
            for row in range(model.rowCount())
        }

    assert rows()["prepare"] == ("Done", "")
    assert rows()["profile"] == ("Queued", "prepare")
    assert set(rows()["report"][1].split(", ")) == {"train", "profile"}
    tell(job, [{"step": "train", "state": "done"}])
    qtbot.waitUntil(lambda: rows()["train"][0] == "Done", timeout=10_000)
    qtbot.keyClick(steps, Qt.Key.Key_End, Qt.KeyboardModifier.ControlModifier)
    assert opened.page.graph.current == model.index(model.rowCount() - 1, 0).data()


def test_that_many_steps_of_a_group_are_one_card_until_it_is_unfolded(
    qtbot: QtBot, shell: Shell, served_home: Home, tmp_path: Path
) -> None:
    sweep = {"dvc.yaml": "stages:\n  sweep:\n    matrix: {seed: [%s]}\n    cmd: run ${item.seed}\n"}
    sweep["dvc.yaml"] %= ", ".join(map(str, range(40)))
    info = open_project(served_home, write(tmp_path / "sweep", sweep))
    written_run(served_home, info, [{"step": "sweep@3", "state": "done"}], state="stopped")
    opened = show(qtbot, shell, info, served_home)
    [card] = opened.page.graph.picture.cards
    assert (card.title, card.fact) == ("sweep", "40 steps, folded")
    assert opened.line(card.id) == ("", "1 done, 39 not run")
    button = next(one for one in opened.page.inspector.findChildren(QPushButton) if one.text() == "Unfold")
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(opened.page.graph.picture.cards) == 40, timeout=10_000)
    assert [frame.title for frame in opened.page.graph.picture.frames] == ["sweep"]


def test_that_a_project_without_a_pipeline_says_what_would_be_drawn(qtbot: QtBot, shell: Shell, project: Path) -> None:
    info = open_project(shell.context.home, project)
    shell.context.show_project(ProjectRef(info.id, info.name, info.path))
    shell.context.open("pipeline")
    page = shell.window.page_of("pipeline")
    assert isinstance(page, PipelinePage)
    qtbot.waitUntil(lambda: isinstance(page._stack.said, EmptyState), timeout=20_000)
    said = page._stack.said
    assert said is not None
    assert "DVC" in words(said)
    assert page.actions_now() == []


def test_that_the_picture_is_exported_as_it_stands(
    qtbot: QtBot, shell: Shell, served_home: Home, info: ProjectInfo, tmp_path: Path
) -> None:
    written_run(served_home, info, RUNNING)
    opened = show(qtbot, shell, info, served_home)
    file = tmp_path / "picture"
    opened.page.export_to(str(file))
    written = tmp_path / "picture.svg"
    qtbot.waitUntil(written.exists, timeout=10_000)
    qtbot.waitUntil(lambda: shell.runner.idle, timeout=10_000)
    texts = [one.text or "" for one in ElementTree.parse(written).iter("{http://www.w3.org/2000/svg}text")]
    assert {"prepare", "Done", "Failed", "Blocked by profile", "python report.py"} <= set(texts)


# -- trust ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def asking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LONGSHORE_TRUST")


def dialog_of(qtbot: QtBot, shell: Shell) -> TrustDialog:
    qtbot.waitUntil(lambda: bool(shell.window.findChildren(TrustDialog)), timeout=10_000)
    dialog = shell.window.findChildren(TrustDialog)[0]
    qtbot.waitUntil(dialog.isVisible, timeout=10_000)
    return dialog


def test_that_running_asks_for_trust_once_and_escape_runs_nothing(
    asking: None, qtbot: QtBot, shell: Shell, served_home: Home, info: ProjectInfo
) -> None:
    opened = show(qtbot, shell, info, served_home)
    assert "Not trusted" in words(opened.page._body.banner_holder)
    opened.page.run_part(Selection())
    dialog = dialog_of(qtbot, shell)
    assert info.path in words(dialog)
    assert dialog.focusWidget() is dialog.cancel_button
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    wait_ms(200)
    assert jobs.listing(served_home) == ()
    assert not trust.is_trusted(served_home, info.path)


def test_that_a_trusted_folder_loses_its_banner_here_and_on_the_overview_and_is_listed_in_the_settings(
    asking: None, qtbot: QtBot, shell: Shell, served_home: Home, info: ProjectInfo
) -> None:
    shell.context.show_project(ProjectRef(info.id, info.name, info.path))
    shell.context.open("overview")
    overview = shell.window.page_of("overview")
    qtbot.waitUntil(lambda: "shown from its text alone" in words(overview), timeout=20_000)
    button = next(one for one in overview.findChildren(QPushButton) if one.text() == "Trust this folder…")
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(dialog_of(qtbot, shell).confirm_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: trust.is_trusted(served_home, info.path), timeout=10_000)
    qtbot.waitUntil(lambda: not _banners(overview), timeout=10_000)
    opened = show(qtbot, shell, info, served_home)
    assert not _banners(opened.page)
    shell.context.open("settings", section="trust")
    settings = shell.window.page_of("settings")
    qtbot.waitUntil(lambda: info.path in words(settings), timeout=10_000)
    remove = next(one for one in settings.findChildren(QPushButton) if one.text() == "Remove")
    qtbot.mouseClick(remove, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not trust.is_trusted(served_home, info.path), timeout=10_000)
    opened = show(qtbot, shell, info, served_home)
    qtbot.waitUntil(lambda: bool(_banners(opened.page)), timeout=10_000)


def _banners(page: QWidget) -> list[Banner]:
    return [one for one in page.findChildren(Banner) if one.isVisible()]


def test_that_the_launch_dialog_asks_before_the_code_of_a_folder_runs(
    asking: None, qtbot: QtBot, shell: Shell, served_home: Home, project: Path
) -> None:
    from longshore.ui.shell.launch_dialog import LaunchDialog

    info = open_project(served_home, project)
    shell.context.show_project(ProjectRef(info.id, info.name, info.path))
    shell.context.launch()
    qtbot.waitUntil(lambda: bool(shell.window.findChildren(LaunchDialog)), timeout=10_000)
    launch = shell.window.findChildren(LaunchDialog)[0]
    qtbot.waitUntil(lambda: launch.confirm_button.isEnabled(), timeout=20_000)
    assert "Folder not trusted" in words(launch)
    qtbot.mouseClick(launch.confirm_button, Qt.MouseButton.LeftButton)
    dialog = dialog_of(qtbot, shell)
    dialog.reject()
    qtbot.waitUntil(lambda: launch.confirm_button.isEnabled(), timeout=10_000)
    assert jobs.listing(served_home) == ()
    launch.reject()
