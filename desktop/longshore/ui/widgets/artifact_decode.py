"""Turns a file's head into what is shown of it. Runs in a worker: decoding an image takes seconds, laying out a text too.

Foreign files are hostile until proven otherwise: an image's size is read before anything of it is decoded.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QSize, Qt
from PySide6.QtGui import QImage, QImageReader

from longshore.ui.widgets.times import size

if TYPE_CHECKING:
    from longshore.tracking.artifacts import Preview

# Beyond, decoding could take more memory than the machine has.
MOST_PIXELS = 40_000_000
_MOST_IMAGE_MB = 200
# A preview is not shown larger than this: a whole photograph would be made smaller again at every turn of the window.
SHOWN_SIDE = 2048
MOST_LINES, LONGEST_LINE = 5_000, 2_000
_DOWNLOAD = "Download it to open it with another program."


@dataclass(frozen=True, eq=False)
class Shown:
    """What is shown of a file. One of `rows`, `image`, `text` and `value` is there by its kind."""

    kind: str  # table, image, json, text; none: `title` and `why` say why nothing is shown
    # Facts beside the size, such as that it is the beginning.
    facts: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    image: QImage | None = None
    text: str = ""
    value: Any = None
    title: str = ""
    why: str = ""


def decode(preview: Preview) -> Shown:
    """Give what is shown of a preview."""
    if preview.kind == "csv" and preview.rows:
        return _table(preview)
    if preview.kind == "image":
        return _image(preview.image_bytes)
    if preview.kind == "json":
        return Shown("json", _beginning(preview), value=json.loads(preview.text))
    if preview.kind in ("text", "csv"):
        return _text(preview)
    if preview.kind == "too_large":
        return Shown("none", title="No preview", why=f"It is larger than a preview reads. {_DOWNLOAD}")
    return Shown("none", title="No preview", why=f"Its content is not text. {_DOWNLOAD}")


def _beginning(preview: Preview) -> tuple[str, ...]:
    return ("beginning",) if preview.truncated else ()


def _table(preview: Preview) -> Shown:
    shown = max(len(row) for row in preview.rows)
    count = len(preview.rows) - 1
    words = "1 row" if count == 1 else f"{count:,} rows"
    facts = [f"first {words}" if preview.truncated else words]
    if preview.columns > shown:
        facts.append(f"{shown:,} of {preview.columns:,} columns")
    return Shown("table", tuple(facts), rows=preview.rows)


def _text(preview: Preview) -> Shown:
    lines = preview.text.split("\n")
    cut = preview.truncated or len(lines) > MOST_LINES
    text = "\n".join(map(_shortened, lines[:MOST_LINES]))
    return Shown("text", ("beginning",) if cut else (), text=text)


def _shortened(line: str) -> str:
    # The line of a minified file would lay out for seconds.
    return line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]} … ({len(line):,} characters)"


def _image(data: bytes) -> Shown:
    QImageReader.setAllocationLimit(_MOST_IMAGE_MB)
    buffer = QBuffer()
    buffer.setData(QByteArray(data))
    buffer.open(QIODevice.OpenModeFlag.ReadOnly)
    reader = QImageReader(buffer)
    reader.setAutoTransform(True)
    found = reader.size()
    facts = (f"{found.width():,} x {found.height():,} pixels",) if found.isValid() else ()
    if found.width() * found.height() > MOST_PIXELS:
        why = f"A preview decodes images of up to {MOST_PIXELS // 1_000_000} million pixels. {_DOWNLOAD}"
        return Shown("none", facts, title="This image is too large for a preview", why=why)
    if max(found.width(), found.height()) > SHOWN_SIDE:
        reader.setScaledSize(found.scaled(QSize(SHOWN_SIDE, SHOWN_SIDE), Qt.AspectRatioMode.KeepAspectRatio))
    # A format that does not tell its size first is not decoded.
    image = reader.read() if found.isValid() else QImage()
    if image.isNull():
        why = f"It is damaged, or needs more than {size(_MOST_IMAGE_MB * 1_000_000)} of memory. {_DOWNLOAD}"
        return Shown("none", facts, title="This image can't be shown", why=why)
    return Shown("image", facts, image=image)
