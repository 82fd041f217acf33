"""What a deployment job is to do, as its row carries it, and the log it writes."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from longshore.progress import Progress
from longshore.serving import names
from longshore.store.records import Deployment, Job

_ROW_EVERY_S = 0.3
# What a failed deployment goes back to.
_RESTORED = (
    "workspace",
    "project_id",
    "model_name",
    "model_version",
    "run_id",
    "serving_version",
    "image",
    "image_id",
    "port",
    "url",
    "replicas",
    "env",
    "secrets",
    "ready_s",
)


@dataclass(frozen=True)
class Intent:
    """A version that is to be served under a name."""

    deployment: str
    model: str
    version: str
    run_id: str
    port: int
    # False: the port was looked up, and another one does as well.
    port_given: bool
    replicas: int
    env: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()  # names alone
    # The row's fields before, where something serves under this name already.
    before: Mapping[str, Any] | None = None

    @property
    def reference(self) -> str:
        """NAME/3."""
        return names.version_reference(self.model, self.version)

    def to_json(self) -> dict[str, Any]:
        """Give it as the job's `spec`."""
        return asdict(self)

    @classmethod
    def of(cls, job: Job) -> Intent:
        """Read it from a job."""
        values = dict(job.spec)
        values["secrets"] = tuple(values.get("secrets") or ())
        return cls(**values)


def remembered(row: Deployment) -> dict[str, Any] | None:
    """Give the fields to go back to if the next version fails, None where nothing serves."""
    if not row.serving_version:
        return None
    found = {name: getattr(row, name) for name in _RESTORED}
    return found | {"env": dict(row.env), "secrets": list(row.secrets)}


class JobLog:
    """The log of a deployment job, in its folder; only its owner can read it."""

    def __init__(self, job: Job, progress: Progress) -> None:
        self._file = Path(job.folder) / "log"
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._progress, self._fraction, self._told_at = progress, 0.0, 0.0

    def stage(self, fraction: float, title: str) -> None:
        """Tell that the next part of the work begins."""
        self._fraction = fraction
        self._progress(fraction, title)
        self._write(title)

    def line(self, text: str) -> None:
        """Keep a line of a build, and show it, though not each of hundreds a second."""
        self._write(text)
        if time.monotonic() - self._told_at > _ROW_EVERY_S:
            self._told_at = time.monotonic()
            self._progress(self._fraction, text.strip()[:160])

    def _write(self, text: str) -> None:
        descriptor = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "a", encoding="utf-8", errors="replace") as output:
            output.write(text.rstrip("\n") + "\n")
