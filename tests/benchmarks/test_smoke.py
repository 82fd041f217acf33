"""The benchmarks run and say their figures; how large the figures are is nobody's test."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

FIGURES = {
    "start": {"first_paint", "rows"},
    "launch": {"queued_to_first_line", "command_over_script", "docker_first_line_over_docker_run_true"},
    "deploy": {"click_to_first_prediction_over_imports"},
    "event_loop": {f"longest_gap_{stretch}" for stretch in ("open", "launch", "sort", "compare", "promote")},
    "live_runs": {"longest_gap_while_runs_log", "agents_part_of_a_core", "requests_to_the_server"},
    "asking_the_index": {"warm_open", "filter", "sort", "group", "rows", "refreshed"},
    "opening_the_table": {
        "click_to_painted_table",
        "click_to_painted_wide_table",
        "window_with_wide_table",
        "window_after_sorting_and_scrolling",
    },
    "scrolling": {"frame_of_wheel", "frame_of_thumb"},
    "long_metric": {"first_time", "again", "zoom_step"},
    "pipeline_graph": {"open_500_steps", "repaint_after_a_change_of_state"},
    "run_index": {"first_rows", "all_rows", "nothing_new", "after_an_edit", "rest_rate_over_the_servers"},
}


@pytest.mark.docker
@pytest.mark.timeout(900)
# "deploy" last: until then the demo's test, which is begun at the same time, has built the image that both need.
@pytest.mark.parametrize("name", sorted(FIGURES, reverse=True))
def test_that_a_benchmark_says_its_figures_beside_their_limits(name: str) -> None:
    command = [sys.executable, "-m", "tests.benchmarks", name, "--quick"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=880, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert {line["figure"] for line in lines} >= FIGURES[name]
    assert all(line["benchmark"] == name and line["limit"] > 0 for line in lines)
