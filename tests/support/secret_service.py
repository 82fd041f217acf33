"""A real Secret Service without a desktop: a child under its own D-Bus with GNOME Keyring."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

UNLOCKED = "printf keyring-password | gnome-keyring-daemon --unlock --components=secrets"
LOCKED = "gnome-keyring-daemon --start --components=secrets"

needs_secret_service = pytest.mark.skipif(
    not (shutil.which("dbus-run-session") and shutil.which("gnome-keyring-daemon")),
    reason="GNOME Keyring or D-Bus is not installed",
)


def run_with_keyring(code: str, *arguments: str, daemon: str = UNLOCKED, timeout_s: float = 60) -> str:
    """Run Python code in a session that has a keyring of its own, and give what it printed. It must end with 0."""
    data = tempfile.mkdtemp(prefix="ls-keyring-")
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("LONGSHORE_SECRETS_BACKEND", "LONGSHORE_VAULT_PASSPHRASE", "DISPLAY", "WAYLAND_DISPLAY")
    }
    script = f'{daemon} >/dev/null 2>&1; exec "$@"'
    try:
        ended = subprocess.run(
            ["dbus-run-session", "--", "sh", "-c", script, "sh", sys.executable, "-c", code, *arguments],
            env=environment | {"XDG_DATA_HOME": data, "XDG_RUNTIME_DIR": data},
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            timeout=timeout_s,
        )
    finally:
        shutil.rmtree(data, ignore_errors=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout
