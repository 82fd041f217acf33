"""Choosing the table's columns: search them by name, check, and put them in order by drag or with Alt and the arrows."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QFrame, QWidget

from longshore.ui.widgets.basic import Button, label, row_of, vertical
from longshore.ui.widgets.checked_list import CheckedList, Entry
from longshore.ui.widgets.run_columns import Column
from longshore.ui.widgets.switch import Switch


class Picker(QFrame):
    """A popup below a button: what is offered, the chosen first and in their order."""

    chosen = Signal(list)
    # Nobody's choice: what most runs have.
    reset_asked = Signal()

    def __init__(self, parent: QWidget, what: str, entries: Sequence[Entry], shown: Sequence[str]) -> None:
        """`what`: the plural of what is chosen, as the search says it."""
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("popover")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setFixedSize(340, 460)
        column = vertical(self, (8, 8, 8, 8), 8)
        self.list = CheckedList(self, what, entries, shown)
        self.list.changed.connect(self.chosen)
        column.addWidget(self.list, 1)
        column.addWidget(label("Drag what is shown, or Alt+↑ ↓, to order it", "small", "tertiary"))
        holder = QWidget(self)
        self.more = vertical(holder)
        column.addWidget(holder)
        column.addWidget(
            row_of(
                Button("Defaults", self.reset_asked.emit, kind="link"), None, Button("Done", self.close, size="small")
            )
        )

    def show_chosen(self, ids: Sequence[str]) -> None:
        """Check these, telling nobody."""
        self.list.model.show_checked(ids)

    def open_below(self, widget: QWidget) -> None:
        """Show it with its right edge at a widget's right edge."""
        self.move(widget.mapToGlobal(QPoint(widget.width() - self.width(), widget.height() + 4)))
        self.show()
        self.list.search.setFocus()


class ColumnChooser(Picker):
    """The popup below the table's Columns button."""

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
        entries = [
            Entry(each.id, each.title, f"{each.group}, constant", dimmed=True)
            if each.id in constant
            else Entry(each.id, each.title, each.group)
            for each in columns
        ]
        super().__init__(parent, "columns", entries, shown)
        self.constant = Switch("Hide columns in which the runs do not differ", on=hide_constant)
        self.constant.toggled.connect(self.hide_constant_asked)
        words = label("Hide constant columns" + (f" ({len(constant)})" if constant else ""), "small", "secondary")
        words.setToolTip("Columns in which all runs that are shown have the same value")
        self.more.addWidget(row_of(words, None, self.constant))


def picker_of(parent: QWidget, what: str, columns: Sequence[Column], shown: Sequence[str]) -> Picker:
    """Give a picker among columns that stand in no table, such as the axes of a chart."""
    return Picker(parent, what, [Entry(each.id, each.title, each.group) for each in columns], shown)
