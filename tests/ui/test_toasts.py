"""Toasts: three at most, errors stay, others go."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QCursor
from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot

from longshore.ui.shell.toasts import Toast, Toasts


@pytest.fixture
def window(qtbot: QtBot) -> QWidget:
    made = QWidget()
    made.resize(1000, 700)
    qtbot.addWidget(made)
    # A mouse that rests on a toast keeps it.
    QCursor.setPos(made.mapToGlobal(made.rect().topLeft()))
    made.show()
    return made


def shown(window: QWidget) -> list[str]:
    toasts = [toast for toast in window.findChildren(Toast) if toast.isVisible()]
    return [toast.findChild(QLabel).text() for toast in sorted(toasts, key=lambda toast: toast.y())]


def test_that_three_toasts_are_shown_at_most_and_the_oldest_goes(qtbot: QtBot, window: QWidget) -> None:
    toasts = Toasts(window, 40)
    for number in range(5):
        toasts.show("info", f"message {number}")
    assert shown(window) == ["message 2", "message 3", "message 4"]


def test_that_toasts_stand_above_each_other_inside_the_window(qtbot: QtBot, window: QWidget) -> None:
    toasts = Toasts(window, 40)
    for number in range(3):
        toasts.show("info", f"message {number}", "with a second line that explains what to do about it " * 3)
    boxes = [toast.geometry() for toast in window.findChildren(Toast)]
    assert all(window.rect().contains(box) for box in boxes)
    assert not any(a.intersects(b) for a in boxes for b in boxes if a is not b)


def test_that_an_error_stays_while_the_others_go(
    qtbot: QtBot, window: QWidget, monkeypatch: pytest.MonkeyPatch
) -> None:
    from longshore.ui.theme.tokens import values

    monkeypatch.setitem(values()["motion"], "toastVisible", 50)
    toasts = Toasts(window, 40)
    toasts.show("error", "Docker is not running")
    toasts.show("success", "Copied")
    qtbot.waitUntil(lambda: shown(window) == ["Docker is not running"], timeout=3000)
    qtbot.wait(150)
    assert shown(window) == ["Docker is not running"]


def test_that_an_error_outlives_newer_messages(qtbot: QtBot, window: QWidget) -> None:
    toasts = Toasts(window, 40)
    toasts.show("error", "Docker is not running")
    for number in range(4):
        toasts.show("info", f"message {number}")
    assert "Docker is not running" in shown(window)
    assert len(shown(window)) == 3
