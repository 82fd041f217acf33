"""One deployment: its state, progress, health, address and log."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

from longshore.ui.pages.deployment_health import DeploymentHealth
from longshore.ui.pages.deployment_progress import DeploymentProgress
from longshore.ui.pages.deployments_work import Health, Row
from longshore.ui.widgets.basic import Button, ElidedLabel, badge, horizontal, label, line, vertical
from longshore.ui.widgets.kind_tile import KindTile
from longshore.ui.widgets.log_tail import LogTail
from longshore.ui.widgets.pill import Pill
from longshore.ui.widgets.times import ago, duration, full


class DeploymentView(QScrollArea):
    """The middle of the Deployments page."""

    copied = Signal(str)
    cancel_asked = Signal()
    retry_asked = Signal()
    refresh_asked = Signal()
    model_opened = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        body = QWidget()
        self._column = vertical(body, (20, 16, 20, 16), 16)
        self.setWidget(body)
        self._row: Row | None = None
        self._up = ""
        # A request that the model can answer; the page knows it from the form.
        self.request = "{}"
        self._make_head()
        self._make_url()
        self.progress = DeploymentProgress(self.cancel_asked.emit, self.retry_asked.emit)
        self._column.addWidget(self.progress)
        self.health = DeploymentHealth(self.refresh_asked.emit)
        self._column.addWidget(self.health)
        self._make_log()

    def _make_head(self) -> None:
        head = QWidget()
        row = horizontal(head, spacing=12)
        row.addWidget(KindTile("deployment", 36))
        words = QWidget()
        column = vertical(words, spacing=1)
        first = QWidget()
        inner = horizontal(first, spacing=8)
        self._name = ElidedLabel("", "heading", mode=Qt.TextElideMode.ElideMiddle)
        self._pill = Pill()
        inner.addWidget(self._name)
        inner.addWidget(self._pill)
        inner.addWidget(badge("Docker on this computer"))
        inner.addStretch(1)
        column.addWidget(first)
        second = QWidget()
        facts = horizontal(second, spacing=6)
        self._model = Button("", self._open_model, kind="link", tip="Open the model")
        self._model_note = label("", "body", "secondary")
        self._facts = ElidedLabel("", "body", "secondary")
        facts.addWidget(self._model)
        facts.addWidget(self._model_note)
        facts.addWidget(self._facts, 1)
        column.addWidget(second)
        row.addWidget(words, 1)
        self._column.addWidget(head)

    def _make_url(self) -> None:
        self._url_box = QFrame()
        self._url_box.setProperty("surface", "sunkenCard")
        row = horizontal(self._url_box, (12, 3, 3, 3), 4)
        self._url = ElidedLabel("", "mono", mode=Qt.TextElideMode.ElideMiddle)
        row.addWidget(self._url, 1)
        for text, run, icon, tip in (
            ("Copy URL", self._copy_url, "copy", "Copy the address"),
            ("Copy curl", self._copy_curl, "terminal", "Copy a command that sends a request"),
        ):
            row.addWidget(line("v"))
            row.addWidget(Button(text, run, icon=icon, kind="ghost", size="small", tip=tip))
        self._column.addWidget(self._url_box)

    def _make_log(self) -> None:
        holder = QWidget()
        column = vertical(holder, spacing=8)
        head = QWidget()
        row = horizontal(head, spacing=8)
        row.addWidget(label("Logs", "title"))
        self._log_note = label("", "small", "secondary")
        row.addWidget(self._log_note)
        row.addStretch(1)
        refresh = Button(
            "Refresh", self.refresh_asked.emit, icon="refresh", kind="ghost", size="small", tip="Read again"
        )
        row.addWidget(refresh)
        row.addWidget(
            Button("Copy log", self._copy_log, icon="copy", kind="ghost", size="small", tip="Copy these lines")
        )
        column.addWidget(head)
        box = QFrame()
        box.setProperty("surface", "sunkenCard")
        inner = vertical(box, (1, 1, 1, 1))
        self._log = LogTail("Log of the deployment")
        inner.addWidget(self._log)
        box.setMinimumHeight(200)
        column.addWidget(box, 1)
        self._column.addWidget(holder, 1)

    def show_row(self, row: Row) -> None:
        """Show a deployment as its row says."""
        if self._row is None or row.deployment.name != self._row.deployment.name:
            self._log.forget()
            self._log_note.setText("")
            self._up = ""
            self.health.show_nothing()
        self._row = row
        deployment = row.deployment
        self._name.setText(deployment.name)
        self._pill.set_state(deployment.state)
        version = deployment.serving_version or deployment.model_version
        self._model.setText(f"{deployment.model_name} v{version}" if len(deployment.model_name) < 40 else f"v{version}")
        self._model.setToolTip(f"Open {deployment.model_name} v{version}")
        self._model_note.setVisible(not deployment.serving_version)
        self._model_note.setText("serves nothing yet")
        self._show_facts()
        url = f"{deployment.url}/invocations" if deployment.url else ""
        if url != self._url.text():
            self._url.setText(url)
        self._url_box.setVisible(bool(url) and bool(deployment.serving_version))
        self.progress.show_row(row)

    def _show_facts(self) -> None:
        if self._row is None:
            return
        deployment = self._row.deployment
        facts = [
            self._up,
            f"image {deployment.image}" if deployment.image else "",
            f"changed {ago(deployment.updated_at)}",
        ]
        words = ", ".join(filter(None, facts))
        if words != self._facts.text():
            self._facts.setText(words)

    def tick(self) -> None:
        """Bring what counts seconds up to date."""
        self.progress.tick()
        self._show_facts()

    def show_health(self, health: Health) -> None:
        """Show what the engine says."""
        if self._row is None:
            return
        self.health.show_health(health, self._row)
        started = [each.started_at for each in health.status.replicas if each.started_at] if health.status else []
        gone = (datetime.now(UTC) - min(started)).total_seconds() if started else None
        self._up = f"up {duration(gone)}" if gone is not None else ""
        self._facts.setAccessibleDescription(f"Up since {full(min(started))}" if started else "")
        self._show_facts()
        self._log.show_text(health.log)
        count = health.log.count("\n") + 1 if health.log else 0
        self._log_note.setText("last line" if count == 1 else f"last {count} lines" if count else "nothing yet")

    def _open_model(self) -> None:
        if self._row is not None:
            row = self._row.deployment
            self.model_opened.emit(f"{row.model_name}/{row.serving_version or row.model_version}")

    def _copy_url(self) -> None:
        self._copy(self._url.text(), "the address")

    def _copy_curl(self) -> None:
        body = shlex.quote(self.request)
        command = f"curl -s {self._url.text()} -H 'Content-Type: application/json' -d {body}"
        self._copy(command, "the command")

    def _copy_log(self) -> None:
        self._copy(self._log.toPlainText(), "the log")

    def _copy(self, text: str, what: str) -> None:
        QGuiApplication.clipboard().setText(text)
        self.copied.emit(what)
