"""Which files of tests are begun first where several processes share the tests out, a file as one piece."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

# What is begun last decides when all is over: what takes half a minute or more on two cores, longest first.
LONG = (
    "tests/benchmarks/test_smoke.py",
    "tests/e2e/test_demo.py",
    "tests/serving/test_deployment.py",
    "tests/faults/test_purge.py",
    "tests/ui/test_compare_panel.py",
    "tests/ui/test_runs_page.py",
    "tests/policies/test_purge.py",
    "tests/workspace/test_databases.py",
    "tests/ui/test_trash_page.py",
    "tests/workspace/test_server.py",
    "tests/faults/test_jobs.py",
    "tests/jobs/test_docker_tracking.py",
    "tests/agent/test_team.py",
    "tests/agent/test_databases.py",
    "tests/ui/test_deployments_page.py",
    "tests/tracking/index/test_like_mlflow.py",
)


def longest_first(items: Iterable[pytest.Item]) -> list[pytest.Item]:
    """Give the tests of long files first; the others, and those of one file, keep their order."""
    rank = {name: number for number, name in enumerate(LONG)}
    return sorted(items, key=lambda item: rank.get(item.nodeid.partition("::")[0], len(LONG)))
