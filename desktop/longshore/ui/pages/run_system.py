"""What a run used of the machine: sampled from outside for a job of ours, else what the run itself logged to MLflow."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QGridLayout, QWidget

from longshore.errors import LongshoreError
from longshore.store.records import Job
from longshore.ui.pages.run_work import Sample, curves_work, read_samples
from longshore.ui.shell.context import AppContext
from longshore.ui.widgets.basic import ElidedLabel, IconLabel, horizontal, label, vertical
from longshore.ui.widgets.sparkline import Sparkline
from longshore.ui.widgets.times import size

if TYPE_CHECKING:
    from longshore.tracking.detail import RunDetail
    from longshore.tracking.histories import History

KEPT_SAMPLES = 600
# MLflow's own names.
CPU, MEMORY = "system/cpu_utilization_percentage", "system/system_memory_usage_megabytes"
_GPU = re.compile(r"system/gpu_\w+_(utilization_percentage|memory_usage_megabytes)")
_MEGABYTE = 1_000_000


class Meter(QWidget):
    """One quantity over time: name, last value, line, a word below."""

    def __init__(self, icon: str, title: str) -> None:
        super().__init__()
        column = vertical(self, spacing=4)
        head = QWidget()
        row = horizontal(head, spacing=6)
        row.addWidget(IconLabel(icon, "text.secondary", 14))
        row.addWidget(ElidedLabel(title), 1)
        self.value = label("—", "bodyStrong")
        row.addWidget(self.value)
        column.addWidget(head)
        self._line = Sparkline(token="chart.6", floor=0.0)
        self._line.setFixedHeight(40)
        column.addWidget(self._line)
        self.below = ElidedLabel("", "small", "secondary")
        column.addWidget(self.below)

    def clear(self) -> None:
        """Forget the values, for another run."""
        self._line.show_values([])
        self.value.setText("—")
        self.below.setText("")

    def show_percent(self, values: Sequence[float]) -> None:
        """Draw shares and say the last one."""
        self._show(values, f"{values[-1]:.0f} %", f"peak {max(values):.0f} %")

    def show_bytes(self, values: Sequence[float], limit_bytes: int | None = None) -> None:
        """Draw amounts and say the last one."""
        below = f"limit {size(limit_bytes)}" if limit_bytes else f"peak {size(int(max(values)))}"
        self._show(values, size(int(values[-1])), below)

    def _show(self, values: Sequence[float], value: str, below: str) -> None:
        # The line is not wider than this many pixels.
        self._line.show_values(values[:: max(1, len(values) // KEPT_SAMPLES)])
        self.value.setText(value)
        self.below.setText(below)


class SystemBox(QWidget):
    """CPU and memory, and the GPU where the run logged it."""

    def __init__(self, context: AppContext) -> None:
        super().__init__()
        self._context = context
        self._samples: deque[Sample] = deque(maxlen=KEPT_SAMPLES)
        self._job: Job | None = None
        self._offset, self._reading = 0, False
        self._known: dict[str, History] = {}
        # The run and its last values, as of the histories that were asked for.
        self._as_of: tuple[str, ...] = ()
        column = vertical(self, (16, 14, 16, 12), 10)
        head = QWidget()
        row = horizontal(head, spacing=8)
        row.addWidget(label("System", "bodyStrong"))
        self._where = ElidedLabel("", "small", "secondary")
        row.addWidget(self._where, 1)
        column.addWidget(head)
        meters = QWidget()
        grid = QGridLayout(meters)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(10)
        self.cpu, self.memory = Meter("cpu", "CPU"), Meter("memory", "Memory")
        self.gpu, self.gpu_memory = Meter("gpu", "GPU"), Meter("memory", "GPU memory")
        for place, meter in enumerate((self.cpu, self.memory, self.gpu, self.gpu_memory)):
            grid.addWidget(meter, place // 2, place % 2)
            grid.setColumnStretch(place % 2, 1)
        column.addWidget(meters)
        self.clear()

    def clear(self) -> None:
        """Forget everything, for another run."""
        self._job, self._known, self._as_of = None, {}, ()
        self._samples.clear()
        self._offset, self._reading = 0, False
        for meter in (self.cpu, self.memory, self.gpu, self.gpu_memory):
            meter.clear()
        self.gpu.hide()
        self.gpu_memory.hide()
        self.hide()

    def show_state(self, job: Job | None, detail: RunDetail | None) -> None:
        """Follow a job or a run; hidden for one that neither runs here nor logged anything of the kind."""
        names = logged_names(detail.run.metrics) if detail else ()
        self.setVisible(job is not None or bool(names))
        if job is not None:
            self._where.setText({"local": "this computer", "docker": "Docker"}.get(job.target, job.target))
            self._read_samples(job)
        elif names:
            self._where.setText("logged by the run")
        if detail is not None and names:
            self._read_logged(detail, names)

    def _read_samples(self, job: Job) -> None:
        self._job = job
        if self._reading or not job.folder:
            return
        self._reading = True
        self._context.runner.run(
            self,
            read_samples(job.folder, self._offset),
            lambda found: self._take_samples(found, job),
            lambda error: self._failed(error, job),
        )

    def _is_of(self, job: Job) -> bool:
        return self._job is not None and self._job.id == job.id

    def _failed(self, _error: LongshoreError, job: Job) -> None:
        if self._is_of(job):
            self._reading = False

    def _take_samples(self, found: tuple[int, tuple[Sample, ...]], job: Job) -> None:
        if not self._is_of(job):
            return
        self._reading = False
        self._offset, fresh = found
        self._samples.extend(fresh)
        if self._samples:
            self.cpu.show_percent([sample.cpu_percent for sample in self._samples])
            self.memory.show_bytes([float(sample.memory_bytes) for sample in self._samples], job.memory_bytes)

    def _read_logged(self, detail: RunDetail, names: tuple[str, ...]) -> None:
        # As words, for NaN is never equal to itself.
        as_of = (detail.run.id, *(f"{name} {detail.run.metrics[name]}" for name in names))
        if as_of == self._as_of:
            return
        self._as_of = as_of
        self._context.runner.run(
            self,
            curves_work(self._context.home, self._context.workspace_name, detail.run, names, dict(self._known)),
            lambda found: self._take_logged(found, as_of),
            lambda _error: None,
            key="system",
        )

    def _take_logged(self, found: Mapping[str, History], as_of: tuple[str, ...]) -> None:
        if as_of[:1] != self._as_of[:1]:
            return
        self._known = dict(found)
        values = {name: [float(value) for value in history.values if value == value] for name, history in found.items()}
        if not self._samples and values.get(CPU):
            self.cpu.show_percent(values[CPU])
        if not self._samples and values.get(MEMORY):
            self.memory.show_bytes([value * _MEGABYTE for value in values[MEMORY]])
        for name, of_gpu in values.items():
            if not _GPU.fullmatch(name) or not of_gpu:
                continue
            if name.endswith("percentage"):
                self.gpu.show_percent(of_gpu)
                self.gpu.show()
            else:
                self.gpu_memory.show_bytes([value * _MEGABYTE for value in of_gpu])
                self.gpu_memory.show()


def logged_names(metrics: Iterable[str]) -> tuple[str, ...]:
    """Give the system metrics that are shown, of all that a run logged; of several GPUs the first."""
    names = sorted(metrics)
    found = [name for name in (CPU, MEMORY) if name in names]
    for ending in ("percentage", "megabytes"):
        found += [name for name in names if _GPU.fullmatch(name) and name.endswith(ending)][:1]
    return tuple(found)
