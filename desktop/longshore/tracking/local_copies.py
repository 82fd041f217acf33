"""Copies of artifacts on this computer, for other programs: under names that are harmless here, and not executable."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from longshore.errors import WorkFailed
from longshore.mlflow_rest import artifacts
from longshore.progress import CancelToken, Progress, no_progress

if TYPE_CHECKING:
    from longshore.mlflow_rest.client import Client

_LONGEST = 120
_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
# What some system runs when it is opened. The rest is opened by a program that shows it.
_RUN = frozenset(
    {
        "app",
        "appimage",
        "appref-ms",
        "bat",
        "bin",
        "chm",
        "cmd",
        "com",
        "command",
        "cpl",
        "csh",
        "deb",
        "desktop",
        "dll",
        "exe",
    }
    | {
        "gadget",
        "hta",
        "inf",
        "ins",
        "iso",
        "jar",
        "js",
        "jse",
        "ksh",
        "lnk",
        "msc",
        "msi",
        "msp",
        "pif",
        "pkg",
        "ps1",
        "psm1",
    }
    | {
        "py",
        "pyc",
        "pyw",
        "pyz",
        "reg",
        "rpm",
        "run",
        "scf",
        "scr",
        "sh",
        "so",
        "terminal",
        "tool",
        "url",
        "vb",
        "vbe",
        "vbs",
    }
    | {"webloc", "workflow", "ws", "wsc", "wsf", "wsh", "xbap", "zsh"}
)


def safe_name(name: str) -> str:
    """Give a name that a file can have on every system, as near to the given one as can be."""
    found = _FORBIDDEN.sub("_", name).rstrip(". ")
    if _RESERVED.fullmatch(found) or found.strip(".") == "":
        found = f"_{found.strip('.')}"
    if len(found) > _LONGEST:
        suffix = PurePosixPath(found).suffix[:12]
        found = found[: _LONGEST - len(suffix)] + suffix
    return found


def runs_when_opened(name: str) -> bool:
    """Tell whether a file of this name might be run, not shown, by the system that opens it."""
    return safe_name(name).rpartition(".")[2].lower() in _RUN


def copy_file(
    client: Client,
    run_id: str,
    path: str,
    folder: Path,
    *,
    model_id: str | None = None,
    progress: Progress = no_progress,
    cancel: CancelToken | None = None,
) -> Path:
    """Copy an artifact into a folder, and give the copy, which its owner alone may read and nobody run.

    Raises: NotFound, Unavailable, Cancelled; WorkFailed where it can't be written.
    """
    target = folder / safe_name(path.rpartition("/")[2])
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if model_id is None:
            artifacts.download_to(client, run_id, path, target, progress=progress, cancel=cancel)
        else:
            artifacts.download_model_to(client, model_id, path, target, progress=progress, cancel=cancel)
        with contextlib.suppress(OSError):  # a file system without permissions
            target.chmod(0o600)
    except OSError as error:
        raise WorkFailed(f"{target} could not be written: {error}.", hint="Free space on the disk.") from error
    return target
