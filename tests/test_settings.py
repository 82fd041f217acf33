"""The home folder and the settings."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from longshore.errors import Invalid, Unavailable
from longshore.settings import Home, Settings, load_settings, open_home, resources_dir, save_settings

ROOT = Path(__file__).resolve().parents[1]


def test_that_two_homes_have_ids_of_their_own_and_keep_them(tmp_path: Path) -> None:
    first, second = open_home(tmp_path / "a"), open_home(tmp_path / "b")
    assert first.id != second.id
    assert open_home(tmp_path / "a").id == first.id


def test_that_a_home_that_is_a_file_is_refused_with_the_next_step(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable) as caught:
        open_home(tmp_path / "file")
    assert "--home" in (caught.value.hint or "")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps the user's folder closed by its own means")
def test_that_a_new_home_can_be_read_by_its_owner_alone(tmp_path: Path) -> None:
    assert open_home(tmp_path / "home").path.stat().st_mode & 0o077 == 0


def test_that_settings_survive_garbage_and_keep_what_is_valid(home: Home) -> None:
    home.settings_file.write_text(json.dumps({"theme": "dark", "text_size_percent": 400, "unknown": 1, "grace_s": "x"}))
    assert load_settings(home) == Settings(theme="dark")
    home.settings_file.write_text("{not json")
    assert load_settings(home) == Settings()


def test_that_a_setting_with_a_wrong_value_is_refused_and_nothing_changes(home: Home) -> None:
    save_settings(home, theme="dark")
    with pytest.raises(Invalid, match="text_size_percent"):
        save_settings(home, text_size_percent=20)
    assert load_settings(home).theme == "dark"


def test_that_the_resources_are_found_in_an_installed_wheel(tmp_path: Path) -> None:
    uv = Path(sys.executable).with_name("uv.exe" if sys.platform == "win32" else "uv")
    subprocess.run([uv, "build", "-q", "--wheel", "--out-dir", str(tmp_path), str(ROOT)], check=True, timeout=240)
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        wheel.extractall(tmp_path / "site")
    code = "from longshore.settings import resources_dir; print(resources_dir())"
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "site")}
    found = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert Path(found.stdout.strip()) == tmp_path / "site" / "longshore" / "resources"
    assert {path.name for path in Path(found.stdout.strip()).iterdir()} >= {
        path.name for path in resources_dir().iterdir() if not path.name.startswith(".")
    }
