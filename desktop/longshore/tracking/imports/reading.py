"""Reading what strangers wrote: bounded in size, never through a link that leaves the folder, nothing executed."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from longshore.errors import Invalid

# No declaration or metric file that a person wrote is larger.
LARGEST_TEXT = 32 << 20
# A YAML of a few lines can stand for billions of values.
MOST_VALUES = 10_000
_DEEPEST = 40
_LONGEST_LINE = 64 << 10


def inside(path: Path, folder: Path) -> bool:
    """Tell whether a path, with its links followed, lies in a folder."""
    try:
        return path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError, ValueError):
        return False


def read_bytes(file: Path, folder: Path, limit: int = LARGEST_TEXT) -> bytes:
    """Read a plain file below a folder.

    Raises: Invalid where it lies elsewhere, is no plain file or too large; OSError.
    """
    size = _plain_size(file, folder)
    if size > limit:
        raise Invalid(f"{file.name} is too large ({size:,} bytes).")
    return file.read_bytes()


def read_lines(file: Path, folder: Path) -> Iterator[bytes]:
    """Read the lines of a plain file of any size, one at a time; a longer one than any that MLflow writes is cut.

    Raises: Invalid where it lies elsewhere or is no plain file; OSError.
    """
    _plain_size(file, folder)
    with file.open("rb") as lines:
        while line := lines.readline(_LONGEST_LINE):
            yield line


def _plain_size(file: Path, folder: Path) -> int:
    if not inside(file, folder):
        raise Invalid(f"{file.name} is a link that leaves the folder.")
    found = file.stat()
    if not stat.S_ISREG(found.st_mode):
        raise Invalid(f"{file.name} is not a file.")
    return found.st_size


def read_text(file: Path, folder: Path) -> str:
    """Read a text file below a folder. Raises: as `read_bytes`."""
    return read_bytes(file, folder).decode("utf-8", "replace")


def parse(name: str, content: bytes) -> Any:
    """Read YAML, JSON or TOML, chosen by the name's ending. Raises: Invalid."""
    import yaml

    text = content.decode("utf-8", "replace")
    try:
        if name.endswith(".json"):
            return json.loads(text)
        if name.endswith(".toml"):
            return tomllib.loads(text)
        return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        raise Invalid(f"{name} cannot be read: {' '.join(str(error).split())[:200]}.") from error


def flat(values: Any, prefix: str = "") -> dict[str, Any]:
    """Give nested values as one level, with dotted names; a list stays whole. Raises: Invalid where there are too many."""
    found: dict[str, Any] = {}
    for name, value in _leaves(values, prefix, 0):
        found[name] = value
        if len(found) > MOST_VALUES:
            raise Invalid(f"It holds more than {MOST_VALUES:,} values.")
    return found


def _leaves(values: Any, prefix: str, depth: int) -> Iterator[tuple[str, Any]]:
    if depth > _DEEPEST:
        raise Invalid("It is nested too deeply.")
    if not isinstance(values, dict) or not values:
        if prefix and values != {}:
            yield prefix, values
        return
    for key, value in values.items():
        yield from _leaves(value, f"{prefix}.{key}" if prefix else str(key), depth + 1)


def as_param(value: Any) -> str:
    """Write a parameter as MLflow's own loggers do."""
    if isinstance(value, str):
        return value
    if isinstance(value, list | dict):
        try:
            return json.dumps(value, ensure_ascii=False, default=str)[: MOST_VALUES * 10]
        except (ValueError, RecursionError) as error:
            raise Invalid("A parameter holds itself.") from error
    return "" if value is None else str(value)


def as_number(value: Any) -> float | None:
    """Read a metric's value, None where it is not a number."""
    if isinstance(value, bool | int | float):
        try:
            return float(value)
        except OverflowError:
            return None
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return None
    return None


def files_below(root: Path, folder: Path) -> Iterator[Path]:
    """Give the plain files below `root`, in order; links are given too, for the caller to refuse or follow."""
    for place, folders, names in os.walk(root, followlinks=False):
        folders.sort()
        for name in [*sorted(names), *(each for each in folders if (Path(place) / each).is_symlink())]:
            yield Path(place) / name


def identity(*parts: str | bytes) -> str:
    """Give an id for a run whose source has none; the same parts give the same id."""
    made = hashlib.blake2b(digest_size=16)
    for part in parts:
        content = part.encode("utf-8", "surrogateescape") if isinstance(part, str) else part
        made.update(len(content).to_bytes(8, "little") + content)
    return made.hexdigest()
