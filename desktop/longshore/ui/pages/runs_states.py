"""What the Runs page shows in place of an empty table, and the banner above it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QStackedWidget, QWidget

from longshore.ui.widgets.basic import clear, vertical
from longshore.ui.widgets.states import Banner, Choice, EmptyState

if TYPE_CHECKING:
    from longshore.tracking.imports.types import Found


def no_fit(clear: Callable[[], object]) -> EmptyState:
    """Say that no run fits the filter."""
    words = "Change the filter, or clear it to see all runs."
    return EmptyState("filter", "No run fits this filter", words, ("Clear the filter", clear))


def no_runs(launch: Callable[[], object]) -> EmptyState:
    """Say how runs come here."""
    words = "Launch the project here or in Docker. Scripts that log to MLflow elsewhere appear too."
    return EmptyState("run", "No runs yet", words, ("Launch run…", launch), action_icon="play")


def importable(found: Sequence[Found], import_runs: Callable[[], object]) -> EmptyState:
    """Offer what lies in the folder already."""
    words = f"Runs that can be imported lie in the project's folder: {sum(each.runs for each in found):,}."
    return EmptyState("run", "No runs here yet", words, ("Import…", import_runs), action_icon="download")


class TablePlace(QStackedWidget):
    """Holds the table, or what stands in its place."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.table: QWidget | None = None
        self._instead = QWidget(self)
        self._column = vertical(self._instead, (20, 20, 20, 20))
        self.addWidget(self._instead)

    def hold(self, table: QWidget) -> None:
        """Take the table."""
        self.table = table
        self.addWidget(table)
        self.show_table()

    def show_table(self) -> None:
        """Show the table."""
        if self.table is not None:
            self.setCurrentWidget(self.table)

    def show_instead(self, widget: QWidget) -> None:
        """Show something in the table's place."""
        clear(self._column)
        self._column.addWidget(widget)
        self.setCurrentWidget(self._instead)


class BannerPlace(QWidget):
    """One banner, or nothing."""

    def __init__(self) -> None:
        super().__init__()
        self._column = vertical(self)

    def show_banner(self, what: str, again: Choice, hint: str = "") -> None:
        """Say what is the matter while the last state is shown."""
        self.clear()
        self._column.addWidget(Banner(f"{what} The table shows the last state. {hint}".strip(), again))

    def clear(self) -> None:
        """Take it back."""
        clear(self._column)


class NoticePlace(QWidget):
    """What is said of the columns that are read on demand: a question, how far it is, a failure; or nothing."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._column = vertical(self)
        self._banner: Banner | None = None
        self._choices: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """What is said, empty for nothing."""
        return self._banner.words if self._banner else ""

    def say(self, words: str, *choices: Choice) -> None:
        """Say something; of the same choices, the words alone are written anew."""
        titles = tuple(title for title, _run in choices)
        if self._banner is not None and titles == self._choices:
            self._banner.show_words(words)
            return
        self.clear()
        self._choices = titles
        self._banner = Banner(words, *choices, tone="warning")
        self._column.addWidget(self._banner)

    def clear(self) -> None:
        """Say nothing."""
        if self._banner is not None:
            self._banner = None
            clear(self._column)
