"""Opening a folder as a project from the window: the choice, what is found, the offer of a template."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QFileDialog, QWidget

from longshore.errors import LongshoreError
from longshore.progress import CancelToken, Progress
from longshore.settings import Home
from longshore.ui.shell.context import AppContext, ProjectRef
from longshore.ui.shell.tasks import Work

if TYPE_CHECKING:
    from longshore.projects.model import ProjectInfo

SAMPLE_FOLDER = "wine-quality"


def ask_for_folder(context: AppContext, window: QWidget) -> None:
    """Let the person choose a folder, then open it."""
    dialog = QFileDialog(window, "Open folder", str(Path.home()))
    dialog.setFileMode(QFileDialog.FileMode.Directory)
    dialog.setOption(QFileDialog.Option.ShowDirsOnly)
    dialog.fileSelected.connect(lambda path: open_folder(context, path))
    dialog.open()


def ask_for_new(context: AppContext, window: QWidget) -> None:
    """Let the person choose an empty folder, then put the sample project into it."""
    dialog = QFileDialog(window, "Choose a folder for the new project", str(Path.home()))
    dialog.setFileMode(QFileDialog.FileMode.Directory)
    dialog.setOption(QFileDialog.Option.ShowDirsOnly)
    dialog.fileSelected.connect(lambda path: create_sample(context, path))
    dialog.open()


def open_folder(context: AppContext, path: str) -> None:
    """Open a folder as a project; where it is none yet, offer a template on the Home page."""
    context.runner.run(
        context,
        open_work(context.home, path),
        lambda info: _opened(context, info),
        lambda error: _not_opened(context, path, error),
        title=f"Opening {Path(path).name}",
    )


def open_work(home: Home, path: str) -> Work[ProjectInfo]:
    """Give the work that recognises a folder and remembers it."""

    def work(_progress: Progress, _cancel: CancelToken) -> ProjectInfo:
        from longshore.projects import opening

        return opening.open_project(home, path)

    return work


def create_sample(context: AppContext, path: str) -> None:
    """Put the sample project into a folder and open it."""
    context.runner.run(
        context,
        sample_work(context.home, path),
        lambda info: _opened(context, info),
        lambda error: context.tell("error", error.reason, error.hint or ""),
        title="Making the sample project",
    )


def sample_work(home: Home, path: str) -> Work[ProjectInfo]:
    """Give the work that makes the sample project where it is not yet, and opens it."""

    def work(_progress: Progress, _cancel: CancelToken) -> ProjectInfo:
        from longshore.projects import opening, templates, trust

        folder = Path(path)
        if not (folder / "MLproject").exists():
            templates.create("sample", folder)
            trust.trust(home, folder)
        return opening.open_project(home, folder)

    return work


def open_sample(context: AppContext) -> None:
    """Open the sample project of this home, made at first use."""
    create_sample(context, str(context.home.path / SAMPLE_FOLDER))


def _opened(context: AppContext, info: ProjectInfo) -> None:
    context.show_project(ProjectRef(info.id, info.name, str(info.path)))
    context.open("overview")
    for problem in info.problems:
        context.tell("info", problem)


def _not_opened(context: AppContext, path: str, error: LongshoreError) -> None:
    if Path(path).is_dir():
        context.open("home", offer=path)
    else:
        context.tell("error", error.reason, error.hint or "")
