"""A notebook as cells with their outputs. Its HTML, scripts and widgets are never used: there is a text or an image of each."""

from __future__ import annotations

import binascii
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from longshore.tracking.json_head import closed

MOST_CELLS, MOST_OUTPUTS = 200, 20
_TEXT = 20_000
_ALL_TEXT = 400_000
_IMAGE_BYTES, _ALL_IMAGE_BYTES = 4 << 20, 12 << 20
_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_IMAGES = ("image/png", "image/jpeg", "image/gif")
_TEXTS = ("text/markdown", "text/plain", "application/json", "text/latex")


@dataclass(frozen=True)
class Output:
    """What a cell gave. `kind`: text, error, image."""

    kind: str
    text: str = ""
    image: bytes = b""


@dataclass(frozen=True)
class Cell:
    """One cell. `kind`: markdown, code, raw."""

    kind: str
    source: str
    number: int | None = None  # of its execution
    outputs: tuple[Output, ...] = ()


@dataclass(frozen=True)
class Notebook:
    """The cells of a notebook's head, and the language of its code."""

    language: str
    cells: tuple[Cell, ...]
    cut: bool


def read(text: str, *, truncated: bool) -> Notebook | None:
    """Read a notebook's head, None where it is none."""
    try:
        found = json.loads(closed(text) if truncated else text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or not isinstance(found.get("cells"), list):
        return None
    left = _Left()
    cells = tuple(_cell(each, left) for each in found["cells"][:MOST_CELLS] if isinstance(each, dict))
    return Notebook(_language(found), cells, truncated or left.cut or len(found["cells"]) > MOST_CELLS)


class _Left:
    """How much may still be shown of it."""

    def __init__(self) -> None:
        self.text, self.image_bytes, self.cut = _ALL_TEXT, _ALL_IMAGE_BYTES, False

    def take(self, text: str) -> str:
        shown = text[: min(_TEXT, max(0, self.text))]
        self.text -= len(shown)
        self.cut = self.cut or len(shown) < len(text)
        return shown


def _language(found: Mapping[str, Any]) -> str:
    metadata = found.get("metadata")
    for key in ("language_info", "kernelspec"):
        part = metadata.get(key) if isinstance(metadata, dict) else None
        name = part.get("name" if key == "language_info" else "language") if isinstance(part, dict) else None
        if isinstance(name, str):
            return name.lower()[:40]
    return "python"


def _cell(found: Mapping[str, Any], left: _Left) -> Cell:
    kind, number = found.get("cell_type"), found.get("execution_count")
    listed = found.get("outputs")
    outputs = listed if isinstance(listed, list) else []
    left.cut = left.cut or len(outputs) > MOST_OUTPUTS
    shown = (each for output in outputs[:MOST_OUTPUTS] if isinstance(output, dict) for each in _output(output, left))
    return Cell(
        kind if kind in ("markdown", "code") else "raw",
        left.take(_joined(found.get("source"))),
        number if isinstance(number, int) else None,
        tuple(shown),
    )


def _output(found: Mapping[str, Any], left: _Left) -> Iterator[Output]:
    kind = found.get("output_type")
    if kind == "stream":
        yield Output("error" if found.get("name") == "stderr" else "text", left.take(_plain(found.get("text"))))
    elif kind == "error":
        words = _plain(found.get("traceback"), "\n") or f"{found.get('ename')}: {found.get('evalue')}"
        yield Output("error", left.take(words))
    elif isinstance(data := found.get("data"), dict):
        image = next((data[each] for each in _IMAGES if each in data), None)
        if image is not None:
            yield _image(_joined(image), left)
            return
        text = next((data[each] for each in _TEXTS if each in data), None)
        words = _plain(text) if text is not None else f"[{', '.join(map(str, data))[:200]}, not shown]"
        yield Output("text", left.take(words))


def _image(text: str, left: _Left) -> Output:
    size = len(text) * 3 // 4
    if size > min(_IMAGE_BYTES, left.image_bytes):
        left.cut = True
        return Output("text", "[a large image, not shown]")
    left.image_bytes -= size
    try:
        return Output("image", image=binascii.a2b_base64(text.encode("ascii", "replace")))
    except binascii.Error:
        return Output("text", "[a damaged image]")


def _plain(found: Any, joint: str = "") -> str:
    return _COLOURS.sub("", _joined(found, joint))


def _joined(found: Any, joint: str = "") -> str:
    if isinstance(found, str):
        return found
    if isinstance(found, list):
        return joint.join(part for part in found if isinstance(part, str))
    return "" if found is None else str(found)[:_TEXT]
