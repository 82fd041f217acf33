"""The environments of two runs, and the data of all that are compared."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QTableWidget, QTableWidgetItem, QWidget

from longshore.errors import LongshoreError
from longshore.progress import CancelToken, Progress
from longshore.tracking.rows import RunRow
from longshore.ui.pages.compare_layout import CompareLayout
from longshore.ui.pages.compare_pair import PairTab
from longshore.ui.pages.compare_part import Part
from longshore.ui.pages.compare_table import dress, swatch_icon
from longshore.ui.pages.compare_work import Compared
from longshore.ui.shell.context import AppContext
from longshore.ui.shell.tasks import Work
from longshore.ui.theme.fonts import font
from longshore.ui.theme.style import color
from longshore.ui.widgets.basic import ElidedLabel, clear, vertical
from longshore.ui.widgets.late_content import TURN_MS
from longshore.ui.widgets.plain_table import PlainTable, TextColumn, TextRow
from longshore.ui.widgets.states import EmptyState, ErrorState, Loading
from longshore.ui.widgets.times import size

if TYPE_CHECKING:
    from longshore.tracking.comparing.data import DataLine, DataVersion
    from longshore.tracking.comparing.environment import EnvironmentDifference

# So many cells are made in one turn of the event loop.
_CELLS = 600
_SIGNS = {"added": "+ added", "removed": "- removed", "changed": "changed"}


class EnvironmentTab(PairTab):
    """Packages added, removed and changed."""

    def __init__(self, context: AppContext, layout: CompareLayout, pin: Callable[[str], None], parent: QWidget) -> None:
        super().__init__(context, layout, pin, "environment", parent)
        self.table: PlainTable | None = None

    def work(self) -> Work[object]:
        home, workspaces = self.context.home, self.workspaces
        base, other = self.base.value, self.other.value

        def work(_progress: Progress, cancel: CancelToken) -> EnvironmentDifference:
            from longshore.tracking.comparing.environment import environment_difference
            from longshore.tracking.comparing.places import Servers

            cancel.check()
            return environment_difference(Servers(home, workspaces), base, other)

        return work

    def show_found(self, found: object) -> None:
        from longshore.tracking.comparing.environment import ADDED, CHANGED, REMOVED, EnvironmentDifference

        assert isinstance(found, EnvironmentDifference)
        if found.without_lock:
            said = " and ".join(self.name_of(run_id) for run_id in found.without_lock)
            why = f"{said} recorded no lock of packages. Runs that Longshore starts record one."
            self.show_content(EmptyState("environment", "Not recorded", why))
            return
        counts = ", ".join(f"{found.count(kind)} {kind}" for kind in (ADDED, REMOVED, CHANGED))
        self.said.setText(f"{counts}, {found.same} the same")
        if not found.packages and not found.facts:
            self.show_content(
                EmptyState("environment", "The same environment", f"All {found.same} packages are the same.")
            )
            return
        names = (self.name_of(self.base.value), self.name_of(self.other.value))
        columns = (TextColumn("Package", 240), TextColumn("Change", 110), *(TextColumn(name) for name in names))
        self.table = PlainTable("Differences of the environments", columns)
        self.table.horizontalHeader().setTextElideMode(Qt.TextElideMode.ElideMiddle)
        facts = [TextRow(f"fact {name}", (name, "changed", old or "—", new or "—")) for name, old, new in found.facts]
        packages = [
            TextRow(each.name, (each.name, _SIGNS[each.kind], each.base or "—", each.other or "—"))
            for each in found.packages
        ]
        self.table.show_rows([*facts, *packages])
        self.show_content(self.table)


class DataTab(Part):
    """A row per dataset, a column per run: hash, rows, size; what differs stands first."""

    def __init__(self, context: AppContext, layout: CompareLayout, pin: Callable[[str], None], parent: QWidget) -> None:
        super().__init__(parent)
        del layout, pin
        self.context = context
        self._shown: tuple[Compared, str] | None = None
        self._token: CancelToken | None = None
        column = vertical(self, (16, 2, 16, 10), 6)
        self.said = ElidedLabel("", "small", "secondary")
        column.addWidget(self.said)
        holder = QWidget(self)
        self._body = vertical(holder)
        column.addWidget(holder, 1)

    def show_compared(self, compared: Compared, baseline: str) -> None:
        self._shown = (compared, baseline)
        self._load()

    def _load(self) -> None:
        if self._shown is None:
            return
        (compared, baseline), context = self._shown, self.context
        runs = compared.comparison.runs
        ids, home, workspaces = [run.run_id for run in runs], context.home, compared.workspaces

        def work(_progress: Progress, cancel: CancelToken) -> tuple[DataLine, ...]:
            from longshore.tracking.comparing.data import data_of
            from longshore.tracking.comparing.places import Servers

            cancel.check()
            return data_of(Servers(home, workspaces), ids)

        if self._token is not None:
            self._token.cancel()
        self._show(Loading("Reading inputs…"))
        self._token = context.runner.run(
            self, work, lambda lines: self._show_lines(lines, runs, baseline), self._fail, key="compare.data"
        )

    def _fail(self, error: LongshoreError) -> None:
        self._show(ErrorState(error, "The inputs could not be read", self._load))

    def _show(self, widget: QWidget) -> None:
        clear(self._body)
        self._body.addWidget(widget)

    def _show_lines(self, lines: Sequence[DataLine], runs: Sequence[RunRow], baseline: str) -> None:
        differing = sum(not line.same for line in lines)
        self.said.setText(f"{differing} of {len(lines)} inputs differ" if lines else "")
        if not lines:
            why = "These runs recorded no inputs. mlflow.log_input records them; so does a run that Longshore starts."
            self._show(EmptyState("dataset", "No data recorded", why))
            return
        table = QTableWidget(len(lines), len(runs) + 1)
        table.setAccessibleName("Data of the runs")
        header = dress(table)
        table.setHorizontalHeaderItem(0, QTableWidgetItem("Dataset"))
        table.setColumnWidth(0, 200)
        for section, run in enumerate(runs, start=1):
            head = QTableWidgetItem(swatch_icon(section - 1), run.name)
            head.setToolTip(f"{run.name}\n{run.run_id}")
            table.setHorizontalHeaderItem(section, head)
            table.setColumnWidth(section, 230)
        header.setStretchLastSection(True)
        self._show(table)
        self._fill_on(table, iter(enumerate(lines)), runs, baseline)

    def _fill_on(
        self, table: QTableWidget, waiting: Iterator[tuple[int, DataLine]], runs: Sequence[RunRow], baseline: str
    ) -> None:
        """Make some rows, and the others a turn later."""
        for row, line in islice(waiting, max(1, _CELLS // (len(runs) + 1))):
            _fill(table, row, line, runs, baseline)
            if row + 1 == table.rowCount():
                return
        # The table may be gone by then, and its turn with it.
        QTimer.singleShot(TURN_MS, table, partial(self._fill_on, table, waiting, runs, baseline))


def _fill(table: QTableWidget, row: int, line: DataLine, runs: Sequence[RunRow], baseline: str) -> None:
    name = QTableWidgetItem(line.name)
    name.setToolTip(line.name)
    name.setFont(font("small"))
    table.setItem(row, 0, name)
    base = line.versions.get(baseline)
    for section, run in enumerate(runs, start=1):
        version = line.versions.get(run.run_id)
        item = QTableWidgetItem("—" if version is None else _words(version))
        item.setFont(font("mono"))
        item.setToolTip("Not read by this run" if version is None else _tip(version))
        if run.run_id != baseline and (version.digest if version else None) != (base.digest if base else None):
            item.setBackground(color("diff.changed"))
        table.setItem(row, section, item)


def _words(version: DataVersion) -> str:
    facts = [version.digest[:10]]
    if version.rows is not None:
        facts.append(f"{version.rows:,} rows")
    if version.size_bytes is not None:
        facts.append(size(version.size_bytes))
    return "  ".join(facts)


def _tip(version: DataVersion) -> str:
    return "\n".join(part for part in (version.digest, version.source, version.context) if part)
