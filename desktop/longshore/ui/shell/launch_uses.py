"""What a run would use, as the launch dialog says it beside its form."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QWidget

from longshore.ui.shell.launch_environment_work import Found
from longshore.ui.shell.launch_work import Ready
from longshore.ui.widgets.basic import Button, ElidedLabel, IconLabel, clear, horizontal, label, line, row_of, vertical
from longshore.ui.widgets.command_label import CommandLabel

_TOKENS = {"ok": "success.text", "warn": "warning.text", "download": "info.text", "clock": "text.tertiary"}


@dataclass(frozen=True)
class Use:
    """One thing that a run uses: an icon's name, title, detail, and the words of what can be done about it."""

    icon: str
    title: str
    detail: str
    action: str = ""


@dataclass(frozen=True)
class Asked:
    """What of the form the uses depend on."""

    experiment: str
    target: str = "local"
    # The code of the run that is launched anew is to be used.
    old_code: bool = False
    environment: Found = field(default_factory=Found)


def uses_of(ready: Ready, asked: Asked) -> tuple[Use, ...]:
    """Give environment, code and server."""
    return tuple(_uses(ready, asked))


def _uses(ready: Ready, asked: Asked) -> Iterator[Use]:
    yield _environment(ready, asked)
    if not ready.trusted:
        yield Use("warn", "Folder not trusted", "You are asked before its code runs")
    yield _code(ready, old_code=asked.old_code)
    words = f"Experiment {asked.experiment}" if ready.tracking_ok else "It is not up yet; the run waits for it."
    yield Use("ok" if ready.tracking_ok else "warn", f"Tracking to {ready.tracking}", words)


def _environment(ready: Ready, asked: Asked) -> Use:
    declared, found = ready.info.environment, asked.environment
    state = found.state
    nothing = "no declaration: an empty environment"
    named = declared.file or {"none": nothing}.get(declared.kind, declared.kind)
    if found.problem:
        return Use("warn", "The environment cannot be read", found.problem)
    hash_ = state.hash if state else declared.hash
    facts = [named, hash_[:7], f"as of {found.as_of}" if found.as_of else ""]
    python = state.python if state else found.python
    detail = ", ".join([fact for fact in facts if fact] + ([f"Python {python}"] if python else []))
    if asked.target != "local":
        return Use("ok", "Environment in the image", f"{detail}; built where it is not there yet")
    if state is None:
        return Use("clock", "Environment", detail)
    if state.made:
        return Use("ok", "Environment in sync", detail)
    return Use("download", "Environment to be made before the start", detail)


def _code(ready: Ready, *, old_code: bool) -> Use:
    if old_code and ready.code is not None:
        return Use("ok", f"Code: {ready.code.words}", "As it was recorded; data files are today's")
    if ready.code is not None and ready.code.why_not:
        return Use("warn", "Code: today's", ready.code.why_not)
    git = ready.info.git
    if git is None:
        return Use("warn", "Code without git", "The files are listed with the run, not versioned.")
    dirty = len(git.dirty_files)
    where = f"{git.branch or 'detached'} at {git.commit[:7] or 'no commit yet'}"
    if not dirty:
        return Use("ok", f"Code: {where}", "Everything is committed")
    changed = f"{dirty} changed file{'' if dirty == 1 else 's'}"
    return Use("warn", f"Code: {where} + {changed}", "The patch is saved with the run", "Show diff")


class UsesPanel(QFrame):
    """What the run uses, and the command that does the same."""

    copied = Signal()
    diff_asked = Signal()

    def __init__(self, parent: QWidget, width: int) -> None:
        super().__init__(parent)
        self.setProperty("surface", "sunken")
        self.setFixedWidth(width)
        self._shown: tuple[Use, ...] = ()
        column = vertical(self, (20, 16, 24, 16), 10)
        column.addWidget(label("What this run uses", "bodyStrong"))
        self.uses = QWidget()
        self._uses_column = vertical(self.uses, spacing=10)
        column.addWidget(self.uses)
        column.addWidget(line())
        copy = Button("Copy", self.copy, icon="copy", kind="ghost", size="small")
        column.addWidget(row_of(label("Equivalent command", "bodyStrong"), None, copy))
        box = QFrame()
        box.setProperty("surface", "panel")
        self.command = CommandLabel()
        vertical(box, (10, 8, 10, 8)).addWidget(self.command)
        column.addWidget(box)
        column.addWidget(
            label("Credentials come from the system's keyring and are not shown.", "small", "tertiary", wrap=True)
        )
        column.addStretch(1)

    def show_uses(self, uses: tuple[Use, ...]) -> None:
        """Show them, where they are others than before."""
        if uses == self._shown:
            return
        self._shown = uses
        clear(self._uses_column)
        for use in uses:
            self._uses_column.addWidget(self._row(use))

    def copy(self) -> None:
        """Put the command on the clipboard."""
        QGuiApplication.clipboard().setText(self.command.text())
        self.copied.emit()

    def _row(self, use: Use) -> QWidget:
        holder = QWidget(self.uses)
        row = horizontal(holder, spacing=8)
        row.addWidget(IconLabel(use.icon, _TOKENS[use.icon]), 0, Qt.AlignmentFlag.AlignTop)
        words = QWidget()
        column = vertical(words, spacing=1)
        column.addWidget(ElidedLabel(use.title, "bodyMedium"))
        column.addWidget(ElidedLabel(use.detail, "small", "secondary"))
        row.addWidget(words, 1)
        if use.action:
            link = Button(use.action, self.diff_asked.emit, kind="link")
            row.addWidget(link, 0, Qt.AlignmentFlag.AlignTop)
        return holder
