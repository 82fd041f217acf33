"""The real command line in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Answer:
    """What a command printed and how it ended."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The JSON document on standard output; fails where anything else stands there."""
        return json.loads(self.out)

    @property
    def error(self) -> Any:
        """The `error` of the JSON document on the last line of standard error."""
        return json.loads(self.err.strip().splitlines()[-1])["error"]


def longshore(
    home: Path, *arguments: str, env: Mapping[str, str] | None = None, stdin: str = "", timeout_s: float = 600
) -> Answer:
    """Run `longshore ARGUMENTS --json` on a home and give its answer."""
    process = subprocess.run(
        [sys.executable, "-m", "longshore", *arguments, "--json"],
        env={**os.environ, "LONGSHORE_HOME": str(home), **(env or {})},
        input=stdin,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        timeout=timeout_s,
        check=False,
    )
    # A script's own traceback may be in the log; one of ours passes through the command line's door.
    assert str(Path("longshore", "cli", "app.py")) not in process.stderr, process.stderr[-4000:]
    return Answer(process.returncode, process.stdout, process.stderr)
