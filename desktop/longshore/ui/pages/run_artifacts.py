"""What can be done with a run's artifacts: look into a folder, download, open in another program, drag out."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QMimeData, QObject, QPoint, Qt, QUrl
from PySide6.QtGui import QDesktopServices, QDrag, QGuiApplication
from PySide6.QtWidgets import QFileDialog, QMenu

from longshore.errors import LongshoreError
from longshore.progress import CancelToken
from longshore.ui.pages.run_artifacts_work import Where, copy_artifact, read_folder, read_thumbnail
from longshore.ui.pages.run_work import download_artifact
from longshore.ui.shell.context import AppContext
from longshore.ui.theme import icons
from longshore.ui.theme.style import hex_color
from longshore.ui.widgets.artifact_folder import THUMB, ImageGrid, folder_facts, folder_view
from longshore.ui.widgets.artifact_view import ArtifactPreview, ArtifactTree

if TYPE_CHECKING:
    from PySide6.QtGui import QImage

    from longshore.tracking.artifact_folders import FolderPreview
    from longshore.tracking.artifacts import Entry
    from longshore.tracking.content.image_steps import StepImage

# Enough for a screen of twice the pixels.
_THUMB_SIDE = 2 * THUMB.width()


class ArtifactActions(QObject):
    """Does what the tree and the preview ask for."""

    def __init__(
        self,
        context: AppContext,
        tree: ArtifactTree,
        preview: ArtifactPreview,
        run_id: Callable[[], str],
        stop_reading: Callable[[], None],
    ) -> None:
        super().__init__(tree)
        self._context, self._tree, self._preview = context, tree, preview
        self._run_id, self._stop_reading = run_id, stop_reading
        self._tokens: list[CancelToken] = []
        # The images of the folder that was looked into last, and that folder.
        self._series: tuple[StepImage, ...] = ()
        self._folder: Entry | None = None
        # Copies for other programs; they go when the window does.
        self._copies: tempfile.TemporaryDirectory[str] | None = None
        self._made: dict[tuple[str, Entry], Path] = {}
        tree.folder_chosen.connect(self.show_folder)
        tree.file_chosen.connect(self._show_steps)
        tree.open_asked.connect(self.open_outside)
        tree.drag_asked.connect(self.drag)
        tree.menu_asked.connect(self._show_menu)
        preview.download_asked.connect(self.download)
        preview.open_asked.connect(self.open_outside)

    def clear(self) -> None:
        """Forget everything, for another run."""
        self._stop()
        self._series, self._folder = (), None
        self._made.clear()

    def _stop(self) -> None:
        for token in self._tokens:
            token.cancel()
        self._tokens.clear()

    def _where(self) -> Where:
        return Where(self._context.home, self._context.workspace_name, self._run_id())

    def show_folder(self, entry: Entry) -> None:
        """Look into a folder: its images, or the model in it."""
        self._stop()
        self._stop_reading()
        self._preview.show_loading(entry)
        work = read_folder(self._where(), entry)
        token = self._context.runner.run(
            self, work, partial(self._show_found, entry), lambda error: self._show_error(error, token), key="preview"
        )
        self._tokens.append(token)

    def _show_error(self, error: LongshoreError, token: CancelToken) -> None:
        if not token.cancelled:
            self._preview.show_error(error)

    def _show_found(self, entry: Entry, found: FolderPreview) -> None:
        view = folder_view(found)
        facts = folder_facts(found)
        self._series, self._folder = found.images, entry
        if isinstance(view, ImageGrid):
            if len(view.shown) < view.all_images:
                facts = (*facts, f"{len(view.shown)} of {view.all_images:,} images shown")
            view.image_chosen.connect(self._choose_image)
        self._preview.show_view(view, facts)
        if isinstance(view, ImageGrid):
            self._fetch(view, entry)

    def _fetch(self, grid: ImageGrid, folder: Entry) -> None:
        for image in grid.shown:
            work = read_thumbnail(self._where(), image.path, folder.model_id, _THUMB_SIDE)
            show: Callable[[QImage | None], None] = partial(grid.show_image, image.path)
            token = self._context.runner.run(
                grid, work, show, partial(_without_image, grid, image.path), key="thumbnails"
            )
            self._tokens.append(token)

    def _choose_image(self, path: str) -> None:
        folder, image = self._folder, next((each for each in self._series if each.path == path), None)
        if folder is not None and image is not None:
            from longshore.tracking.artifacts import Entry

            name = path.rpartition("/")[2]
            self._tree.choose(Entry(path, name, False, image.size_bytes, folder.model_id))

    def _show_steps(self, entry: Entry) -> None:
        """Let a person go on to the next image of the folder that was looked into."""
        self._stop()
        paths = [image.path for image in self._series]
        if self._folder is None or entry.path not in paths or entry.model_id != self._folder.model_id:
            return
        place = paths.index(entry.path)
        before = partial(self._choose_image, paths[place - 1]) if place else None
        after = partial(self._choose_image, paths[place + 1]) if place + 1 < len(paths) else None
        self._preview.show_steps(before, after, partial(self.show_folder, self._folder))

    def download(self, entry: Entry) -> None:
        """Ask where to save a file or a folder, and save it."""
        title = "Choose where to save the folder" if entry.is_dir else "Save artifact"
        dialog = QFileDialog(self._preview.window(), title, "" if entry.is_dir else _safe(entry.name))
        if entry.is_dir:
            dialog.setFileMode(QFileDialog.FileMode.Directory)
        else:
            dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(partial(self.save, entry))
        dialog.open()

    def save(self, entry: Entry, place: str) -> None:
        """Save a file as the place, or a folder into it."""
        where = self._where()
        if entry.is_dir:
            work = copy_artifact(where, entry, place)
        else:
            work = download_artifact(where.home, where.workspace, where.run_id, entry, place)
        name = entry.name or "all artifacts"
        self._context.runner.run(
            self, work, lambda saved: self._context.tell("success", f"Saved {name}", saved), title=f"Downloading {name}"
        )

    def open_outside(self, entry: Entry) -> None:
        """Open a copy of a file with the system's program for it; where that would run it, show the copy's folder."""
        if entry.is_dir:
            return
        self._with_copy(entry, partial(self._open, entry))

    def _open(self, entry: Entry, copy: Path) -> None:
        from longshore.tracking.local_copies import runs_when_opened

        if runs_when_opened(copy.name):
            words = "Opening it could run it. Its folder is shown instead."
            self._context.tell("info", f"{entry.name} is a program or script", words)
            copy = copy.parent
        if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(copy))):
            self._context.tell("error", f"No program opens {entry.name}", "Download it and open it from there.")

    def drag(self, entry: Entry) -> None:
        """Let a person drag a copy of a file to another program; it starts when the copy is there."""
        if not entry.is_dir:
            self._with_copy(entry, partial(self._start_drag, entry))

    def _start_drag(self, entry: Entry, copy: Path) -> None:
        if not QGuiApplication.mouseButtons() & Qt.MouseButton.LeftButton:
            self._context.tell("info", f"{entry.name} is ready", "Drag it again to put it where you want it.")
            return
        drag = QDrag(self._tree)
        drag.setMimeData(mime_of(copy))
        drag.setPixmap(icons.pixmap("file", hex_color("text.secondary"), 20, self._tree.devicePixelRatioF()))
        drag.exec(Qt.DropAction.CopyAction)

    def _with_copy(self, entry: Entry, use: Callable[[Path], None]) -> None:
        run_id = self._run_id()
        known = self._made.get((run_id, entry))
        if known is not None and known.exists():
            use(known)
            return
        if self._copies is None:
            self._copies = tempfile.TemporaryDirectory(prefix="longshore-", ignore_cleanup_errors=True)
        folder = tempfile.mkdtemp(dir=self._copies.name)

        def made(place: str) -> None:
            self._made[run_id, entry] = Path(place)
            use(Path(place))

        work = copy_artifact(self._where(), entry, folder)
        self._context.runner.run(self, work, made, title=f"Fetching {entry.name}")

    def _show_menu(self, entry: Entry, place: QPoint) -> None:
        menu = QMenu(self._tree)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if not entry.is_dir:
            menu.addAction("Open in another program", partial(self.open_outside, entry))
        menu.addAction("Download…", partial(self.download, entry))
        menu.addAction("Copy path", partial(QGuiApplication.clipboard().setText, entry.path or entry.name))
        menu.popup(place)


def _without_image(grid: ImageGrid, path: str, _error: LongshoreError) -> None:
    grid.show_image(path, None)


def _safe(name: str) -> str:
    from longshore.tracking.local_copies import safe_name

    return safe_name(name)


def mime_of(copy: Path) -> QMimeData:
    """Give what another program gets: the address of the copy."""
    made = QMimeData()
    made.setUrls([QUrl.fromLocalFile(str(copy))])
    return made
