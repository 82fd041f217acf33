"""What stands behind a tab of the comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

if TYPE_CHECKING:
    from longshore.ui.pages.compare_work import Compared


class Part(QWidget):
    """What a tab shows; made when the tab is chosen for the first time."""

    def show_compared(self, compared: Compared, baseline: str) -> None:
        """Show these runs, measured against one of them."""
        raise NotImplementedError

    def show_news(self, compared: Compared, baseline: str) -> None:
        """Show what the same runs have logged since; most tabs show nothing that changes."""

    def refresh(self) -> None:
        """Look for what is new in the run table; most tabs show nothing of it."""
