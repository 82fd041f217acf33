"""Home before the first project: what can be opened, what is recognised, what this computer offers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QGridLayout, QWidget

from longshore.errors import LongshoreError
from longshore.progress import CancelToken, Progress
from longshore.settings import Home
from longshore.ui.shell.context import AppContext
from longshore.ui.shell.tasks import Work
from longshore.ui.theme.style import color
from longshore.ui.widgets.basic import (
    Button,
    Card,
    ElidedLabel,
    IconLabel,
    KeyButton,
    badge,
    clear,
    label,
    row_of,
    vertical,
)

if TYPE_CHECKING:
    from longshore.doctor import Check

WIDTH = 488
RECOGNISED = ("MLflow", "Scripts")
# Of the doctor's checks, those that decide what a first run can do.
SHOWN = {"uv": "Python", "git": "Git", "docker": "Docker"}


class Ship(QWidget):
    """The mark of the app, drawn large."""

    def sizeHint(self) -> QSize:
        return QSize(108, 72)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        outline = QPen(color("text.tertiary"), 1.6)
        outline.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        painter.setPen(outline)
        painter.drawPolyline(QPolygonF([QPointF(54, 2), QPointF(54, 8)]))
        painter.drawPolyline(QPolygonF([QPointF(44, 14), QPointF(47, 8), QPointF(61, 8), QPointF(64, 14)]))
        for left, width in ((20, 11), (31, 11), (66, 11), (77, 11)):
            painter.drawRect(QRectF(left, 30, width, 16))
        hull = [QPointF(8, 46), QPointF(100, 46), QPointF(90, 60), QPointF(18, 60), QPointF(8, 46)]
        painter.drawPolyline(QPolygonF(hull))
        painter.drawPath(_waves(QPointF(4, 68), 25))
        painter.setPen(QPen(color("accent.solid"), 1.6))
        painter.setBrush(color("accent.subtle"))
        for left in (43, 54):
            for top in (14, 30):
                painter.drawRect(QRectF(left, top, 11, 16))


def _waves(start: QPointF, count: int) -> QPainterPath:
    path = QPainterPath(start)
    for step in range(count):
        middle, end = start.x() + 4 * step + 2, start.x() + 4 * step + 4
        path.quadTo(QPointF(middle, start.y() + (4 if step % 2 else -4)), QPointF(end, start.y()))
    return path


class FirstRun(QWidget):
    """Open a folder, or try the sample; and whether this computer is ready for it."""

    def __init__(
        self, context: AppContext, open_folder: Callable[[], object], open_sample: Callable[[], object]
    ) -> None:
        super().__init__()
        self._context = context
        column = vertical(self, spacing=0)
        middle = Qt.AlignmentFlag.AlignHCenter
        column.addStretch(2)
        column.addWidget(Ship(), 0, middle)
        column.addSpacing(20)
        column.addWidget(label("Open your first project", "heading"), 0, middle)
        column.addSpacing(8)
        for words in (
            "Choose a folder with training code. Longshore reads it as it is",
            "and changes nothing until you launch a run.",
        ):
            column.addWidget(label(words, "body", "secondary"), 0, middle)
        column.addSpacing(16)
        self.open_button = KeyButton("Open folder…", open_folder, icon="folder", kind="primary", shortcut="Ctrl+O")
        sample = Button(
            "Try the sample", open_sample, icon="sparkle", tip="Grades of 1,599 real wines; trains in seconds"
        )
        column.addWidget(row_of(self.open_button, sample), 0, middle)
        column.addSpacing(12)
        known = row_of(label("Recognises", "small", "secondary"), *(badge(name) for name in RECOGNISED), spacing=6)
        column.addWidget(known, 0, middle)
        column.addSpacing(28)
        column.addWidget(self._computer(), 0, middle)
        column.addStretch(3)
        self._check()

    def _computer(self) -> Card:
        card = Card(surface="panel")
        card.setMinimumWidth(WIDTH)
        column = vertical(card, (12, 12, 12, 8), 6)
        self._when = label("Checking…", "small", "secondary")
        column.addWidget(row_of(label("This computer", "smallStrong"), None, self._when))
        self._checks = QWidget()
        self._grid = QGridLayout(self._checks)
        self._grid.setContentsMargins(0, 4, 0, 0)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(0)
        self._grid.setColumnMinimumWidth(1, 72)
        self._grid.setColumnStretch(2, 1)
        column.addWidget(self._checks)
        for row, title in enumerate(SHOWN.values()):
            self._show_row(row, "clock", "text.tertiary", title, "", "")
        return card

    def _check(self) -> None:
        self._context.runner.run(self, first_checks(self._context.home), self._show, self._show_failure)

    def _show(self, checks: tuple[Check, ...]) -> None:
        clear(self._grid)
        self._when.setText("Checked just now")
        for row, check in enumerate(checks):
            icon, token = ("ok", "success.text") if check.ok else ("warn", "warning.text")
            self._show_row(row, icon, token, SHOWN[check.name], _brief(check), check.fix)

    def _show_failure(self, error: LongshoreError) -> None:
        self._when.setText(error.reason)

    def _show_row(self, row: int, icon: str, token: str, title: str, detail: str, fix: str) -> None:
        self._grid.setRowMinimumHeight(row, 32)
        self._grid.addWidget(IconLabel(icon, token), row, 0)
        self._grid.addWidget(label(title, "bodyMedium"), row, 1)
        self._grid.addWidget(ElidedLabel(detail, "body", "secondary"), row, 2)
        if fix:
            go = Button("How to fix it", self._open_doctor, kind="link", tip=fix)
            self._grid.addWidget(go, row, 3)

    def _open_doctor(self) -> None:
        self._context.open("settings", section="doctor")


def _brief(check: Check) -> str:
    """Give what a person wants to know of a check that is well: the version."""
    if not check.ok:
        return check.detail
    return check.detail.partition(" (")[0].removeprefix("git version ").removeprefix("Docker ")


def first_checks(home: Home) -> Work[tuple[Check, ...]]:
    """Give the work that looks at what a first run needs, in the order in which it is shown."""

    def work(_progress: Progress, _cancel: CancelToken) -> tuple[Check, ...]:
        from longshore import doctor

        return (doctor.check_uv(home), doctor.check_git(home), doctor.check_docker(home))

    return work
