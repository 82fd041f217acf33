"""Settings: secrets by name. A value goes in and is never shown again."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtWidgets import QLineEdit, QSizePolicy, QWidget

from longshore.errors import Invalid, LongshoreError, NotAllowed
from longshore.ui.pages import settings_work as work
from longshore.ui.pages.settings_parts import Section, fact_row, group
from longshore.ui.shell.context import AppContext
from longshore.ui.widgets.basic import Button, Card, clear, horizontal, label, row_of, vertical
from longshore.ui.widgets.choices import Field
from longshore.ui.widgets.dialog import ConfirmDialog
from longshore.ui.widgets.states import Banner, EmptyState, ErrorState


class SecretsSection(Section):
    """Names of secrets, adding, deleting; unlocking the vault where the system has no keyring."""

    title = "Secrets"
    about = (
        "Passwords and tokens that runs and deployments get by name. Their values are masked wherever a log is shown."
    )

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        self._state: work.SecretsState | None = None
        self._box = QWidget()
        self._box_column = vertical(self._box, spacing=12)
        self.rows.addWidget(self._box)

    def opened(self, *, add: bool = False) -> None:
        self.read()

    def read(self) -> None:
        """Ask the keyring again."""
        self.context.runner.run(
            self, work.read_secrets(self.context.home), self._show, self._show_failure, key="settings-secrets"
        )

    def _show_failure(self, error: LongshoreError) -> None:
        self._state = None
        clear(self._box_column)
        self._box_column.addWidget(ErrorState(error, "The secrets could not be read", self.read))

    def _show(self, state: work.SecretsState) -> None:
        if state == self._state:
            return
        self._state = state
        clear(self._box_column)
        if state.is_vault:
            self._box_column.addWidget(
                Banner("This system has no keyring. Secrets are kept in an encrypted file in the home folder instead.")
            )
        if state.ok:
            self._show_names(state)
        elif state.is_vault:
            self._box_column.addWidget(UnlockForm(self.context, state.vault_exists, self.read))
        else:
            self._box_column.addWidget(Banner(f"{state.detail} {state.fix}", ("Try again", self.read)))

    def _show_names(self, state: work.SecretsState) -> None:
        if state.names:
            self._box_column.addWidget(group(*(self._row(name) for name in state.names)))
        else:
            empty = Card(surface="panel")
            words = "Add one, then give it to a run: its program finds it as an environment variable of that name."
            vertical(empty).addWidget(EmptyState("shield", "No secrets yet", words))
            self._box_column.addWidget(empty)
        self._box_column.addWidget(SecretForm(self.context, self.read))
        kept = "the encrypted file of this home" if state.is_vault else state.backend
        self._box_column.addWidget(label(f"Kept in {kept}.", "small", "tertiary", wrap=True))

    def _row(self, name: str) -> QWidget:
        delete = Button(
            "", partial(self._ask_delete, name), icon="x", kind="ghost", size="iconSmall", tip=f"Delete {name}…"
        )
        return fact_row("shield", "text.secondary", name, (), label("••••••••", "small", "tertiary"), delete)

    def _ask_delete(self, name: str) -> None:
        text = (
            f"Runs and deployments that ask for {name} will fail until it is added again. Its value can't be recovered."
        )
        ConfirmDialog(
            self.window(), f"Delete {name}?", text, "Delete secret", partial(self._delete, name), keep="Keep secret"
        ).open()

    def _delete(self, name: str) -> None:
        self.context.runner.run(
            self,
            work.delete_secret(self.context.home, name),
            lambda _nothing: self.read(),
            self._tell,
            title=f"Deleting {name}",
        )

    def _tell(self, error: LongshoreError) -> None:
        self.context.tell("error", error.reason, error.hint or "")


class SecretForm(Card):
    """A name and a value."""

    def __init__(self, context: AppContext, added: Callable[[], object]) -> None:
        super().__init__()
        self._context, self._added = context, added
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        column = vertical(self, (16, 14, 16, 16), 12)
        column.addWidget(label("Add a secret", "bodyStrong"))
        self.name, self.value = QLineEdit(), QLineEdit()
        self.name.setProperty("mono", True)
        self.name.setPlaceholderText("HF_TOKEN")
        self.value.setEchoMode(QLineEdit.EchoMode.Password)
        self._name, self._value = Field("Name", self.name), Field("Value", self.value)
        holder = QWidget()
        row = horizontal(holder, spacing=12)
        for field in (self._name, self._value):
            field.widget.returnPressed.connect(self.submit)  # type: ignore[attr-defined]
            field.widget.textEdited.connect(lambda _text, field=field: field.show_error(""))  # type: ignore[attr-defined]
            row.addWidget(field, 1)
        column.addWidget(holder)
        self.button = Button("Add secret", self.submit)
        column.addWidget(row_of(self.button, None))

    def submit(self) -> None:
        """Keep it."""
        name = self.name.text().strip()
        self._name.show_error("" if name else "Give a name, such as HF_TOKEN.")
        self._value.show_error("" if self.value.text() else "Give the value.")
        if not (name and self.value.text() and self.button.isEnabled()):
            return
        self.button.show_busy("Keeping…")
        self._context.runner.run(
            self, work.keep_secret(self._context.home, name, self.value.text()), self._done, self._failed
        )

    def _done(self, _nothing: None) -> None:
        self.button.show_rest()
        self.name.clear()
        self.value.clear()
        self._added()

    def _failed(self, error: LongshoreError) -> None:
        self.button.show_rest()
        field = self._value if "value" in error.reason else self._name
        field.show_error(f"{error.reason} {error.hint or ''}".strip())


class UnlockForm(Card):
    """The passphrase of the vault; a new one where there is no vault yet."""

    def __init__(self, context: AppContext, exists: bool, unlocked: Callable[[], object]) -> None:
        super().__init__()
        self._context, self._unlocked = context, unlocked
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        column = vertical(self, (16, 14, 16, 16), 12)
        column.addWidget(label("Unlock the vault" if exists else "Set up the vault", "bodyStrong"))
        self.passphrase = QLineEdit()
        self.passphrase.setEchoMode(QLineEdit.EchoMode.Password)
        self.passphrase.returnPressed.connect(self.submit)
        hint = (
            "Nobody can recover a lost passphrase."
            if exists
            else "8 characters or more. Nobody can recover a lost one."
        )
        self._field = Field("Passphrase", self.passphrase, hint)
        column.addWidget(self._field)
        words = "This opens it for this window. For runs, set LONGSHORE_VAULT_PASSPHRASE before Longshore starts."
        column.addWidget(label(words, "small", "secondary", wrap=True))
        self.button = Button("Unlock" if exists else "Set passphrase", self.submit, kind="primary")
        column.addWidget(row_of(self.button, None))

    def submit(self) -> None:
        """Try the passphrase."""
        text = self.passphrase.text()
        if not text:
            self._field.show_error("Give the passphrase.")
            return
        self.button.show_busy("Unlocking…")
        self._context.runner.run(self, work.unlock_vault(self._context.home, text), self._done, self._failed)

    def _done(self, _nothing: None) -> None:
        self._unlocked()

    def _failed(self, error: LongshoreError) -> None:
        self.button.show_rest()
        known = isinstance(error, NotAllowed | Invalid)
        self._field.show_error(f"{error.reason} {error.hint or ''}".strip() if known else error.reason)
        self.passphrase.selectAll()
