"""The parts of the Home page: project tiles and the rows of what needs somebody."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from longshore.ui.pages.home_data import ProjectCard
from longshore.ui.theme.style import color
from longshore.ui.widgets.basic import (
    Button,
    Card,
    ElidedLabel,
    IconLabel,
    badge,
    horizontal,
    label,
    line,
    row_of,
    vertical,
)
from longshore.ui.widgets.pill import Pill, describe
from longshore.ui.widgets.sparkline import Sparkline
from longshore.ui.widgets.times import ago, full, number

FRAMEWORKS = {
    "script": "Scripts",
    "mlproject": "MLflow",
    "dvc": "DVC",
    "kedro": "Kedro",
    "kfp": "Kubeflow Pipelines",
    "metaflow": "Metaflow",
    "flytekit": "flytekit",
    "flyte": "Flyte 2",
    "zenml": "ZenML",
    "mlrun": "MLRun",
    "pachyderm": "Pachyderm",
    "notebook": "Notebooks",
}


class Dot(QWidget):
    """A small dot in a state's colour; the word stands beside it."""

    def __init__(self, token: str) -> None:
        super().__init__()
        self._token = token
        self.setFixedSize(8, 8)

    def sizeHint(self) -> QSize:
        return QSize(8, 8)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color(self._token))
        painter.drawEllipse(QRectF(self.rect()))


class ProjectTile(Card):
    """One project: its last run, its best metric, where it is deployed."""

    deploy_asked = Signal()

    def __init__(self, card: ProjectCard, *, loading: bool = False) -> None:
        super().__init__(interactive=True)
        self.card = card
        self.setAccessibleName(f"Project {card.name}")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        column = vertical(self)
        column.addWidget(self._head(card))
        column.addWidget(self._middle(card, loading=loading))
        column.addWidget(line())
        column.addWidget(self._foot(card))

    def _head(self, card: ProjectCard) -> QWidget:
        holder = QWidget()
        row = horizontal(holder, (16, 14, 16, 8), 8)
        name = ElidedLabel(card.name, "title", mode=Qt.TextElideMode.ElideMiddle)
        row.addWidget(name)
        for framework in card.frameworks:
            row.addWidget(badge(FRAMEWORKS.get(framework, framework)))
        row.addStretch(1)
        if card.branch:
            row.addWidget(IconLabel("branch", "text.tertiary", 14))
            branch = ElidedLabel(card.branch, "body", "secondary")
            branch.setMaximumWidth(110)
            branch.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
            row.addWidget(branch)
        return holder

    def _middle(self, card: ProjectCard, *, loading: bool) -> QWidget:
        holder = QWidget()
        holder.setFixedHeight(88)
        row = horizontal(holder, (16, 2, 16, 10), 12)
        left = QWidget()
        column = vertical(left, spacing=4)
        column.addWidget(label("Last run", "caption", "secondary"))
        if card.missing:
            column.addWidget(label(card.missing, "body", "danger", wrap=True))
        elif card.last_run_id:
            pill = Pill(card.last_run_status)
            when = label(ago(card.last_run_at), "body", "secondary")
            when.setToolTip(full(card.last_run_at))
            column.addWidget(row_of(pill, when, None))
            column.addWidget(ElidedLabel(card.last_run_name, "mono", "secondary", mode=Qt.TextElideMode.ElideMiddle))
        else:
            column.addWidget(label("" if loading else "No runs yet", "body", "tertiary"))
        column.addStretch(1)
        row.addWidget(left, 1)
        if card.best is not None:
            row.addWidget(self._metric(card), 1)
        return holder

    def _metric(self, card: ProjectCard) -> QWidget:
        holder = QWidget()
        column = vertical(holder, spacing=4)
        column.addWidget(ElidedLabel(f"Best {card.metric}", "caption", "secondary"))
        row = QWidget()
        inner = horizontal(row, spacing=10)
        inner.addWidget(label(number(card.best), "heading"), 0, Qt.AlignmentFlag.AlignTop)
        spark = Sparkline(card.values)
        spark.setFixedHeight(36)
        spark.setToolTip(f"{card.metric} of the last {len(card.values)} runs")
        inner.addWidget(spark, 1)
        column.addWidget(row)
        column.addStretch(1)
        return holder

    def _foot(self, card: ProjectCard) -> QWidget:
        holder = QWidget()
        holder.setFixedHeight(38)
        row = horizontal(holder, (16, 0, 16, 0), 8)
        if card.deployment:
            word, tone, _icon = describe(card.deployment_state)
            row.addWidget(Dot(f"{tone}.solid"))
            row.addWidget(ElidedLabel(f"{card.deployment} {word.lower()}", "body", "secondary"), 1)
        else:
            row.addWidget(label("Not deployed", "body", "secondary"))
            row.addStretch(1)
            if card.last_run_id:
                row.addWidget(Button("Deploy a model", self.deploy_asked.emit, kind="link"))
        return holder


def attention_row(icon: str, token: str, title: str, detail: str, action: str, run: Callable[[], object]) -> QWidget:
    """Give a row of what needs somebody: what it is, why, and the way there."""
    holder = QWidget()
    holder.setFixedHeight(40)
    row = horizontal(holder, (12, 0, 8, 0), 10)
    row.addWidget(IconLabel(icon, token))
    words = ElidedLabel(title, "bodyMedium", mode=Qt.TextElideMode.ElideMiddle)
    row.addWidget(words, 2)
    row.addWidget(ElidedLabel(detail, "small", "secondary"), 3)
    row.addWidget(Button(action, run, size="small"))
    return holder


def list_box(rows: Sequence[QWidget]) -> QWidget:
    """Put rows into a bordered box, split by hairlines."""
    box = Card(surface="panel")
    column = vertical(box, (1, 1, 1, 1))
    for index, row in enumerate(rows):
        if index:
            column.addWidget(line())
        column.addWidget(row)
    return box
