"""Saved views in the run table: a menu that chooses, saves, renames, deletes, exports and opens them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QLineEdit, QMenu, QWidget

from longshore.errors import LongshoreError, NotFound
from longshore.progress import CancelToken, Progress
from longshore.tracking import views
from longshore.tracking.views import ENDING, View
from longshore.ui.shell.actions import Action
from longshore.ui.shell.context import AppContext
from longshore.ui.widgets.basic import vertical
from longshore.ui.widgets.choices import Field
from longshore.ui.widgets.dialog import Dialog

if TYPE_CHECKING:
    from longshore.settings import Home
    from longshore.ui.shell.tasks import Work

T = TypeVar("T")
KINDS = f"Views of the run table (*{ENDING});;All files (*)"


def list_work(home: Home, project: str | None) -> Work[tuple[View, ...]]:
    """Give the work that lists a project's views."""
    return lambda _progress, _cancel: views.listing(home, project)


def save_work(home: Home, project: str | None, view: View, *, over: bool = True) -> Work[View]:
    """Give the work that keeps a view."""
    return lambda _progress, _cancel: views.save(home, project, view, over=over)


def rename_work(home: Home, project: str | None, name: str, new: str) -> Work[View]:
    """Give the work that renames a view."""
    return lambda _progress, _cancel: views.rename(home, project, name, new)


def delete_work(home: Home, project: str | None, name: str) -> Work[View]:
    """Give the work that forgets a view."""
    return lambda _progress, _cancel: views.delete(home, project, name)


def write_work(view: View, file: Path) -> Work[None]:
    """Give the work that writes a view to a file."""
    return lambda _progress, _cancel: views.write(view, file)


def open_work(home: Home, project: str | None, file: Path) -> Work[View]:
    """Give the work that reads a view from a file and keeps it beside the others."""

    def work(_progress: Progress, _cancel: CancelToken) -> View:
        return views.save(home, project, views.read(file), over=False)

    return work


class NameDialog(Dialog):
    """Asks for a view's name. What is wrong with it is said below it, before anything happens."""

    named = Signal(str)

    def __init__(self, parent: QWidget, title: str, confirm: str, name: str, taken: frozenset[str]) -> None:
        super().__init__(parent, title, confirm)
        self._taken = taken
        column = vertical(self.body, (24, 0, 24, 16), 12)
        self.line = QLineEdit(name)
        self.line.selectAll()
        hint = "Columns, filter, order, groups and charts are kept, for this project and on this computer."
        self.field = Field("Name", self.line, hint)
        column.addWidget(self.field)
        self.line.returnPressed.connect(self.confirmed)
        self.line.setFocus()

    def confirmed(self) -> None:
        """Tell the name, once it can be used."""
        name = self.line.text().strip()
        if not name:
            self.field.show_error("Type a name.")
        elif len(name) > views.LONGEST_NAME:
            self.field.show_error(f"At most {views.LONGEST_NAME} characters.")
        elif name in self._taken:
            self.field.show_error(f"There is a view called {name} already. Choose another name.")
        else:
            self.accept()
            self.named.emit(name)


class SavedViews(QObject):
    """Knows the project's views, and which of them is shown. The page tells how the table looks, and shows a view."""

    shown = Signal(object)
    # The name of the view that is shown, empty for none; and whether the table looks different by now.
    current_changed = Signal(str, bool)

    def __init__(self, context: AppContext, page: QWidget, look: Callable[[str], View]) -> None:
        super().__init__(page)
        self._context, self._page, self._look = context, page, look
        self._project: str | None = None
        self.views: tuple[View, ...] = ()
        self._current = ""

    def enter(self, project: str | None) -> None:
        """Read the views of a project; none of them is shown yet."""
        self._project, self.views = project, ()
        self._show_current("")
        self._read()

    def actions(self) -> list[Action]:
        """Give the actions: a view each, saving, opening."""
        found = [
            Action(f"view {view.name}", f"Show view: {view.name}", partial(self.show, view), icon="star", in_bar=False)
            for view in self.views
        ]
        return [
            *found,
            Action("save-view", "Save view…", self.save_as, icon="star", in_bar=False),
            Action("open-view", "Open view from a file…", self.ask_to_open, icon="folder", in_bar=False),
        ]

    @property
    def current(self) -> View | None:
        """The view that was shown or saved last, None where there is none."""
        return next((view for view in self.views if view.name == self._current), None)

    @property
    def is_changed(self) -> bool:
        """Tell whether the table looks different from the view that was shown last."""
        return self.current is not None and not self._look("").looks_like(self.current)

    def look_again(self) -> None:
        """Tell whether the table looks still as the view says."""
        self.current_changed.emit(self._current if self.current else "", self.is_changed)

    def menu(self) -> QMenu:
        """Make the menu."""
        menu = QMenu(self._page)
        for view in self.views:
            action = menu.addAction(_menu_words(view.name))
            action.setToolTip(view.name)
            action.setCheckable(True)
            action.setChecked(view.name == self._current)
            action.triggered.connect(partial(self._chosen, view))
        if not self.views:
            menu.addAction("No views yet").setEnabled(False)
        menu.addSeparator()
        current = self.current
        if current is not None and self.is_changed:
            _add(menu, "Save changes to this view", partial(self._save, current.name))
            _add(menu, "Back to this view as saved", partial(self.show, current))
        _add(menu, "Save as a new view…", self.save_as)
        if current is not None:
            _add(menu, "Rename this view…", self.rename)
            _add(menu, "Delete this view", self.delete)
        menu.addSeparator()
        _add(menu, "Export to a file…", self.ask_to_export)
        _add(menu, "Open from a file…", self.ask_to_open)
        menu.setToolTipsVisible(True)
        return menu

    def _chosen(self, view: View, _checked: bool = False) -> None:
        self.show(view)

    def show(self, view: View) -> None:
        """Make the table look so."""
        self._show_current(view.name)
        self.shown.emit(view)
        self.look_again()

    # -- keeping ------------------------------------------------------------------------------------------------

    def save_as(self) -> None:
        """Ask for a name, then keep how the table looks."""
        dialog = NameDialog(self._page.window(), "Save view", "Save", "", self._taken())
        dialog.named.connect(self._save)
        dialog.open()

    def _save(self, name: str) -> None:
        view = self._look(name)
        self._run(save_work(self._context.home, self._project, view), partial(self._saved, f"Saved the view {name}"))

    def _saved(self, words: str, view: View) -> None:
        self._current = view.name
        self._context.tell("success", words)
        self._read()

    def rename(self) -> None:
        """Ask for another name of the view that is shown."""
        current = self.current
        if current is None:
            return
        taken = self._taken() - {current.name}
        dialog = NameDialog(self._page.window(), "Rename view", "Rename", current.name, taken)
        dialog.named.connect(partial(self._rename, current.name))
        dialog.open()

    def _rename(self, name: str, new: str) -> None:
        if new != name:
            work = rename_work(self._context.home, self._project, name, new)
            self._run(work, partial(self._saved, f"Renamed the view to {new}"))

    def delete(self) -> None:
        """Forget the view that is shown; the table stays as it is, and the message brings it back."""
        if self.current is not None:
            self._run(delete_work(self._context.home, self._project, self._current), self._deleted)

    def _deleted(self, view: View) -> None:
        back = save_work(self._context.home, self._project, view)
        bring_back = partial(self._run, back, partial(self._saved, f"{view.name} is back"))
        self._context.offer("success", f"Deleted the view {view.name}", "", ("Undo", bring_back))
        self._show_current("")
        self._read()

    # -- files --------------------------------------------------------------------------------------------------

    def ask_to_export(self) -> None:
        """Ask for a file, then write how the table looks."""
        name = self._current or self._project or "runs"
        proposed = "".join(sign if sign.isalnum() or sign in "-_ ." else "-" for sign in name) + ENDING
        chosen, _kind = QFileDialog.getSaveFileName(self._page, "Export view", proposed, KINDS)
        if chosen:
            file = Path(chosen)
            self.export(file if file.suffix else file.with_name(file.name + ENDING))

    def export(self, file: Path) -> None:
        """Write how the table looks to a file."""
        view = self._look(self._current or "View")
        told = partial(self._context.tell, "success", f"Exported the view {view.name}", str(file))
        self._run(write_work(view, file), lambda _none: told())

    def ask_to_open(self) -> None:
        """Ask for a file, then show its view."""
        chosen, _kind = QFileDialog.getOpenFileName(self._page, "Open view", "", KINDS)
        if chosen:
            self.open(Path(chosen))

    def open(self, file: Path) -> None:
        """Keep and show the view that a file holds."""
        self._run(open_work(self._context.home, self._project, file), self._opened)

    def _opened(self, view: View) -> None:
        self.views = (*self.views, view)
        self.show(view)
        self._saved(f"Opened the view {view.name}", view)

    # -- common -------------------------------------------------------------------------------------------------

    def _taken(self) -> frozenset[str]:
        return frozenset(view.name for view in self.views)

    def _run(self, work: Work[T], done: Callable[[T], None]) -> None:
        self._context.runner.run(self, work, done, self._tell, key="runs.views")

    def _tell(self, error: LongshoreError) -> None:
        self._context.tell("error", error.reason, error.hint or "")
        if isinstance(error, NotFound):
            self._read()

    def _read(self) -> None:
        project = self._project
        self._context.runner.run(
            self, list_work(self._context.home, project), partial(self._take, project), key="runs.views"
        )

    def _take(self, project: str | None, found: tuple[View, ...]) -> None:
        if project == self._project:
            self.views = found
            self.look_again()
            self._context.actions_changed.emit()

    def _show_current(self, name: str) -> None:
        self._current = name
        self.look_again()


def _menu_words(name: str) -> str:
    """Give a name as a menu shows it: not too long, and no sign of it taken for a shortcut."""
    shown = name if len(name) <= 40 else f"{name[:39]}…"
    return shown.replace("&", "&&")


def _add(menu: QMenu, title: str, run: Callable[[], object]) -> None:
    menu.addAction(title).triggered.connect(lambda _checked=False: run())
