"""Choosing the table's columns: search them by name, check, and put them in order by drag or with Alt and the arrows."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from types import MappingProxyType

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QFrame, QWidget

from longshore.ui.widgets.basic import Button, ElidedLabel, horizontal, label, row_of, vertical
from longshore.ui.widgets.checked_list import CheckedList, Entry
from longshore.ui.widgets.run_columns import BEST, LAST, MEAN_VALUE, METRIC_KINDS, Column, of_metric
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


class MetricValues(QFrame):
    """Which values of the metric in the list's current row are shown, each in a column of its own: last, best, mean."""

    TITLES = ((LAST, "Last"), (BEST, "Best"), (MEAN_VALUE, "Mean"))
    TIPS = MappingProxyType(
        {
            LAST: "Show the value that was logged last",
            BEST: "Show the best value over the whole history, by the metric's direction",
            MEAN_VALUE: "Show the mean over the whole history",
        }
    )

    def __init__(self, parent: QWidget, names: CheckedList) -> None:
        super().__init__(parent)
        self._list, self._entry = names, ""
        row = horizontal(self, spacing=8)
        self._words = ElidedLabel("", "small", "secondary")
        row.addWidget(self._words, 1)
        frame = QFrame(self)
        frame.setProperty("segmented", True)
        buttons = horizontal(frame, (2, 2, 2, 2), 2)
        self.buttons: dict[str, Button] = {}
        for kind, title in self.TITLES:
            button = Button(title, tip=self.TIPS[kind])
            button.setCheckable(True)
            button.clicked.connect(lambda _checked=False, kind=kind: self._toggle(kind))
            buttons.addWidget(button)
            self.buttons[kind] = button
        row.addWidget(frame)
        names.view.selectionModel().currentChanged.connect(self._show)
        names.model.changed.connect(self._show)
        self._show()

    @property
    def _metric(self) -> str:
        kind, _dot, key = self._entry.partition(".")
        return key if kind in METRIC_KINDS else ""

    def _show(self, *_arguments: object) -> None:
        row = self._list.view.currentIndex().row()
        if row >= 0:
            self._entry = self._list.model.entry(row).id
        metric = self._metric
        self._words.setText(metric or "Choose a metric above")
        for kind, button in self.buttons.items():
            button.setEnabled(bool(metric))
            button.setChecked(f"{kind}.{metric}" in self._list.model.checked)

    def _toggle(self, kind: str) -> None:
        """Show a value of the metric beside the others that are shown, or no more."""
        metric, model = self._metric, self._list.model
        column, checked = of_metric(kind, metric), list(model.checked)
        model.add(Entry(column.id, column.title, column.group))
        if column.id in checked:
            checked.remove(column.id)
        else:
            shown = [checked.index(each) for other in METRIC_KINDS if (each := f"{other}.{metric}") in checked]
            checked.insert(max(shown) + 1 if shown else len(checked), column.id)
        current = self._entry
        model.put(checked)
        place = model.row_of(current)
        self._list.view.setCurrentIndex(model.index(place if place >= 0 else max(model.row_of(column.id), 0)))
        self._show()


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
        self.values = MetricValues(self, self.list)
        self.more.addWidget(self.values)
        self.more.setSpacing(8)
        self.constant = Switch("Hide columns in which the runs do not differ", on=hide_constant)
        self.constant.toggled.connect(self.hide_constant_asked)
        words = label("Hide constant columns" + (f" ({len(constant)})" if constant else ""), "small", "secondary")
        words.setToolTip("Columns in which all runs that are shown have the same value")
        self.more.addWidget(row_of(words, None, self.constant))


def picker_of(parent: QWidget, what: str, columns: Sequence[Column], shown: Sequence[str]) -> Picker:
    """Give a picker among columns that stand in no table, such as the axes of a chart."""
    return Picker(parent, what, [Entry(each.id, each.title, each.group) for each in columns], shown)
