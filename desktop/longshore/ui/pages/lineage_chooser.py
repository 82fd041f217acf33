"""The dialog that asks around which thing the graph is drawn."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QListWidget, QListWidgetItem, QWidget

from longshore.errors import LongshoreError
from longshore.ui.pages.lineage_work import Choice, read_choices
from longshore.ui.shell.context import AppContext
from longshore.ui.theme import icons
from longshore.ui.theme.style import hex_color
from longshore.ui.theme.tokens import values
from longshore.ui.widgets.basic import label, vertical
from longshore.ui.widgets.dialog import Dialog
from longshore.ui.widgets.states import ErrorState
from longshore.ui.widgets.times import ago

_REFERENCE = Qt.ItemDataRole.UserRole


class Chooser(Dialog):
    """A list of model versions, runs and deployments, found by typing; any other reference may be typed whole."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget, context: AppContext) -> None:
        super().__init__(parent, "Show the lineage of", "Show lineage", size="medium")
        self._choices: tuple[Choice, ...] = ()
        column = vertical(self.body, (24, 0, 24, 16), 10)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Name, or a reference such as model:churn/3 or dataset:data/train.csv")
        self.search.setAccessibleName("Search things")
        self.search.textChanged.connect(self._show)
        column.addWidget(self.search)
        self.list = QListWidget()
        self.list.setFixedHeight(296)
        self.list.setIconSize(QSize(16, 16))
        self.list.setAccessibleName("Things with a lineage")
        self.list.itemActivated.connect(lambda _item: self.confirmed())
        column.addWidget(self.list)
        self._state = label("Loading…", "small", "tertiary", wrap=True)
        column.addWidget(self._state)
        project = context.project.name if context.project else ""
        asked = read_choices(context.home, context.workspace_name, project)
        context.runner.run(self, asked, self._take, self._fail)
        self.search.setFocus()

    def _take(self, choices: tuple[Choice, ...]) -> None:
        self._choices = choices
        self._show()

    def _fail(self, error: LongshoreError) -> None:
        self._state.hide()
        layout = self.body.layout()
        assert layout is not None
        layout.addWidget(ErrorState(error, "The things could not be listed"))

    def _show(self, _text: str = "") -> None:
        wanted = self.search.text().strip().lower()
        self.list.clear()
        for choice in self._choices:
            if wanted in f"{choice.title} {choice.reference} {choice.detail}".lower():
                when = f", {ago(choice.at)}" if choice.at else ""
                item = QListWidgetItem(f"{choice.title}    {choice.detail}{when}")
                item.setIcon(icons.icon(values()["nodeKinds"][choice.kind]["icon"], hex_color(f"node.{choice.kind}")))
                item.setData(_REFERENCE, choice.reference)
                item.setToolTip(choice.reference)
                self.list.addItem(item)
        if self.list.count():
            self.list.setCurrentRow(0)
        nothing = "Nothing is called that here." if wanted else "There is no run and no model version yet."
        self._state.setText(nothing)
        self._state.setVisible(self.list.count() == 0)

    def confirmed(self) -> None:
        item, typed = self.list.currentItem(), self.search.text().strip()
        reference = str(item.data(_REFERENCE)) if item is not None else typed if ":" in typed or "/" in typed else ""
        if reference:
            self.accept()
            self.chosen.emit(reference)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.confirmed()
        elif event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Up) and self.search.hasFocus():
            step = 1 if event.key() == Qt.Key.Key_Down else -1
            self.list.setCurrentRow(min(max(self.list.currentRow() + step, 0), self.list.count() - 1))
        else:
            super().keyPressEvent(event)
