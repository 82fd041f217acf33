"""Runs that go on: each logs one batch of ten metrics a second until a file exists.

A program of its own: python -m tests.benchmarks.logging_runs URL PROJECT COUNT UNTIL. Says the ids of its runs as JSON once all
have logged, and at the end how many batches they logged in a second together.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from longshore.mlflow_rest import experiments, runs
from longshore.mlflow_rest.client import Client
from longshore.mlflow_rest.types import Metric

METRICS = 10
EVERY_S = 1.0


def main(url: str, project: str, count: int, until: Path) -> None:
    """Log."""
    with Client(url, timeout_s=60) as client:
        experiment = experiments.ensure(client, project, {"longshore.project": project}).id
        ids = [runs.create(client, experiment, name=f"live {number}").id for number in range(count)]
    ready = threading.Barrier(count + 1)

    def go_on(number: int) -> int:
        with Client(url, timeout_s=60) as client:
            time.sleep(number / count * EVERY_S)
            batch = 0
            began = time.monotonic()
            while not until.exists():
                now_ms = int(time.time() * 1000)
                values = [Metric(f"metric_{m}", batch + m / METRICS, now_ms, batch) for m in range(METRICS)]
                runs.log_batch(client, ids[number], metrics=values)
                batch += 1
                if batch == 1:
                    ready.wait()
                time.sleep(max(0.0, began + batch * EVERY_S - time.monotonic()))
            runs.update(client, ids[number], status="FINISHED")
            return batch

    with ThreadPoolExecutor(count) as pool:
        logging = [pool.submit(go_on, number) for number in range(count)]
        ready.wait()
        print(json.dumps(ids), flush=True)
        began = time.monotonic()
        batches = sum(each.result() for each in logging)
    print(round(batches / (time.monotonic() - began), 1))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]))
