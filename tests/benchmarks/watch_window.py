"""Watches runs that go on in the real window, their table and then one of them, while a heartbeat measures its event loop.

A program of its own: python -m tests.benchmarks.watch_window HOME RUN SECONDS. Prints as JSON the gaps, and of each stretch
when it was and the processor's time that window and agent took.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import psutil

from longshore.store import processes
from longshore.ui.shell.screenshots import wait_ms
from tests.benchmarks.drive_window import Drive

# Pages, curves and the agent's first look at an experiment are there.
_WARM_MS = 3000


class Watch(Drive):
    """Somebody who looks on."""

    def watch(self, run_id: str, seconds: float) -> dict[str, dict[str, float]]:
        """Look at the table, then at a run, for so long each."""
        self.shell.show()
        self.until(lambda: hasattr(self.shell, "services"))
        self.settle()
        self.context.open("runs")
        self.until(lambda: run_id in {row.run_id for row in self.page().table.model.rows})
        found = {"table": self._stretch(seconds)}
        self.context.open("run", run_id=run_id)
        self.until(lambda: self.page()._state is not None)
        found["run"] = self._stretch(seconds)
        self.window.close()
        self.shell.close()
        return found

    def _stretch(self, seconds: float) -> dict[str, float]:
        wait_ms(_WARM_MS)
        agent = processes.agent(self.shell.home)
        assert agent is not None
        before, began = [_cpu_s(agent.pid), _cpu_s(None)], time.time()
        wait_ms(int(seconds * 1000))
        return {
            "began": began,
            "ended": time.time(),
            "agent_cpu_s": _cpu_s(agent.pid) - before[0],
            "window_cpu_s": _cpu_s(None) - before[1],
        }


def _cpu_s(pid: int | None) -> float:
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


if __name__ == "__main__":
    watch = Watch(Path(sys.argv[1]), "", docker=False)
    print(json.dumps({"stretches": watch.watch(sys.argv[2], float(sys.argv[3])), "gaps": watch.heart.gaps}))
