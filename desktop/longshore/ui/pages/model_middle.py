"""The middle of the Models page: the model's name, what it is for, its versions, and the selected one in full."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from longshore.registry.models import ModelInfo
from longshore.ui.pages.version_details import VersionDetails
from longshore.ui.pages.version_table import VersionTable
from longshore.ui.shell.context import AppContext
from longshore.ui.widgets.basic import ElidedLabel, badge, clear, horizontal, label, row_of, vertical
from longshore.ui.widgets.kind_tile import KindTile


class ModelHead(QWidget):
    """Shows which model is selected."""

    def __init__(self) -> None:
        super().__init__()
        row = horizontal(self, spacing=12)
        row.addWidget(KindTile("model", 36))
        words = QWidget()
        column = vertical(words, spacing=1)
        first = QWidget()
        title_row = horizontal(first, spacing=8)
        self._name = ElidedLabel("", "heading", mode=Qt.TextElideMode.ElideMiddle)
        badges = QWidget()
        self._badge_row = horizontal(badges, spacing=6)
        self._flavors: tuple[str, ...] = ()
        title_row.addWidget(self._name)
        title_row.addWidget(badges)
        title_row.addStretch(1)
        self._description = ElidedLabel("", "body", "secondary")
        column.addWidget(first)
        column.addWidget(self._description)
        row.addWidget(words, 1)

    def show_model(self, model: ModelInfo) -> None:
        """Show a model."""
        if model.name != self._name.text():
            self.show_flavors(())
        self._name.setText(model.name)
        self._description.setText(model.description or facts_of(model))

    def show_flavors(self, flavors: tuple[str, ...]) -> None:
        """Show what the selected version is made with; every model can be served, so that flavor says nothing."""
        told = tuple(flavor for flavor in flavors if flavor != "python_function")
        if told == self._flavors:
            return
        self._flavors = told
        clear(self._badge_row)
        for flavor in told:
            self._badge_row.addWidget(badge(flavor))


class ModelMiddle(QWidget):
    """The head, the versions, and below them what the selected one takes and was made from."""

    def __init__(self, context: AppContext, parent: QWidget) -> None:
        super().__init__(parent)
        column = vertical(self)
        top = QWidget()
        column.addWidget(top)
        inner = vertical(top, (20, 16, 20, 12), 12)
        self.head = ModelHead()
        inner.addWidget(self.head)
        self._count = label("", "small", "secondary")
        inner.addWidget(row_of(label("Versions", "bodyStrong"), self._count, None, spacing=6))
        self.table = VersionTable()
        inner.addWidget(self.table)
        self.details = VersionDetails(context)
        column.addWidget(self.details, 1)

    def show_model(self, model: ModelInfo) -> None:
        """Show a model's name and facts."""
        self.head.show_model(model)
        self._count.setText(f"{len(model.versions):,}")


def facts_of(model: ModelInfo) -> str:
    """Give one line about a model."""
    count = len(model.versions)
    champion = model.aliases.get("champion")
    versions = "1 version" if count == 1 else f"{count:,} versions"
    return f"{versions}, {f'champion v{champion}' if champion else 'no champion'}"
