"""How the code of two runs differs: the commits between them, and patches."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSplitter, QWidget

from longshore.progress import CancelToken, Progress
from longshore.ui.pages.compare_layout import CompareLayout
from longshore.ui.pages.compare_pair import PairTab
from longshore.ui.shell.context import AppContext
from longshore.ui.shell.tasks import Work
from longshore.ui.widgets.basic import vertical
from longshore.ui.widgets.diff_view import DiffView
from longshore.ui.widgets.plain_table import PlainTable, TextColumn, TextRow
from longshore.ui.widgets.select import Select
from longshore.ui.widgets.states import EmptyState, ErrorState
from longshore.ui.widgets.times import ago

if TYPE_CHECKING:
    from longshore.projects.history import Between, Commit
    from longshore.tracking.comparing.code import CodeDifference, CodeSide

COMMITS, BASE, OTHER = "commits", "base", "other"
_COLUMNS = (TextColumn("Commit", 92), TextColumn("Subject"), TextColumn("Author", 100), TextColumn("When", 84))


class CodeTab(PairTab):
    """Commits at the left, the patch that is chosen at the right."""

    def __init__(self, context: AppContext, layout: CompareLayout, pin: Callable[[str], None], parent: QWidget) -> None:
        super().__init__(context, layout, pin, "code", parent)
        self.patch = Select("Which patch", widest=260)
        self.patch.activated.connect(lambda _place: self._show_patch())
        self.row.addWidget(self.patch)
        self.found: CodeDifference | None = None
        self.commits: PlainTable | None = None
        self.diff: DiffView | None = None

    def work(self) -> Work[object]:
        base, other = self.base.value, self.other.value
        home, workspaces = self.context.home, self.workspaces
        project = Path(self.context.project.path) if self.context.project else None

        def work(_progress: Progress, cancel: CancelToken) -> CodeDifference:
            from longshore.tracking.comparing.code import code_difference
            from longshore.tracking.comparing.places import Servers

            cancel.check()
            return code_difference(Servers(home, workspaces), base, other, project)

        return work

    def show_found(self, found: object) -> None:
        from longshore.tracking.comparing.code import CodeDifference

        assert isinstance(found, CodeDifference)
        self.found = found
        self.said.setText(_summary(found))
        options = _patches(found)
        self.patch.show_options(options)
        self.patch.setVisible(bool(options))
        if not options and found.problem is None:
            self._show_same(found)
            return
        self.show_content(self._content(found))
        self._show_patch()

    def _show_same(self, found: CodeDifference) -> None:
        commit = found.base.code.commit
        if not commit:
            title, words = "Not recorded", "Neither run recorded a commit. Runs of a git repository record theirs."
        elif not found.same:
            title, words = (
                "Not recorded",
                f"Both stand on commit {commit[:8]}; their uncommitted changes were not kept.",
            )
        else:
            title, words = "No difference in code", f"Both stand on commit {commit[:8]}, with the same files."
        self.show_content(EmptyState("code", title, words))

    def _content(self, found: CodeDifference) -> QWidget:
        split = QSplitter(Qt.Orientation.Horizontal, self.holder)
        split.setChildrenCollapsible(False)
        split.setProperty("bare", True)
        split.setHandleWidth(16)
        if found.problem is not None:
            left = QWidget(split)
            column = vertical(left)
            column.addWidget(ErrorState(found.problem, "The commits between could not be read", self.load))
            column.addStretch(1)
            split.addWidget(left)
        elif found.between is not None:
            self.commits = PlainTable("Commits between the runs", _COLUMNS)
            self.commits.show_rows([_row(commit) for commit in found.between.commits])
            split.addWidget(self.commits)
        self.diff = DiffView("Patch")
        split.addWidget(self.diff)
        kept = self.layout_kept.numbers("code.split")
        split.setSizes(list(kept) if len(kept) == 2 and any(kept) else [420, 560])
        split.splitterMoved.connect(lambda *_: self.layout_kept.put("code.split", split.sizes()))
        return split

    def _show_patch(self) -> None:
        found, diff = self.found, self.diff
        if found is None or diff is None:
            return
        if self.patch.value == COMMITS and found.between is not None:
            text, cut = found.between.patch, found.between.patch_cut
        else:
            side = found.base if self.patch.value == BASE else found.other
            text, cut = side.patch or "", side.patch_cut
        left_out = diff.show_text(text)
        summary = _summary(found)
        self.said.setText(f"{summary}, the beginning of the patch" if cut or left_out else summary)
        diff.setToolTip("" if text else "Nothing in this project's folder changed.")


def _summary(found: CodeDifference) -> str:
    parts = []
    old, new = found.base.code, found.other.code
    if old.commit != new.commit:
        parts.append(f"{old.commit[:8] or 'no commit'} → {new.commit[:8] or 'no commit'}")
        if found.between is not None:
            parts.append(_counts(found.between))
    else:
        parts.append(f"both on {old.commit[:8]}" if old.commit else "")
    if old.branch != new.branch:
        parts.append(f"{old.branch or 'no branch'} → {new.branch or 'no branch'}")
    if old.entry_point != new.entry_point:
        parts.append(f"entry point {old.entry_point} → {new.entry_point}")
    return ", ".join(part for part in parts if part)


def _counts(found: Between) -> str:
    behind = sum(commit.only_in_old for commit in found.commits)
    ahead = len(found.commits) - behind
    more = "more than " if found.commits_cut else ""
    words = f"{more}{ahead} {'commit' if ahead == 1 else 'commits'}"
    if not behind:
        return words
    only = f"{behind} only in the baseline"
    return f"{words}, {only}" if ahead else f"{more}{only}"


def _row(commit: Commit) -> TextRow:
    subject = f"{commit.subject} (only in the baseline)" if commit.only_in_old else commit.subject
    return TextRow(commit.sha, (commit.sha[:8], subject, commit.author, ago(commit.time)))


def _patches(found: CodeDifference) -> list[tuple[str, str]]:
    options = []
    if found.between is not None:
        options.append(("Between the commits", COMMITS))
    for title, value, side in (
        ("Uncommitted in the baseline", BASE, found.base),
        ("Uncommitted in the other", OTHER, found.other),
    ):
        if side.patch:
            options.append((f"{title}, {_changed(side)} lines", value))
    return options


def _changed(side: CodeSide) -> int:
    lines = (side.patch or "").splitlines()
    return sum(line.startswith(("+", "-")) and not line.startswith(("+++", "---")) for line in lines)
