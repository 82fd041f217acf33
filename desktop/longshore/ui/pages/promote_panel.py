"""The right side of the Models page: one version; what the gates say of it, its promotion, who promoted what and why."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QPlainTextEdit, QScrollArea, QSizePolicy, QWidget

from longshore.errors import Invalid, LongshoreError
from longshore.policies.gates import GateResult
from longshore.registry.audit import Entry
from longshore.registry.models import VersionInfo
from longshore.registry.references import checked_alias
from longshore.ui.pages.models_work import VersionState
from longshore.ui.widgets.basic import (
    Button,
    Card,
    ElidedLabel,
    IconLabel,
    clear,
    horizontal,
    label,
    line,
    row_of,
    vertical,
)
from longshore.ui.widgets.choices import Field
from longshore.ui.widgets.pill import AliasTag
from longshore.ui.widgets.states import EmptyState, ErrorState, Loading
from longshore.ui.widgets.times import ago, full, number
from longshore.ui.widgets.version_model import metrics_of

ALIASES = ("champion", "challenger", "staging")
MOST_ENTRIES = 12
UNSIGNED = "A model without a signature cannot be deployed."


class PromotePanel(QFrame):
    """Shows a version and asks for its promotion."""

    alias_chosen = Signal(str)
    promote_asked = Signal(str, str)  # alias, note
    deploy_asked = Signal()
    remove_alias_asked = Signal(str)
    retry_asked = Signal()
    closed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("inspector")
        self._state: VersionState | None = None
        self._before: VersionInfo | None = None
        outer = vertical(self)
        outer.addWidget(self._make_head())
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._body = QWidget()
        self._column = vertical(self._body, (16, 0, 16, 14), 10)
        area.setWidget(self._body)
        outer.addWidget(area, 1)
        outer.addWidget(line("hStrong"))
        outer.addWidget(self._make_foot())
        self._alias = QComboBox()
        self._alias.setEditable(True)
        self._alias.addItems(ALIASES)
        self._alias.setAccessibleName("Alias")
        self._alias.activated.connect(self._choose_alias)
        edit = self._alias.lineEdit()
        assert edit is not None
        edit.editingFinished.connect(self._choose_alias)
        self._alias_field = Field("Promote to", self._alias)
        self._note = QPlainTextEdit()
        self._note.setFixedHeight(58)
        self._note.setTabChangesFocus(True)
        self._note.setPlaceholderText("Why (kept with who and when)")
        self._note.setAccessibleName("Note")
        self.show_nothing()

    def _make_head(self) -> QWidget:
        head = QWidget()
        row = horizontal(head, (16, 12, 10, 8), 8)
        self._title = ElidedLabel("", "title", mode=Qt.TextElideMode.ElideMiddle)
        row.addWidget(self._title, 1)
        row.addWidget(
            Button(
                "",
                self.closed.emit,
                icon="x",
                kind="ghost",
                size="iconSmall",
                tip="Close the inspector",
                shortcut="Ctrl+I",
            )
        )
        return head

    def _make_foot(self) -> QWidget:
        self._foot = QWidget()
        column = vertical(self._foot, (16, 10, 16, 12), 8)
        self._because_row = QWidget()
        row = horizontal(self._because_row, spacing=8)
        self._because_icon = IconLabel("info", "text.secondary")
        self._because = label("", "small", "secondary", wrap=True)
        row.addWidget(self._because_icon, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._because, 1)
        column.addWidget(self._because_row)
        self._promote = Button("Promote", self._ask, icon="flag")
        self._deploy = Button(
            "Deploy to Docker…",
            self.deploy_asked.emit,
            icon="box",
            kind="primary",
            tip="Deploy",
            shortcut="Ctrl+D",
        )
        column.addWidget(row_of(self._promote, None, self._deploy))
        return self._foot

    @property
    def alias(self) -> str:
        """The alias that the promotion is for: what was typed, where it can be one."""
        try:
            return checked_alias(self._alias.currentText())
        except Invalid:
            return ALIASES[0]

    def _choose_alias(self, _index: int = 0) -> None:
        if self._state is None:
            return
        try:
            alias = checked_alias(self._alias.currentText())
        except Invalid as error:
            self._alias_field.show_error(error.hint or error.reason)
            self._promote.disable("This name cannot be an alias.")
            return
        self._alias_field.show_error("")
        if alias != self._state.promotion.alias:
            # What it points at is not known yet: a promotion now would be one that nobody saw.
            self._promote.disable(f"Looking where {alias} points…")
            self.alias_chosen.emit(alias)
        else:
            self._show_foot(self._state)

    def show_nothing(self) -> None:
        """Say what can be shown here."""
        self._state = None
        self._clear()
        self._title.setText("")
        self._column.addWidget(
            EmptyState("model", "No version selected", "Select a version to see its gates and to promote it.")
        )
        self._foot.hide()

    def show_loading(self, reference: str) -> None:
        """Say which version is being read."""
        if self._state is None or self._state.version.reference != reference:
            self._clear()
            self._title.setText("")
            self._column.addWidget(Loading(f"Reading {reference}…"))
            self._foot.hide()

    def show_error(self, error: LongshoreError) -> None:
        """Say why the version can't be read."""
        self._state = None
        self._clear()
        self._title.setText("")
        self._column.addWidget(ErrorState(error, "The version could not be read", self.retry_asked.emit))
        self._column.addStretch(1)
        self._foot.hide()

    def _clear(self) -> None:
        for kept in (self._alias_field, self._note):
            kept.setParent(self)
            kept.hide()
        clear(self._column)

    def show_version(self, state: VersionState, before: VersionInfo | None) -> None:
        """Show a version, what the gates say of it, and the model's promotions; `before` is what the alias points at."""
        # It comes again every few seconds: what stayed is left alone, with the focus and the place in it.
        if (state, before) == (self._state, self._before):
            return
        self._state, self._before = state, before
        version = state.version
        self._clear()
        self._title.setText(f"{version.name} v{version.version}")
        if version.aliases:
            self._column.addWidget(self._aliases(version))
        self._column.addWidget(line())
        self._add_gates(state)
        self._column.addWidget(line())
        self._add_promotion(state)
        self._add_trail(state)
        self._column.addStretch(1)
        self._show_foot(state)

    def _aliases(self, version: VersionInfo) -> QWidget:
        parts: list[QWidget | None] = []
        for alias in version.aliases:
            remove = Button("", partial(self.remove_alias_asked.emit, alias), icon="x", kind="ghost", size="iconSmall")
            remove.setToolTip(f"Remove the alias {alias}")
            remove.setAccessibleName(f"Remove the alias {alias}")
            parts += [AliasTag(alias), remove]
        return row_of(*parts, None, spacing=2)

    def _add_gates(self, state: VersionState) -> None:
        gates = state.promotion.gates
        failed = sum(not gate.passed for gate in gates)
        head = [label("Policy gates", "bodyStrong"), label(f"{len(gates) - failed} pass", "small", "success")]
        if failed:
            head.append(label(f"{failed} fail" if failed > 1 else "1 fails", "small", "danger"))
        self._column.addWidget(row_of(*head, None))
        for gate in gates:
            self._column.addWidget(_gate_row(gate))

    def _add_promotion(self, state: VersionState) -> None:
        self._alias_field.show_error("")
        self._column.addWidget(self._alias_field)
        alias, version = state.promotion.alias, state.version
        if state.promotion.previous_version != version.version:
            metrics = metrics_of([version], 1)
            metric = metrics[0] if metrics else ""
            arrow = IconLabel("chev-right", "text.tertiary", 12)
            now, then = _side(f"v{version.version}", version, metric), self._target(alias, metric)
            holder = row_of(now, arrow, then, spacing=8)
            row = holder.layout()
            assert isinstance(row, QHBoxLayout)
            row.setStretch(0, 1)
            row.setStretch(2, 1)
            self._column.addWidget(holder)
        self._column.addWidget(self._note)
        self._alias_field.show()
        self._note.show()

    def _target(self, alias: str, metric: str) -> QWidget:
        if self._before is None:
            return _side(alias, None, "", "points nowhere yet")
        return _side(f"v{self._before.version}", self._before, metric, f"{alias} now")

    def _add_trail(self, state: VersionState) -> None:
        if not state.trail:
            return
        self._column.addWidget(line())
        self._column.addWidget(label("Promotions", "bodyStrong"))
        for entry in state.trail[:MOST_ENTRIES]:
            self._column.addWidget(_entry(entry))
        if (rest := len(state.trail) - MOST_ENTRIES) > 0:
            self._column.addWidget(label(f"and {rest:,} earlier", "small", "tertiary"))

    def _show_foot(self, state: VersionState) -> None:
        refused = [gate for gate in state.promotion.gates if not gate.passed]
        already = state.promotion.previous_version == state.version.version
        self._foot.show()
        if refused:
            because = f"Promotion needs every gate to pass: {refused[0].reason}"
        else:
            because = f"It is {state.promotion.alias} already." if already else ""
        self._promote.setEnabled(True)
        self._promote.setToolTip("Promote")
        if because:
            self._promote.disable(because)
        self._because.setText(because)
        self._because_icon.set_icon(*("x-circle", "danger.text") if refused else ("info", "text.secondary"))
        self._because_row.setVisible(bool(because))
        unsigned = state.version.signature is None
        self._deploy.setEnabled(not unsigned)
        self._deploy.setToolTip(UNSIGNED if unsigned else "Deploy (Ctrl+D)")

    def promoting(self) -> None:
        """Say that the promotion is under way."""
        self._promote.show_busy("Promoting…")

    def settled(self) -> None:
        """Be ready for the next promotion; what was read before is no longer true."""
        self._promote.show_rest()
        if self._state is not None:
            self._show_foot(self._state)

    def focus_note(self) -> None:
        """Let the person write why."""
        self._note.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _ask(self) -> None:
        self.promote_asked.emit(self.alias, self._note.toPlainText().strip())

    def forget_note(self) -> None:
        """Forget the note of a promotion that happened."""
        self._note.clear()


def _side(title: str, version: VersionInfo | None, metric: str, words: str = "") -> QWidget:
    """Give one of the two cards: what is promoted, and what the alias points at now."""
    card = Card(surface="panel")
    card.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
    column = vertical(card, (10, 7, 10, 7), 1)
    head: list[QWidget | None] = [label(title, "bodyStrong")]
    if words and version is not None:
        head.append(label(words, "small", "secondary"))
    column.addWidget(row_of(*head, None, spacing=6))
    value = version.metrics.get(metric) if version is not None else None
    below = words if version is None else f"{metric} {number(value)}" if value is not None else "no metric"
    column.addWidget(ElidedLabel(below, "small", "secondary"))
    return card


def _entry(entry: Entry) -> QWidget:
    holder = QWidget()
    column = vertical(holder, spacing=1)
    moved = f" (was v{entry.previous_version})" if entry.previous_version else ""
    first = label(f"{entry.who} made v{entry.version} {entry.alias}{moved}", "body", wrap=True)
    column.addWidget(first)
    if entry.note:
        column.addWidget(label(f"“{entry.note}”", "small", "secondary", wrap=True, select=True))
    when = label(ago(entry.at), "caption", "tertiary")
    when.setToolTip(full(entry.at))
    column.addWidget(when)
    return holder


def _gate_row(gate: GateResult) -> QWidget:
    holder = QWidget()
    row = horizontal(holder, spacing=8)
    icon, tone = ("ok", "success.text") if gate.passed else ("x-circle", "danger.text")
    row.addWidget(IconLabel(icon, tone), 0, Qt.AlignmentFlag.AlignTop)
    words = QWidget()
    column = vertical(words, spacing=1)
    title = gate.name[:1].upper() + gate.name[1:]
    column.addWidget(label(f"{title}: {'passes' if gate.passed else 'fails'}", "bodyMedium"))
    column.addWidget(label(gate.reason, "small", "secondary", wrap=True))
    row.addWidget(words, 1)
    return holder
