"""How the code of two runs differs: their commits, and what of each was not committed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from longshore.errors import LongshoreError, NotFound
from longshore.mlflow_rest import artifacts, runs
from longshore.projects.history import Between, between
from longshore.tracking.comparing.places import Source, client_of
from longshore.tracking.detail import Code, code_of

if TYPE_CHECKING:
    from longshore.mlflow_rest.client import Client

PATCH_FILE = "longshore/patch.diff"
MOST_PATCH_BYTES = 2_000_000


@dataclass(frozen=True)
class CodeSide:
    """One run's code. The patch is None where it says that there were changes, but none was kept."""

    code: Code
    patch: str | None
    patch_cut: bool = False


@dataclass(frozen=True)
class CodeDifference:
    """The code of two runs. `between` is None where the commits are the same, or `problem` says why it is unknown."""

    base: CodeSide
    other: CodeSide
    between: Between | None
    problem: LongshoreError | None = None

    @property
    def same_commit(self) -> bool:
        """Tell whether both stand on one commit, as far as is known."""
        return self.base.code.commit == self.other.code.commit

    @property
    def same(self) -> bool:
        """Tell whether nothing that was recorded differs."""
        return self.same_commit and self.base.patch == self.other.patch


def code_difference(source: Source, base_id: str, other_id: str, project: Path | None) -> CodeDifference:
    """Compare the code of two runs; `project` is the folder whose repository is looked into.

    Raises: NotFound for a run that is gone, Unavailable without the server.
    """
    base, other = (_side(client_of(source, run_id), run_id) for run_id in (base_id, other_id))
    old, new = base.code.commit, other.code.commit
    if old == new:
        return CodeDifference(base, other, None)
    try:
        if not old or not new:
            raise NotFound("One of the runs recorded no commit.", hint="Runs of a git repository record theirs.")
        if project is None:
            raise NotFound("No project is open whose repository could be asked.", hint="Open the runs' project.")
        return CodeDifference(base, other, between(project, old, new))
    except LongshoreError as error:
        return CodeDifference(base, other, None, error)


def _side(client: Client, run_id: str) -> CodeSide:
    code = code_of(runs.get(client, run_id))
    if not code.dirty:
        return CodeSide(code, "")
    try:
        found = artifacts.download(client, run_id, PATCH_FILE, MOST_PATCH_BYTES)
    except NotFound:
        return CodeSide(code, None)
    return CodeSide(code, found.decode("utf-8", "replace"), len(found) >= MOST_PATCH_BYTES)
