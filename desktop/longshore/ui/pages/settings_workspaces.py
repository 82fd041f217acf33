"""Settings: the personal workspace, teams' servers, and databases that are opened in place."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFileDialog, QLineEdit, QSizePolicy, QWidget

from longshore.errors import LongshoreError
from longshore.store.records import PERSONAL, TEAM, Workspace
from longshore.ui.pages import settings_work as work
from longshore.ui.pages.settings_parts import Section, fact_row, group
from longshore.ui.shell.context import AppContext
from longshore.ui.widgets.basic import Button, Card, badge, clear, horizontal, label, row_of, vertical
from longshore.ui.widgets.choices import Field, Segmented
from longshore.ui.widgets.dialog import ConfirmDialog
from longshore.ui.widgets.states import ErrorState

SIGN_INS = {"none": "No sign-in", "basic": "Signs in as {}", "token": "Signs in with a token"}


class WorkspacesSection(Section):
    """Lists workspaces; adds a team's server after it answered and let us in."""

    title = "Workspaces"
    about = (
        "A workspace holds runs and models: your own on this computer, a team's MLflow server, or an MLflow database"
        " that is opened where it lies."
    )

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        self._shown: object = None
        self._list = QWidget()
        self._list_column = vertical(self._list)
        self._add = Button("Add a team's server", self._show_form, icon="plus")
        self._form = TeamForm(context)
        self._form.hide()
        self._form.added.connect(self._added)
        self._form.cancelled.connect(self._hide_form)
        self._open = Button("Open a database…", self._choose_file, icon="dataset")
        self._add_row = row_of(self._add, self._open, None)
        self._message = label("", "small", "danger", wrap=True, select=True)
        self._message.hide()
        for widget in (self._list, self._add_row, self._message, self._form):
            self.rows.addWidget(widget)
        context.workspace_changed.connect(self.refresh)

    def opened(self, *, add: bool = False) -> None:
        self.refresh()
        if add:
            self._show_form()

    def refresh(self) -> None:
        asked = work.read_workspaces(self.context.home, self.context.workspace_name)
        self.context.runner.run(self, asked, self._show, self._show_failure, key="settings-workspaces")

    def _show_failure(self, error: LongshoreError) -> None:
        self._shown = None
        clear(self._list_column)
        self._list_column.addWidget(ErrorState(error, "The workspaces could not be read", self.refresh))

    def _show(self, found: work.Listed) -> None:
        if found == self._shown:
            return
        self._shown = found
        clear(self._list_column)
        rows = (
            self._row(each, each.name == found.current, found.troubles.get(each.name, "")) for each in found.workspaces
        )
        self._list_column.addWidget(group(*rows))

    def _row(self, one: Workspace, current: bool, trouble: str) -> QWidget:
        personal = one.kind == PERSONAL
        where = "The tracking server on this computer" if personal else str(one.file or one.url)
        signed = SIGN_INS.get(one.auth, one.auth).format(one.username) if one.kind == TEAM else ""
        if one.file:
            signed = "Database, opened in place"
        lines = [(where, "secondary")] + ([(signed, "tertiary")] if signed else [])
        if trouble:
            lines.append((trouble, "danger"))
        right: list[QWidget] = []
        if current:
            right.append(badge("Current"))
        else:
            use = Button("Use", partial(self._use, one.name), size="small")
            use.setAccessibleName(f"Use {one.name}")
            right.append(use)
        if not personal:
            remove = Button(
                "", partial(self._ask_remove, one), icon="x", kind="ghost", size="iconSmall", tip=f"Remove {one.name}…"
            )
            right.append(remove)
        icon = {PERSONAL: "monitor", TEAM: "remote"}.get(one.kind, "dataset")
        return fact_row(icon, "text.secondary", one.name, lines, *right)

    def _use(self, name: str) -> None:
        self.context.runner.run(
            self, work.use_workspace(self.context.home, name), self._used, self._tell, title=f"Switching to {name}"
        )

    def _used(self, _nothing: None) -> None:
        self.context.workspace_name = None
        self.context.workspace_changed.emit()

    def _ask_remove(self, one: Workspace) -> None:
        text = (
            f"Longshore forgets {one.url} and deletes its sign-in from this computer. "
            "Runs and models on the server stay as they are."
        )
        if one.file:
            text = f"Longshore ends its server and forgets {one.file}. The file, its runs and models stay as they are."
        ConfirmDialog(
            self.window(),
            f"Remove {one.name}?",
            text,
            "Remove workspace",
            partial(self._remove, one.name),
            keep="Keep workspace",
        ).open()

    def _remove(self, name: str) -> None:
        self.context.runner.run(
            self, work.remove_workspace(self.context.home, name), self._used, self._tell, title=f"Removing {name}"
        )

    def _tell(self, error: LongshoreError) -> None:
        self.context.tell("error", error.reason, error.hint or "")

    def _choose_file(self) -> None:
        dialog = QFileDialog(self.window(), "Open a database of MLflow", str(Path.home()))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilters(["MLflow databases (*.db *.sqlite *.sqlite3)", "All files (*)"])
        dialog.fileSelected.connect(self.open_database)
        dialog.open()

    def open_database(self, file: str) -> None:
        """Add a database as a workspace, or say below the buttons what stands against it."""
        self._message.hide()
        self._open.show_busy("Looking…")
        asked = work.open_database(self.context.home, file)
        self.context.runner.run(self, asked, self._opened, self._not_opened, title="Opening a database")

    def _opened(self, one: Workspace) -> None:
        self._open.show_rest()
        self._added(one)

    def _not_opened(self, error: LongshoreError) -> None:
        self._open.show_rest()
        self._message.setText(f"{error.reason} {error.hint or ''}".strip())
        self._message.show()

    def _show_form(self) -> None:
        self._message.hide()
        self._add_row.hide()
        self._form.show()
        self._form.url.setFocus()

    def _hide_form(self) -> None:
        self._form.hide()
        self._add_row.show()

    def _added(self, one: Workspace) -> None:
        self._hide_form()
        self.refresh()
        self.context.tell("success", f"{one.name} is added", "Choose Use to work with it.")


class TeamForm(Card):
    """Address, name and sign-in of a team's server; what is wrong is said beside the field."""

    added = Signal(object)
    cancelled = Signal()

    def __init__(self, context: AppContext) -> None:
        super().__init__()
        self._context = context
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        column = vertical(self, (16, 14, 16, 16), 12)
        column.addWidget(label("Add a team's server", "bodyStrong"))
        self.url, self.name, self.username, self.secret = QLineEdit(), QLineEdit(), QLineEdit(), QLineEdit()
        self.url.setPlaceholderText("https://mlflow.example.com")
        self.name.setPlaceholderText("From the address")
        self.secret.setEchoMode(QLineEdit.EchoMode.Password)
        self.sign_in = Segmented([("password", "Password"), ("token", "Token"), ("none", "No sign-in")])
        self.sign_in.chosen.connect(self._show_fields)
        self._url = Field("Address", self.url)
        self._name = Field("Name (optional)", self.name)
        self._username = Field("User name", self.username)
        self._secret = Field(
            "Password", self.secret, "Kept in the system's keyring or the encrypted vault, never in a log."
        )
        for field in (self._url, self._name, self._username, self._secret):
            field.widget.returnPressed.connect(self.submit)  # type: ignore[attr-defined]
            field.widget.textEdited.connect(lambda _text, field=field: field.show_error(""))  # type: ignore[attr-defined]
        self._sign_in = Field("Sign-in", self.sign_in)
        column.addWidget(self._pair(self._url, self._name))
        column.addWidget(row_of(self._sign_in, None))
        self._credentials = self._pair(self._username, self._secret)
        column.addWidget(self._credentials)
        self._message = label("", "small", "danger", wrap=True)
        self._message.hide()
        column.addWidget(self._message)
        self._submit = Button("Add workspace", self.submit, kind="primary")
        column.addWidget(row_of(self._submit, Button("Cancel", self._cancel), None))

    def _pair(self, left: QWidget, right: QWidget) -> QWidget:
        holder = QWidget()
        row = horizontal(holder, spacing=12)
        for field in (left, right):
            row.addWidget(field, 1, Qt.AlignmentFlag.AlignTop)
        return holder

    def _show_fields(self, sign_in: str) -> None:
        self._username.setVisible(sign_in == "password")
        self._credentials.setVisible(sign_in != "none")
        title = self._secret.findChild(type(self._message))
        if title is not None:
            title.setText("Token" if sign_in == "token" else "Password")
        self.secret.setAccessibleName("Token" if sign_in == "token" else "Password")
        self._clear_errors()

    def _clear_errors(self) -> None:
        for field in (self._url, self._name, self._sign_in, self._username, self._secret):
            field.show_error("")
        self._message.hide()

    def submit(self) -> None:
        """Try the server with this sign-in."""
        if not self._submit.isEnabled():
            return
        self._clear_errors()
        if not self.url.text().strip():
            self._url.show_error("Give the server's address, such as https://mlflow.example.com.")
            self.url.setFocus()
            return
        team = work.NewTeam(
            self.url.text().strip(),
            self.name.text().strip(),
            self.sign_in.current,
            self.username.text().strip(),
            self.secret.text(),
        )
        self._submit.show_busy("Trying…")
        self._context.runner.run(self, work.add_team(self._context.home, team), self._done, self._failed)

    def _done(self, one: Workspace) -> None:
        self._reset()
        self.added.emit(one)

    def _failed(self, error: LongshoreError) -> None:
        self._submit.show_rest()
        text = f"{error.reason} {error.hint or ''}".strip()
        fields = {"url": self._url, "name": self._name, "username": self._username, "secret": self._secret}
        fields["sign_in"] = self._sign_in
        field = fields.get(work.wrong_field(error, self.sign_in.current))
        if field is None:
            self._message.setText(text)
            self._message.show()
        else:
            field.show_error(text)
            field.widget.setFocus()

    def _cancel(self) -> None:
        self._reset()
        self.cancelled.emit()

    def _reset(self) -> None:
        self._submit.show_rest()
        for edit in (self.url, self.name, self.username, self.secret):
            edit.clear()
        self._clear_errors()
