"""The "try it" panel: a form made from the model's signature, or the request as JSON; the answer as it came."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QGridLayout,
    QLineEdit,
    QPlainTextEdit,
    QScrollArea,
    QSizePolicy,
    QStackedWidget,
    QWidget,
)

from longshore.errors import Invalid, LongshoreError
from longshore.ui.widgets.basic import Button, Card, ElidedLabel, KeyButton, clear, horizontal, label, row_of, vertical
from longshore.ui.widgets.choices import Segmented
from longshore.ui.widgets.facts import FactGrid
from longshore.ui.widgets.pill import Pill
from longshore.ui.widgets.states import EmptyState, ErrorState, Loading

if TYPE_CHECKING:
    from longshore.serving.form import Form, FormField
    from longshore.serving.predicting import Prediction


class TryIt(QFrame):
    """Makes a request and shows the answer."""

    asked = Signal(bytes)
    closed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("inspector")
        self._form: Form | None = None
        self._inputs: dict[str, QLineEdit | QComboBox] = {}
        outer = vertical(self)
        head = QWidget()
        head.setFixedHeight(52)
        row = horizontal(head, (16, 0, 10, 0), 8)
        row.addWidget(label("Try it", "title"))
        row.addStretch(1)
        self._switch = Segmented([("form", "Form"), ("json", "JSON")])
        self._switch.chosen.connect(self._choose)
        row.addWidget(self._switch)
        row.addWidget(
            Button(
                "", self.closed.emit, icon="x", kind="ghost", size="iconSmall", tip="Close the form", shortcut="Ctrl+I"
            )
        )
        outer.addWidget(head)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        body = QWidget()
        column = vertical(body, (16, 4, 16, 16), 12)
        self._stack = QStackedWidget()
        self._fields = QWidget()
        self._grid = QGridLayout(self._fields)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(6)
        self._grid.setColumnStretch(1, 1)
        self._json = QPlainTextEdit()
        self._json.setProperty("mono", True)
        self._json.setAccessibleName("Request as JSON")
        self._json.setMinimumHeight(260)
        self._json.setTabChangesFocus(True)
        self._json.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self._stack.addWidget(self._fields)
        self._stack.addWidget(self._json)
        column.addWidget(self._stack)
        self._error = label("", "small", "danger", wrap=True)
        self._error.hide()
        column.addWidget(self._error)
        self._button = KeyButton(
            "Predict",
            self.send,
            icon="play",
            kind="primary",
            tip="Send the request",
            shortcut="Ctrl+Enter",
        )
        column.addWidget(row_of(self._button, None))
        self._answer = QWidget()
        self._answer_column = vertical(self._answer)
        column.addWidget(self._answer)
        column.addStretch(1)
        area.setWidget(body)
        outer.addWidget(area, 1)

    def show_loading(self) -> None:
        """Say that the signature is being read."""
        self._form = None
        clear(self._grid)
        self._inputs = {}
        self._grid.addWidget(Loading("Reading the signature…"), 0, 0, 1, 2)
        clear(self._answer_column)
        self._say("")
        self._switch.setEnabled(False)
        self._button.disable("The signature is being read.")

    def show_problem(self, error: LongshoreError) -> None:
        """Say why there is no form; a request can still be written as JSON."""
        clear(self._grid)
        self._grid.addWidget(ErrorState(error, "No form"), 0, 0, 1, 2)
        self._switch.setEnabled(True)
        self._allow()

    def show_form(self, form: Form) -> None:
        """Show the fields, filled with the model's own example."""
        self._form = form
        clear(self._grid)
        self._inputs = {}
        for row, field in enumerate((*form.fields, *form.params)):
            words = QWidget()
            column = vertical(words)
            column.addWidget(ElidedLabel(field.name))
            column.addWidget(label(field.type + ("" if field.required else ", optional"), "caption", "tertiary"))
            edit = _input(field)
            edit.setAccessibleName(f"{field.name}, {field.type}")
            self._inputs[field.name] = edit
            self._grid.addWidget(words, row, 0)
            self._grid.addWidget(edit, row, 1)
        self._json.setPlainText(form.request)
        self._switch.setEnabled(True)
        self._allow()
        if not form.tabular:
            self._switch.button("form").disable("The input of this model is no table of columns.")
            self._switch.choose("json")
            self._choose("json")
        else:
            self._switch.button("form").setEnabled(True)
            self._stack.setCurrentIndex(0 if self._switch.current == "form" else 1)
            self._fit_stack()

    def _choose(self, kind: str) -> None:
        if kind == "json" and self._form is not None and self._form.tabular:
            try:
                self._json.setPlainText(json.dumps(json.loads(self._request_of_fields()), indent=2))
            except Invalid as error:
                self._say(f"{error.reason} {error.hint or ''}")
        self._stack.setCurrentIndex(0 if kind == "form" else 1)
        self._fit_stack()

    def _fit_stack(self) -> None:
        """Let the face that is not shown take no room."""
        for face in (self._fields, self._json):
            shown = face is self._stack.currentWidget()
            policy = QSizePolicy.Policy.Preferred if shown else QSizePolicy.Policy.Ignored
            face.setSizePolicy(QSizePolicy.Policy.Preferred, policy)

    def _request_of_fields(self) -> bytes:
        from longshore.serving.form import request

        assert self._form is not None
        texts = {
            name: edit.currentText() if isinstance(edit, QComboBox) else edit.text()
            for name, edit in self._inputs.items()
        }
        return request(self._form, texts, texts)

    def send(self) -> None:
        """Make the request and ask for an answer."""
        if not self._button.isEnabled():
            return
        self._say("")
        try:
            if self._switch.current == "form" and self._form is not None:
                body = self._request_of_fields()
            else:
                body = self._json.toPlainText().encode()
        except Invalid as error:
            self._say(f"{error.reason} {error.hint or ''}".strip())
            return
        self._button.disable("The answer is on its way.")
        self.asked.emit(body)

    def _say(self, text: str) -> None:
        self._error.setText(text)
        self._error.setVisible(bool(text))

    def show_failure(self, error: LongshoreError) -> None:
        """Say why no answer came."""
        self._allow()
        clear(self._answer_column)
        self._answer_column.addWidget(ErrorState(error, "No answer"))

    def show_answer(self, answer: Prediction) -> None:
        """Show what the endpoint answered, as it is."""
        self._allow()
        clear(self._answer_column)
        card = Card(surface="panel")
        column = vertical(card, (14, 12, 14, 12), 8)
        pill = Pill()
        pill.set_look(
            _status(answer.status),
            "success" if answer.ok else "danger",
            "ok" if answer.ok else "x-circle",
        )
        column.addWidget(row_of(label("Prediction" if answer.ok else "Answer", "small", "secondary"), None, pill))
        single = _single(answer.body) if answer.ok else None
        if single is not None:
            column.addWidget(label(single, "display", select=True))
        else:
            text = QPlainTextEdit(_pretty(answer.body))
            text.setReadOnly(True)
            text.setProperty("mono", True)
            text.setProperty("bare", True)
            text.setAccessibleName("Answer")
            box = Card(surface="sunkenCard")
            box.setFixedHeight(180)
            vertical(box, (1, 1, 1, 1)).addWidget(text)
            column.addWidget(box)
        facts = FactGrid([("Served by", answer.version), ("Latency", f"{answer.latency_ms:.0f} ms")], name_width=80)
        column.addWidget(facts)
        self._answer_column.addWidget(card)

    def show_nothing(self, text: str) -> None:
        """Say why nothing can be tried now."""
        self.show_loading()
        clear(self._grid)
        self._grid.addWidget(EmptyState("deployment", "Nothing to try yet", text), 0, 0, 1, 2)
        self._button.disable(text)

    def _allow(self) -> None:
        self._button.setEnabled(True)
        self._button.setToolTip("Send the request (Ctrl+Enter)")


def _input(field: FormField) -> QLineEdit | QComboBox:
    if field.type == "boolean":
        box = QComboBox()
        box.addItems(["true", "false"])
        box.setCurrentText("true" if field.example else "false")
        return box
    edit = QLineEdit("" if field.example is None else str(field.example))
    edit.setPlaceholderText("" if field.required else "left out")
    return edit


def _status(code: int) -> str:
    try:
        return f"{code} {HTTPStatus(code).phrase}"
    except ValueError:
        return str(code)


def _single(body: str) -> str | None:
    """Give the one number or word of an answer with one prediction."""
    try:
        found: Any = json.loads(body)["predictions"]
        while isinstance(found, list) and len(found) == 1:
            found = found[0]
        if isinstance(found, dict) and len(found) == 1:
            found = next(iter(found.values()))
    except (ValueError, KeyError, TypeError):
        return None
    if isinstance(found, float):
        return f"{found:.6g}"
    return str(found) if isinstance(found, int | str) and len(str(found)) < 24 else None


def _pretty(body: str) -> str:
    try:
        return json.dumps(json.loads(body), indent=2)
    except ValueError:
        return body
