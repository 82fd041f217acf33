"""Every error that a person can meet: what happened, to what, and what to do next.

Errors are raised at the border, by the one room that knows the library, and shown in one place
(`cli/output.py`, `ui/shell/tasks.py`). The branch decides where: beside a field, on the page, as a banner.
"""

from __future__ import annotations

from typing import ClassVar


class LongshoreError(Exception):
    """Base of everything that is told to a person instead of being a bug."""

    code: ClassVar[str] = "error"
    title: ClassVar[str] = "That did not work"

    def __init__(self, reason: str, *, hint: str | None = None, details: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint
        # The decisive lines of a log or of an answer; shown folded.
        self.details = details

    def as_dict(self) -> dict[str, str | None]:
        """Give the error as `--json` and a job's row carry it."""
        return {"code": self.code, "message": self.reason, "hint": self.hint, "details": self.details}


class Invalid(LongshoreError):
    """What was entered can't be used; shown beside the field, before submitting."""

    code = "invalid"
    title = "That value cannot be used"


class NotFound(LongshoreError):
    """The thing that was asked for is not there."""

    code = "not_found"
    title = "Not found"


class Conflict(LongshoreError):
    """Something changed meanwhile, or is taken."""

    code = "conflict"
    title = "Changed meanwhile"


class NotAllowed(LongshoreError):
    """A role, a permission or a gate refuses."""

    code = "not_allowed"
    title = "Not allowed"


class Unavailable(LongshoreError):
    """A service does not answer: a state of the page with Retry, never a dialog at start."""

    code = "unavailable"
    title = "Not reachable"


class WorkFailed(LongshoreError):
    """Long work ended badly: an image build, a script's exit status, an unhealthy container."""

    code = "work_failed"
    title = "The work failed"


class Cancelled(LongshoreError):
    """A person stopped it; nothing to show."""

    code = "cancelled"
    title = "Cancelled"

    def __init__(self, reason: str = "Cancelled.", *, hint: str | None = None, details: str | None = None) -> None:
        super().__init__(reason, hint=hint, details=details)


BY_CODE: dict[str, type[LongshoreError]] = {
    kind.code: kind
    for kind in (LongshoreError, Invalid, NotFound, Conflict, NotAllowed, Unavailable, WorkFailed, Cancelled)
}


def from_dict(error: dict[str, str | None]) -> LongshoreError:
    """Make the error again that `as_dict` wrote, for example into a job's row."""
    kind = BY_CODE.get(error.get("code") or "", LongshoreError)
    return kind(error.get("message") or kind.title, hint=error.get("hint"), details=error.get("details"))
