"""The run table: Qt's rules for models, pinned columns, keyboard, what is copied."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot

from longshore.tracking.rows import ListedRows, RunRow, columns_of
from longshore.ui.theme.style import color
from longshore.ui.widgets.run_columns import all_columns, default_ids
from longshore.ui.widgets.run_model import BAR_ROLE, RunTableModel
from longshore.ui.widgets.run_paint import ROW_HEIGHT
from longshore.ui.widgets.run_table import RunTable
from longshore.ui.widgets.run_view import BoxHeader, RunView

BEGAN = datetime(2026, 5, 8, tzinfo=UTC)


def row(number: int, **changes: object) -> RunRow:
    given = {
        "run_id": f"{number:032x}",
        "name": f"train-{number}",
        "status": "FINISHED",
        "start_time": BEGAN + timedelta(minutes=number),
        "end_time": BEGAN + timedelta(minutes=number, seconds=42),
        "user": "ada",
        "experiment_id": "1",
        "experiment": "forest",
        "params": {"depth": str(number)},
        "metrics": {"val_mae": 1.0 + number, "accuracy": number / 10},
        "tags": {"longshore.entry_point": "train"},
    }
    return RunRow(**(given | changes))  # type: ignore[arg-type]


@pytest.fixture
def table(qtbot: QtBot) -> RunTable:
    made = RunTable(None)
    qtbot.addWidget(made)
    made.resize(1100, 400)
    fill(made, 6)
    made.show()
    return made


def fill(table: RunTable, count: int) -> None:
    rows = [row(number) for number in range(count)]
    table.model.show_rows(ListedRows(rows))
    known = {column.id: column for column in all_columns(columns_of(rows))}
    table.show_columns([known[each] for each in default_ids(rows)])


def press(qtbot: QtBot, table: RunTable, *keys: Qt.Key) -> None:
    for key in keys:
        qtbot.keyClick(table.pinned, key)


def selected(table: RunTable) -> list[str]:
    return [table.model.rows[place].name for place in sorted(table.model.rows.places(table.selected_ids()).values())]


def test_that_the_tables_model_keeps_qts_rules(qapp: object) -> None:
    model = RunTableModel()
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    rows = [row(number) for number in range(5)]
    model.show_rows(ListedRows(rows[:3]))
    model.show_columns(all_columns(columns_of(rows)))
    model.show_rows(ListedRows(rows))
    model.show_rows(ListedRows([row(number, status="RUNNING") for number in range(5)]))
    model.show_rows(ListedRows())
    assert tester.model() is model


def test_that_a_longer_bar_is_better_whatever_the_metric(table: RunTable) -> None:
    places = {column.id: number for number, column in enumerate(table.model.columns)}
    errors = [table.model.index(n, places["metrics.val_mae"]).data(BAR_ROLE) for n in range(6)]
    hits = [table.model.index(n, places["metrics.accuracy"]).data(BAR_ROLE) for n in range(6)]
    assert errors == sorted(errors, reverse=True)
    assert hits == sorted(hits)
    assert max(errors) == max(hits) == 1.0


def test_that_a_metric_that_is_not_finite_has_no_bar(qapp: object) -> None:
    model = RunTableModel()
    rows = [row(1), row(2), row(3, metrics={"val_mae": float("nan"), "accuracy": float("inf")})]
    model.show_rows(ListedRows(rows))
    model.show_columns(all_columns(columns_of(rows)))
    for number, column in enumerate(model.columns):
        if column.kind == "metrics":
            assert model.index(2, number).data(BAR_ROLE) is None


def test_that_status_and_name_stay_when_the_rest_scrolls(table: RunTable) -> None:
    assert [table.model.columns[n].id for n in range(3)] == ["box", "status", "name"]
    assert not any(table.pinned.isColumnHidden(n) for n in range(3))
    assert all(table.rest.isColumnHidden(n) for n in range(3))
    table.rest.verticalScrollBar().setValue(5)
    assert table.pinned.verticalScrollBar().value() == table.rest.verticalScrollBar().value()


def test_that_space_selects_with_the_keyboard_and_c_compares(qtbot: QtBot, table: RunTable) -> None:
    table.pinned.setFocus()
    table.pinned.setCurrentIndex(table.model.index(0, 0))
    table.pinned.clearSelection()
    press(qtbot, table, Qt.Key.Key_Space)
    qtbot.keyClick(table.pinned, Qt.Key.Key_Down, Qt.KeyboardModifier.ControlModifier)
    press(qtbot, table, Qt.Key.Key_Space)
    assert selected(table) == ["train-0", "train-1"]
    with qtbot.waitSignal(table.compare_asked):
        press(qtbot, table, Qt.Key.Key_C)


def test_that_enter_opens_the_run_with_the_keyboards_focus(qtbot: QtBot, table: RunTable) -> None:
    table.pinned.setCurrentIndex(table.model.index(3, 0))
    with qtbot.waitSignal(table.opened) as opened:
        press(qtbot, table, Qt.Key.Key_Return)
    assert opened.args == [row(3).run_id]


def test_that_control_c_copies_the_values_as_they_were_logged(qtbot: QtBot, table: RunTable) -> None:
    table.select_runs([row(2).run_id])
    qtbot.keyClick(table.pinned, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    head, line = QGuiApplication.clipboard().text().splitlines()
    assert head.startswith("run_id\tstatus"), "the box is no value"
    cells = dict(zip(head.split("\t"), line.split("\t"), strict=True))
    assert cells["run_id"] == row(2).run_id
    assert cells["metrics.val_mae"] == "3.0"
    assert cells["params.depth"] == "2"


def test_that_a_selection_survives_new_rows(table: RunTable) -> None:
    table.select_runs([row(1).run_id, row(4).run_id])
    kept = table.selected_ids()
    table.model.show_rows(ListedRows([row(number) for number in reversed(range(6))]))
    table.select_runs(kept)
    assert sorted(selected(table)) == ["train-1", "train-4"]


def test_that_a_click_on_a_header_asks_for_sorting_where_the_server_can(qtbot: QtBot, table: RunTable) -> None:
    places = {column.id: number for number, column in enumerate(table.model.columns)}
    with qtbot.waitSignal(table.sort_asked) as asked:
        table.rest.horizontalHeader().sectionClicked.emit(places["params.depth"])
    assert asked.args is not None
    assert asked.args[0].order_by == "params.`depth`"
    with qtbot.assertNotEmitted(table.sort_asked):
        table.rest.horizontalHeader().sectionClicked.emit(places["duration"])


def click(qtbot: QtBot, table: RunTable, row: int, column: int) -> None:
    place = table.pinned.visualRect(table.model.index(row, column)).center()
    qtbot.mouseClick(table.pinned.viewport(), Qt.MouseButton.LeftButton, pos=place)


def test_that_a_click_on_a_box_changes_that_row_alone(qtbot: QtBot, table: RunTable) -> None:
    for number in (0, 2, 5):
        click(qtbot, table, number, 0)
    assert selected(table) == ["train-0", "train-2", "train-5"]
    click(qtbot, table, 2, 0)
    assert selected(table) == ["train-0", "train-5"]
    click(qtbot, table, 3, 2)
    assert selected(table) == ["train-3"], "a click beside the box selects that row"


def test_that_a_double_click_on_a_box_opens_nothing(qtbot: QtBot, table: RunTable) -> None:
    place = table.pinned.visualRect(table.model.index(1, 0)).center()
    with qtbot.assertNotEmitted(table.opened):
        qtbot.mouseClick(table.pinned.viewport(), Qt.MouseButton.LeftButton, pos=place)
        qtbot.mouseDClick(table.pinned.viewport(), Qt.MouseButton.LeftButton, pos=place)
        qtbot.mouseRelease(table.pinned.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert selected(table) == []


def test_that_the_arrows_move_through_the_rows_and_leave_what_is_selected(qtbot: QtBot, table: RunTable) -> None:
    click(qtbot, table, 0, 0)
    press(qtbot, table, Qt.Key.Key_Down, Qt.Key.Key_Down)
    assert selected(table) == ["train-0"]
    assert table.pinned.currentIndex().row() == 2
    press(qtbot, table, Qt.Key.Key_Space)
    assert selected(table) == ["train-0", "train-2"]
    qtbot.keyClick(table.pinned, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert selected(table) == ["train-0", "train-2", "train-3"]


def test_that_the_box_of_the_header_selects_all_loaded_rows_and_none(qtbot: QtBot, table: RunTable) -> None:
    header = table.pinned.horizontalHeader()
    assert isinstance(header, BoxHeader)
    click(qtbot, table, 1, 0)
    assert header.mark == "minus"
    qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(18, 14))
    assert len(selected(table)) == 6
    assert header.mark == "check"
    qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(18, 14))
    assert (selected(table), header.mark) == ([], "")


def test_that_the_frame_of_the_keyboards_row_goes_over_both_halves(qtbot: QtBot, table: RunTable) -> None:
    table.activateWindow()
    qtbot.waitUntil(table.isActiveWindow)
    table.rest.setFocus()
    qtbot.keyClick(table.rest, Qt.Key.Key_Down)
    row = table.pinned.currentIndex().row()
    ring = color("focus.ring")

    def framed(view: RunView) -> list[bool]:
        image = view.viewport().grab().toImage()
        middle = image.width() // 2
        return [image.pixelColor(middle, y) == ring for y in (row * ROW_HEIGHT, (row + 1) * ROW_HEIGHT - 1)]

    assert framed(table.pinned) == framed(table.rest) == [True, True]
    table.setFocus()
    table.rest.clearFocus()
    assert framed(table.pinned) == framed(table.rest) == [False, False]


def test_that_control_a_selects_ten_thousand_rows_as_one_range_and_a_refresh_keeps_it(
    qtbot: QtBot, table: RunTable
) -> None:
    fill(table, 10_000)
    qtbot.keyClick(table.pinned, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    assert len(table.pinned.selectionModel().selection().toList()) == 1
    told: list[None] = []
    table.selection_changed.connect(lambda: told.append(None))
    table.show_rows(ListedRows([row(number) for number in reversed(range(10_000))]))
    assert table.selected_count == 10_000
    assert len(table.pinned.selectionModel().selection().toList()) == 1
    assert len(told) <= 1, "one change, not one for each row"


def test_that_new_rows_above_leave_the_person_where_they_scrolled_to(qtbot: QtBot, table: RunTable) -> None:
    fill(table, 100)
    table.pinned.setCurrentIndex(table.model.index(42, 2))
    qtbot.wait(20)  # the scroll bars follow the new rows
    table.rest.verticalScrollBar().setValue(40 * ROW_HEIGHT + 5)
    table.show_rows(ListedRows([row(1000), *(row(number) for number in range(100))]))
    qtbot.wait(20)
    assert table.rest.verticalScrollBar().value() == 41 * ROW_HEIGHT + 5
    assert table.pinned.verticalScrollBar().value() == 41 * ROW_HEIGHT + 5
    assert table.model.rows[table.pinned.currentIndex().row()].name == "train-42"


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ((3.5, 3.4512, 3.0), ["3.500", "3.451", "3.000"]),
        ((3.5, 3.25, 3.0), ["3.50", "3.25", "3.00"]),
        ((12.0, 90_000.0, 7.0), ["12", "90,000", "7"]),
        ((0.5, 120.531, 33.0), ["0.50", "120.53", "33.00"]),
        ((0.00012, 120.531, 33.0), ["1.200e-04", "120.5", "33"]),
        ((float("nan"), 1.25, 2.0), ["NaN", "1.25", "2.00"]),
    ],
)
def test_that_the_numbers_of_a_column_have_the_same_decimals(
    qapp: object, values: tuple[float, ...], shown: list[str]
) -> None:
    model = RunTableModel()
    rows = [row(number, metrics={"val_mae": value}) for number, value in enumerate(values)]
    model.show_rows(ListedRows(rows))
    model.show_columns(all_columns(columns_of(rows)))
    place = next(number for number, column in enumerate(model.columns) if column.kind == "metrics")
    assert [model.index(number, place).data() for number in range(3)] == shown


def test_that_what_is_copied_keeps_each_run_on_one_line(qtbot: QtBot, table: RunTable) -> None:
    odd = row(0, name="two\nlines\tand a tab", params={"depth": "1\r\n2"})
    table.model.show_rows(ListedRows([odd, row(1)]))
    table.select_runs([odd.run_id])
    qtbot.keyClick(table.pinned, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    head, line = QGuiApplication.clipboard().text().split("\n")
    cells = dict(zip(head.split("\t"), line.split("\t"), strict=True))
    assert cells["name"] == "two lines and a tab"
    assert cells["params.depth"] == "1 2"


@pytest.mark.parametrize("height", [24, 36])
def test_that_rows_of_another_height_are_drawn_whole_and_the_first_in_sight_stays(
    qtbot: QtBot, table: RunTable, height: int
) -> None:
    fill(table, 200)
    qtbot.wait(20)  # the scroll bars follow the new rows
    table.rest.verticalScrollBar().setValue(50 * ROW_HEIGHT)
    table.show_row_height(height)
    assert table.rest.verticalScrollBar().value() == table.pinned.verticalScrollBar().value() == 50 * height
    assert table.pinned.rowAt(height + 1) == 51
    assert table.rest.rowHeight(51) == height
    table.select_runs([row(51).run_id])
    image = table.pinned.viewport().grab().toImage()
    lit = [image.pixelColor(2, y) == color("bg.selected") for y in range(3 * height)]
    assert not any(lit[: height - 1])
    assert all(lit[height : 2 * height - 1])
    table.show_rows(ListedRows([row(number) for number in range(1, 200)]))
    assert table.rest.verticalScrollBar().value() == 49 * height
