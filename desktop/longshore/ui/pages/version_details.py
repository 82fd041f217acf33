"""Below the versions: what the selected one takes and gives, and what it was made from."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QGridLayout, QScrollArea, QSizePolicy, QWidget

from longshore.registry.models import VersionInfo
from longshore.registry.signature import Field, Signature
from longshore.ui.pages.models_work import VersionState
from longshore.ui.shell.context import AppContext
from longshore.ui.widgets.basic import Button, Card, ElidedLabel, IconLabel, clear, label, line, row_of, vertical
from longshore.ui.widgets.facts import Fact, FactGrid, Mono
from longshore.ui.widgets.times import ago, size

# Narrower, and the two cards stand one below the other.
SIDE_BY_SIDE_FROM = 620
# More rows than this are counted: a form of hundreds of columns is read elsewhere.
MOST_FIELDS = 40


class VersionDetails(QScrollArea):
    """The signature at the left, the sources at the right."""

    def __init__(self, context: AppContext) -> None:
        super().__init__()
        self._context = context
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        body = QWidget()
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight, body)
        self._row.setContentsMargins(20, 4, 20, 16)
        self._row.setSpacing(16)
        self.setWidget(body)

    def show_nothing(self) -> None:
        """Show no version."""
        clear(self._row)

    def show_version(self, state: VersionState) -> None:
        """Show a version that was read in full."""
        clear(self._row)
        self._row.addWidget(self._signature(state.version), 3, Qt.AlignmentFlag.AlignTop)
        self._row.addWidget(self._sources(state), 2, Qt.AlignmentFlag.AlignTop)

    def _signature(self, version: VersionInfo) -> QWidget:
        card = Card(surface="panel")
        column = vertical(card, (16, 12, 16, 14), 8)
        signature = version.signature
        head = label("Signature", "bodyStrong")
        if signature is None:
            words = version.problem or (
                "This version has none. Log the model with a signature, or with an input example that gives one, "
                "then register it again."
            )
            column.addWidget(row_of(IconLabel("warn", "warning.text"), head, None, spacing=8))
            column.addWidget(label(words, "body", "secondary", wrap=True, select=True))
            return card
        column.addWidget(row_of(head, label(_count(signature), "small", "secondary"), None, spacing=8))
        column.addWidget(_fields("Input", signature.inputs))
        if signature.outputs:
            column.addWidget(line())
            column.addWidget(_fields("Output", signature.outputs))
        if signature.params:
            column.addWidget(line())
            column.addWidget(_fields("Parameter", signature.params))
        return card

    def _sources(self, state: VersionState) -> QWidget:
        card = Card(surface="panel")
        column = vertical(card, (16, 12, 16, 12), 8)
        column.addWidget(label(f"v{state.version.version} was made from", "bodyStrong"))
        column.addWidget(FactGrid(self._facts(state), name_width=88))
        lineage = partial(self._context.open, "lineage", reference=f"model:{state.version.reference}")
        column.addWidget(row_of(Button("Show lineage", lineage, kind="link"), None))
        return card

    def _facts(self, state: VersionState) -> list[Fact]:
        version = state.version
        run: list[Fact] = []
        if version.run_id:
            name = state.run_name or version.run_id[:8]
            run = [("Run", name, partial(self._context.open, "run", run_id=version.run_id))]
        return [
            *run,
            ("Dataset", ", ".join(state.datasets)),
            ("Commit", Mono(state.commit)),
            ("Environment", Mono(state.environment)),
            ("Registered", f"{ago(version.created_at)}" + (f" by {version.user}" if version.user else "")),
            ("Size", size(version.size_bytes)),
            ("Requirements", ", ".join(version.requirements)),
        ]

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        wide = self.viewport().width() >= SIDE_BY_SIDE_FROM
        self._row.setDirection(QBoxLayout.Direction.LeftToRight if wide else QBoxLayout.Direction.TopToBottom)


def _count(signature: Signature) -> str:
    parts = [
        f"{len(fields)} {word}{'' if len(fields) == 1 else 's'}"
        for fields, word in (
            (signature.inputs, "input"),
            (signature.outputs, "output"),
            (signature.params, "parameter"),
        )
        if fields
    ]
    return ", ".join(parts)


def _fields(title: str, fields: tuple[Field, ...]) -> QWidget:
    holder = QFrame()
    holder.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
    grid = QGridLayout(holder)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(12)
    grid.setVerticalSpacing(6)
    grid.setColumnStretch(0, 3)
    grid.setColumnStretch(1, 2)
    grid.addWidget(label(title, "caption", "tertiary"), 0, 0)
    grid.addWidget(label("Type", "caption", "tertiary"), 0, 1)
    for row, field in enumerate(fields[:MOST_FIELDS], start=1):
        grid.addWidget(ElidedLabel(field.name or title.lower(), "mono", mode=Qt.TextElideMode.ElideMiddle), row, 0)
        grid.addWidget(ElidedLabel(_type(field), "body", "secondary"), row, 1)
    if len(fields) > MOST_FIELDS:
        grid.addWidget(label(f"and {len(fields) - MOST_FIELDS:,} more", "small", "secondary"), MOST_FIELDS + 1, 0)
    return holder


def _type(field: Field) -> str:
    shape = (
        "" if field.shape is None else " " + " by ".join("any" if length < 0 else str(length) for length in field.shape)
    )
    default = f", default {field.default}" if field.default is not None else ""
    return f"{field.type}{shape}{'' if field.required or default else ', optional'}{default}"
