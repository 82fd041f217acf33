"""Named presets in the launch dialog: choosing, saving, renaming, deleting; what was changed can be taken back."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import shiboken6
from PySide6.QtCore import QObject, QPoint, Signal
from PySide6.QtWidgets import QLineEdit, QMenu, QWidget

from longshore.errors import LongshoreError
from longshore.jobs import presets
from longshore.jobs.presets import Kept, Preset
from longshore.settings import Home
from longshore.ui.shell.context import AppContext
from longshore.ui.widgets.basic import Button, horizontal, label, vertical
from longshore.ui.widgets.choices import Field
from longshore.ui.widgets.dialog import Dialog
from longshore.ui.widgets.select import Select

if TYPE_CHECKING:
    from longshore.ui.shell.tasks import Work
    from longshore.ui.shell.undo import Change

T = TypeVar("T")
DEFAULTS, LAST, NAMED = "defaults", "last", "named:"


def save_work(home: Home, project_id: str, preset: Preset) -> Work[Kept]:
    """Give the work that keeps a preset, and reads all."""

    def work(_progress: object, _cancel: object) -> Kept:
        presets.save(home, project_id, preset)
        return presets.kept(home, project_id)

    return work


def rename_work(home: Home, project_id: str, name: str, new: str) -> Work[Kept]:
    """Give the work that renames a preset, and reads all."""

    def work(_progress: object, _cancel: object) -> Kept:
        presets.rename(home, project_id, name, new)
        return presets.kept(home, project_id)

    return work


def delete_work(home: Home, project_id: str, name: str) -> Work[Kept]:
    """Give the work that forgets a preset, and reads all."""

    def work(_progress: object, _cancel: object) -> Kept:
        presets.delete(home, project_id, name)
        return presets.kept(home, project_id)

    return work


class NameDialog(Dialog):
    """Asks for a preset's name. What is wrong with it is said below it, before anything happens."""

    named = Signal(str)

    def __init__(self, parent: QWidget, title: str, name: str, taken: frozenset[str], *, replaces: bool) -> None:
        super().__init__(parent, title, "Rename" if not replaces else "Save")
        self._taken, self._replaces = taken, replaces
        column = vertical(self.body, (24, 0, 24, 16), 12)
        self.line = QLineEdit(name)
        self.line.selectAll()
        hint = "All but the run's name is kept, for this project and on this computer. Secrets are kept by name alone."
        self.field = Field("Name", self.line, hint if replaces else "")
        column.addWidget(self.field)
        self.line.textChanged.connect(self._look)
        self.line.returnPressed.connect(self.confirmed)
        self.line.setFocus()
        self._look()

    def _look(self, _text: str = "") -> None:
        replaced = self._replaces and self.line.text().strip() in self._taken
        self.confirm_button.setText("Replace" if replaced else "Save" if self._replaces else "Rename")

    def confirmed(self) -> None:
        """Tell the name, once it can be used."""
        try:
            name = presets.checked_name(self.line.text())
        except LongshoreError as error:
            self.field.show_error(error.reason)
            return
        if name in self._taken and not self._replaces:
            self.field.show_error(f"There is a preset called {name} already. Choose another name.")
            return
        self.accept()
        self.named.emit(name)


class PresetNotice(QWidget):
    """What was done to a preset, with what takes it back: a message of the window would lie behind the dialog."""

    def __init__(self, context: AppContext) -> None:
        super().__init__()
        self._context = context
        self._change: Change | None = None
        row = horizontal(self, spacing=10)
        self.words = label("", "small", "secondary", wrap=True)
        self.words.setMinimumWidth(120)
        row.addWidget(self.words, 1)
        self.undo = Button("Undo", self.take_back, kind="link", tip="Take it back", shortcut="Ctrl+Z")
        row.addWidget(self.undo)
        self.hide()

    def say(self, text: str, tone: str = "secondary", change: Change | None = None) -> None:
        """Say something; empty says nothing any more."""
        from longshore.ui.widgets.basic import restyle

        self._change = change
        self.words.setText(text)
        restyle(self.words, tone=tone)
        self.undo.setVisible(change is not None)
        self.setVisible(bool(text))

    def take_back(self) -> None:
        """Take back what was said last."""
        change, self._change = self._change, None
        if change is not None:
            self.say("")
            self._context.undo.undo_this(change)


class PresetPart(QObject):
    """The select in the head and what it knows. The dialog gives its values, and shows a preset's."""

    # A preset to be shown; None: the defaults.
    chosen = Signal(object)

    def __init__(self, context: AppContext, dialog: Dialog, look: Callable[[str], Preset]) -> None:
        super().__init__(dialog)
        self._context, self._dialog, self._look = context, dialog, look
        self._project_id = context.project.id if context.project else ""
        self._entry = ""
        self.kept = Kept()
        self.select = Select("Preset", widest=220)
        self.select.activated.connect(lambda _place: self._choose())
        self.more = Button(
            "", self._open_menu, icon="dots", kind="ghost", size="icon", tip="Rename or delete the preset"
        )
        self.notice = PresetNotice(context)
        self.save_button = Button("Save preset", self.ask_to_save, kind="ghost", size="large", tip="Save preset")
        for widget in (self.select, self.more):
            widget.hide()

    def show_kept(self, kept: Kept, entry: str, choice: str | None = None) -> None:
        """Offer what is kept for an entry point; None leaves the choice, where it is still there."""
        self.kept, self._entry = kept, entry
        options = [("Preset: last values", LAST)] if kept.last_of(entry) else []
        options.append(("Preset: defaults", DEFAULTS))
        options += [(f"Preset: {one.name}", NAMED + one.name) for one in kept.presets]
        wanted = self.select.value if choice is None else choice
        if wanted not in [value for _words, value in options]:
            options.insert(0, ("Preset: none", ""))
        self.select.show_options(options)
        self.select.choose(wanted)
        self.select.setVisible(bool(kept.presets or kept.last_of(entry)))
        self._show_more()

    @property
    def name(self) -> str:
        """The name of the preset that is chosen; empty for none."""
        return self.select.value.removeprefix(NAMED) if self.select.value.startswith(NAMED) else ""

    def _show_more(self) -> None:
        self.more.setVisible(bool(self.name))

    def _choose(self) -> None:
        self._show_more()
        value = self.select.value
        if value:
            self.chosen.emit(self.kept.last_of(self._entry) if value == LAST else self.kept.named(self.name))

    def _open_menu(self) -> None:
        self.menu().popup(self.more.mapToGlobal(QPoint(0, self.more.height() + 4)))

    def menu(self) -> QMenu:
        """Make the menu of the preset that is chosen."""
        menu = QMenu(self._dialog)
        menu.addAction("Rename this preset…").triggered.connect(lambda _checked=False: self.ask_to_rename())
        menu.addAction("Delete this preset").triggered.connect(lambda _checked=False: self.delete())
        return menu

    def ask_to_save(self) -> None:
        """Ask for a name, then keep what the dialog holds."""
        taken = frozenset(one.name for one in self.kept.presets)
        dialog = NameDialog(self._dialog, "Save preset", self.name, taken, replaces=True)
        dialog.named.connect(self._save)
        dialog.open()

    def _save(self, name: str) -> None:
        safe, withheld = presets.without_secrets(self._look(name))
        before = self.kept.named(name)
        words = f"Saved the preset {name}."
        if withheld:
            words += f" Not kept, since it looks like a secret: {', '.join(withheld)}."
        back = (
            save_work(self._context.home, self._project_id, before)
            if before
            else delete_work(self._context.home, self._project_id, name)
        )
        self._run(save_work(self._context.home, self._project_id, safe), words, back, NAMED + name)

    def ask_to_rename(self) -> None:
        """Ask for another name of the preset that is chosen."""
        name = self.name
        taken = frozenset(one.name for one in self.kept.presets) - {name}
        dialog = NameDialog(self._dialog, "Rename preset", name, taken, replaces=False)
        dialog.named.connect(partial(self._rename, name))
        dialog.open()

    def _rename(self, name: str, new: str) -> None:
        if new != name:
            home, project = self._context.home, self._project_id
            back = rename_work(home, project, new, name)
            self._run(rename_work(home, project, name, new), f"Renamed the preset to {new}.", back, NAMED + new)

    def delete(self) -> None:
        """Forget the preset that is chosen; the form stays as it is."""
        if preset := self.kept.named(self.name):
            home, project = self._context.home, self._project_id
            back = save_work(home, project, preset)
            self._run(delete_work(home, project, preset.name), f"Deleted the preset {preset.name}.", back)

    def _run(self, work: Work[Kept], words: str, back: Work[Kept], choice: str | None = None) -> None:
        self.notice.say("")
        self._context.runner.run(
            self, work, partial(self._done, words, back, choice), self._fail, key=f"launch.presets/{self._project_id}"
        )

    def _done(self, words: str, back: Work[Kept], choice: str | None, kept: Kept) -> None:
        change = self._context.undo.push(words.rstrip("."), partial(self._take_back, back))
        self.show_kept(kept, self._entry, choice)
        self.notice.say(words, change=change)

    def _take_back(self, back: Work[Kept]) -> None:
        # The dialog may be gone by then: the window's context asks.
        context = self._context

        def show(kept: Kept) -> None:
            if shiboken6.isValid(self):
                self.show_kept(kept, self._entry)

        context.runner.run(
            context,
            back,
            show,
            lambda error: context.tell("error", error.reason, error.hint or ""),
            key=f"launch.presets/{self._project_id}",
        )

    def _fail(self, error: LongshoreError) -> None:
        self.notice.say(f"{error.reason} {error.hint or ''}".strip(), "danger")
