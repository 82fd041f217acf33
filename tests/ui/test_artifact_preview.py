"""The preview of an artifact: decoded in a worker, bounded whatever the file holds, and of the file that was chosen last."""

from __future__ import annotations

import json
import struct
import uuid
import zlib
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QPlainTextEdit, QTableView, QTreeWidgetItem
from pytestqt.qtbot import QtBot

from longshore.mlflow_rest import artifacts as rest
from longshore.mlflow_rest import experiments, runs
from longshore.mlflow_rest.client import Client
from longshore.settings import Home
from longshore.tracking.artifacts import Entry, preview_of
from longshore.ui.pages.run import RunPage
from longshore.ui.shell.app import Shell
from longshore.ui.widgets.artifact_content import ENTRIES, ImageView, JsonTree, RowsModel, content_of
from longshore.ui.widgets.artifact_decode import SHOWN_SIDE, Shown, decode
from longshore.ui.widgets.artifact_view import ArtifactPreview, ArtifactTree
from longshore.ui.widgets.states import EmptyState
from tests.ui.conftest import ShellMaker, shown_run_page

HEAD_BYTES = 256 * 1024


def shown_of(name: str, data: bytes) -> Shown:
    """Decode a file's head as a worker does."""
    head = data if name.endswith(".png") else data[:HEAD_BYTES]
    return decode(preview_of(name, head, size_bytes=len(data), truncated=len(head) < len(data)))


def png(width: int, height: int, pixels: bytes = b"") -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")


def rows_of(tree: JsonTree, parent: QTreeWidgetItem | None = None) -> list[tuple[str, str]]:
    under = parent or tree.invisibleRootItem()
    items = [under.child(number) for number in range(under.childCount())]
    return [(item.text(0), item.text(1)) for item in items]


def test_that_json_is_a_tree_that_is_made_as_it_is_opened(qtbot: QtBot) -> None:
    value = {"name": "é", "scores": [0.5, None, True], "empty": [], "deep": {"a": {"b": 1}}}
    tree = content_of(shown_of("a.json", json.dumps(value).encode()))
    assert isinstance(tree, JsonTree)
    qtbot.addWidget(tree)
    assert rows_of(tree) == [("name", '"é"'), ("scores", "[3]"), ("empty", "[0]"), ("deep", "{1}")]
    scores = tree.topLevelItem(1)
    assert scores.childCount() == 0, "nobody opened it yet"
    scores.setExpanded(True)
    assert rows_of(tree, scores) == [("0", "0.5"), ("1", "null"), ("2", "true")]


def test_that_a_list_of_a_hundred_thousand_values_is_shown_part_by_part(qtbot: QtBot) -> None:
    shown = shown_of("a.json", json.dumps(list(range(100_000))).encode())
    assert shown.facts == ("beginning",)
    tree = content_of(shown)
    assert isinstance(tree, JsonTree)
    qtbot.addWidget(tree)
    assert tree.topLevelItemCount() == ENTRIES + 1
    assert tree.topLevelItem(ENTRIES).text(0).startswith(f"Show {ENTRIES} more of ")
    tree.itemActivated.emit(tree.topLevelItem(ENTRIES), 0)
    assert tree.topLevelItemCount() == 2 * ENTRIES + 1
    assert [tree.topLevelItem(n).text(1) for n in range(ENTRIES * 2)] == [str(n) for n in range(ENTRIES * 2)]


@pytest.mark.parametrize(("document", "row"), [(b"[]", ("", "[0]")), (b"7", ("", "7")), (b'"x"', ("", '"x"'))])
def test_that_a_document_of_one_value_is_one_row(qtbot: QtBot, document: bytes, row: tuple[str, str]) -> None:
    tree = JsonTree(shown_of("a.json", document).value)
    qtbot.addWidget(tree)
    assert rows_of(tree) == [row]


def test_that_a_table_of_ten_thousand_columns_says_how_many_it_shows(qtbot: QtBot) -> None:
    line = ",".join(str(n) for n in range(10_000))
    shown = shown_of("wide.csv", "\n".join([line] * 500).encode())
    assert shown.facts[1] == "100 of 10,000 columns"
    table = content_of(shown)
    assert isinstance(table, QTableView)
    qtbot.addWidget(table)
    assert table.model().columnCount() == 100
    QAbstractItemModelTester(RowsModel(shown.rows, table), QAbstractItemModelTester.FailureReportingMode.Fatal)


def test_that_rows_of_different_lengths_are_one_table(qtbot: QtBot) -> None:
    table = content_of(shown_of("a.csv", b"a,b\n1\n2,3,4\n"))
    assert isinstance(table, QTableView)
    qtbot.addWidget(table)
    model = table.model()
    cells = [[model.index(row, column).data() for column in range(3)] for row in range(2)]
    assert cells == [["1", "", ""], ["2", "3", "4"]]
    assert [model.headerData(n, Qt.Orientation.Horizontal) for n in range(3)] == ["a", "b", ""]


def test_that_an_image_bomb_is_refused_by_its_header(qtbot: QtBot) -> None:
    shown = shown_of("bomb.png", png(60_000, 60_000, bytes(1_000_000)))
    assert (shown.kind, shown.facts) == ("none", ("60,000 x 60,000 pixels",))
    state = content_of(shown)
    qtbot.addWidget(state)
    assert isinstance(state, EmptyState)
    assert shown.title == "This image is too large for a preview"


@pytest.mark.parametrize("data", [png(10, 10), png(10, 10)[:40], b"\x89PNG\r\n\x1a\nnonsense"])
def test_that_a_damaged_image_is_said_to_be_damaged(data: bytes) -> None:
    shown = shown_of("broken.png", data)
    assert (shown.kind, shown.title) == ("none", "This image can't be shown")


def test_that_a_large_photograph_is_made_smaller_by_the_worker(qtbot: QtBot, tmp_path: Path) -> None:
    image = QImage(5000, 2500, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.blue)
    image.save(str(tmp_path / "photo.png"))
    shown = shown_of("photo.png", (tmp_path / "photo.png").read_bytes())
    assert shown.image is not None
    assert (shown.image.width(), shown.image.height()) == (SHOWN_SIDE, SHOWN_SIDE // 2)
    assert shown.facts == ("5,000 x 2,500 pixels",)
    view = content_of(shown)
    assert isinstance(view, ImageView)
    qtbot.addWidget(view)
    view.resize(300, 300)
    drawn = view.grab().toImage()
    assert drawn.pixelColor(150, 60) == Qt.GlobalColor.blue


def test_that_a_minified_file_is_cut_for_the_screen(qtbot: QtBot) -> None:
    text = content_of(shown_of("a.js", b"x" * 200_000))
    assert isinstance(text, QPlainTextEdit)
    qtbot.addWidget(text)
    assert text.toPlainText().endswith("… (200,000 characters)")
    assert len(text.toPlainText()) < 3_000


def test_that_the_size_stands_there_before_the_content(qtbot: QtBot) -> None:
    preview = ArtifactPreview()
    qtbot.addWidget(preview)
    preview.show_loading(Entry("a.csv", "a.csv", False, 12_345))
    assert preview.facts.text() == "12 KB"
    preview.show_content(shown_of("a.csv", b"a,b\n1,2\n"))
    assert preview.facts.text() == "12 KB, 1 row"


@pytest.fixture
def page(served_home: Home, open_shell: ShellMaker, client: Client, qtbot: QtBot) -> RunPage:
    """The page of a run with artifacts."""
    shell: Shell = open_shell(served_home, page="home")
    experiment = experiments.ensure(client, f"files-{uuid.uuid4().hex[:6]}", {})
    run = runs.create(client, experiment.id, name="with-files")
    files = {"a.txt": b"first", "b.json": b'{"second": 2}', "plots/c.txt": b"third"}
    rest.upload_many(client, run.id, files)
    runs.update(client, run.id, status="FINISHED")
    shell.context.open("run", run_id=run.id)
    made = shown_run_page(shell)
    qtbot.waitUntil(lambda: made.side.tree.topLevelItemCount() == 3, timeout=20_000)
    return made


def item(tree: ArtifactTree, name: str) -> QTreeWidgetItem:
    (found,) = tree.findItems(name, Qt.MatchFlag.MatchExactly | Qt.MatchFlag.MatchRecursive)
    return found


def test_that_the_file_that_was_chosen_last_is_shown(qtbot: QtBot, page: RunPage) -> None:
    tree, preview = page.side.tree, page.side.preview
    tree.setCurrentItem(item(tree, "a.txt"))
    tree.setCurrentItem(item(tree, "b.json"))
    qtbot.waitUntil(lambda: preview.findChild(JsonTree) is not None, timeout=20_000)
    assert not [text for text in preview.findChildren(QPlainTextEdit) if text.isVisible()]
    item(tree, "plots").setExpanded(True)
    qtbot.waitUntil(lambda: item(tree, "plots").child(0).text(0) == "c.txt", timeout=20_000)
    assert item(tree, "c.txt").text(1) == "5 B"


def test_that_another_run_gets_no_late_answer_about_the_files_of_the_one_before(qtbot: QtBot, page: RunPage) -> None:
    tree = page.side.tree
    item(tree, "plots").setExpanded(True)
    tree.setCurrentItem(item(tree, "a.txt"))
    # Whoever writes to the database makes the page read its run again, which would fill the tree.
    page._asked = (None, None)
    page.side.clear()
    qtbot.waitUntil(lambda: page.context.runner.idle, timeout=20_000)
    assert tree.topLevelItemCount() == 0
    assert page.side.preview.findChild(QPlainTextEdit) is None


def test_that_sizes_end_before_the_edge(page: RunPage, qtbot: QtBot) -> None:
    tree = page.side.tree
    assert tree.header().sectionPosition(2) <= tree.viewport().width() - 12


def test_that_folders_stay_open_while_a_run_logs_more_files(qtbot: QtBot) -> None:
    tree, chosen = ArtifactTree(), list[Entry]()
    qtbot.addWidget(tree)
    tree.file_chosen.connect(chosen.append)
    folder, old, kept = Entry("plots", "plots", True, None), Entry("b", "b", False, 1), Entry("c", "c", False, 1)
    tree.show_entries([folder, old, kept])
    item(tree, "plots").setExpanded(True)
    tree.show_entries([Entry("plots/x.png", "x.png", False, 5)], folder)
    tree.setCurrentItem(item(tree, "b"))
    tree.show_entries([folder, Entry("a", "a", False, 1), Entry("b", "b", False, 2), kept])
    assert [tree.topLevelItem(n).text(0) for n in range(4)] == ["plots", "a", "b", "c"]
    assert item(tree, "b").text(1) == "2 B"
    assert item(tree, "plots").isExpanded()
    assert item(tree, "plots").child(0).text(0) == "x.png"
    assert chosen == [old], "nobody chose another file"
