"""Deployments: what serves on this computer, how it is, and a form to try it."""

from __future__ import annotations

import json
from functools import cached_property, partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QStackedWidget, QWidget

from longshore.errors import LongshoreError
from longshore.ui.pages import deployments_work as work
from longshore.ui.pages.deployment_view import DeploymentView
from longshore.ui.pages.deployments_dialogs import DeployVersionDialog
from longshore.ui.pages.deployments_work import Health, Row
from longshore.ui.pages.models_work import deploy_work
from longshore.ui.pages.try_it import TryIt
from longshore.ui.shell.actions import Action
from longshore.ui.shell.context import AppContext
from longshore.ui.shell.pages import Page
from longshore.ui.shell.task_list import stop_work
from longshore.ui.widgets.basic import clear, vertical
from longshore.ui.widgets.dialog import ConfirmDialog
from longshore.ui.widgets.late_content import TURN_MS, LateContent, beside
from longshore.ui.widgets.side_list import Entry, SideList
from longshore.ui.widgets.side_split import SideSplit
from longshore.ui.widgets.states import EmptyState, ErrorState, Loading

if TYPE_CHECKING:
    from longshore.serving.form import Form
    from longshore.serving.predicting import Prediction

HEALTH_EVERY_S = 3
TICK_MS = 1000
# What is read first imports the engine's library, which would compete with the page's first frame for the interpreter.
AFTER_PAINT_MS = 40


class DeploymentsPage(Page):
    """All deployments on this computer."""

    title = "Deployments"

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self._rows: tuple[Row, ...] | None = None
        self._name = self._form_of = ""
        self._busy = self._again = self._asking = False
        self._ticks = 0
        outer = vertical(self)
        self._stack = QStackedWidget()
        self._content = LateContent(
            lambda holder: beside(holder, self.side, self.split),
            lambda _holder: self.view,
            lambda _holder: self.try_it,
            lambda _holder: self.split.hold(self.view, self.try_it),
        )
        self._stack.addWidget(self._content)
        self._instead = QWidget()
        self._instead_column = vertical(self._instead, (20, 20, 20, 20))
        self._stack.addWidget(self._instead)
        outer.addWidget(self._stack)
        self._timer = QTimer(self)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self._tick)
        self._show_instead(Loading("Loading the deployments…"))

    @cached_property
    def side(self) -> SideList:
        """The list of deployments."""
        made = SideList("Deployments", self._content)
        made.chosen.connect(self._choose)
        return made

    @cached_property
    def view(self) -> DeploymentView:
        """The selected deployment."""
        made = DeploymentView(self.split)
        made.copied.connect(lambda what: self.context.tell("success", f"Copied {what}"))
        made.cancel_asked.connect(self._cancel)
        made.retry_asked.connect(self._retry)
        made.refresh_asked.connect(self._read_health)
        made.model_opened.connect(lambda reference: self.context.open("models", reference=reference))
        return made

    @cached_property
    def try_it(self) -> TryIt:
        """The form that sends requests."""
        made = TryIt(self.split)
        made.closed.connect(partial(self.split.show_panel, False))
        made.asked.connect(self._predict)
        return made

    @cached_property
    def split(self) -> SideSplit:
        """The view with the form beside it."""
        made = SideSplit(self._content)
        made.panel_moved.connect(self.context.actions_changed)
        return made

    # -- what the window asks -----------------------------------------------------------------------------------

    def crumbs(self) -> list[tuple[str, str | None]]:
        parts = super().crumbs()
        return [*parts[:-1], ("Deployments", "deployments"), (self._name, None)] if self._name else parts

    @property
    def row(self) -> Row | None:
        """The selected deployment."""
        return next((row for row in self._rows or () if row.deployment.name == self._name), None)

    def actions_now(self) -> list[Action]:
        row = self.row
        deploy = Action(
            "deploy-version",
            "Deploy version…",
            self._ask_deploy,
            icon="box",
            kind="primary",
            shortcut="Ctrl+D",
            command="longshore deploy NAME/V",
            # Without any deployment the page itself offers it.
            in_bar=bool(self._rows),
        )
        return [*(self._actions_of(row) if row is not None else ()), deploy]

    def _actions_of(self, row: Row) -> list[Action]:
        name = row.deployment.name
        stop = partial(self._ask_stop, name)
        lineage = partial(self.context.open, "lineage", reference=f"deployment:{name}")
        away = not self.split.panel_shown
        nothing = "" if row.deployment.serving_version else f"{name} serves nothing yet."
        return [
            Action("try-it", "Try it…", partial(self.split.show_panel, True), icon="play", in_bar=away),
            Action("deployment-lineage", "Show lineage", lineage, icon="lineage"),
            Action(
                "deployment-stop",
                "Stop deployment",
                stop,
                icon="stop",
                kind="danger",
                disabled_because="It is being stopped already." if _is_ending(row) else "",
                command=f"longshore undeploy {name}",
            ),
            Action(
                "predict",
                "Send the request of the form",
                self._send,
                icon="play",
                shortcut="Ctrl+Return",
                in_bar=False,
                disabled_because=nothing,
                command=f"longshore predict {name} --data FILE",
            ),
            Action(
                "filter-deployments",
                "Filter deployments",
                self.side.focus_filter,
                icon="filter",
                shortcut="Ctrl+F",
                in_bar=False,
            ),
            Action(
                "inspector",
                "Toggle the form",
                self.split.toggle_panel,
                icon="sidebar",
                shortcut="Ctrl+I",
                in_bar=False,
            ),
        ]

    def show_with(self, **arguments: object) -> None:
        if (name := arguments.get("name")) and str(name) != self._name:
            self._name = str(name)
            self._show_selected()
        self._timer.start()
        self._content.begin()
        self.refresh()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._timer.stop()

    def refresh(self) -> None:
        if self._busy:
            self._again = True
            return
        self._busy, self._again = True, False
        self.context.runner.run(
            self, work.read_rows(self.context.home), self._show_rows, self._show_failure, key="deployments"
        )

    # -- reading ------------------------------------------------------------------------------------------------

    def _settle(self) -> None:
        self._busy = False
        if self._again:
            self.refresh()

    def _show_failure(self, error: LongshoreError) -> None:
        self._settle()
        self._show_instead(ErrorState(error, "The deployments could not be loaded", self.refresh))

    def _show_instead(self, widget: QWidget) -> None:
        clear(self._instead_column)
        self._instead_column.addWidget(widget)
        if isinstance(widget, ErrorState):
            self._instead_column.addStretch(1)
        self._stack.setCurrentWidget(self._instead)

    def _show_rows(self, rows: tuple[Row, ...]) -> None:
        if rows and not self._content.when_ready(partial(self._show_rows, rows)):
            return
        first, changed, self._rows = self._rows is None, rows != self._rows, rows
        self._settle()
        if first:
            self.note_rows()
        if not rows:
            self._show_none()
            return
        self._stack.setCurrentIndex(0)
        gone = self.row is None
        if not changed and not gone:
            return
        if gone:
            self._name = rows[0].deployment.name
        self._show_selected()

    def _show_none(self) -> None:
        if self._instead_column.count() and self._stack.currentIndex() == 1 and not self._name:
            # It is said already, perhaps with the focus on its button.
            shown = self._instead_column.itemAt(0)
            if shown is not None and isinstance(shown.widget(), EmptyState):
                return
        self._name = self._form_of = ""
        text = "Serve a registered model version on this computer, behind an address that stays."
        action = ("Deploy a model…", self._ask_deploy)
        self._show_instead(EmptyState("deployment", "No deployments yet", text, action, action_icon="box"))
        self.context.actions_changed.emit()

    def _choose(self, name: str) -> None:
        self._name = name
        self._show_selected()

    def _show_selected(self) -> None:
        row = self.row
        if row is None:
            return
        self.side.show_entries([_entry(each) for each in self._rows or ()], self._name)
        self.view.show_row(row)
        QTimer.singleShot(TURN_MS, self, self._show_form)
        QTimer.singleShot(AFTER_PAINT_MS, self, self._read_health)
        self.context.actions_changed.emit()

    def _tick(self) -> None:
        """Ask the engine now and then; what is being built changes more often."""
        self._ticks += 1
        row = self.row
        if row is None:
            return
        self.view.tick()
        if row.busy or self._ticks % HEALTH_EVERY_S == 0:
            self._read_health()

    def _read_health(self) -> None:
        if self._asking or not self._name:
            return
        self._asking = True
        name = self._name
        done = partial(self._show_health, name)
        self.context.runner.run(self, work.read_health(self.context.home, name), done, self._health_failed)

    def _health_failed(self, _error: LongshoreError) -> None:
        self._asking = False

    def _show_health(self, name: str, health: Health) -> None:
        self._asking = False
        if name == self._name:
            self.view.show_health(health)
        else:
            self._read_health()

    # -- the form -----------------------------------------------------------------------------------------------

    def _show_form(self) -> None:
        if self.row is None:
            return
        deployment = self.row.deployment
        if not deployment.serving_version:
            self._form_of = ""
            self.try_it.show_nothing("The form appears when the first version is healthy.")
            return
        reference = f"{deployment.name} {deployment.model_name}/{deployment.serving_version}"
        if reference == self._form_of:
            return
        self._form_of = reference
        self.try_it.show_loading()
        QTimer.singleShot(AFTER_PAINT_MS, self, partial(self._read_form, reference))

    def _read_form(self, reference: str) -> None:
        row = self.row
        if row is None or reference != self._form_of:
            return
        deployment = row.deployment
        version = f"{deployment.model_name}/{deployment.serving_version}"
        reading = work.read_form(self.context.home, deployment.workspace, version)
        done, failed = partial(self._form_read, reference), partial(self._form_failed, reference)
        self.context.runner.run(self, reading, done, failed, key="form")

    def _form_read(self, reference: str, form: Form) -> None:
        if reference == self._form_of:
            self.try_it.show_form(form)
            self.view.request = json.dumps(json.loads(form.request))

    def _form_failed(self, reference: str, error: LongshoreError) -> None:
        if reference == self._form_of:
            self.try_it.show_problem(error)

    def _send(self) -> None:
        self.split.show_panel(True)
        self.try_it.send()

    def _predict(self, body: bytes) -> None:
        name, asked = self._name, self._form_of
        sending = work.predict_work(self.context.home, name, body)
        self.context.runner.run(self, sending, partial(self._answered, asked), partial(self._not_answered, asked))

    # An answer stands only under the form that asked for it.
    def _answered(self, asked: str, answer: Prediction) -> None:
        if asked == self._form_of:
            self.try_it.show_answer(answer)

    def _not_answered(self, asked: str, error: LongshoreError) -> None:
        if asked == self._form_of:
            self.try_it.show_failure(error)

    # -- what is done to a deployment ---------------------------------------------------------------------------

    def _cancel(self) -> None:
        row = self.row
        if row is not None and row.job is not None:
            stopping = stop_work(self.context.home, row.job.id)
            title = f"Stopping {row.job.title}"
            self.context.runner.run(self, stopping, lambda _nothing: self.refresh(), title=title)

    def _retry(self) -> None:
        row = self.row
        if row is None:
            return
        deployment = row.deployment
        reference = f"{deployment.model_name}/{deployment.model_version}"
        again = deploy_work(self.context.home, deployment.workspace, reference, deployment.name, None)
        self.context.runner.run(self, again, lambda _queued: self.refresh(), title=f"Deploying {reference}")

    def _ask_stop(self, name: str) -> None:
        row = self.row
        where = row.deployment.url if row and row.deployment.serving_version else ""
        text = f"Requests to {where} fail afterwards, and its containers" if where else "Its containers"
        text += " are removed. The model stays registered: you can deploy it again."
        ConfirmDialog(
            self.window(), f"Stop {name}?", text, "Stop deployment", partial(self._stop, name), keep="Keep running"
        ).open()

    def _stop(self, name: str) -> None:
        stopping = work.undeploy_work(self.context.home, name)
        self.context.runner.run(self, stopping, lambda _queued: self.refresh(), title=f"Stopping {name}")

    def _ask_deploy(self) -> None:
        row = self.row
        DeployVersionDialog(self.window(), self.context, row.deployment if row else None).open()


def _is_ending(row: Row) -> bool:
    return row.busy and row.job is not None and row.job.kind == "undeploy"


def _entry(row: Row) -> Entry:
    version = row.deployment.serving_version or row.deployment.model_version
    return Entry(row.deployment.name, f"v{version}" if version else "", row.deployment.state)
