"""One running thing: title, cancel, a bar of 4 px, one line of detail."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QProgressBar, QWidget

from longshore.ui.widgets.basic import Button, ElidedLabel, horizontal, label, restyle, vertical


class ProgressRow(QWidget):
    """Shows how far something is; an unknown length is a full neutral bar with the elapsed time."""

    def __init__(
        self, title: str, cancel: Callable[[], object] | None = None, opened: Callable[[], object] | None = None
    ) -> None:
        super().__init__()
        column = vertical(self, (12, 8, 8, 8), 4)
        head = QWidget()
        row = horizontal(head, spacing=8)
        self._title = ElidedLabel(title, "bodyMedium")
        self._side = label("", "small", "secondary")
        row.addWidget(self._title, 1)
        row.addWidget(self._side)
        if opened is not None:
            row.addWidget(Button("", opened, icon="external", kind="ghost", size="iconSmall", tip=f"Open {title}"))
        if cancel is not None:
            self._cancel = Button("", cancel, icon="x", kind="ghost", size="iconSmall", tip=f"Stop {title}")
            row.addWidget(self._cancel)
        column.addWidget(head)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName(f"Progress of {title}")
        column.addWidget(self._bar)
        self._detail = ElidedLabel("", "small", "secondary")
        column.addWidget(self._detail)

    def show_progress(self, fraction: float | None, detail: str, side: str = "", tone: str = "") -> None:
        """Show a fraction from 0 to 1, None where it is unknown. Tones: danger, neutral."""
        self._bar.setRange(0, 1000)
        self._bar.setValue(1000 if fraction is None else round(fraction * 1000))
        restyle(self._bar, tone=tone or ("neutral" if fraction is None else ""))
        self._detail.setText(detail)
        self._detail.setVisible(bool(detail))
        restyle(self._detail, tone="danger" if tone == "danger" else "secondary")
        self._side.setText(side)
