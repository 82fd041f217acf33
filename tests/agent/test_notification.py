"""A system notification tells the end of a job, over a real D-Bus session with a real, small notification service."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from longshore.settings import Home
from tests.support.launching import make_project

SESSION = """
"$0" -m tests.support.notifications > "$1" &
until grep -q ready "$1"; do sleep 0.05; done
"$0" -c 'import sys; from longshore.settings import open_home; from tests.support.launching import run
from pathlib import Path; run(open_home(), Path(sys.argv[1]), experiment="notified")' "$2"
for _ in $(seq 100); do grep -q title "$1" && break; sleep 0.05; done
kill $!
"""


@pytest.mark.skipif(not shutil.which("dbus-run-session"), reason="there is no D-Bus on this computer")
def test_that_a_system_notification_tells_the_end_of_a_job(served_home: Home, tmp_path: Path) -> None:
    project = make_project(tmp_path / "churn", "raise ValueError('no rows')")
    shown = tmp_path / "shown"
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        ["dbus-run-session", "--", "sh", "-c", SESSION, sys.executable, str(shown), str(project)],
        cwd=root,
        env=os.environ | {"PYTHONPATH": root},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    lines = [json.loads(line) for line in shown.read_text().splitlines() if line.startswith("{")]
    assert [(line["app"], line["title"]) for line in lines] == [("Longshore", "churn · main failed")], done.stderr
    assert "ValueError: no rows" in lines[0]["body"]
