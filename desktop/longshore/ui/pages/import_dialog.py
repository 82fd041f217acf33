"""The import dialog: what runs the project's folder holds already, which to take over, how far it is, what came of it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QFileDialog,
    QSizePolicy,
    QStyle,
    QStyleOptionButton,
    QStylePainter,
    QWidget,
)

from longshore.errors import LongshoreError
from longshore.progress import CancelToken, Progress
from longshore.settings import Home
from longshore.ui.pages.settings_work import go_to_database, leave_database
from longshore.ui.shell.context import AppContext
from longshore.ui.shell.tasks import Work
from longshore.ui.widgets.basic import Button, clear, horizontal, label, row_of, vertical
from longshore.ui.widgets.dialog import Dialog
from longshore.ui.widgets.progress_row import ProgressRow

if TYPE_CHECKING:
    from longshore.tracking.imports.types import Found, Imported

_SHOWN_REASONS = 5


def find_work(folder: str) -> Work[tuple[Found, ...]]:
    """Give the work that looks for runs in a folder."""

    def work(_progress: Progress, _cancel: CancelToken) -> tuple[Found, ...]:
        from longshore.tracking.imports.finding import find

        return find(folder)

    return work


def import_work(home: Home, workspace: str | None, project: str | None, chosen: tuple[Found, ...]) -> Work[Imported]:
    """Give the work that imports what was chosen."""

    def work(progress: Progress, cancel: CancelToken) -> Imported:
        from longshore.tracking.imports.copying import import_found
        from longshore.tracking.imports.types import Imported
        from longshore.workspace.connection import connect

        client, done = connect(home, workspace), Imported()
        for number, found in enumerate(chosen):

            def report(fraction: float | None, title: str, number: int = number) -> None:
                progress(None if fraction is None else (number + fraction) / len(chosen), title)

            done = done.joined(import_found(client, found, project=project, progress=report, cancel=cancel))
        return done

    return work


class _PathBox(QCheckBox):
    """A check box whose text, a path, is cut in its middle where there is no room; the tip has all of it."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.setToolTip(text)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw it as ever, with what of the text fits."""
        option = QStyleOptionButton()
        self.initStyleOption(option)
        style = self.style()
        room = style.subElementRect(QStyle.SubElement.SE_CheckBoxContents, option, self).width()
        option.text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideMiddle, room)
        QStylePainter(self).drawControl(QStyle.ControlElement.CE_CheckBox, option)


class ImportDialog(Dialog):
    """Lists what was found with a check box each, imports it, and says what came of it."""

    imported = Signal()

    def __init__(self, parent: QWidget, context: AppContext) -> None:
        super().__init__(parent, "Import runs", "Import", size="medium")
        self._context = context
        self._boxes: list[tuple[QCheckBox, Found]] = []
        self._token: CancelToken | None = None
        self._done = False
        column = vertical(self.body, (24, 0, 24, 16), 12)
        self.intro = label("", "body", "secondary", wrap=True)
        column.addWidget(self.intro)
        self._list = QWidget()
        self._rows = vertical(self._list, spacing=8)
        column.addWidget(self._list)
        self._other = Button("Look in another folder…", self._choose_folder, icon="folder")
        column.addWidget(row_of(self._other, None))
        column.addStretch(1)
        self.finished.connect(self._stop)
        self.look(context.project.path if context.project else "")

    def look(self, folder: str) -> None:
        """Show what a folder holds."""
        clear(self._rows)
        self._boxes = []
        self.message.setText("")
        self.confirm_button.disable("Nothing is chosen.")
        if not folder:
            self.intro.setText("Choose a folder that holds runs of MLflow, TensorBoard, DVCLive or DVC.")
            return
        self.intro.setText(f"Looking in {folder}…")
        self._context.runner.run(self, find_work(folder), lambda found: self._show(folder, found), self._failed)

    def _show(self, folder: str, found: tuple[Found, ...]) -> None:
        if not found:
            self.intro.setText(f"{folder} holds no runs of MLflow, TensorBoard, DVCLive or DVC.")
            return
        self.intro.setText("These runs are copied into the workspace, each once; the files stay as they are.")
        for each in found:
            box = _PathBox(f"{each.title}: {each.shown_path}")
            box.setChecked(True)
            box.toggled.connect(self._show_choice)
            right: list[QWidget] = [label(_facts(each), "small", "secondary")]
            if each.kind == "mlflow.db":
                right.append(self._open_button(each))
            row = QWidget(self._list)
            inner = horizontal(row, spacing=8)
            inner.addWidget(box, 1)
            for widget in right:
                inner.addWidget(widget)
            self._rows.addWidget(row)
            self._boxes.append((box, each))
        self._show_choice()
        self._fit()

    def _open_button(self, found: Found) -> Button:
        tip = "Work with this database where it lies, as a workspace of its own: nothing is copied."
        button = Button("Open in place", partial(self._open_in_place, found), size="small", tip=tip)
        button.setAccessibleName(f"Open {found.shown_path} in place")
        return button

    def _open_in_place(self, found: Found) -> None:
        context = self._context
        self._list.setEnabled(False)
        self.confirm_button.disable("A database is being opened.")
        self.message.setText("")
        work = go_to_database(context.home, str(found.path), context.workspace_name)
        context.runner.run(self, work, self._show_opened, self._not_opened, title="Opening a database")

    def _show_opened(self, names: tuple[str, str]) -> None:
        self.accept()
        _switched(self._context)
        text = "It is the workspace now; the menu of workspaces leads back."
        undo = partial(_leave, self._context, *names)
        self._context.offer("success", f"{names[0]} is opened in place", text, ("Undo", undo))

    def _not_opened(self, error: LongshoreError) -> None:
        self._list.setEnabled(True)
        self._show_choice()
        self.message.setText(f"{error.reason} {error.hint or ''}".strip())
        self._fit()

    def _fit(self) -> None:
        # Rows came or went below texts that wrap: the dialog gets the height that they need.
        self._list.adjustSize()
        QTimer.singleShot(0, self, self.adjustSize)

    def _chosen(self) -> tuple[Found, ...]:
        return tuple(found for box, found in self._boxes if box.isChecked())

    def _show_choice(self, _checked: bool = False) -> None:
        if self._chosen():
            self.confirm_button.setEnabled(True)
            self.confirm_button.setToolTip("Import (Ctrl+Enter)")
        else:
            self.confirm_button.disable("Nothing is chosen.")

    def _choose_folder(self) -> None:
        context = self._context
        dialog = QFileDialog(self, "Look for runs in", context.project.path if context.project else str(Path.home()))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.fileSelected.connect(self.look)
        dialog.open()

    def confirmed(self) -> None:
        if self._done:
            self.accept()
            return
        context, chosen = self._context, self._chosen()
        project = context.project.name if context.project else None
        clear(self._rows)
        self._other.hide()
        self.message.setText("")
        self.confirm_button.show_busy("Importing…")
        self._progress = ProgressRow("Importing runs")
        self._rows.addWidget(self._progress)
        self._fit()
        work = import_work(context.home, context.workspace_name, project, chosen)
        self._token = context.runner.run(
            self, work, self._show_result, self._failed, progressed=self._progress.show_progress, title="Importing runs"
        )

    def _show_result(self, done: Imported) -> None:
        self._token, self._done = None, True
        clear(self._rows)
        words = [f"{len(done.created):,} imported"]
        words += [f"{len(done.already):,} were here already"] if done.already else []
        words += [f"{len(done.skipped):,} left out"] if done.skipped else []
        self.intro.setText(", ".join(words) + ".")
        reasons = [f"{each.name or each.id[:8]}: {each.reason}" for each in done.skipped] + list(done.remarks)
        for reason in reasons[:_SHOWN_REASONS]:
            self._rows.addWidget(label(reason, "small", "secondary", wrap=True, select=True))
        if len(reasons) > _SHOWN_REASONS:
            self._rows.addWidget(label(f"and {len(reasons) - _SHOWN_REASONS:,} more", "small", "tertiary"))
        self.confirm_button.show_rest()
        self.confirm_button.setText("Close")
        self.cancel_button.hide()
        self._fit()
        self.imported.emit()

    def _failed(self, error: LongshoreError) -> None:
        imported, self._token = self._token is not None, None
        self.confirm_button.show_rest()
        self.intro.setText("")
        clear(self._rows)
        self._other.show()
        if imported:  # the choice is there again, to try once more
            found = tuple(each for _, each in self._boxes)
            self._boxes = []
            self._show("", found)
        else:
            self.confirm_button.disable("Nothing is chosen.")
        self.message.setText(f"{error.reason} {error.hint or ''}".strip())

    def _stop(self, _result: int) -> None:
        if self._token is not None:
            self._token.cancel()


def _switched(context: AppContext, _nothing: None = None) -> None:
    context.workspace_name = None
    context.workspace_changed.emit()


def _leave(context: AppContext, name: str, before: str) -> None:
    def failed(error: LongshoreError) -> None:
        context.tell("error", error.reason, error.hint or "")

    work = leave_database(context.home, name, before)
    context.runner.run(context, work, partial(_switched, context), failed, title=f"Closing {name}")


def _facts(found: Found) -> str:
    count = f"{found.runs:,}{'+' if found.at_least else ''} {'run' if found.runs == 1 else 'runs'}"
    return f"{count}, {max(found.size_bytes / 1e6, 0.1):,.1f} MB" if found.size_bytes else count
