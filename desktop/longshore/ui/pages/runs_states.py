"""What the Runs page shows in place of an empty table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from longshore.ui.widgets.states import EmptyState

if TYPE_CHECKING:
    from longshore.tracking.imports.types import Found


def no_fit(clear: Callable[[], object]) -> EmptyState:
    """Say that no run fits the filter."""
    words = "Change the filter, or clear it to see all runs."
    return EmptyState("filter", "No run fits this filter", words, ("Clear the filter", clear))


def no_runs(launch: Callable[[], object]) -> EmptyState:
    """Say how runs come here."""
    words = "Launch the project here or in Docker. Scripts that log to MLflow elsewhere appear too."
    return EmptyState("run", "No runs yet", words, ("Launch run…", launch), action_icon="play")


def importable(found: Sequence[Found], import_runs: Callable[[], object]) -> EmptyState:
    """Offer what lies in the folder already."""
    words = f"Runs that can be imported lie in the project's folder: {sum(each.runs for each in found):,}."
    return EmptyState("run", "No runs here yet", words, ("Import…", import_runs), action_icon="download")
