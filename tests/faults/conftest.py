"""What several faults need: a disk that is soon full."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def small_disk(request: pytest.FixtureRequest) -> Iterator[Path]:
    """A folder on a disk of its own, of 24 MB, or of what an indirect parameter says in mount's words."""
    folder = Path(tempfile.mkdtemp(prefix="ls-disk-"))
    size = getattr(request, "param", "24m")
    mounted = shutil.which("mount") and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if not mounted or mounted.returncode:
        folder.rmdir()
        pytest.skip("a small disk can only be mounted by root")
    yield folder
    # What a test has ended may have it open for a moment.
    for _ in range(50):
        if subprocess.run(["umount", str(folder)], capture_output=True, check=False).returncode == 0:
            break
        time.sleep(0.1)
    else:
        subprocess.run(["umount", "-l", str(folder)], check=True)
    folder.rmdir()
