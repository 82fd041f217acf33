"""The notebook API: open a project, its runs as a DataFrame, its lineage.

import longshore

project = longshore.open("~/code/prices")
project.runs(filter="metrics.rmse < 0.5", order_by="metrics.rmse ASC")
project.lineage("model:price@champion")
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from longshore.errors import Invalid
from longshore.settings import Home, open_home

if TYPE_CHECKING:
    import pandas as pd

    from longshore.lineage.graph import Graph
    from longshore.mlflow_rest.client import Client
    from longshore.projects.model import ProjectInfo
    from longshore.tracking.rows import RunRow, RunTable

__all__ = ["Project", "open", "runs"]

# The personal tracking server is up after about 6 s; a cold disk may need many times that.
_SERVER_WAIT_S = 90.0
_EVERYTHING = 100_000_000


@dataclass(frozen=True)
class Project:
    """An opened project. What it is was read when it was opened; runs and lineage are asked for anew each time."""

    info: ProjectInfo
    home: Home
    workspace: str | None  # None: the current one

    @property
    def name(self) -> str:
        """Its name, also that of its experiments' tag."""
        return self.info.name

    @property
    def path(self) -> Path:
        """Its folder."""
        return Path(self.info.path)

    def runs(self, filter: str = "", *, order_by: str | Sequence[str] = (), limit: int | None = None) -> pd.DataFrame:
        """Give the project's runs, as `longshore.runs` does."""
        with _connect(self.home, self.workspace) as client:
            return _frame(_search(client, self.name, filter, order_by, limit))

    def lineage(self, reference: str | None = None, *, up: int = 3, down: int = 3) -> Graph:
        """Give the graph around a thing, by default around the project's latest run.

        `reference` as on the command line, for example `model:price/3` or `run:ID`.
        Raises: Invalid, NotFound; Invalid where there is no run yet.
        """
        from longshore.lineage.graph import around

        with _connect(self.home, self.workspace) as client:
            return around(self.home, client, reference or self._latest(client), up=up, down=down)

    def _latest(self, client: Client) -> str:
        found = _search(client, self.name, "", (), 1).rows
        if not found:
            raise Invalid(f"{self.name} has no run yet.", hint=f"Start one: longshore run {self.info.path}")
        return f"run:{found[0].run_id}"


def open(
    project: str | PathLike[str] = ".", *, home: str | PathLike[str] | None = None, workspace: str | None = None
) -> Project:
    """Open a project by its folder, or by the name of one that was opened before.

    `home` is the home folder (default: LONGSHORE_HOME, or this user's); `workspace` one of its workspaces by name.
    Raises: NotFound, Invalid where the folder holds no project, Conflict where several have this name.
    """
    from longshore.projects import opening

    opened = _home(home)
    return Project(opening.load(opened, str(project)), opened, workspace)


def runs(
    filter: str = "",
    *,
    project: str | None = None,
    order_by: str | Sequence[str] = (),
    limit: int | None = None,
    home: str | PathLike[str] | None = None,
    workspace: str | None = None,
) -> pd.DataFrame:
    """Give runs as a DataFrame, one row each, the newest first where `order_by` is empty.

    `filter` and `order_by` are in MLflow's language, for example `metrics.rmse < 0.5` and `metrics.rmse ASC`;
    `project` is a project's name (None: every experiment). Columns: run_id, name, status, start_time and end_time (UTC),
    duration_s, user, experiment, then params.*, metrics.* and tags.*; what a run does not have is NaN or None.
    Raises: Invalid for the filter, Unavailable.
    """
    with _connect(_home(home), workspace) as client:
        return _frame(_search(client, project, filter, order_by, limit))


def _home(given: str | PathLike[str] | None) -> Home:
    return open_home(None if given is None else Path(given))


def _connect(home: Home, workspace: str | None) -> Client:
    from longshore.store import processes, workspaces
    from longshore.workspace.connection import connect

    if workspaces.get(home, workspace).served_here:
        processes.ensure_agent(home)
    # A notebook asks for everything at once, which takes longer than a page of the window.
    return connect(home, workspace, wait_s=_SERVER_WAIT_S, timeout_s=60.0)


def _search(
    client: Client, project: str | None, filter: str, order_by: str | Sequence[str], limit: int | None
) -> RunTable:
    from longshore.tracking import table

    order = (order_by,) if isinstance(order_by, str) else tuple(order_by)
    wanted = _EVERYTHING if limit is None else limit
    return table.search(client, project=project, filter=filter, order_by=order, limit=wanted)


def _frame(found: RunTable) -> pd.DataFrame:
    import pandas as pd

    columns = found.columns
    named: Mapping[str, Sequence[str]] = {
        "params": columns.params,
        "metrics": columns.metrics,
        "tags": sorted({tag for row in found.rows for tag in row.tags}),
    }
    frame = pd.DataFrame(
        {
            "run_id": [row.run_id for row in found.rows],
            "name": [row.name for row in found.rows],
            "status": [row.status for row in found.rows],
            "start_time": pd.to_datetime([row.start_time for row in found.rows], utc=True),
            "end_time": pd.to_datetime([row.end_time for row in found.rows], utc=True),
            "duration_s": pd.Series([row.duration_s for row in found.rows], dtype="float64"),
            "user": [row.user for row in found.rows],
            "experiment": [row.experiment for row in found.rows],
        }
    )
    values = {f"{kind}.{name}": _values(found.rows, kind, name) for kind, names in named.items() for name in names}
    # Put on at once: hundreds of single columns would leave a fragmented frame.
    return pd.concat([frame, pd.DataFrame(values, index=frame.index)], axis=1)


def _values(rows: Sequence[RunRow], kind: str, name: str) -> list[Any]:
    missing = float("nan") if kind == "metrics" else None
    return [getattr(row, kind).get(name, missing) for row in rows]
