"""Scrolling a hundred thousand runs of 25 columns, by wheel and by the scroll bar's thumb, beside a bare QTableView in turns."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.benchmarks.measuring import Line, Options, run, temporary_home, user_environment

ROOT = Path(__file__).resolve().parents[2]
FRAMES, QUICK_FRAMES = 400, 40


def measure(options: Options) -> Iterator[Line]:
    """Limit: the 99th percentile of a frame, 16 ms or 1.5 times the bare table's."""
    from longshore.settings import open_home
    from longshore.tracking.index import layout
    from tests.support.made_index import make_index

    runs, frames = (1_000, QUICK_FRAMES) if options.quick else (100_000, FRAMES)
    with temporary_home() as path:
        make_index(layout.folder(open_home(path), "personal", "1"), runs=runs)
        command = [sys.executable, "-m", "tests.benchmarks.scroll_tables", str(path), str(frames)]
        found = json.loads(run(command, user_environment(path), cwd=ROOT)[1])
    for way, tables in found.items():
        ours, bare = ({what: _p99([each[place] for each in tables[table]]) for place, what in enumerate(("ms", "cpu_ms"))}
                      for table in ("ours", "bare"))  # fmt: skip
        yield {
            "figure": f"frame_of_{way}", "runs": runs, "frames": frames, **ours,
            **{f"bare_table_{key}": value for key, value in bare.items()},
            "ratio": round(ours["cpu_ms"] / bare["cpu_ms"], 2), "limit": 1.5, "or_ms": 16,
        }  # fmt: skip


def _p99(values: Sequence[float]) -> float:
    return round(sorted(values)[int(len(values) * 0.99)], 2)
