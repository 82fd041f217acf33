"""The parts of the overview: entry points, last runs, code, environment, models, deployments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QSizePolicy, QWidget

from longshore.store.records import Deployment
from longshore.ui.pages.home_cards import Dot
from longshore.ui.pages.overview_work import ModelLine, RunLine
from longshore.ui.widgets.basic import (
    Button,
    Card,
    ElidedLabel,
    IconLabel,
    badge,
    clear,
    horizontal,
    label,
    row_of,
    vertical,
)
from longshore.ui.widgets.click_row import ClickRow, fixed
from longshore.ui.widgets.pill import AliasTag, Pill, describe
from longshore.ui.widgets.times import ago, duration, full, number

if TYPE_CHECKING:
    from longshore.projects.model import EntryPoint, EnvironmentSpec, GitState, Parameter

PARAMETERS_SHOWN = 5
FILES_SHOWN = 6
FILES_MOST = 200


class EntryCard(Card):
    """One entry point: what it runs, what it takes, and its launch."""

    def __init__(self, entry: EntryPoint, launch: Callable[[], object]) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        self.setAccessibleName(f"Entry point {entry.name}")
        column = vertical(self, (16, 12, 12, 14), 8)
        button = Button("Launch…", launch, icon="play", size="small")
        button.setAccessibleName(f"Launch {entry.name}")
        head = QWidget()
        row = horizontal(head, spacing=8)
        row.addWidget(ElidedLabel(entry.name, "title", mode=Qt.TextElideMode.ElideMiddle), 1)
        row.addWidget(button)
        column.addWidget(head)
        if entry.help:
            words = ElidedLabel(" ".join(entry.help.split()), "small", "secondary")
            column.addWidget(words)
        column.addWidget(ElidedLabel(entry.command, "mono", "secondary"))
        column.addWidget(self._parameters(list(entry.parameters.values())))
        column.addStretch(1)

    def _parameters(self, parameters: list[Parameter]) -> QWidget:
        holder = QWidget()
        grid = QGridLayout(holder)
        grid.setContentsMargins(0, 2, 4, 0)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(4)
        if not parameters:
            grid.addWidget(label("No parameters", "small", "tertiary"), 0, 0)
        for place, one in enumerate(parameters[:PARAMETERS_SHOWN]):
            name = ElidedLabel(one.name, "mono")
            if one.help:
                name.setToolTip(one.help)
            grid.addWidget(name, place, 0)
            grid.addWidget(label(", ".join(one.choices[:3]) or one.type, "small", "tertiary"), place, 1)
            grid.addWidget(self._default(one), place, 2)
        if len(parameters) > PARAMETERS_SHOWN:
            rest = parameters[PARAMETERS_SHOWN:]
            more = label(f"{len(rest)} more", "small", "tertiary")
            more.setToolTip("\n".join(one.name for one in rest[:40]))
            grid.addWidget(more, PARAMETERS_SHOWN, 0)
        grid.setColumnMinimumWidth(1, 44)
        grid.setColumnStretch(0, 3)
        grid.setColumnStretch(2, 2)
        return holder

    def _default(self, one: Parameter) -> QWidget:
        if one.required:
            return label("required", "small", "warning")
        if one.default is None:
            return label("—", "small", "tertiary")
        text = str(one.default).lower() if isinstance(one.default, bool) else str(one.default)
        return ElidedLabel(text, "mono", "secondary", mode=Qt.TextElideMode.ElideMiddle)


def run_row(run: RunLine, opened: Callable[[], object]) -> QWidget:
    """Give one of the last runs: state, name, metric, duration, when."""
    word = describe(run.status)[0]
    row = ClickRow(f"{run.name}, {word}, {ago(run.started_at)}")
    row.activated.connect(opened)
    line = horizontal(row, (12, 0, 12, 0), 12)
    line.addWidget(fixed(row_of(Pill(run.status), None), 96))
    line.addWidget(ElidedLabel(run.name, "bodyMedium", mode=Qt.TextElideMode.ElideMiddle), 1)
    if run.value is not None:
        value = ElidedLabel(f"{run.metric}  {number(run.value)}", "small", "secondary")
        line.addWidget(fixed(value, 150))
    took = label(duration(run.duration_s), "small", "secondary")
    took.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    line.addWidget(fixed(took, 64))
    when = label(ago(run.started_at), "small", "tertiary")
    when.setToolTip(full(run.started_at))
    when.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    line.addWidget(fixed(when, 84))
    return row


def fact(title: str, value: QWidget) -> QWidget:
    """Give a fact: what it is at the left, its value at the right."""
    holder = QWidget()
    row = horizontal(holder, spacing=8)
    row.addWidget(fixed(label(title, "small", "secondary"), 84), 0, Qt.AlignmentFlag.AlignTop)
    row.addWidget(value, 1)
    return holder


def code_facts(git: GitState | None) -> list[QWidget]:
    """Give what the git state says."""
    if git is None:
        words = "This folder is in no git repository. Its runs cannot record a commit."
        return [label(words, "small", "secondary", wrap=True)]
    branch = ElidedLabel(git.branch or "detached", "bodyMedium", mode=Qt.TextElideMode.ElideMiddle)
    rows = [fact("Branch", branch)]
    commit = ElidedLabel(git.commit[:10] if git.commit else "none yet", "mono")
    commit.setToolTip(git.commit)
    rows.append(fact("Commit", commit))
    if git.remote:
        rows.append(fact("Remote", ElidedLabel(git.remote, "small", mode=Qt.TextElideMode.ElideMiddle)))
    if away := _away(git):
        rows.append(fact("", label(away, "small", "secondary")))
    rows.append(ChangedFiles(git))
    return rows


def _away(git: GitState) -> str:
    parts = [f"{count} commits {word}" for count, word in ((git.ahead, "ahead"), (git.behind, "behind")) if count]
    return ", ".join(parts).replace("1 commits ", "1 commit ") if parts else ""


class ChangedFiles(QWidget):
    """Files that differ from the commit; a long list is folded."""

    def __init__(self, git: GitState) -> None:
        super().__init__()
        self._files = [("M", name) for name in git.dirty_files] + [("U", name) for name in git.untracked]
        self._column = vertical(self, spacing=3)
        self._show(FILES_SHOWN)

    def _show(self, most: int) -> None:
        clear(self._column)
        count = len(self._files)
        if not count:
            self._column.addWidget(fact("Changes", label("None: everything is committed", "small", "secondary")))
            return
        self._column.addWidget(fact("Changes", label(f"{count} file{'s' if count > 1 else ''}", "bodyMedium")))
        for mark, name in self._files[:most]:
            sign = label(mark, "mono", "warning" if mark == "M" else "success")
            sign.setToolTip("Modified" if mark == "M" else "Untracked")
            row = QWidget()
            inner = horizontal(row, (0, 0, 0, 0), 8)
            inner.addWidget(fixed(sign, 12))
            inner.addWidget(ElidedLabel(name, "mono", "secondary", mode=Qt.TextElideMode.ElideMiddle), 1)
            self._column.addWidget(row)
        if count > most and most < FILES_MOST:
            show = Button(f"Show {min(count, FILES_MOST) - most} more", partial(self._show, FILES_MOST), kind="link")
            self._column.addWidget(row_of(show, None))
        elif count > most:
            self._column.addWidget(label(f"and {count - most:,} more", "small", "tertiary"))


def environment_facts(spec: EnvironmentSpec) -> list[QWidget]:
    """Give what the project declares of its environment."""
    if spec.kind == "none":
        words = f"{spec.detail[:1].upper()}{spec.detail[1:]}".rstrip(".") + "." if spec.detail else "None is declared."
        hint = "Add a requirements.txt or a pyproject.toml; runs get their own environment from it."
        return [label(words, "small", "secondary", wrap=True), label(hint, "small", "tertiary", wrap=True)]
    rows = [fact("Declared in", ElidedLabel(spec.file or spec.kind, "mono", mode=Qt.TextElideMode.ElideMiddle))]
    rows.append(fact("Python", label(spec.python or "any", "bodyMedium")))
    if spec.detail:
        rows.append(fact("", label(spec.detail, "small", "secondary", wrap=True)))
    return rows


def model_row(model: ModelLine, opened: Callable[[], object]) -> QWidget:
    """Give a registered model: name, newest version, aliases."""
    row = ClickRow(f"Model {model.name}, version {model.version}", 36)
    row.activated.connect(opened)
    line = horizontal(row, (10, 0, 10, 0), 8)
    line.addWidget(IconLabel("model", "node.model"))
    line.addWidget(ElidedLabel(model.name, "bodyMedium", mode=Qt.TextElideMode.ElideMiddle), 1)
    for alias, version in model.aliases[:1]:
        tag = AliasTag(alias)
        tag.setToolTip(f"{alias} is version {version}")
        line.addWidget(tag)
    line.addWidget(badge(f"v{model.version}"))
    return row


def deployment_row(one: Deployment, opened: Callable[[], object]) -> QWidget:
    """Give a deployment: state, name, what it serves."""
    word, tone, _icon = describe(one.state)
    row = ClickRow(f"Deployment {one.name}, {word}", 36)
    row.activated.connect(opened)
    line = horizontal(row, (12, 0, 10, 0), 10)
    line.addWidget(Dot(f"{tone}.solid"))
    line.addWidget(ElidedLabel(one.name, "bodyMedium", mode=Qt.TextElideMode.ElideMiddle), 1)
    line.addWidget(label(f"{word}, v{one.serving_version or one.model_version}", "small", "secondary"))
    row.setToolTip(one.url)
    return row


def section(title: str, rows: Sequence[QWidget], count: int | None = None) -> QWidget:
    """Give a titled block of the side."""
    holder = QWidget()
    column = vertical(holder, spacing=8)
    head: list[QWidget | None] = [label(title, "bodyStrong")]
    if count is not None:
        head.append(badge(f"{count:,}"))
    column.addWidget(row_of(*head, None))
    for row in rows:
        column.addWidget(row)
    return holder
