"""Deployments in states that are hard to reach by clicking: a failed step, a name that is gone, an answer that comes late."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from longshore.errors import WorkFailed
from longshore.serving.form import Form, FormField
from longshore.serving.predicting import Prediction
from longshore.serving.steps import step_names
from longshore.settings import Home
from longshore.store import deployments, jobs
from longshore.ui.pages.deployments import DeploymentsPage
from longshore.ui.shell.app import Shell
from longshore.ui.widgets.pill import Pill
from tests.ui.conftest import ShellMaker
from tests.ui.test_models_page import button
from tests.ui.test_overview_page import words

ERROR = WorkFailed(
    "The replica of wine/2 ended while it was loading the model.",
    hint="Log the model with pip_requirements and deploy it again.",
    details="ModuleNotFoundError: No module named 'lightgbm'",
)


def put(home: Home, name: str, *, serving: str = "", states: tuple[str, ...] = (), ended: bool = True) -> str:
    """Write a deployment with its job as the agent writes them. Gives the job's id."""
    job = jobs.add(
        home, kind="deploy", title="Deploy wine/2", spec={}, workspace="personal", target="docker", project_id=None,
        cpus=0.0, steps=step_names("deploy"),
    )  # fmt: skip
    for index, state in enumerate(states):
        jobs.update_step(home, job.id, index, state=state)
    if ended:
        jobs.update(home, job.id, state="failed", error=ERROR.as_dict())
    deployments.put(
        home,
        name,
        workspace="personal",
        project_id=None,
        model_name="wine",
        model_version="2",
        run_id="",
        serving_version=serving,
        state="failed" if ended else "building",
        detail="",
        image="",
        image_id="",
        port=8499,
        url="http://127.0.0.1:8499",
        replicas=1,
        env={},
        secrets=(),
        job_id=job.id,
        error=ERROR.as_dict() if ended else None,
    )
    return job.id


def show(qtbot: QtBot, open_shell: ShellMaker, home: Home, name: str) -> tuple[Shell, DeploymentsPage]:
    shell = open_shell(home)
    shell.context.open("deployments", name=name)
    page = shell.window.page_of("deployments")
    assert isinstance(page, DeploymentsPage)
    qtbot.waitUntil(lambda: page.row is not None, timeout=20_000)
    return shell, page


def test_that_a_failed_step_is_named_with_the_decisive_line_and_what_to_do(
    qtbot: QtBot, served_home: Home, open_shell: ShellMaker
) -> None:
    put(served_home, "wine", states=("done", "done", "failed"))
    _shell, page = show(qtbot, open_shell, served_home, "wine")
    said = words(page.view)
    assert "The deployment failed" in said
    assert "No module named 'lightgbm'" in said
    assert "pip_requirements" in said
    names = [one.accessibleName() for one in page.view.progress.findChildren(object) if hasattr(one, "accessibleName")]
    assert "Check health, failed" in names
    assert button(page.view, "Try again").isEnabled()
    qtbot.waitUntil(lambda: "Nothing to try yet" in words(page.try_it), timeout=20_000)
    assert not button(page.try_it, "Predict").isEnabled()


def test_that_a_version_that_was_not_deployed_says_which_one_stays(
    qtbot: QtBot, served_home: Home, open_shell: ShellMaker
) -> None:
    put(served_home, "wine", serving="1", states=("failed",))
    _shell, page = show(qtbot, open_shell, served_home, "wine")
    assert "v2 was not deployed; v1 stays" in words(page.view)


def test_that_a_name_that_is_gone_shows_another_deployment_under_its_own_name(
    qtbot: QtBot, served_home: Home, open_shell: ShellMaker
) -> None:
    put(served_home, "wine", states=("failed",))
    shell, page = show(qtbot, open_shell, served_home, "wine")
    shell.context.open("deployments", name="no-such-deployment")
    qtbot.waitUntil(lambda: page.crumbs()[-1][0] == "wine", timeout=20_000)
    assert "wine" in words(page.view)


def test_that_the_list_marks_what_the_page_shows(qtbot: QtBot, served_home: Home, open_shell: ShellMaker) -> None:
    put(served_home, "audit", states=("failed",))
    put(served_home, "wine", states=("failed",))
    shell, page = show(qtbot, open_shell, served_home, "wine")
    shell.context.open("deployments", name="audit")
    current = page.side.list.currentItem()
    assert current is not None
    assert current.text() == "audit"
    page.side.filter.setText("win")
    assert [page.side.list.item(row).text() for row in range(page.side.list.count())] == ["wine"]
    page.side.filter.setText("nothing like this")
    assert "Nothing here is called" in words(page.side)


def answer(body: str, status: int = 200) -> Prediction:
    return Prediction(status, body, "application/json", 12.0, "wine/1")


def test_that_an_answer_that_comes_late_does_not_stand_under_another_form(
    qtbot: QtBot, served_home: Home, open_shell: ShellMaker
) -> None:
    put(served_home, "wine", states=("failed",))
    _shell, page = show(qtbot, open_shell, served_home, "wine")
    page._form_of = "wine wine/2"
    page._answered("audit wine/1", answer('{"predictions": [1.5]}'))
    assert "1.5" not in words(page.try_it)
    page._answered("wine wine/2", answer('{"predictions": [1.5]}'))
    assert "1.5" in words(page.try_it)


@pytest.fixture
def page(qtbot: QtBot, served_home: Home, open_shell: ShellMaker) -> DeploymentsPage:
    put(served_home, "wine", states=("failed",))
    return show(qtbot, open_shell, served_home, "wine")[1]


def test_that_what_was_typed_goes_over_into_the_json_and_wrong_values_are_named(page: DeploymentsPage) -> None:
    form = Form((FormField("alcohol", "double", True, 9.8),), (), '{"dataframe_split": {}}')
    page.try_it.show_form(form)
    field = page.try_it._inputs["alcohol"]
    field.setText("11.5")  # type: ignore[union-attr]
    page.try_it._switch.choose("json")
    page.try_it._choose("json")
    assert "11.5" in page.try_it._json.toPlainText()
    page.try_it._switch.choose("form")
    page.try_it._choose("form")
    field.setText("strong")  # type: ignore[union-attr]
    asked: list[bytes] = []
    page.try_it.asked.connect(asked.append)
    page.try_it.send()
    assert "alcohol is a double" in words(page.try_it)
    assert asked == []


def test_that_an_input_that_is_no_table_is_tried_as_json(page: DeploymentsPage) -> None:
    page.try_it.show_form(Form((), (), '{"inputs": [[0, 0]]}'))
    assert page.try_it._switch.current == "json"
    assert not page.try_it._switch.button("form").isEnabled()
    asked: list[bytes] = []
    page.try_it.asked.disconnect()
    page.try_it.asked.connect(asked.append)
    page.try_it.send()
    assert asked == [b'{"inputs": [[0, 0]]}']
    page.try_it.send()
    assert len(asked) == 1  # one request at a time


def test_that_an_endpoints_refusal_is_shown_as_it_came(page: DeploymentsPage) -> None:
    from PySide6.QtWidgets import QPlainTextEdit

    page.try_it.show_answer(answer('{"error_code": "BAD_REQUEST", "message": "missing column"}', 400))
    texts = [one.toPlainText() for one in page.try_it._answer.findChildren(QPlainTextEdit)]
    assert any('"missing column"' in text for text in texts)
    assert "400 Bad Request" in [pill.accessibleName() for pill in page.try_it.findChildren(Pill)]


def test_that_a_narrow_window_shows_the_form_over_the_page_when_asked(page: DeploymentsPage, qtbot: QtBot) -> None:
    window = page.window()
    window.resize(1440, 900)
    qtbot.waitUntil(lambda: not page.try_it.isHidden())
    assert page.view.width() + page.try_it.width() == page.split.width()
    window.resize(1024, 680)
    qtbot.waitUntil(page.try_it.isHidden)
    assert page.view.width() == page.split.width()
    offered = {action.id: action for action in page.actions_now()}
    assert offered["try-it"].in_bar
    offered["try-it"].run()
    assert page.try_it.isVisible()
    assert page.try_it.geometry().right() == page.split.width() - 1
