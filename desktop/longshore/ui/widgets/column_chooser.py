"""Choosing the table's columns: search them by name, check, and put them in order by drag or with Alt and the arrows."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QFrame, QWidget

from longshore.ui.widgets.basic import Button, label, row_of, vertical
from longshore.ui.widgets.checked_list import CheckedList, Entry
from longshore.ui.widgets.run_columns import Column
from longshore.ui.widgets.switch import Switch


class ColumnChooser(QFrame):
    """A popup below the Columns button. Those that are shown stand first, in the table's order."""

    chosen = Signal(list)
    # Nobody's choice: what most runs have.
    reset_asked = Signal()
    hide_constant_asked = Signal(bool)

    def __init__(
        self,
        parent: QWidget,
        columns: Sequence[Column],
        shown: Sequence[str],
        *,
        constant: Collection[str] = (),
        hide_constant: bool = False,
    ) -> None:
        """`constant`: those of the chosen columns in which the runs do not differ, where that is known."""
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("popover")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setFixedSize(340, 460)
        column = vertical(self, (8, 8, 8, 8), 8)
        entries = [
            Entry(each.id, each.title, f"{each.group}, constant", dimmed=True)
            if each.id in constant
            else Entry(each.id, each.title, each.group)
            for each in columns
        ]
        self.list = CheckedList(self, "columns", entries, shown)
        self.list.changed.connect(self.chosen)
        column.addWidget(self.list, 1)
        hint = label("Drag shown columns, or Alt+↑ ↓, to order them", "small", "tertiary")
        column.addWidget(hint)
        self.constant = Switch("Hide columns in which the runs do not differ", on=hide_constant)
        self.constant.toggled.connect(self.hide_constant_asked)
        words = label("Hide constant columns" + (f" ({len(constant)})" if constant else ""), "small", "secondary")
        words.setToolTip("Columns in which all runs that are shown have the same value")
        column.addWidget(row_of(words, None, self.constant))
        column.addWidget(
            row_of(Button("Defaults", self._reset, kind="link"), None, Button("Done", self.close, size="small"))
        )

    def show_chosen(self, ids: Sequence[str]) -> None:
        """Check these, telling nobody."""
        self.list.model.show_checked(ids)

    def _reset(self) -> None:
        self.reset_asked.emit()

    def open_below(self, widget: QWidget) -> None:
        """Show it with its right edge at a widget's right edge."""
        self.move(widget.mapToGlobal(QPoint(widget.width() - self.width(), widget.height() + 4)))
        self.show()
        self.list.search.setFocus()
