"""Figures, each beside a peer or a limit measured in the same run: one JSON line each.

python -m tests.benchmarks                  all of them
python -m tests.benchmarks start launch     some of them
python -m tests.benchmarks --quick          once each, for the smoke
python -m tests.benchmarks --peers          MLflow's own ways beside ours (minutes)
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys

from tests.benchmarks.measuring import Options

BENCHMARKS = (
    "start", "launch", "deploy", "event_loop", "run_index", "asking_the_index", "opening_the_table", "scrolling",
    "long_metric", "live_runs", "pipeline_graph",
)  # fmt: skip


def main() -> int:
    """Run what was asked for and print a line per figure."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--quick", action="store_true", help="one repetition on small stores")
    parser.add_argument("--peers", action="store_true", help="measure MLflow's own commands too")
    parser.add_argument("--repetitions", type=int, default=7)
    given = parser.parse_args()
    unknown = set(given.names) - set(BENCHMARKS)
    if unknown:
        parser.error(f"no benchmark is called {', '.join(sorted(unknown))}")
    options = Options(1 if given.quick else given.repetitions, quick=given.quick, peers=given.peers)
    for name in given.names or BENCHMARKS:
        measure = importlib.import_module(f"tests.benchmarks.{name}").measure
        for line in measure(options):
            print(json.dumps({"benchmark": name, **line}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
