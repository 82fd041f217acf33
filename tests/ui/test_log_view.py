"""The log view: order, levels, search, following, and bounded memory."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from longshore.ui.widgets.log_view import KEPT_LINES, SLICE, LogView


@pytest.fixture
def view(qtbot: QtBot) -> LogView:
    made = LogView()
    qtbot.addWidget(made)
    made.resize(900, 400)
    made.show()
    return made


def lines(view: LogView) -> list[str]:
    return view.text.toPlainText().split("\n")


def test_that_lines_stand_in_order_with_their_numbers(view: LogView) -> None:
    view.append([f"line {n}" for n in range(3)])
    view.append([f"line {n}" for n in range(3, 5)])
    assert lines(view) == [f"line {n}" for n in range(5)]
    assert list(view.text.numbers) == [1, 2, 3, 4, 5]


def test_that_an_empty_line_stays_a_line(view: LogView) -> None:
    view.append(["", "first", "", "last"])
    assert lines(view) == ["", "first", "", "last"]
    assert list(view.text.numbers) == [1, 2, 3, 4]


def test_that_errors_and_warnings_are_counted_and_can_be_looked_at_alone(view: LogView) -> None:
    view.append(["fine", "WARNING: hot", "ValueError: no", "Traceback (most recent call last):", "done"])
    assert view.levels.button("warning").text() == "Warnings 1"
    assert view.levels.button("error").text() == "Errors 2"
    view.levels.button("error").click()
    assert lines(view) == ["ValueError: no", "Traceback (most recent call last):"]
    assert list(view.text.numbers) == [3, 4], "a line keeps its number"
    view.levels.button("all").click()
    assert len(lines(view)) == 5


def search(qtbot: QtBot, view: LogView, text: str, said: str) -> None:
    view.search.setText(text)
    qtbot.waitUntil(lambda: view.hits.text() == said)


def marked(view: LogView) -> list[str]:
    return [each.cursor.selectedText() for each in view.text.extraSelections() if each.cursor.hasSelection()]


def test_that_a_search_marks_its_hits_also_in_lines_that_come_later(qtbot: QtBot, view: LogView) -> None:
    view.append(["Loss 0.5, loss best", "accuracy 0.9", "loss 0.4"])
    search(qtbot, view, "loss", "2 lines")
    assert marked(view) == ["Loss", "loss", "loss"]
    view.append(["loss 0.3"])
    assert view.hits.text() == "3 lines"
    assert len(marked(view)) == 4
    search(qtbot, view, "", "")
    assert marked(view) == []


def test_that_enter_goes_from_hit_to_hit_and_around(qtbot: QtBot, view: LogView) -> None:
    view.append([f"line {n}" for n in range(200)])
    search(qtbot, view, "line 1", "111 lines")
    view.text.verticalScrollBar().setValue(0)
    qtbot.keyClick(view.search, Qt.Key.Key_Return)
    assert view.hits.text() == "1 of 111"
    qtbot.keyClick(view.search, Qt.Key.Key_Return)
    assert view.text.textCursor().block().text() == "line 10"
    qtbot.keyClick(view.search, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClick(view.search, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    assert view.hits.text() == "111 of 111"
    assert view.text.textCursor().block().text() == "line 199"


def test_that_a_search_among_errors_finds_errors_alone(qtbot: QtBot, view: LogView) -> None:
    view.append(["step 1", "ValueError: step 2", "step 3"])
    search(qtbot, view, "step", "3 lines")
    view.levels.button("error").click()
    assert view.hits.text() == "1 line"


def test_that_lines_stay_readable_when_the_theme_changes(view: LogView, qapp: QApplication, tmp_path: Path) -> None:
    from longshore.settings import Settings
    from longshore.ui.theme.style import Theme, color

    view.append(["plain", "ValueError: no"])
    theme = Theme(qapp, Settings(), tmp_path)
    for name in ("dark", "light"):
        theme.force(name)
        view.redraw()
        blocks = [view.text.document().findBlockByNumber(n) for n in (0, 1)]
        looks = [block.begin().fragment().charFormat().foreground() for block in blocks]
        assert looks[0].style() == Qt.BrushStyle.NoBrush, "the palette's colour, which follows the theme"
        assert looks[1].color() == color("danger.text")


def test_that_numbers_count_what_stands_before_the_lines_that_are_kept(view: LogView) -> None:
    view.append(["a", "b"])
    view.count_from(1_000_000)
    assert view.text.before == 1_000_000
    narrow = view.text.number_width()
    view.count_from(0)
    assert view.text.number_width() < narrow


def test_that_a_line_without_its_end_is_shown_below(view: LogView) -> None:
    view.append(["start"])
    view.show_partial("epoch 3/10  42%")
    assert view.partial.isVisible()
    assert view.partial.text() == "epoch 3/10  42%"
    view.show_partial("")
    assert not view.partial.isVisible()


def test_that_the_end_is_followed_until_somebody_scrolls_up(qtbot: QtBot, view: LogView) -> None:
    view.append([f"line {n}" for n in range(200)])
    bar = view.text.verticalScrollBar()
    assert bar.value() == bar.maximum()
    bar.setValue(10)
    view.append(["more"])
    assert bar.value() == 10
    assert view._follow_button.isVisible()
    view._follow_button.click()
    assert bar.value() == bar.maximum()
    view.append(["and more"])
    assert bar.value() == bar.maximum()


def test_that_a_huge_log_keeps_the_newest_lines_and_little_memory(qtbot: QtBot, view: LogView) -> None:
    def megabytes() -> float:
        return float(psutil.Process().memory_info().rss) / 2**20

    line, total = "x" * 180, KEPT_LINES * 5
    view.append([f"{line} {n}" for n in range(KEPT_LINES)])
    qtbot.waitUntil(lambda: view.text.blockCount() == KEPT_LINES)
    before = megabytes()
    for start in range(KEPT_LINES, total, 2000):
        view.append([f"{line} {n}" for n in range(start, start + 2000)])
        qtbot.wait(1)
    qtbot.waitUntil(lambda: lines(view)[-1] == f"{line} {total - 1}", timeout=30_000)
    assert megabytes() - before < 60
    assert view.text.blockCount() == KEPT_LINES == len(view._lines) == len(view.text.numbers)
    assert view.text.numbers[-1] == total


def test_that_a_burst_is_laid_out_in_slices_and_none_is_lost(qtbot: QtBot, view: LogView) -> None:
    view.append([f"line {n}" for n in range(5000)])
    assert len(lines(view)) == SLICE, "the window answers before the rest follows"
    view.append(["the last"])
    qtbot.waitUntil(lambda: lines(view)[-1] == "the last")
    assert lines(view) == [*(f"line {n}" for n in range(5000)), "the last"]


def test_that_lines_that_fell_out_of_a_burst_keep_their_numbers(qtbot: QtBot, view: LogView) -> None:
    view.append([f"line {n}" for n in range(KEPT_LINES + 500)])
    qtbot.waitUntil(lambda: lines(view)[-1] == f"line {KEPT_LINES + 499}")
    assert view.text.numbers[-1] == KEPT_LINES + 500


def test_that_one_line_of_megabytes_is_cut_for_the_screen(view: LogView) -> None:
    view.append(["y" * 3_000_000])
    assert lines(view)[0].endswith("… (3,000,000 characters)")
    assert len(lines(view)[0]) < 5000
    assert len(view._lines[0][1]) < 10_000, "nor is it kept whole in memory"


def test_that_levels_are_chosen_with_the_arrow_keys(qtbot: QtBot, view: LogView) -> None:
    view.append(["fine", "WARNING: hot", "ValueError: no"])
    qtbot.keyClick(view.levels.button("all"), Qt.Key.Key_Right)
    assert lines(view) == ["WARNING: hot"]
    qtbot.keyClick(view.levels.button("warning"), Qt.Key.Key_Right)
    assert lines(view) == ["ValueError: no"]
    qtbot.keyClick(view.levels.button("error"), Qt.Key.Key_Left)
    assert lines(view) == ["WARNING: hot"]
    assert view.levels.current == "warning"


def test_that_escape_empties_the_search(qtbot: QtBot, view: LogView) -> None:
    view.append(["loss 1"])
    search(qtbot, view, "loss", "1 line")
    qtbot.keyClick(view.search, Qt.Key.Key_Escape)
    assert view.search.text() == ""
    qtbot.waitUntil(lambda: marked(view) == [])
