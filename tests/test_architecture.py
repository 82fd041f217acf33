"""The house's rules hold, and the guard that checks them bites."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [str(program), "--no-cache", "--config", str(folder / "pyproject.toml")],
        cwd=folder,
        env={"PYTHONPATH": str(folder / "desktop"), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )


def copy_of_the_house(folder: Path) -> Path:
    shutil.copytree(ROOT / "desktop", folder / "desktop", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def test_that_every_room_imports_only_from_the_floors_below_it(tmp_path: Path) -> None:
    result = lint_imports(copy_of_the_house(tmp_path))
    assert result.returncode == 0, result.stdout


def test_that_a_planted_import_from_a_floor_above_is_found(tmp_path: Path) -> None:
    house = copy_of_the_house(tmp_path)
    (house / "desktop/longshore/store/planted.py").write_text("from longshore.jobs import __doc__\n")
    result = lint_imports(house)
    assert result.returncode != 0
    assert "longshore.store.planted -> longshore.jobs" in result.stdout


def test_that_a_planted_import_of_qt_below_the_window_is_found(tmp_path: Path) -> None:
    house = copy_of_the_house(tmp_path)
    (house / "desktop/longshore/jobs/planted.py").write_text("import PySide6\n")
    assert "longshore.jobs.planted -> PySide6" in lint_imports(house).stdout
