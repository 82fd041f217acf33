"""From a supervisor's last words to a state, a reason and a next step."""

from __future__ import annotations

import pytest

from longshore.errors import Unavailable
from longshore.jobs.ending import conclude
from longshore.jobs.spec import RunSpec

SPEC = RunSpec("p", "churn", "/p", "train", timeout_s=5.0)


def test_that_exit_status_zero_is_a_finished_job() -> None:
    ending = conclude({"code": 0, "reason": "exited"}, SPEC, "j1", [])
    assert (ending.state, ending.exit_code, ending.error) == ("finished", 0, None)


def test_that_a_failed_script_is_told_with_its_last_line() -> None:
    lines = ["Traceback (most recent call last):", "ValueError: no rows", "", "[longshore] tidied up"]
    ending = conclude({"code": 1, "reason": "exited"}, SPEC, "j1", lines)
    assert ending.state == "failed"
    assert ending.error is not None
    assert ending.error.reason == "train failed with exit status 1: ValueError: no rows"
    assert "longshore logs j1" in str(ending.error.hint)
    assert "Traceback" in str(ending.error.details)


@pytest.mark.parametrize(
    ("status", "state", "word"),
    [
        ({"code": 0, "reason": "stopped"}, "stopped", None),
        ({"code": -15, "reason": "stopped", "killed": True}, "stopped", None),
        ({"code": -15, "reason": "timed_out"}, "failed", "time limit of 5 s"),
        ({"code": -9, "reason": "memory", "detail": "It took more than 10 MB."}, "failed", "more than 10 MB"),
        ({"code": -9, "reason": "killed", "detail": "By SIGKILL."}, "failed", "was killed"),
        ({"code": None, "reason": "lost", "detail": "Gone."}, "failed", "is not known"),
        ({"code": None, "reason": "not_started", "detail": "No program."}, "failed", "could not be started"),
        ({"code": 1, "reason": "exited", "disk_full": True, "log_bytes": 3 << 20}, "failed", "after 3.0 MB"),
    ],
)
def test_that_each_end_has_a_true_state_and_a_reason(status: dict[str, object], state: str, word: str | None) -> None:
    ending = conclude(status, SPEC, "j1", [])
    assert ending.state == state
    assert (ending.error is None) == (word is None)
    if ending.error is not None:
        assert str(word) in ending.error.reason
        assert ending.error.hint


def test_that_an_engine_that_went_away_is_no_fault_of_the_script() -> None:
    ending = conclude({"code": None, "reason": "engine_gone"}, SPEC, "j1", [])
    assert isinstance(ending.error, Unavailable)
