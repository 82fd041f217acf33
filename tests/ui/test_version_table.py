"""The table of a model's versions by itself: what stands in it, what leaves when it gets narrow, mouse and keyboard."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from longshore.registry.models import VersionInfo
from longshore.settings import Settings
from longshore.ui.pages.version_table import VersionTable
from longshore.ui.widgets.version_model import VersionModel


def version(number: int, aliases: tuple[str, ...] = (), **metrics: float) -> VersionInfo:
    return VersionInfo(
        name="wine",
        version=str(number),
        aliases=aliases,
        run_id=f"{number:032x}",
        model_id="",
        metrics=metrics,
        params={},
        created_at=datetime.now(UTC),
        user="mira",
        status="READY",
        description="",
        tags={},
        source="",
        run_name=f"calm-ibis-{number}",
    )


VERSIONS = (
    version(3, ("challenger", "staging", "shadow"), val_mae=0.5, val_rmse=0.75, train_mae=0.1, depth=4.0),
    version(2, ("champion",), val_mae=0.4813, val_rmse=0.8, train_mae=0.2, depth=8.0),
    version(1, (), val_mae=0.9),
)


@pytest.fixture
def table(qtbot: QtBot) -> VersionTable:
    made = VersionTable()
    qtbot.addWidget(made)
    made.resize(900, 300)
    made.show_versions(VERSIONS, {"wine/2": ("wine-prod", "wine-audit")}, "2")
    made.show()
    return made


def titles(table: VersionTable) -> list[str]:
    columns = range(table.rows.columnCount())
    return [table.rows.columns[each].title for each in columns if not table.isColumnHidden(each)]


def cell(model: VersionModel, row: int, title: str) -> str:
    column = [each.title for each in model.columns].index(title)
    return str(model.index(row, column).data())


def test_that_the_versions_hold_to_the_rules_of_item_models(table: VersionTable) -> None:
    ModelTester(table.rows)
    table.show_versions(VERSIONS[:1], {}, "3")
    ModelTester(table.rows)


def test_that_a_version_says_its_run_its_aliases_and_where_it_is_served(table: VersionTable) -> None:
    assert cell(table.rows, 1, "Version") == "v2"
    assert cell(table.rows, 1, "Source run") == "calm-ibis-2"
    assert cell(table.rows, 1, "Live") == "wine-prod, wine-audit"
    assert cell(table.rows, 2, "Live") == "—"
    assert cell(table.rows, 0, "Alias") == "challenger, staging, shadow"


def test_that_the_decimals_of_a_metric_stand_under_each_other(table: VersionTable) -> None:
    assert [cell(table.rows, row, "val_mae") for row in range(3)] == ["0.5000", "0.4813", "0.9000"]
    assert cell(table.rows, 2, "val_rmse") == "—"


def test_that_the_best_value_stands_out_where_the_name_says_what_is_better(table: VersionTable) -> None:
    columns = {each.title: each for each in table.rows.columns}
    assert [table.rows.is_best(each, columns["val_mae"]) for each in VERSIONS] == [False, True, False]
    assert not any(table.rows.is_best(each, columns["depth"]) for each in VERSIONS)


def test_that_metrics_leave_before_the_table_scrolls_sideways(table: VersionTable, qtbot: QtBot) -> None:
    assert "train_mae" in titles(table)
    table.resize(480, 300)
    qtbot.wait(20)
    shown = titles(table)
    assert {"Version", "Alias", "Source run", "Registered", "Live"} <= set(shown)
    assert "train_mae" not in shown
    assert sum(table.columnWidth(each) for each in range(len(table.rows.columns))) <= table.viewport().width()


def test_that_a_click_on_the_run_opens_it_and_a_click_beside_it_selects(table: VersionTable, qtbot: QtBot) -> None:
    opened: list[str] = []
    chosen: list[str] = []
    table.run_opened.connect(opened.append)
    table.version_chosen.connect(chosen.append)
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=middle(table, 0, 0))
    assert (opened, chosen) == ([], ["3"])
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=middle(table, 1, 2))
    assert opened == [VERSIONS[1].run_id]


def middle(table: VersionTable, row: int, column: int) -> QPoint:
    return table.visualRect(table.rows.index(row, column)).center()


def test_that_the_keyboard_moves_opens_and_copies(table: VersionTable, qtbot: QtBot) -> None:
    chosen: list[str] = []
    opened: list[str] = []
    table.version_chosen.connect(chosen.append)
    table.version_opened.connect(opened.append)
    table.setFocus()
    qtbot.keyClick(table, Qt.Key.Key_Down)
    assert chosen == ["1"]
    qtbot.keyClick(table, Qt.Key.Key_Return)
    assert opened == ["1"]
    qtbot.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == "wine/1"


def test_that_showing_the_versions_again_keeps_the_selection_and_asks_for_nothing(table: VersionTable) -> None:
    chosen: list[str] = []
    table.version_chosen.connect(chosen.append)
    table.show_versions(VERSIONS, {}, "2")
    assert [index.row() for index in table.selectionModel().selectedRows()] == [1]
    assert chosen == []


def test_that_it_is_drawn_in_both_themes_with_more_aliases_than_fit(table: VersionTable, qtbot: QtBot) -> None:
    from pathlib import Path
    from tempfile import TemporaryDirectory

    from PySide6.QtWidgets import QApplication

    from longshore.ui.theme.style import Theme

    application = QApplication.instance()
    assert isinstance(application, QApplication)
    with TemporaryDirectory() as folder:
        theme = Theme(application, Settings(), Path(folder))
        pictures = []
        for name in ("light", "dark"):
            theme.force(name)
            pictures.append(table.grab().toImage())
    assert pictures[0] != pictures[1]
