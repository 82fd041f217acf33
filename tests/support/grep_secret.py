"""Looks for a planted secret where none may be: every file and file name of a folder, every process's command line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import psutil

from longshore.secrets.mask import forms_of


def places_of(secret: str, *folders: Path, ignoring: Iterable[Path] = ()) -> list[str]:
    """Name each place that holds the secret, plain, URL-quoted, in base64 or in hexadecimal."""
    forms = forms_of([secret])
    ignored = [path.resolve() for path in ignoring]
    found = []
    for folder in folders:
        found += [str(file) for file in _files(folder, ignored) if _holds(file, forms)]
    return found + [f"process {pid}: {line}" for pid, line in command_lines() if any(f in line.encode() for f in forms)]


def assert_nowhere(secret: str, *folders: Path, ignoring: Iterable[Path] = ()) -> None:
    """Fail with the places that hold the secret."""
    places = places_of(secret, *folders, ignoring=ignoring)
    assert not places, "the secret is in: " + "; ".join(places)


def command_lines() -> Iterator[tuple[int, str]]:
    """Give the command line of every process that may be looked at."""
    for process in psutil.process_iter(["pid", "cmdline"]):
        yield process.info["pid"], " ".join(process.info["cmdline"] or ())


def _files(folder: Path, ignored: list[Path]) -> Iterator[Path]:
    for file in sorted(folder.rglob("*")):
        if not any(file.resolve().is_relative_to(path) for path in ignored):
            yield file


def _holds(file: Path, forms: tuple[bytes, ...]) -> bool:
    if any(form in file.name.encode("utf-8", "surrogateescape") for form in forms):
        return True
    try:
        if not file.is_file():
            return False
        # Whole, since a value may lie across the border of two pieces; homes of tests are small.
        content = file.read_bytes()
    except OSError:
        return False
    return any(form in content for form in forms)
