"""Work on a run's artifacts off the UI thread: a folder's preview, small pictures, copies for other programs."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from longshore.errors import WorkFailed
from longshore.progress import CancelToken, Progress
from longshore.settings import Home
from longshore.ui.shell.tasks import Work

if TYPE_CHECKING:
    from PySide6.QtGui import QImage

    from longshore.tracking.artifact_folders import FolderPreview
    from longshore.tracking.artifacts import Entry

_THUMB_BYTES = 4 << 20


@dataclass(frozen=True)
class Where:
    """A run on a server."""

    home: Home
    workspace: str | None
    run_id: str


def read_folder(where: Where, entry: Entry) -> Work[FolderPreview]:
    """Give the work that looks into a folder."""

    def work(_progress: Progress, _cancel: CancelToken) -> FolderPreview:
        from longshore.tracking.artifact_folders import folder_preview
        from longshore.workspace.connection import connect

        return folder_preview(connect(where.home, where.workspace), where.run_id, entry.path, model_id=entry.model_id)

    return work


def read_thumbnail(where: Where, path: str, model_id: str | None, side: int) -> Work[QImage | None]:
    """Give the work that makes a small picture; None where the file is none, or too large for that."""

    def work(_progress: Progress, cancel: CancelToken) -> QImage | None:
        from longshore.tracking.artifact_folders import thumbnail_bytes
        from longshore.tracking.artifacts import preview_of
        from longshore.ui.widgets.artifact_decode import decode_image
        from longshore.workspace.connection import connect

        data = thumbnail_bytes(connect(where.home, where.workspace), where.run_id, path, model_id, _THUMB_BYTES)
        cancel.check()
        found = preview_of(path, data, size_bytes=len(data), truncated=False)
        return decode_image(found.image_bytes, side).image if found.kind == "image" else None

    return work


def copy_artifact(where: Where, entry: Entry, folder: str) -> Work[str]:
    """Give the work that copies a file, or a folder, into a folder of this computer, and gives the copy's place."""

    def work(progress: Progress, cancel: CancelToken) -> str:
        from longshore.tracking.artifact_folders import download_folder
        from longshore.tracking.local_copies import copy_file, safe_name
        from longshore.workspace.connection import connect

        client, target = connect(where.home, where.workspace), Path(folder)
        if not entry.is_dir:
            made = copy_file(
                client, where.run_id, entry.path, target, model_id=entry.model_id, progress=progress, cancel=cancel
            )
            return str(made)
        place = _free(target / safe_name(entry.name or "artifacts"))
        try:
            download_folder(
                client, where.run_id, entry.path, place, model_id=entry.model_id, progress=progress, cancel=cancel
            )
        finally:
            with contextlib.suppress(OSError):  # something is in it
                place.rmdir()
        return str(place)

    return work


def _free(place: Path) -> Path:
    """Make a folder beside the others: what is there is never written over. Raises: WorkFailed."""
    found, number = place, 2
    while True:
        try:
            found.mkdir(parents=True)
        except FileExistsError:
            found, number = place.with_name(f"{place.name} ({number})"), number + 1
        except OSError as error:
            raise WorkFailed(f"{found} could not be made: {error}.", hint="Choose another folder.") from error
        else:
            return found
