"""Keeping a job's secrets out of every log that is shown, exported or uploaded.

While a job runs its raw log holds what the script printed, readable by its owner alone. When it has ended the log is
rewritten masked, since a secret that is changed or deleted later could not be found in it any more.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from longshore.errors import NotFound, Unavailable
from longshore.jobs.supervisor import files
from longshore.settings import Home

if TYPE_CHECKING:
    from collections.abc import Mapping

MASKED = "log.masked"
_CHUNK = 1 << 20


def is_masked(folder: Path) -> bool:
    """Tell whether the log of this folder was rewritten without its secrets."""
    return (folder / MASKED).exists()


def values_for_log(home: Home, folder: Path, spec: Mapping[str, Any]) -> tuple[str, ...]:
    """Give the values that a reader of the log must mask.

    Raises: Unavailable if they can't be known: then the log can't be shown.
    """
    names = spec.get("secrets") or ()
    if not names or is_masked(folder):
        return ()
    from longshore.secrets import named

    try:
        return tuple(named.values(home, names).values())
    except NotFound as error:
        raise Unavailable(
            f"The log cannot be shown: {error.reason} Without it, it cannot be masked.",
            hint="Set the secret again; when the job has ended its log is kept masked.",
        ) from error


def mask_log(folder: Path, values: Sequence[str]) -> bool:
    """Rewrite a finished log without these secrets; False where there was no room, and the raw one stays."""
    if is_masked(folder):
        return True
    log, fresh = folder / files.LOG, folder / ".log.masking"
    try:
        if values:
            _rewrite(log, fresh, values)
        (folder / MASKED).touch(mode=0o600)
    except OSError:
        with contextlib.suppress(OSError):
            fresh.unlink()
        return False
    return True


def _rewrite(log: Path, fresh: Path, values: Sequence[str]) -> None:
    from longshore.secrets.mask import StreamMasker

    stream = StreamMasker(values)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with log.open("rb") as source, os.fdopen(descriptor, "wb") as output:
        while piece := source.read(_CHUNK):
            output.write(stream.feed(piece))
        output.write(stream.flush())
    fresh.replace(log)
