"""Turns a file's head into what is shown of it. Runs in a worker: decoding an image takes seconds, laying out a text too.

Foreign files are hostile until proven otherwise: an image's size is read before anything of it is decoded.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QSize, Qt
from PySide6.QtGui import QImage, QImageIOHandler, QImageReader

from longshore.ui.widgets.times import duration, size

if TYPE_CHECKING:
    from longshore.tracking.artifacts import Preview
    from longshore.tracking.content.audio import Audio
    from longshore.tracking.content.notebook import Cell, Notebook
    from longshore.tracking.content.table import Column, Table

# Beyond, decoding could take more memory than the machine has.
MOST_PIXELS = 40_000_000
_MOST_IMAGE_MB = 200
# A preview is not shown larger than this: a whole photograph would be made smaller again at every turn of the window.
SHOWN_SIDE = 2048
NOTEBOOK_SIDE = 900
# Each line goes into one document, which takes longer the longer it is.
_NOTEBOOK_LINES = 2_500
MOST_LINES, LONGEST_LINE = 5_000, 2_000
_DOWNLOAD = "Download it to open it with another program."


@dataclass(frozen=True, eq=False)
class ShownCell:
    """A notebook's cell; `markdown` in parts, or its code; then (kind, text, image) for each output."""

    markdown: tuple[str, ...] = ()
    code: str = ""
    number: int | None = None
    outputs: tuple[tuple[str, str, QImage | None], ...] = ()


@dataclass(frozen=True, eq=False)
class Shown:
    """What is shown of a file. What is there beside the facts depends on its kind."""

    # table, image, json, text, markdown, html, notebook, audio; none: `title` and `why` say why nothing is shown
    kind: str
    # Facts beside the size, such as that it is the beginning.
    facts: tuple[str, ...] = ()
    # The first is the head of the table.
    rows: tuple[tuple[str, ...], ...] = ()
    columns: tuple[Column, ...] = ()
    image: QImage | None = None
    # Of an image as it lies in the file; what is shown may be smaller.
    width_px: int = 0
    height_px: int = 0
    text: str = ""
    language: str = ""
    value: Any = None
    # Of Markdown and HTML.
    parts: tuple[str, ...] = ()
    cells: tuple[ShownCell, ...] = ()
    audio: Audio | None = None
    title: str = ""
    why: str = ""
    # A sentence above the content.
    note: str = ""


def decode(preview: Preview) -> Shown:
    """Give what is shown of a preview."""
    if preview.table is not None and (preview.rows or preview.kind == "parquet"):
        return _table(preview, preview.table)
    if preview.kind == "image":
        return decode_image(preview.image_bytes)
    if preview.kind == "json":
        return Shown("json", _beginning(preview), value=json.loads(preview.text))
    if preview.notebook is not None:
        return _notebook(preview, preview.notebook)
    if preview.audio is not None:
        return Shown("audio", _of_audio(preview.audio), audio=preview.audio)
    return _words(preview)


def _words(preview: Preview) -> Shown:
    if preview.kind == "markdown":
        return _markdown(preview)
    if preview.kind == "html":
        return _page(preview)
    if preview.kind in ("text", "csv"):
        return _text(preview)
    if preview.kind == "binary" and preview.data:
        from longshore.tracking.content.hex_dump import lines

        facts = (f"first {len(preview.data):,} bytes",) if preview.truncated else ()
        return Shown("text", facts, text=lines(preview.data), note=preview.note)
    if preview.kind == "too_large":
        return Shown("none", title="No preview", why=f"It is larger than a preview reads. {_DOWNLOAD}")
    return Shown("none", title="No preview", why=f"Its content is not text. {_DOWNLOAD}")


def _beginning(preview: Preview) -> tuple[str, ...]:
    return ("beginning",) if preview.truncated else ()


def _table(preview: Preview, table: Table) -> Shown:
    count = table.all_rows if preview.kind == "parquet" else len(table.rows)
    words = "1 row" if count == 1 else f"{count:,} rows"
    facts = [f"first {words}" if preview.truncated else words]
    if table.all_columns > len(table.columns):
        facts.append(f"{len(table.columns):,} of {table.all_columns:,} columns")
    if preview.kind == "parquet" and len(table.rows) < (count or 0):
        facts.append(f"first {len(table.rows):,} shown")
    rows = (tuple(column.name for column in table.columns), *table.rows)
    note = table.note
    if table.counted_rows is not None and table.counted_rows > len(table.rows):
        note = f"Types and empty values are those of the first {table.counted_rows:,} rows."
    return Shown("table", tuple(facts), rows=rows, columns=table.columns, note=note)


def _markdown(preview: Preview) -> Shown:
    from longshore.tracking.content import safe_markdown

    parts, cut = safe_markdown.parts(preview.text)
    return Shown("markdown", ("beginning",) if cut or preview.truncated else (), parts=parts)


def _page(preview: Preview) -> Shown:
    from longshore.tracking.content import safe_html

    parts, cut = safe_html.harmless(preview.text)
    if not parts:
        return _text(preview)
    note = "Scripts, pictures and what is loaded from elsewhere are left out." if cut or preview.truncated else ""
    return Shown("html", _beginning(preview), parts=parts, note=note)


def _notebook(preview: Preview, notebook: Notebook) -> Shown:
    cells, lines = list[ShownCell](), 0
    for cell in notebook.cells:
        lines += cell.source.count("\n") + sum(output.text.count("\n") for output in cell.outputs) + 2
        if cells and lines > _NOTEBOOK_LINES:
            break
        cells.append(_cell(cell))
    count = len(cells)
    words = "1 cell" if count == 1 else f"{count:,} cells"
    facts = (f"first {words}" if preview.truncated or count < len(notebook.cells) else words, notebook.language)
    return Shown("notebook", facts, cells=tuple(cells), language=notebook.language)


def _cell(cell: Cell) -> ShownCell:
    from longshore.tracking.content import safe_markdown

    if cell.kind == "markdown":
        return ShownCell(markdown=safe_markdown.parts(cell.source)[0])
    outputs = []
    for output in cell.outputs:
        image = decode_image(output.image, NOTEBOOK_SIDE).image if output.kind == "image" else None
        text = "[an image that can't be shown]" if output.kind == "image" and image is None else output.text
        outputs.append((output.kind, _bounded(text), image))
    return ShownCell((), _bounded(cell.source), cell.number, tuple(outputs))


def _of_audio(audio: Audio) -> tuple[str, ...]:
    facts = [audio.format]
    if audio.duration_s is not None:
        facts.append(duration(audio.duration_s))
    if audio.rate_hz:
        facts.append(f"{audio.rate_hz:,} Hz")
    if audio.channels:
        facts.append({1: "mono", 2: "stereo"}.get(audio.channels, f"{audio.channels} channels"))
    if audio.bits:
        facts.append(f"{audio.bits} bits")
    return tuple(facts)


def _text(preview: Preview) -> Shown:
    cut = preview.truncated or preview.text.count("\n") >= MOST_LINES
    facts = ("beginning",) if cut else ()
    return Shown("text", facts, text=_bounded(preview.text), language=preview.language, note=preview.note)


def _bounded(text: str) -> str:
    return "\n".join(map(_shortened, text.split("\n")[:MOST_LINES]))


def _shortened(line: str) -> str:
    # The line of a minified file would lay out for seconds.
    return line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]} … ({len(line):,} characters)"


def decode_image(data: bytes, side: int = SHOWN_SIDE) -> Shown:
    """Decode an image, made smaller to the given side. Units: pixels."""
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
    if max(found.width(), found.height()) > side:
        reader.setScaledSize(found.scaled(QSize(side, side), Qt.AspectRatioMode.KeepAspectRatio))
    # A format that does not tell its size first is not decoded.
    image = reader.read() if found.isValid() else QImage()
    if image.isNull():
        why = f"It is damaged, or needs more than {size(_MOST_IMAGE_MB * 1_000_000)} of memory. {_DOWNLOAD}"
        return Shown("none", facts, title="This image can't be shown", why=why)
    turned = bool(reader.transformation() & QImageIOHandler.Transformation.TransformationRotate90)
    width, height = (found.height(), found.width()) if turned else (found.width(), found.height())
    return Shown("image", facts, image=image, width_px=width, height_px=height)
