"""Asking a trusted project's own code for the steps that its text does not tell, in the background."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from longshore.errors import LongshoreError
from longshore.progress import CancelToken
from longshore.ui.pages.pipeline_work import complete
from longshore.ui.shell.context import AppContext
from longshore.ui.widgets.states import Banner

if TYPE_CHECKING:
    from longshore.projects.pipeline import Pipeline


class Probe(QObject):
    """Asks once for each pipeline as its text stands; what is known stays while it fails, or is cancelled."""

    changed = Signal()

    def __init__(self, context: AppContext, parent: QObject) -> None:
        super().__init__(parent)
        self._context = context
        self._asked: Pipeline | None = None
        self._whole: Pipeline | None = None
        self._token: CancelToken | None = None
        self._error: LongshoreError | None = None

    def completed(self, pipeline: Pipeline) -> Pipeline:
        """Give the pipeline with what its code told, or as it is."""
        return self._whole if pipeline == self._asked and self._whole is not None else pipeline

    def begin(self, path: str, pipeline: Pipeline) -> None:
        """Ask, where the text does not tell all and nobody asked yet."""
        if pipeline.complete or pipeline == self._asked:
            return
        if self._token is not None:
            self._token.cancel()
        self._asked, self._whole, self._error = pipeline, None, None
        self._token = self._context.runner.run(
            self,
            complete(self._context.home, path, pipeline),
            partial(self._take, pipeline),
            partial(self._fail, pipeline),
            title=f"Reading the steps of {pipeline.name}",
        )

    def banner(self, shown: Pipeline) -> Banner | None:
        """Say that it is under way, or why it failed; None where there is nothing to say."""
        if shown.complete:
            return None
        if self._token is not None and not self._token.cancelled:
            return Banner("The rest of the graph is being read from the project's own code.", ("Cancel", self._cancel))
        if self._error is not None:
            words = f"{self._error.reason} {self._error.hint or ''}".strip()
            return Banner(words, ("Try again", self._again), tone="danger")
        return Banner("What only the project's own code can tell is not shown.", ("Read it", self._again))

    def _again(self) -> None:
        self._asked, self._error = None, None
        self.changed.emit()

    def _cancel(self) -> None:
        if self._token is not None:
            self._token.cancel()
        self.changed.emit()

    def _take(self, pipeline: Pipeline, whole: Pipeline) -> None:
        if pipeline == self._asked:
            self._whole, self._token = whole, None
            self.changed.emit()

    def _fail(self, pipeline: Pipeline, error: LongshoreError) -> None:
        if pipeline == self._asked:
            self._error, self._token = error, None
            self.changed.emit()
