"""The dialog that edits name, tags and note of one run or of many at once."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLineEdit, QPlainTextEdit, QScrollArea, QWidget

from longshore.errors import Invalid
from longshore.tracking import edits
from longshore.tracking.edits import NOTE, Edit, Shared, Written
from longshore.ui.widgets.basic import Button, ElidedLabel, column_of, label, restyle, row_of, vertical
from longshore.ui.widgets.choices import Field
from longshore.ui.widgets.dialog import Dialog

# More rows scroll.
ROWS_IN_SIGHT = 4


@dataclass(eq=False)
class TagRow:
    """A tag: one that is there, whose name stands, or a new one."""

    key: QLineEdit | None
    value: QLineEdit
    known: str = ""
    shared: Shared | None = None
    gone: bool = False

    def edit(self) -> dict[str, str | None]:
        """Give what becomes of the tag, nothing where it stays."""
        text = self.value.text()
        if self.key is not None:
            key = self.key.text().strip()
            return {key: text} if key or text else {}
        if self.gone:
            return {self.known: None}
        return {self.known: text} if self.value.isModified() and text != (self.shared and self.shared.value) else {}


class EditDialog(Dialog):
    """Shows what the runs have in common; what is not touched stays as it is in each of them."""

    edited = Signal(object)

    def __init__(self, parent: QWidget, written: Written) -> None:
        one = written.runs == 1
        title = f"Edit {written.name.value}" if one else f"Edit {written.runs:,} runs"
        super().__init__(parent, title if len(title) <= 60 else f"{title[:57]}…", "Save", size="medium")
        self._written = written
        self._rows: list[TagRow] = []
        column = vertical(self.body, (24, 0, 24, 16), 12)
        self.name = QLineEdit(written.name.value or "")
        if written.name.value is None:
            self.name.setPlaceholderText("Different names; leave empty to keep them")
        self.name_field = Field("Name", self.name)
        column.addWidget(self.name_field)
        column.addWidget(self._make_tags())
        self.note = QPlainTextEdit(written.note.value or "")
        self.note.setTabChangesFocus(True)
        self.note.setFixedHeight(104)
        mixed = written.note.value is None and written.note.count
        self.note.setPlaceholderText("Different notes; leave empty to keep them" if mixed else "Markdown")
        column.addWidget(Field("Note", self.note))
        self.name.setFocus()
        self.name.selectAll()

    def _make_tags(self) -> QWidget:
        holder = QWidget()
        self._grid = QGridLayout(holder)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnStretch(0, 2)
        self._grid.setColumnStretch(1, 3)
        for key, shared in self._written.tags.items():
            self._add_known(key, shared)
        if not self._written.tags:
            self.add_tag()
        self._area = QScrollArea()
        self._area.setWidget(holder)
        self._area.setWidgetResizable(True)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setFixedHeight(32 * min(max(len(self._rows), 1), ROWS_IN_SIGHT) + 4)
        more = Button("Add tag", self._add_and_go, icon="plus", kind="ghost", size="small")
        return column_of(label("Tags", "small", "secondary"), self._area, row_of(more, None), spacing=4)

    def _add_known(self, key: str, shared: Shared) -> None:
        value = QLineEdit(shared.value or "")
        value.setProperty("mono", True)
        value.setAccessibleName(f"Value of {key}")
        if shared.value is None:
            some = f"{shared.count:,} of {self._written.runs:,} runs have it"
            value.setPlaceholderText("Different values" if shared.count == self._written.runs else some)
        row = TagRow(None, value, key, shared)
        self._put(row, ElidedLabel(key, "mono"), f"Remove {key}")

    def add_tag(self) -> TagRow:
        """Offer a row for a new tag."""
        key, value = QLineEdit(), QLineEdit()
        for line, words in ((key, "Name"), (value, "Value")):
            line.setProperty("mono", True)
            line.setPlaceholderText(words)
            line.setAccessibleName(f"{words} of a new tag")
        row = TagRow(key, value)
        self._put(row, key, "Remove this tag")
        return row

    def _add_and_go(self) -> None:
        row = self.add_tag()
        self._area.setFixedHeight(32 * min(len(self._rows), ROWS_IN_SIGHT) + 4)
        assert row.key is not None
        row.key.setFocus(Qt.FocusReason.TabFocusReason)
        self._area.ensureWidgetVisible(row.key)
        self.adjustSize()

    def _put(self, row: TagRow, first: QWidget, tip: str) -> None:
        number = len(self._rows)
        self._rows.append(row)
        remove = Button("", icon="x", kind="ghost", size="iconSmall", tip=tip)
        remove.clicked.connect(lambda _checked=False: self._remove(row, remove))
        for place, widget in enumerate((first, row.value, remove)):
            self._grid.addWidget(widget, number, place)

    def _remove(self, row: TagRow, button: Button) -> None:
        """Mark a tag as taken off, or take that back; a new one just empties."""
        if row.key is not None:
            row.key.clear()
            row.value.clear()
            return
        row.gone = not row.gone
        row.value.setEnabled(not row.gone)
        row.value.setPlaceholderText("Removed" if row.gone else "Different values")
        row.value.setText("" if row.gone else (row.shared.value or "" if row.shared else ""))
        button.set_icon("undo" if row.gone else "x")
        button.setToolTip(f"Keep {row.known}" if row.gone else f"Remove {row.known}")

    def confirmed(self) -> None:
        """Check what was typed beside its field, then tell it."""
        self.name_field.show_error("")
        self.message.setText("")
        name = self.name.text().strip()
        if not name and self._written.name.value is not None:
            self.name_field.show_error("A run needs a name.")
            self.name.setFocus()
            return
        edit = Edit(name if name and name != self._written.name.value else None, self._tags() | self._noted())
        try:
            edits.check(edit)
        except Invalid as error:
            self._show_wrong(error)
            return
        self.accept()
        if edit:
            self.edited.emit(edit)

    def _tags(self) -> dict[str, str | None]:
        found: dict[str, str | None] = {}
        for row in self._rows:
            found |= row.edit()
        return found

    def _noted(self) -> dict[str, str | None]:
        text = self.note.toPlainText()
        mixed = self._written.note.value is None and self._written.note.count
        if text == (self._written.note.value or "") or (mixed and not text):
            return {}
        return {NOTE: text or None}

    def _show_wrong(self, error: Invalid) -> None:
        self.message.setText(f"{error.reason} {error.hint or ''}".strip())
        for row in self._rows:
            try:
                edits.check(Edit(tags=row.edit()))
                wrong = False
            except Invalid:
                wrong = True
            for line in (row.key, row.value):
                if line is not None:
                    restyle(line, state="error" if wrong else "")
