"""The Deployments page's dialog: which registered version to serve, and under which name."""

from __future__ import annotations

from PySide6.QtWidgets import QComboBox, QLineEdit, QWidget

from longshore.errors import Conflict, Invalid, LongshoreError
from longshore.store.records import Deployment
from longshore.ui.pages.deployments_work import versions_work
from longshore.ui.pages.models_work import deploy_work
from longshore.ui.shell.context import AppContext
from longshore.ui.widgets.basic import label, vertical
from longshore.ui.widgets.choices import Field
from longshore.ui.widgets.dialog import Dialog


class DeployVersionDialog(Dialog):
    """Asks for a version and a name; a name that is there already gets the version without a gap."""

    def __init__(self, parent: QWidget, context: AppContext, current: Deployment | None) -> None:
        super().__init__(parent, "Deploy a version to Docker", "Deploy")
        self._context, self._current = context, current
        column = vertical(self.body, (24, 0, 24, 16), 12)
        self._version = QComboBox()
        self._version.setPlaceholderText("Reading the models…")
        self._version_field = Field("Model version", self._version)
        column.addWidget(self._version_field)
        self._name = QLineEdit(current.name if current else "")
        self._name.setPlaceholderText("the model's name")
        self._name_field = Field("Deployment", self._name, "The name of one that is there already gets this version.")
        column.addWidget(self._name_field)
        words = "A version that serves now keeps serving until the new one is healthy."
        column.addWidget(label(words, "small", "secondary", wrap=True))
        column.addStretch(1)
        self.confirm_button.disable("The models are being read.")
        reading = versions_work(context.home, context.workspace_name)
        context.runner.run(self, reading, self._show, self._not_read)

    def _show(self, references: tuple[str, ...]) -> None:
        if not references:
            self._version.setPlaceholderText("")
            self.confirm_button.disable("There is no model to deploy.")
            self._version_field.show_error("No model is registered yet. Register one on the Models page.")
            return
        self._version.addItems(references)
        self._version.setCurrentIndex(self._first_choice(references))
        self.confirm_button.setEnabled(True)
        self.confirm_button.setToolTip("Deploy (Ctrl+Enter)")

    def _first_choice(self, references: tuple[str, ...]) -> int:
        """Begin with the latest version of the model that is served already: they come latest first."""
        model = self._current.model_name if self._current else ""
        return next((place for place, each in enumerate(references) if each.rpartition("/")[0] == model), 0)

    def _not_read(self, error: LongshoreError) -> None:
        self._version.setPlaceholderText("")
        self.confirm_button.disable("The models could not be read.")
        self.message.setText(f"{error.reason} {error.hint or ''}".strip())

    def _refused(self, error: LongshoreError) -> None:
        self.confirm_button.show_rest()
        words = f"{error.reason} {error.hint or ''}".strip()
        if isinstance(error, Invalid | Conflict) and "name" in error.reason.lower():
            self._name_field.show_error(words)
        else:
            self.message.setText(words)

    def confirmed(self) -> None:
        self._name_field.show_error("")
        self.message.setText("")
        self.confirm_button.show_busy("Deploying…")
        context = self._context
        name = self._name.text().strip() or None
        queued = deploy_work(context.home, context.workspace_name, self._version.currentText(), name, None)
        context.runner.run(self, queued, self._queued, self._refused)

    def _queued(self, deployment: Deployment) -> None:
        context = self._context
        self.accept()
        context.open("deployments", name=deployment.name)
