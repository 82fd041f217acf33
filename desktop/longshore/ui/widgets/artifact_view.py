"""Artifacts: a tree that loads folder by folder, and a preview of the file or folder that is chosen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QHeaderView, QTreeWidget, QTreeWidgetItem, QWidget

from longshore.errors import LongshoreError
from longshore.ui.theme import icons
from longshore.ui.theme.fonts import grown
from longshore.ui.theme.style import hex_color
from longshore.ui.widgets.artifact_content import content_of
from longshore.ui.widgets.basic import Button, ElidedLabel, clear, column_of, horizontal, label, line, vertical
from longshore.ui.widgets.states import EmptyState, ErrorState, Loading
from longshore.ui.widgets.times import size

if TYPE_CHECKING:
    from longshore.tracking.artifacts import Entry
    from longshore.ui.widgets.artifact_decode import Shown

Step = Callable[[], object]
_ENTRY = Qt.ItemDataRole.UserRole
_IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp", ".bmp")
_LOADING = "Loading…"
_ROW_HEIGHT = 24
# The last column is empty: the sizes end where the numbers above them do.
_MARGIN_WIDTH = 14


class ArtifactTree(QTreeWidget):
    """Folders ask for their content when they are opened for the first time."""

    folder_asked = Signal(object)
    file_chosen = Signal(object)
    folder_chosen = Signal(object)
    # Open it in another program.
    open_asked = Signal(object)
    drag_asked = Signal(object)
    # An entry, and where on the screen.
    menu_asked = Signal(object, QPoint)

    def __init__(self) -> None:
        super().__init__()
        self.setColumnCount(3)
        self.setHeaderHidden(True)
        self.setAccessibleName("Artifacts")
        self.setIndentation(16)
        self.header().setStretchLastSection(False)
        self.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.header().setMinimumSectionSize(_MARGIN_WIDTH)
        self.header().setSectionResizeMode(2, QHeaderView.ResizeMode.Fixed)
        self.header().resizeSection(2, _MARGIN_WIDTH)
        self.setUniformRowHeights(True)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.itemExpanded.connect(self._expanded)
        self.currentItemChanged.connect(self._chosen)
        # Not "activated": where one click activates, a look at a file would start another program.
        self.itemDoubleClicked.connect(self._open)
        self.setDragEnabled(True)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._ask_menu)

    def show_entries(self, entries: Sequence[Entry], folder: Entry | None = None) -> None:
        """Show the content of a folder, or of the root; of a folder that is gone meanwhile nothing."""
        if folder is None:
            self._show_root(entries)
            return
        parent = self._item_of(folder)
        if parent is not None:
            parent.takeChildren()
            parent.addChildren([_item(entry) for entry in entries] or [QTreeWidgetItem(["empty", ""])])

    def _show_root(self, entries: Sequence[Entry]) -> None:
        """What stays the same stays open and chosen: a live run logs one file after the other."""
        before = self.blockSignals(True)
        for number in reversed(range(self.topLevelItemCount())):
            if self._entry_at(number) not in entries:
                self.takeTopLevelItem(number)
        for number, entry in enumerate(entries):
            if self._entry_at(number) != entry:
                self.insertTopLevelItem(number, _item(entry))
        self.blockSignals(before)

    def _entry_at(self, number: int) -> Entry | None:
        item = self.topLevelItem(number)
        return item.data(0, _ENTRY) if item is not None else None

    def close_folder(self, folder: Entry) -> None:
        """Close a folder that could not be read: opening it asks again."""
        item = self._item_of(folder)
        if item is not None:
            item.setExpanded(False)

    def redraw(self) -> None:
        """Take the colours of another theme."""
        for item in self._items():
            entry = item.data(0, _ENTRY)
            if entry is not None:
                item.setIcon(0, icons.icon(_icon_of(entry), hex_color("text.secondary")))

    def _items(self) -> Iterator[QTreeWidgetItem]:
        waiting = [self.topLevelItem(number) for number in range(self.topLevelItemCount())]
        while waiting:
            item = waiting.pop()
            if item is not None:
                yield item
                waiting += [item.child(number) for number in range(item.childCount())]

    def _item_of(self, entry: Entry) -> QTreeWidgetItem | None:
        return next((item for item in self._items() if item.data(0, _ENTRY) == entry), None)

    def _expanded(self, item: QTreeWidgetItem) -> None:
        entry = item.data(0, _ENTRY)
        first = item.child(0)
        if entry is not None and first is not None and first.data(0, _ENTRY) is None and first.text(0) == _LOADING:
            self.folder_asked.emit(entry)

    def _chosen(self, item: QTreeWidgetItem | None, _before: object = None) -> None:
        entry = item.data(0, _ENTRY) if item else None
        if entry is not None:
            (self.folder_chosen if entry.is_dir else self.file_chosen).emit(entry)

    def choose(self, entry: Entry) -> None:
        """Choose a file, also one whose folder was never opened."""
        item = self._item_of(entry)
        if item is not None and item is not self.currentItem():
            self.setCurrentItem(item)
        else:
            self.file_chosen.emit(entry)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        item = self.currentItem()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and item is not None:
            self._open(item)
        else:
            super().keyPressEvent(event)

    def _open(self, item: QTreeWidgetItem, _column: int = 0) -> None:
        entry = item.data(0, _ENTRY)
        if entry is not None and not entry.is_dir:
            self.open_asked.emit(entry)

    def startDrag(self, _actions: Qt.DropAction) -> None:  # noqa: N802
        """Ask for a drag: what is dragged has to be fetched first."""
        item = self.currentItem()
        if item is not None and item.data(0, _ENTRY) is not None:
            self.drag_asked.emit(item.data(0, _ENTRY))

    def _ask_menu(self, place: QPoint) -> None:
        item = self.itemAt(place) or self.currentItem()
        if item is not None and item.data(0, _ENTRY) is not None:
            self.menu_asked.emit(item.data(0, _ENTRY), self.viewport().mapToGlobal(place))


def _item(entry: Entry) -> QTreeWidgetItem:
    item = QTreeWidgetItem([entry.name, "" if entry.is_dir else size(entry.size_bytes)])
    item.setData(0, _ENTRY, entry)
    item.setSizeHint(0, QSize(0, _ROW_HEIGHT))
    item.setToolTip(0, entry.path or entry.name)
    item.setTextAlignment(1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    item.setIcon(0, icons.icon(_icon_of(entry), hex_color("text.secondary")))
    if entry.is_dir:
        item.addChild(QTreeWidgetItem([_LOADING, ""]))
    return item


def _icon_of(entry: Entry) -> str:
    if entry.is_dir:
        return "model" if entry.model_id and not entry.path else "folder"
    name = entry.name.lower()
    if name.endswith(_IMAGE_SUFFIXES):
        return "image"
    return "table" if name.endswith((".csv", ".tsv", ".json", ".parquet")) else "file"


class ArtifactPreview(QWidget):
    """Shows the head of a file in the form that its content has."""

    download_asked = Signal(object)
    # Open it in another program.
    open_asked = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._column = vertical(self)
        self._steps: QHBoxLayout | None = None
        self.facts = ElidedLabel()
        self.show_nothing()

    def show_nothing(self) -> None:
        """Say what can be shown."""
        clear(self._column)
        self._show(EmptyState("file", "No file selected", "Choose a file to see its content."))

    def show_loading(self, entry: Entry) -> None:
        """Say which file is being read, and how large it is."""
        clear(self._column)
        head = QWidget()
        head.setFixedHeight(grown(48))
        row = horizontal(head, (16, 0, 8, 0), 8)
        # One above the other: each has the whole width of a narrow pane.
        self.facts = ElidedLabel(size(entry.size_bytes), "small", "secondary")
        name = ElidedLabel(entry.name or "All artifacts", "bodyStrong", mode=Qt.TextElideMode.ElideMiddle)
        row.addWidget(column_of(None, name, self.facts, None), 1)
        steps = QWidget()
        self._steps = horizontal(steps, spacing=2)
        row.addWidget(steps)
        if not entry.is_dir:
            row.addWidget(_icon_button("external", "Open in another program", lambda: self.open_asked.emit(entry)))
        row.addWidget(_icon_button("download", "Download…", lambda: self.download_asked.emit(entry)))
        self._column.addWidget(head)
        self._column.addWidget(line())
        self._show(Loading(f"Reading {entry.name}…"))

    def _show(self, content: QWidget) -> None:
        self._column.addWidget(content, 1)
        self._content = content

    def _replace(self, content: QWidget) -> None:
        self._content.hide()
        self._content.deleteLater()
        self._column.removeWidget(self._content)
        self._show(content)

    def show_error(self, error: LongshoreError) -> None:
        """Say why it can't be read."""
        holder = QWidget()
        column = vertical(holder, (16, 16, 16, 16))
        column.addWidget(ErrorState(error, "The file could not be read"))
        column.addStretch(1)
        self._replace(holder)

    def show_steps(self, before: Step | None, after: Step | None, whole: Step) -> None:
        """Offer the image before and after this one, and the grid of all."""
        if self._steps is None:
            return
        clear(self._steps)
        for icon, tip, go in (("chev-left", "Previous image", before), ("chev-right", "Next image", after)):
            button = _icon_button(icon, tip, go or whole)
            button.setEnabled(go is not None)
            self._steps.addWidget(button)
        self._steps.addWidget(_icon_button("density", "All images of the folder", whole))

    def show_view(self, view: QWidget, facts: Sequence[str]) -> None:
        """Show what was found in a folder."""
        self.facts.setText(", ".join(facts))
        self._replace(view)

    def show_content(self, shown: Shown) -> None:
        """Show what was read of the file."""
        known = self.facts.text()
        self.facts.setText(", ".join([*([known] if known else []), *shown.facts]))
        content = content_of(shown)
        self._replace(_below_note(shown.note, content) if shown.note else content)


def _icon_button(icon: str, tip: str, clicked: Step) -> Button:
    return Button("", clicked, icon=icon, kind="ghost", size="iconSmall", tip=tip)


def _below_note(note: str, content: QWidget) -> QWidget:
    holder = QWidget()
    column = vertical(holder)
    words = label(note, "small", "secondary", wrap=True)
    words.setContentsMargins(16, 6, 16, 6)
    column.addWidget(words)
    column.addWidget(content, 1)
    return holder
