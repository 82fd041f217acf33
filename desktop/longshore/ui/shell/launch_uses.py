"""What a run would use, as the launch dialog says it beside its form."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from longshore.ui.shell.launch_work import Ready
from longshore.ui.widgets.basic import ElidedLabel, IconLabel, horizontal, vertical

Use = tuple[str, str, str]  # "ok" or "warn", title, detail


def uses_of(ready: Ready, experiment: str, *, old_code: bool) -> tuple[Use, ...]:
    """Give environment, code and server. `old_code`: the code of the run that is launched anew is to be used."""
    return tuple(_uses(ready, experiment, old_code=old_code))


def _uses(ready: Ready, experiment: str, *, old_code: bool) -> Iterator[Use]:
    environment = ready.info.environment
    nothing = "no declaration: an empty environment"
    named = environment.file or {"none": nothing}.get(environment.kind, environment.kind)
    yield "ok", "Environment", f"{named}, {environment.hash[:7]}" if environment.hash else named
    if not ready.trusted:
        yield "warn", "Folder not trusted", "You are asked before its code runs"
    yield _code(ready, old_code=old_code)
    words = f"Experiment {experiment}" if ready.tracking_ok else "It is not up yet; the run waits for it."
    yield "ok" if ready.tracking_ok else "warn", f"Tracking to {ready.tracking}", words


def _code(ready: Ready, *, old_code: bool) -> Use:
    if old_code and ready.code is not None:
        return "ok", f"Code: {ready.code.words}", "As it was recorded; data files are today's"
    if ready.code is not None and ready.code.why_not:
        return "warn", "Code: today's", ready.code.why_not
    git = ready.info.git
    if git is None:
        return "warn", "Code without git", "The files are listed with the run, not versioned."
    dirty = len(git.dirty_files)
    where = f"{git.branch or 'detached'} at {git.commit[:7] or 'no commit yet'}"
    return (
        "warn" if dirty else "ok",
        f"Code: {where}" + (f" + {dirty} changed files" if dirty else ""),
        "The patch is saved with the run" if dirty else "Everything is committed",
    )


def use_row(icon: str, title: str, detail: str) -> QWidget:
    """Give one line of it."""
    holder = QWidget()
    row = horizontal(holder, spacing=8)
    token = "success.text" if icon == "ok" else "warning.text"
    row.addWidget(IconLabel(icon, token), 0, Qt.AlignmentFlag.AlignTop)
    words = QWidget()
    column = vertical(words, spacing=1)
    column.addWidget(ElidedLabel(title, "bodyMedium"))
    column.addWidget(ElidedLabel(detail, "small", "secondary"))
    row.addWidget(words, 1)
    return holder
