"""What each kind of file looks like in a preview, and that hostile ones load nothing and hold nothing up."""

from __future__ import annotations

import base64
import io
import json
import time
from pathlib import Path

import pytest
from PySide6.QtCore import QBuffer, QIODevice, QObject, Qt, QTimer
from PySide6.QtGui import QImage, QTextCursor
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QLabel, QTableView
from pytestqt.qtbot import QtBot

from longshore.tracking.artifacts import Preview, preview_of
from longshore.tracking.content import parquet
from longshore.ui.theme.style import color
from longshore.ui.widgets.artifact_content import RowsModel, content_of
from longshore.ui.widgets.artifact_decode import Shown, decode
from longshore.ui.widgets.artifact_view import ArtifactPreview
from longshore.ui.widgets.audio_view import AudioView, Outline
from longshore.ui.widgets.code_text import CodeText
from longshore.ui.widgets.notebook_view import NotebookView
from longshore.ui.widgets.rich_text import RichText
from longshore.ui.widgets.typed_header import DETAIL
from tests.tracking.content.test_facts import sound


def shown_of(name: str, data: bytes | str) -> Shown:
    head = data.encode() if isinstance(data, str) else data
    return decode(preview_of(name, head, size_bytes=len(head), truncated=False))


def filled(qtbot: QtBot, shown: Shown) -> RichText:
    view = content_of(shown)
    assert isinstance(view, RichText)
    qtbot.addWidget(view)
    view.resize(340, 400)
    view.show()
    if view._waiting:
        with qtbot.waitSignal(view.filled, timeout=20_000):
            pass
    return view


def picture(color: Qt.GlobalColor) -> bytes:
    image = QImage(40, 30, QImage.Format.Format_RGB32)
    image.fill(color)
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")
    return bytes(buffer.data().data())


def test_that_a_tables_header_tells_types_and_empty_values(qtbot: QtBot) -> None:
    table = content_of(shown_of("a.csv", "id,score\n1,0.5\n2,\n"))
    assert isinstance(table, QTableView)
    qtbot.addWidget(table)
    details = [table.model().headerData(n, Qt.Orientation.Horizontal, DETAIL) for n in range(2)]
    assert details == ["integer, no empty", "number, 1 empty"]
    table.resize(400, 200)
    assert not table.grab().toImage().isNull()


def test_that_a_parquet_file_is_a_table_of_typed_columns(qtbot: QtBot) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    target = io.BytesIO()
    pq.write_table(pa.table({"id": list(range(1000)), "name": ["é", None] * 500}), target)
    data = target.getvalue()
    found = parquet.read(lambda start, length: data[start : start + length], len(data))
    shown = decode(Preview("parquet", len(data), table=found, columns=2))
    assert shown.facts == ("1,000 rows", "first 200 shown")
    table = content_of(shown)
    assert isinstance(table, QTableView)
    qtbot.addWidget(table)
    model = table.model()
    assert model.headerData(1, Qt.Orientation.Horizontal, DETAIL) == "string, 500 empty"
    assert model.index(0, 1).data() == "é"
    QAbstractItemModelTester(
        RowsModel(shown.rows, table, columns=shown.columns), QAbstractItemModelTester.FailureReportingMode.Fatal
    )


def test_that_code_is_coloured_where_it_is_in_view(qtbot: QtBot) -> None:
    text = content_of(shown_of("train.py", "import os\nx = 'a'  # why\n" * 2_000))
    assert isinstance(text, CodeText)
    qtbot.addWidget(text)
    text.resize(300, 200)
    text.show()
    qtbot.waitUntil(lambda: bool(text.extraSelections()))
    marked = {mark.cursor.selectedText() for mark in text.extraSelections()}
    assert {"import", "'a'", "# why"} <= marked
    assert len(text.extraSelections()) < 200, "only what is in view"
    text.verticalScrollBar().setValue(1_000)
    qtbot.waitUntil(lambda: any(mark.cursor.blockNumber() > 900 for mark in text.extraSelections()))


def test_that_markdown_is_rendered_and_its_html_is_text(qtbot: QtBot) -> None:
    view = filled(
        qtbot, shown_of("README.md", "# Head\n\nSome **bold** `code`.\n\n<script>alert(1)</script>\n\n- a\n- b\n")
    )
    text = view.toPlainText()
    assert text.startswith("Head\nSome bold code.")
    assert "<script>alert(1)</script>" in text
    assert view.document().firstBlock().blockFormat().headingLevel() == 1
    sizes = {block.begin().fragment().charFormat().font().pixelSize() for block in (view.document().begin(),)}
    assert sizes == {18}, "a heading has the size of the design's"


def test_that_tables_have_lines_in_the_colour_of_the_theme(qtbot: QtBot) -> None:
    for name, text in (("a.md", "|a|b|\n|-|-|\n|1|2|\n"), ("a.html", "<table><tr><td>1</td></tr></table>")):
        view = filled(qtbot, shown_of(name, text))
        block = view.document().begin()
        while (table := QTextCursor(block).currentTable()) is None:
            block = block.next()
        assert (table.format().border(), table.format().borderBrush().color()) == (1.0, color("border.default"))


def test_that_no_picture_of_a_document_is_loaded_from_a_disk(qtbot: QtBot, tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    secret.write_bytes(picture(Qt.GlobalColor.red))
    for address in (str(secret), secret.as_uri()):
        view = filled(qtbot, shown_of("a.md", f"before ![x]({address}) after\n"))
        drawn = view.grab().toImage()
        colors = {drawn.pixelColor(x, y).name() for x in range(0, drawn.width(), 3) for y in range(0, 80, 3)}
        assert "#ff0000" not in colors


def test_that_a_page_is_shown_without_its_scripts_and_says_so(qtbot: QtBot) -> None:
    shown = shown_of("a.html", "<h1>Report</h1><script>alert(1)</script><table><tr><td>1</td><td>2</td></tr></table>")
    assert "left out" in shown.note
    view = filled(qtbot, shown)
    text = view.toPlainText()
    assert "Report" in text
    assert "alert" not in text
    preview = ArtifactPreview()
    qtbot.addWidget(preview)
    preview.show_content(shown)
    assert any(shown.note == words.text() for words in preview.findChildren(QLabel))


def test_that_a_notebook_shows_code_outputs_and_images(qtbot: QtBot) -> None:
    outputs = [
        {"output_type": "stream", "name": "stdout", "text": "hello\n"},
        {"output_type": "display_data", "data": {"image/png": base64.b64encode(picture(Qt.GlobalColor.blue)).decode()}},
        {"output_type": "display_data", "data": {"image/png": base64.b64encode(b"no image").decode()}},
        {"output_type": "error", "traceback": ["ValueError: no"]},
    ]
    cells = [
        {"cell_type": "markdown", "source": "## Look"},
        {"cell_type": "code", "execution_count": 2, "source": "print('hello')", "outputs": outputs},
    ]
    view = filled(qtbot, shown_of("a.ipynb", json.dumps({"cells": cells, "metadata": {}})))
    assert isinstance(view, NotebookView)
    text = view.toPlainText()
    for words in ("Look", "In [2]", "print('hello')", "hello", "ValueError: no", "[an image that can't be shown]"):
        assert words in text
    drawn = view.grab().toImage()
    assert any(drawn.pixelColor(30, y) == Qt.GlobalColor.blue for y in range(drawn.height()))


def test_that_a_sound_shows_its_length_and_outline(qtbot: QtBot) -> None:
    shown = shown_of("a.wav", sound(seconds=2))
    assert shown.facts == ("WAV", "2.0 s", "8,000 Hz", "stereo", "16 bits")
    view = content_of(shown)
    assert isinstance(view, AudioView)
    qtbot.addWidget(view)
    view.resize(300, 200)
    assert view.findChild(Outline) is not None
    assert not view.grab().toImage().isNull()


def test_that_anything_else_is_shown_as_bytes() -> None:
    shown = shown_of("model.zip", b"PK\x03\x04" + bytes(range(256)) * 100)
    assert shown.facts == ("first 4,096 bytes",)
    assert shown.text.startswith("00000000  50 4b 03 04 00 01 02 03")


def test_that_a_drawing_that_loads_a_file_is_shown_as_text() -> None:
    shown = shown_of("a.svg", '<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>')
    assert (shown.kind, shown.note) == ("text", "This picture is shown as text. It loads something from elsewhere.")
    assert shown_of("b.svg", '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>').kind == "image"


class LongestTurn(QObject):
    """Notes the longest time between two turns of the event loop."""

    def __init__(self) -> None:
        super().__init__()
        self.longest_s, self._last = 0.0, time.perf_counter()
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._turn)
        self._timer.start(1)

    def _turn(self) -> None:
        now = time.perf_counter()
        self.longest_s, self._last = max(self.longest_s, now - self._last), now


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.md", "# Head\n\nwords *and* `more` words\n\n" * 1_500),
        ("a.md", "|a|b|\n|-|-|\n" + "|1|2|\n" * 5_000),
        ("a.html", "<p>Some <b>words</b> here</p>" * 5_000),
        ("a.html", "<table>" + "<tr><td>a</td><td>b</td></tr>" * 3_000),
        ("a.html", "x" * 200_000),
        ("a.ipynb", json.dumps({"cells": [{"cell_type": "code", "source": "x = 1\n" * 500, "outputs": []}] * 60})),
    ],
)
def test_that_a_long_document_comes_in_many_turns(qtbot: QtBot, name: str, text: str) -> None:
    shown = shown_of(name, text)
    turns = LongestTurn()
    view = filled(qtbot, shown)
    # Measured, not asserted: a loaded machine says nothing about the window.
    print(f"{name}: {view.document().blockCount()} blocks, longest turn {turns.longest_s * 1000:.0f} ms")
    assert view.document().characterCount() > 200
    assert not view._waiting
