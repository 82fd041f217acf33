"""The door: what opens the window and what is a command."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from longshore.__main__ import wants_window


@pytest.mark.parametrize(
    ("arguments", "window"),
    [
        ([], True),
        (["gui"], True),
        (["--home", "runs"], True),
        (["--home=x", "gui", "--json"], True),
        (["--profile-startup"], True),
        (["--screenshots", "pictures"], True),
        (["runs"], False),
        (["--json", "runs"], False),
        (["--workspace", "gui", "runs"], False),
        (["--help"], False),
    ],
)
def test_that_the_window_opens_where_no_command_is_named(arguments: list[str], window: bool) -> None:
    assert wants_window(arguments) is window


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems always have a display")
def test_that_without_a_display_the_window_says_so_and_names_the_other_ways(home_path: Path) -> None:
    hidden = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    environment = {key: value for key, value in os.environ.items() if key not in hidden}
    command = [sys.executable, "-m", "longshore", "--home", str(home_path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "no display" in done.stderr
    assert "--screenshots" in done.stderr


def test_that_importing_the_package_costs_nothing(home_path: Path) -> None:
    code = "import sys, longshore; print([name for name in ('httpx', 'pandas', 'sqlmodel', 'PySide6', 'mlflow') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
