"""Small real models on the tests' tracking server, logged once per test run in a child process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class MadeRun:
    """A run, and the model that it logged (no id where it logged none)."""

    run_id: str
    model_id: str
    experiment_id: str


@dataclass(frozen=True)
class MadeModels:
    """scikit-learn models with inputs rooms (double), floor (long), city (long); all predict a price.

    Every run has params kind=linear, seed=7 and rmse over three steps.
    """

    experiment: str
    signed: MadeRun  # finished, signature and input example; rmse 0.5
    better: MadeRun  # the same with rmse 0.25
    unsigned: MadeRun  # finished, no signature
    unfinished: MadeRun  # still running, signed
    failed: MadeRun  # failed, signed
    without_model: MadeRun  # finished, logged none


def make_models(url: str) -> MadeModels:
    experiment = f"models-{uuid.uuid4().hex[:8]}"
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("log_models.py")), experiment],
        env=os.environ | {"MLFLOW_TRACKING_URI": url, "MLFLOW_DISABLE_TELEMETRY": "true", "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("MADE ")]
    assert done.returncode == 0 and lines, done.stdout + done.stderr
    return MadeModels(experiment, **{name: MadeRun(**one) for name, one in json.loads(lines[0][5:]).items()})
