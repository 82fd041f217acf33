"""The Models page's dialogs: register a run's model, deploy a version."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QLineEdit, QWidget

from longshore.errors import Conflict, Invalid, LongshoreError
from longshore.store.records import Deployment
from longshore.ui.pages.models_work import Candidate, candidates_work, deploy_work, register_work
from longshore.ui.shell.context import AppContext
from longshore.ui.widgets.basic import label, vertical
from longshore.ui.widgets.choices import Field
from longshore.ui.widgets.dialog import Dialog


class RegisterDialog(Dialog):
    """Asks for the run and the name of the model."""

    registered = Signal(object)

    def __init__(self, parent: QWidget, context: AppContext, run_id: str, known: list[str]) -> None:
        super().__init__(parent, "Register model", "Register")
        self._context, self._wanted = context, run_id
        self._candidates: tuple[Candidate, ...] = ()
        column = vertical(self.body, (24, 0, 24, 16), 12)
        self._run = QComboBox()
        self._run.setPlaceholderText("Looking for runs with a model…")
        self._run_field = Field("Run that logged the model", self._run)
        column.addWidget(self._run_field)
        self._name = QComboBox()
        self._name.setEditable(True)
        self._name.addItems(known)
        self._name.setCurrentText(known[0] if known else (context.project.name if context.project else ""))
        if edit := self._name.lineEdit():
            edit.setCursorPosition(0)
        self._name_field = Field("Name", self._name, "A name that is there already gets a new version.")
        column.addWidget(self._name_field)
        column.addStretch(1)
        self.confirm_button.disable("The runs are being read.")
        work = candidates_work(context.home, context.workspace_name, context.project.name if context.project else None)
        context.runner.run(self, work, self._show, self._not_read)

    def _not_read(self, error: LongshoreError) -> None:
        self._run.setPlaceholderText("")
        self.confirm_button.disable("The runs could not be read.")
        self.message.setText(f"{error.reason} {error.hint or ''}".strip())

    def _show(self, found: tuple[Candidate, ...]) -> None:
        self._candidates = found
        if self._wanted and all(each.run_id != self._wanted for each in found):
            self._candidates = (Candidate(self._wanted, self._wanted[:8], ""), *found)
        if not self._candidates:
            self._run.setPlaceholderText("")
            self.confirm_button.disable("There is no run with a model.")
            self._run_field.show_error("No run has logged a model yet. Log one with mlflow.<flavor>.log_model.")
            return
        for each in self._candidates:
            self._run.addItem(f"{each.name}    {each.facts}", each.run_id)
        place = self._run.findData(self._wanted)
        self._run.setCurrentIndex(max(place, 0))
        self.confirm_button.setEnabled(True)
        self.confirm_button.setToolTip("Register (Ctrl+Enter)")

    def _failed(self, error: LongshoreError) -> None:
        self.confirm_button.show_rest()
        self.message.setText(f"{error.reason} {error.hint or ''}".strip())

    def confirmed(self) -> None:
        name = self._name.currentText().strip()
        if not name:
            self._name_field.show_error("Give the model a name.")
            return
        self.confirm_button.show_busy("Registering…")
        work = register_work(self._context.home, self._context.workspace_name, str(self._run.currentData()), name)
        self._context.runner.run(self, work, self._done, self._failed)

    def _done(self, version: object) -> None:
        self.accept()
        self.registered.emit(version)


class DeployDialog(Dialog):
    """Asks for the deployment's name and port; both have defaults that work."""

    def __init__(self, parent: QWidget, context: AppContext, reference: str) -> None:
        super().__init__(parent, f"Deploy {reference} to Docker", "Deploy")
        self._context, self._reference = context, reference
        column = vertical(self.body, (24, 0, 24, 16), 12)
        words = "Serves it on this computer, reachable from this computer alone. A version that serves now keeps serving until the new one is healthy."
        column.addWidget(label(words, "body", "secondary", wrap=True))
        self._name = QLineEdit(reference.rpartition("/")[0])
        self._name_field = Field("Deployment", self._name, "The name of one that is there already gets this version.")
        column.addWidget(self._name_field)
        self._port = QLineEdit()
        self._port.setPlaceholderText("a free one")
        self._port_field = Field("Port", self._port)
        column.addWidget(self._port_field)
        column.addStretch(1)
        self.confirm_button.setFocus()

    def confirmed(self) -> None:
        port = None
        if text := self._port.text().strip():
            if not text.isdigit() or not 1 <= int(text) <= 65535:
                self._port_field.show_error("Use 1 to 65535.")
                return
            port = int(text)
        self._port_field.show_error("")
        self.confirm_button.show_busy("Deploying…")
        context = self._context
        work = deploy_work(
            context.home, context.workspace_name, self._reference, self._name.text().strip() or None, port
        )
        context.runner.run(self, work, self._queued, self._refused)

    def _refused(self, error: LongshoreError) -> None:
        self.confirm_button.show_rest()
        if isinstance(error, Invalid | Conflict) and "port" in error.reason.lower():
            self._port_field.show_error(f"{error.reason} {error.hint or ''}".strip())
            return
        self.message.setText(f"{error.reason} {error.hint or ''}".strip())

    def _queued(self, deployment: Deployment) -> None:
        context = self._context
        self.accept()
        context.tell("info", f"Deploying {self._reference} as {deployment.name}")
        context.open("deployments", name=deployment.name)
