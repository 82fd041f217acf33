"""One image of each compared run, side by side; where they were logged step by step, a slider goes through the steps."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from functools import partial

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QSlider, QWidget

from longshore.errors import LongshoreError
from longshore.progress import CancelToken, Progress
from longshore.settings import Home
from longshore.tracking.comparing.files import FileLine
from longshore.tracking.content.image_steps import StepImage, at_step
from longshore.tracking.rows import RunRow
from longshore.ui.pages.compare_table import swatch_icon
from longshore.ui.shell.context import AppContext
from longshore.ui.shell.tasks import Work
from longshore.ui.widgets.artifact_decode import Shown
from longshore.ui.widgets.basic import ElidedLabel, clear, horizontal, label, vertical
from longshore.ui.widgets.image_grid import GridImage, ImageGrid
from longshore.ui.widgets.states import Banner, ErrorState, Loading

# The slider is moved pixel by pixel.
_SETTLE_MS = 60
# The longer side of a picture by the number of runs: fifty whole photographs would fill the memory. Units: pixels.
_SIDES = ((2, 1600), (6, 1024), (16, 640), (50, 400))
# So much of what was looked at stays at hand. Units: pixels of decoded pictures.
_MOST_KEPT = 30_000_000


def images_work(
    home: Home, workspaces: Mapping[str, str], images: Mapping[str, StepImage], side_px: int
) -> Work[dict[str, Shown]]:
    """Give the work that reads and decodes an image of each run, by run id."""

    def work(_progress: Progress, cancel: CancelToken) -> dict[str, Shown]:
        from longshore.tracking.comparing.files import images_of
        from longshore.tracking.comparing.places import Servers
        from longshore.ui.widgets.artifact_decode import decode, decode_image

        found = images_of(Servers(home, workspaces), images, cancel)
        shown = {}
        for run_id, preview in found.items():
            cancel.check()
            is_image = preview.kind == "image"
            shown[run_id] = decode_image(preview.image_bytes, side_px) if is_image else decode(preview)
        return shown

    return work


class CompareImages(QWidget):
    """The grid with its slider."""

    def __init__(
        self,
        context: AppContext,
        runs: Sequence[RunRow],
        workspaces: Mapping[str, str],
        line: FileLine,
        parent: QWidget | None = None,
    ) -> None:
        """Take the runs, their workspaces, and the file or series of each."""
        super().__init__(parent)
        self._context, self._runs, self._workspaces = context, runs, workspaces
        self._images = line.images or {
            run_id: (StepImage(line.path, line.path, None, size),) for run_id, size in line.sizes.items()
        }
        self.steps = line.steps
        self._kept: OrderedDict[tuple[str, str], Shown] = OrderedDict()
        self._token: CancelToken | None = None
        self._side = next((side for most, side in _SIDES if len(runs) <= most), _SIDES[-1][1])
        self._column = vertical(self, spacing=6)
        self._make_slider()
        self._banner_holder = QWidget(self)
        self._banner = vertical(self._banner_holder)
        self._banner_holder.hide()
        self._column.addWidget(self._banner_holder)
        self._instead = QWidget(self)
        self._instead_column = vertical(self._instead)
        self._column.addWidget(self._instead, 1)
        self.grid = ImageGrid(f"{line.path} of each run")
        self.grid.hide()
        self._column.addWidget(self.grid, 1)
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(_SETTLE_MS)
        self._settle.timeout.connect(self.load)
        self._say(Loading(f"Reading {line.path}…"))
        self.load()

    def _make_slider(self) -> None:
        self.controls = QWidget(self)
        row = horizontal(self.controls, spacing=8)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName("Step of the images")
        self.slider.setRange(0, max(0, len(self.steps) - 1))
        self.slider.setPageStep(max(1, len(self.steps) // 10))
        self.slider.setValue(self.slider.maximum())
        self.slider.setMaximumWidth(360)
        self.slider.valueChanged.connect(self._moved)
        self.words = label("", "small", "secondary")
        row.addWidget(label("Step", "small", "secondary"))
        row.addWidget(self.slider, 1)
        row.addWidget(self.words)
        row.addWidget(ElidedLabel("Each run shows its latest image up to this step", "small", "tertiary"), 1)
        self.controls.setVisible(len(self.steps) > 1)
        self._column.addWidget(self.controls)
        self._show_step()

    @property
    def step(self) -> int:
        """The step that is looked at."""
        return self.steps[self.slider.value()] if self.steps else 0

    def _moved(self, _place: int) -> None:
        self._show_step()
        self._settle.start()

    def _show_step(self) -> None:
        if self.steps:
            self.words.setText(f"{self.step:,} of {self.steps[0]:,} to {self.steps[-1]:,}")

    def _wanted(self) -> dict[str, StepImage]:
        found = {run_id: at_step(images, self.step) for run_id, images in self._images.items()}
        return {run_id: image for run_id, image in found.items() if image is not None}

    def load(self) -> None:
        """Read the images of this step that are not at hand, and show all."""
        wanted = self._wanted()
        missing = {run_id: image for run_id, image in wanted.items() if (run_id, image.path) not in self._kept}
        if self._token is not None:
            self._token.cancel()
        if not missing:
            self._show(wanted)
            return
        work = images_work(self._context.home, self._workspaces, missing, self._side)
        done = partial(self._take, wanted, missing)
        self._token = self._context.runner.run(self, work, done, self._fail, key="compare.images")

    def _take(
        self, wanted: Mapping[str, StepImage], asked: Mapping[str, StepImage], found: Mapping[str, Shown]
    ) -> None:
        for run_id, image in asked.items():
            gone = Shown("none", title="It is gone", why="It was removed, or replaced by another one.")
            self._kept[run_id, image.path] = found.get(run_id, gone)
        self._show(wanted)

    def _show(self, wanted: Mapping[str, StepImage]) -> None:
        self._banner_holder.hide()
        self._instead.hide()
        self.grid.show()
        self.grid.show_images([self._place(number, run, wanted) for number, run in enumerate(self._runs)])
        self._forget(wanted)

    def _place(self, number: int, run: RunRow, wanted: Mapping[str, StepImage]) -> GridImage:
        swatch = swatch_icon(number).pixmap(20, 12)
        image = wanted.get(run.run_id)
        if image is None:
            begins = [each.step for each in self._images.get(run.run_id, ()) if each.step is not None]
            why = f"Its first image is of step {min(begins):,}." if begins else "This run has no such file."
            return GridImage(swatch, run.name, (), None, why)
        facts = (f"step {image.step:,}",) if image.step is not None and self.steps else ()
        return GridImage(swatch, run.name, facts, self._kept[run.run_id, image.path])

    def _forget(self, wanted: Mapping[str, StepImage]) -> None:
        """Keep what was looked at last, not more than fits; what is shown stays."""
        shown = {(run_id, image.path) for run_id, image in wanted.items()}
        for key in shown:
            self._kept.move_to_end(key)
        pixels = sum(_pixels(each) for each in self._kept.values())
        for key in list(self._kept):
            if pixels <= _MOST_KEPT or key in shown:
                return
            pixels -= _pixels(self._kept.pop(key))

    def _say(self, widget: QWidget) -> None:
        clear(self._instead_column)
        self._instead_column.addWidget(widget)
        self._instead.show()

    def _fail(self, error: LongshoreError) -> None:
        if not self.grid.isVisible():
            self._say(ErrorState(error, "The images could not be read", self.load))
            return
        # The pictures of the step before stay.
        clear(self._banner)
        words = f"{error.reason} The images of another step are shown. {error.hint or ''}".strip()
        self._banner.addWidget(Banner(words, ("Retry", self.load)))
        self._banner_holder.show()


def _pixels(shown: Shown) -> int:
    return shown.image.width() * shown.image.height() if shown.image is not None else 0
