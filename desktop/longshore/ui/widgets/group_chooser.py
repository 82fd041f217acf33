"""Choosing what runs are grouped by: parameters first, then tags and attributes, and what stands for a metric."""

from __future__ import annotations

import re
from collections.abc import Sequence

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QFrame, QWidget

from longshore.tracking.rows import BEST, MEAN, STD, Grouping
from longshore.ui.widgets.basic import Button, label, row_of, vertical
from longshore.ui.widgets.checked_list import CheckedList, Entry
from longshore.ui.widgets.choices import Segmented
from longshore.ui.widgets.run_columns import Column, index_name

# What repeats a run without making it another one.
SEED = re.compile(r"(^|[_.\- /])(random_?)?(seed|state|rng|fold|repeat|replicate|trial)s?($|[_.\- /])", re.IGNORECASE)
TITLES = {MEAN: "Mean ± deviation", STD: "Deviation", BEST: "Best"}


def is_seed(parameter: str) -> bool:
    """Tell whether a parameter of this name only repeats a run, as a guess by its name."""
    return bool(SEED.search(parameter))


class GroupChooser(QFrame):
    """A popup below the button."""

    chosen = Signal(object)

    def __init__(self, parent: QWidget, columns: Sequence[Column], grouping: Grouping, varying: Sequence[str]) -> None:
        """`varying`: the params, as the index names them, in which the runs differ."""
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("popover")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setFixedSize(340, 440)
        groupable = sorted((each for each in columns if index_name(each)), key=lambda each: each.kind != "params")
        column = vertical(self, (8, 8, 8, 8), 8)
        self.list = CheckedList(
            self,
            "what to group by",
            [Entry(index_name(each), each.title, each.group) for each in groupable],
            grouping.by,
        )
        self.list.changed.connect(self._tell)
        column.addWidget(self.list, 1)
        self._but_seeds = [name for name in varying if not is_seed(name.partition(":")[2])]
        seeds = Button("All that differ, but seeds", self._average_seeds, kind="link", size="small")
        seeds.setToolTip("Groups by each parameter in which the runs differ, except seeds: they are averaged away")
        if not self._but_seeds:
            seeds.disable("The runs differ in no parameter but seeds.")
        column.addWidget(row_of(seeds, None))
        column.addWidget(label("For each metric, show", "small", "secondary"))
        self.aggregate = Segmented([(each, TITLES[each]) for each in (MEAN, STD, BEST)])
        self.aggregate.choose(grouping.aggregate)
        self.aggregate.chosen.connect(lambda _identity: self._tell())
        column.addWidget(self.aggregate)
        self._clear = Button("No groups", lambda: self.list.model.put([]), kind="link")
        column.addWidget(row_of(self._clear, None, Button("Done", self.close, size="small")))

    def _average_seeds(self) -> None:
        self.list.model.put(self._but_seeds)

    def _tell(self, _checked: object = None) -> None:
        self.chosen.emit(Grouping(tuple(self.list.model.checked), self.aggregate.current))

    def open_below(self, widget: QWidget) -> None:
        """Show it with its right edge at a widget's right edge."""
        self.move(widget.mapToGlobal(QPoint(widget.width() - self.width(), widget.height() + 4)))
        self.show()
        self.list.search.setFocus()
