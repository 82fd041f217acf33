"""What somebody chose in the comparison of a project's runs: axis, groups, baseline, which panels and how large."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from longshore.store import quick
from longshore.tracking.views import Choice, checked_charts
from longshore.ui.shell.context import AppContext

# A dragged splitter tells its place a hundred times.
_SAVE_AFTER_MS = 400


class CompareLayout(QObject):
    """Kept per project in the local database, and in views; what is damaged there counts as never chosen."""

    # Somebody chose something.
    changed = Signal()
    # All choices were replaced by those of a view.
    replaced = Signal()

    def __init__(self, context: AppContext, parent: QObject) -> None:
        super().__init__(parent)
        self._context = context
        self._project: str | None = None
        self._values: dict[str, Any] | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_SAVE_AFTER_MS)
        self._timer.timeout.connect(self._save)

    def enter_project(self) -> bool:
        """Read what the open project's comparison was like; tell whether that is another project than before."""
        project = self._context.project.name if self._context.project else ""
        if self._values is not None and project == self._project:
            return False
        if self._timer.isActive():
            self._timer.stop()
            self._save()
        self._project = project
        found = quick.view_state(self._context.home, self._key)
        self._values = found if isinstance(found, dict) else {}
        return True

    @property
    def project(self) -> str | None:
        """The project whose choices these are, None before the first."""
        return self._project

    @property
    def _key(self) -> str:
        return f"runs.compare/{self._project or ''}"

    def put(self, key: str, value: object) -> None:
        """Keep a choice."""
        if self._values is None:
            self._values = {}
        if self._values.get(key) != value:
            self._values[key] = value
            self._timer.start()
            self.changed.emit()

    @property
    def values(self) -> dict[str, Choice]:
        """All choices, as a view keeps them."""
        return checked_charts(self._values)

    def take(self, values: Mapping[str, Choice]) -> None:
        """Choose all that a view says, and nothing else."""
        if values != self.values:
            self._values = {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}
            self._timer.start()
            self.replaced.emit()

    def text(self, key: str, default: str = "", allowed: Sequence[str] | None = None) -> str:
        """Give a choice that is a text, the default where it is none of those that are allowed."""
        found = (self._values or {}).get(key)
        return found if isinstance(found, str) and (allowed is None or found in allowed) else default

    def texts(self, key: str) -> tuple[str, ...] | None:
        """Give a choice of several texts, None where nobody chose."""
        found = (self._values or {}).get(key)
        if not isinstance(found, list):
            return None
        return tuple(each for each in found if isinstance(each, str))

    def number(self, key: str, default: int) -> int:
        """Give a choice that is a whole number."""
        found = (self._values or {}).get(key)
        return found if isinstance(found, int) and not isinstance(found, bool) else default

    def numbers(self, key: str) -> tuple[int, ...]:
        """Give sizes; nothing where nobody chose."""
        found = (self._values or {}).get(key)
        if not isinstance(found, list) or not all(isinstance(each, int) and each >= 0 for each in found):
            return ()
        return tuple(found)

    def flag(self, key: str, default: bool) -> bool:
        """Give a choice that is yes or no."""
        found = (self._values or {}).get(key)
        return found if isinstance(found, bool) else default

    def _save(self) -> None:
        from longshore.ui.pages.runs_work import save_view_work

        values = dict(self._values or {})
        # The runner itself asks: the page may be gone before it is written.
        self._context.runner.run(
            self._context.runner, save_view_work(self._context.home, self._key, values), key="view"
        )
