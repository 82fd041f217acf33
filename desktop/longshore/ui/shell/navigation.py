"""The navigation: workspace switcher, search, the workspace's pages, the project's pages, settings."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QMenu, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from longshore.store.records import DATABASE, PERSONAL
from longshore.ui.shell.context import AppContext, ProjectRef
from longshore.ui.shell.pages import BY_ID, PAGES, PageRow
from longshore.ui.theme import icons
from longshore.ui.theme.fonts import font, grown
from longshore.ui.theme.style import color, hex_color
from longshore.ui.widgets.basic import ElidedLabel, IconLabel, horizontal, key_hint, line, vertical

WIDE, NARROW = 212, 48
_KINDS = {PERSONAL: "On this computer", DATABASE: "Database in place"}


def wide() -> int:
    """Give the width of the whole navigation: larger text needs more room."""
    return grown(WIDE)


class Entry(QPushButton):
    """One page's entry: icon, title, a count at the right."""

    def __init__(self, row: PageRow, shortcut: str) -> None:
        super().__init__()
        self._row, self._count, self._narrow = row, "", False
        self.setProperty("nav", True)
        self.setCheckable(True)
        self.setAccessibleName(row.title)
        self.setToolTip(f"{row.title} ({shortcut})" if shortcut else row.title)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_count(self, count: str) -> None:
        """Show a count, such as 12 or 100k."""
        self._count = count
        self.update()

    def set_narrow(self, narrow: bool) -> None:
        """Show the icon alone."""
        self._narrow = narrow
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(32 if self._narrow else wide() - 16, grown(28))

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        checked = self.isChecked()
        tone = "accent.text" if checked else "text.secondary"
        left = (self.width() - 16) / 2 if self._narrow else 8
        icon = icons.pixmap(self._row.icon, hex_color(tone), 16, self.devicePixelRatioF())
        painter.drawPixmap(round(left), (self.height() - 16) // 2, icon)
        if self._narrow:
            return
        painter.setFont(font("bodyMedium"))
        painter.setPen(color("text.primary" if checked else "text.secondary"))
        middle = int(Qt.AlignmentFlag.AlignVCenter)
        painter.drawText(QRectF(34, 0, self.width() - 70, self.height()), middle, self._row.title)
        painter.setFont(font("caption"))
        painter.setPen(color("text.tertiary"))
        right = QRectF(0, 0, self.width() - 8, self.height())
        painter.drawText(right, middle | int(Qt.AlignmentFlag.AlignRight), self._count)


class WorkspaceMark(QWidget):
    """The workspace's initial on the accent colour."""

    def __init__(self) -> None:
        super().__init__()
        self._letter = "P"
        self.setFixedSize(28, 28)

    def set_letter(self, letter: str) -> None:
        """Show another initial."""
        self._letter = letter.upper()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color("accent.solid"))
        painter.drawRoundedRect(QRectF(self.rect()), 6, 6)
        painter.setFont(font("bodyStrong"))
        painter.setPen(color("text.onAccent"))
        painter.drawText(self.rect(), int(Qt.AlignmentFlag.AlignCenter), self._letter)


class Navigation(QFrame):
    """The column at the left; narrow it shows icons alone."""

    palette_asked = Signal()
    switch_asked = Signal(str)
    add_workspace_asked = Signal()
    project_asked = Signal(object)
    open_folder_asked = Signal()

    def __init__(self, context: AppContext) -> None:
        super().__init__()
        self.setObjectName("nav")
        self._context = context
        self._narrow = False
        self._entries: dict[str, Entry] = {}
        self._workspaces: list[tuple[str, str]] = []
        self._projects: tuple[ProjectRef, ...] = ()
        self._column = vertical(self, (8, 8, 8, 8), 1)
        self._column.addWidget(self._make_switcher())
        self._column.addSpacing(6)
        self._column.addWidget(self._make_search())
        self._column.addSpacing(10)
        self._add_group("workspace", self._column)
        self._column.addSpacing(18)
        self._project_title = QPushButton()
        self._make_project_title()
        self._column.addWidget(self._project_title)
        self._project = QWidget()
        self._add_group("project", vertical(self._project, spacing=1))
        self._column.addWidget(self._project)
        self._separator = line()
        self._separator.hide()
        self._column.addStretch(1)
        self._add_group("bottom", self._column)
        self.set_narrow(False)
        self.show_project(None)
        context.place_changed.connect(self._light)
        context.settings_changed.connect(self._show_size)

    def _make_switcher(self) -> QPushButton:
        self._switcher = QPushButton()
        self._switcher.setProperty("nav", "switcher")
        self._switcher.setAccessibleName("Workspace")
        row = horizontal(self._switcher, (6, 0, 8, 0), 10)
        self._mark = WorkspaceMark()
        row.addWidget(self._mark)
        self._switcher_text = QWidget()
        column = vertical(self._switcher_text, (0, 5, 0, 5), 0)
        self._workspace = ElidedLabel("Personal", "bodyStrong")
        self._kind = ElidedLabel("On this computer", "caption", "secondary")
        column.addWidget(self._workspace)
        column.addWidget(self._kind)
        row.addWidget(self._switcher_text, 1)
        self._updown = IconLabel("updown", "text.tertiary")
        row.addWidget(self._updown)
        for child in (self._mark, self._switcher_text, self._updown):
            child.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._switcher.clicked.connect(self._show_workspaces)
        return self._switcher

    def _make_search(self) -> QPushButton:
        self._search = QPushButton()
        self._search.setProperty("nav", "search")
        self._search.setAccessibleName("Search or run a command")
        self._search.setToolTip("Search or run a command (Ctrl+K)")
        row = horizontal(self._search, (8, 0, 6, 0), 8)
        icon = IconLabel("search", "text.tertiary")
        self._search_words = ElidedLabel("Search or run…", "body", "tertiary")
        self._search_keys = key_hint("Ctrl+K")
        for child in (icon, self._search_words, self._search_keys):
            child.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        row.addWidget(icon)
        row.addWidget(self._search_words, 1)
        row.addWidget(self._search_keys)
        self._search.clicked.connect(self.palette_asked)
        return self._search

    def _make_project_title(self) -> None:
        self._project_title.setProperty("nav", "status")
        self._project_title.setAccessibleName("Project")
        row = horizontal(self._project_title, (6, 0, 6, 0), 4)
        self._project_name = ElidedLabel("", "smallStrong", "secondary", mode=Qt.TextElideMode.ElideMiddle)
        row.addWidget(self._project_name)
        row.addWidget(IconLabel("chev-down", "text.tertiary", 12))
        row.addStretch(1)
        for child in self._project_title.findChildren(QWidget):
            child.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._project_title.clicked.connect(self._show_projects)

    def _add_group(self, group: str, layout: QVBoxLayout) -> None:
        numbers = {row.id: index for index, row in enumerate(r for r in PAGES if r.group == "project")}
        for row in PAGES:
            if row.group != group:
                continue
            shortcut = {"home": "Ctrl+0", "settings": "Ctrl+,"}.get(row.id, "")
            entry = Entry(row, f"Ctrl+{numbers[row.id] + 1}" if row.id in numbers else shortcut)
            entry.clicked.connect(partial(self._open, row.id))
            self._entries[row.id] = entry
            layout.addWidget(entry)

    def _open(self, page_id: str, _checked: bool = False) -> None:
        self._context.open(page_id)

    def _light(self, _place: object) -> None:
        if self._context.place is not None:
            self.light(self._context.place.page_id)

    def light(self, page_id: str) -> None:
        """Mark the entry of the page that is shown."""
        lit = BY_ID[page_id].under or page_id
        for each, entry in self._entries.items():
            entry.setChecked(each == lit)

    def set_narrow(self, narrow: bool) -> None:
        """Collapse to icons, or show titles again."""
        self._narrow = narrow
        self.setFixedWidth(NARROW if narrow else wide())
        for entry in self._entries.values():
            entry.set_narrow(narrow)
        for part in (self._switcher_text, self._updown, self._search_words, self._search_keys):
            part.setVisible(not narrow)
        layout = self._switcher.layout()
        if layout is not None:
            layout.setContentsMargins(2 if narrow else 6, 0, 2 if narrow else 8, 0)
        self._project_title.setVisible(not narrow and self._context.project is not None)

    def show_project(self, project: ProjectRef | None) -> None:
        """Show the pages of a project, or none."""
        self._project.setVisible(project is not None)
        self._project_title.setVisible(project is not None and not self._narrow)
        if project is not None:
            self._project_name.setText(project.name)
            self._project_title.setAccessibleName(f"Project {project.name}")
            self._project_title.setToolTip(f"{project.path}\nClick to choose another project")

    def know_projects(self, projects: tuple[ProjectRef, ...]) -> None:
        """Take the projects that the menu offers."""
        self._projects = projects

    def show_workspace(self, name: str, kind: str, all_names: list[tuple[str, str]]) -> None:
        """Name the workspace; the others are offered in its menu as (name, kind)."""
        self._workspaces = all_names
        self._workspace.setText("Personal" if name == "personal" else name)
        self._kind.setText(_KINDS.get(kind, "Team server"))
        self._mark.set_letter(name[:1])
        self._switcher.setToolTip(f"Workspace {name}")

    def set_count(self, page_id: str, count: int | None) -> None:
        """Show how many there are behind a page's title."""
        text = "" if not count else f"{count // 1000}k" if count >= 10000 else str(count)
        self._entries[page_id].set_count(text)

    def _show_workspaces(self) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for name, kind in self._workspaces:
            title = f"{'Personal' if kind == PERSONAL else name}, {_KINDS.get(kind, 'Team server').lower()}"
            menu.addAction(title).triggered.connect(partial(self.switch_asked.emit, name))
        menu.addSeparator()
        menu.addAction("Add a team's server…").triggered.connect(self.add_workspace_asked)
        menu.popup(self._switcher.mapToGlobal(self._switcher.rect().bottomLeft()))

    def _show_projects(self) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for project in self._projects:
            entry = menu.addAction(project.name)
            entry.setCheckable(True)
            entry.setChecked(project == self._context.project)
            entry.triggered.connect(partial(self._ask_for, project))
        menu.addSeparator()
        menu.addAction("All projects").triggered.connect(partial(self._open, "home"))
        menu.addAction("Open folder…").triggered.connect(self.open_folder_asked)
        menu.popup(self._project_title.mapToGlobal(self._project_title.rect().bottomLeft()))

    def _ask_for(self, project: ProjectRef, _checked: bool = False) -> None:
        self.project_asked.emit(project)

    def _show_size(self) -> None:
        self.set_narrow(self._narrow)
