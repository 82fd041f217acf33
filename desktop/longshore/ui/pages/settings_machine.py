"""Settings: Docker, the queue, and what this computer offers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QLineEdit, QWidget

from longshore.errors import Invalid, LongshoreError
from longshore.settings import Settings
from longshore.ui.pages import settings_work as work
from longshore.ui.pages.settings_parts import Section, SettingRow, fact_row, group
from longshore.ui.shell.context import AppContext
from longshore.ui.widgets.basic import Button, clear, label, row_of, vertical
from longshore.ui.widgets.states import ErrorState
from longshore.ui.widgets.stepper import Stepper

if TYPE_CHECKING:
    from longshore.containers.engine import EngineStatus
    from longshore.doctor import Check

GB = 1024**3
# As a person says them; the others are shown with a capital letter.
CHECK_NAMES = {"uv": "uv", "git": "git"}
FIELD_WIDTH = 280
_DAYS: dict[str, Any] = {"suffix": " days", "none": "For ever", "width": 150}


class DockerSection(Section):
    """The engine that was found, where to look for it, and the base image."""

    title = "Docker"
    about = "Runs can go into a container, and models are served from one. Everything else works without Docker."

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        self._shown: EngineStatus | None = None
        self._engine = QWidget()
        self._engine_column = vertical(self._engine)
        self.rows.addWidget(self._engine)
        self._host = _text_field(context.settings.docker_host, "Found by itself")
        self._image = _text_field(context.settings.job_image, Settings().job_image)
        host = SettingRow(
            "Engine address",
            "Empty: DOCKER_HOST, the current Docker context, then the usual sockets. For example unix:///var/run/docker.sock.",
            self._host,
        )
        image = SettingRow(
            "Job image",
            "Base of the images that runs and models are built on; Python and Debian are expected.",
            self._image,
        )
        self._rows = {"docker_host": host, "job_image": image}
        self._host.editingFinished.connect(lambda: self._keep("docker_host", self._host.text().strip()))
        self._image.editingFinished.connect(
            lambda: self._keep("job_image", self._image.text().strip() or Settings().job_image)
        )
        self.rows.addWidget(group(host, image))
        context.settings_changed.connect(self._show_settings)

    def opened(self, *, add: bool = False) -> None:
        self.check()

    def check(self) -> None:
        """Look for the engine."""
        if self._shown is None:
            self._put(fact_row("clock", "text.tertiary", "Looking for Docker…", ()))
        self.context.runner.run(
            self, work.read_engine(self.context.home), self._show_engine, self._show_failure, key="settings-docker"
        )

    def _keep(self, name: str, value: str) -> None:
        if getattr(self.context.settings, name) == value:
            return
        try:
            self.context.change_settings(**{name: value})
        except Invalid as error:
            self._rows[name].show_error(error.reason)
            return
        self._rows[name].show_error("")
        if name == "docker_host":
            self.check()

    def _show_settings(self) -> None:
        settings = self.context.settings
        for edit, value in ((self._host, settings.docker_host), (self._image, settings.job_image)):
            if edit.text() != value and not edit.hasFocus():
                edit.setText(value)

    def _put(self, row: QWidget) -> None:
        clear(self._engine_column)
        self._engine_column.addWidget(group(row))

    def _show_failure(self, error: LongshoreError) -> None:
        self._shown = None
        clear(self._engine_column)
        self._engine_column.addWidget(ErrorState(error, "Docker could not be asked", self.check))

    def _show_engine(self, status: EngineStatus) -> None:
        if status == self._shown:
            return
        self._shown = status
        again = Button("Check again", self.check, icon="refresh", size="small")
        if status.ok:
            lines = [(f"At {status.endpoint}", "secondary")]
            self._put(fact_row("ok", "success.text", status.detail, lines, again))
        else:
            lines = [(status.detail, "secondary"), (status.fix, "secondary")]
            self._put(
                fact_row("warn", "warning.text", "Docker is not running", [one for one in lines if one[0]], again)
            )


class QueueSection(Section):
    """How much of this computer runs may take, and how they are stopped."""

    title = "Queue"
    about = "A run starts when what it asks for is free; until then it waits in the queue."

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        settings = context.settings
        self._cpus = Stepper("CPUs", 0, 256, round(settings.queue_cpus or 0), none="Automatic", width=150)
        self._memory = Stepper("Memory", 0, 4096, _gigabytes(settings), suffix=" GB", none="All", width=150)
        self._grace = Stepper("Grace period", 0, 600, round(settings.grace_s), suffix=" s", width=150)
        self._cpus.stepped.connect(lambda count: context.change_settings(queue_cpus=float(count) if count else None))
        self._memory.stepped.connect(
            lambda count: context.change_settings(queue_memory_bytes=count * GB if count else None)
        )
        self._grace.stepped.connect(lambda seconds: context.change_settings(grace_s=float(seconds)))
        self._jobs = Stepper("Days of finished jobs", 0, 9999, round(settings.keep_jobs_days), **_DAYS)
        self._images = Stepper("Days of images", 0, 9999, round(settings.keep_images_days), **_DAYS)
        self._jobs.stepped.connect(lambda days: context.change_settings(keep_jobs_days=float(days)))
        self._images.stepped.connect(lambda days: context.change_settings(keep_images_days=float(days)))
        self.rows.addWidget(
            group(
                SettingRow("CPUs", "For all runs together. Automatic: all but one.", self._cpus),
                SettingRow("Memory", "For all runs together.", self._memory),
                SettingRow(
                    "Grace period",
                    "A run that is stopped has this long to end by itself, then it is killed with everything it started.",
                    self._grace,
                ),
            )
        )
        self.rows.addWidget(label("Runs that have started keep what they were given.", "small", "tertiary"))
        self.rows.addSpacing(12)
        self.rows.addWidget(
            group(
                SettingRow(
                    "Finished jobs",
                    "Kept this long on this computer. A log of more than 10 MB goes to its run before, whole and "
                    "compressed. A job whose log is nowhere else stays for ever.",
                    self._jobs,
                ),
                SettingRow("Images of environments", "Kept in Docker this long after their last run.", self._images),
                title="Tidying up",
            )
        )
        context.settings_changed.connect(self._show)

    def _show(self) -> None:
        settings = self.context.settings
        self._cpus.show_value(round(settings.queue_cpus or 0))
        self._memory.show_value(_gigabytes(settings))
        self._grace.show_value(round(settings.grace_s))
        self._jobs.show_value(round(settings.keep_jobs_days))
        self._images.show_value(round(settings.keep_images_days))


class DoctorSection(Section):
    """What this computer offers and what is missing, each with its fix."""

    title = "This computer"
    about = "What Longshore needs and found. Nothing that is missing here keeps the rest from working."

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        self._box = QWidget()
        self._box_column = vertical(self._box)
        self._box_column.addWidget(label("Checking…", "body", "tertiary"))
        self._button = Button("Check again", self.check, icon="refresh")
        self.rows.addWidget(self._box)
        self.rows.addWidget(
            row_of(self._button, label("The same in a terminal:", "small", "tertiary"), _doctor(), None)
        )

    def opened(self, *, add: bool = False) -> None:
        self.check()

    def check(self) -> None:
        """Look at everything again."""
        if self._button.isEnabled():
            self._button.show_busy("Checking…")
            self.context.runner.run(
                self, work.read_checks(self.context.home), self._show, self._show_failure, key="settings-doctor"
            )

    def _show_failure(self, error: LongshoreError) -> None:
        self._button.show_rest()
        clear(self._box_column)
        self._box_column.addWidget(ErrorState(error, "This computer could not be checked", self.check))

    def _show(self, checks: tuple[Check, ...]) -> None:
        self._button.show_rest()
        clear(self._box_column)
        self._box_column.addWidget(group(*(_check_row(check) for check in checks)))


def _check_row(check: Check) -> QWidget:
    title = CHECK_NAMES.get(check.name, check.name[:1].upper() + check.name[1:])
    lines = [(check.detail, "secondary")]
    if check.fix and not check.ok:
        lines.append((f"Fix: {check.fix}", "warning"))
    row = fact_row("ok" if check.ok else "warn", "success.text" if check.ok else "warning.text", title, lines)
    row.setAccessibleName(f"{title}: {'well' if check.ok else 'needs attention'}. {check.detail} {check.fix}")
    return row


def _doctor() -> QWidget:
    return label("longshore doctor", "mono", "secondary", select=True)


def _gigabytes(settings: Settings) -> int:
    return round((settings.queue_memory_bytes or 0) / GB)


def _text_field(text: str, placeholder: str) -> QLineEdit:
    edit = QLineEdit(text)
    edit.setProperty("mono", True)
    edit.setPlaceholderText(placeholder)
    edit.setFixedWidth(FIELD_WIDTH)
    return edit
