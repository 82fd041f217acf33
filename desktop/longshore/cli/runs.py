"""Commands on runs: runs, compare."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from longshore.cli import groups, past
from longshore.cli.app import app
from longshore.cli.output import seconds
from longshore.cli.session import Session
from longshore.errors import Invalid

if TYPE_CHECKING:
    from longshore.mlflow_rest.client import Client
    from longshore.tracking.run_index import Selection


@app.command()
def runs(
    context: typer.Context,
    project: Annotated[str | None, typer.Argument(help="name or path; all experiments without")] = None,
    expression: Annotated[str, typer.Option("--filter", metavar="EXPR", help="MLflow's filter language")] = "",
    sort: Annotated[str | None, typer.Option(metavar="COLUMN[:asc|desc]", help="such as metrics.rmse:asc")] = None,
    limit: Annotated[int, typer.Option(min=1)] = 50,
    columns: Annotated[
        str | None, typer.Option(help="comma-separated, such as params.lr,metrics.rmse,best.rmse,mean.rmse")
    ] = None,
    archived: Annotated[bool, typer.Option("--archived", help="with the archived runs, too")] = False,
    group_by: Annotated[
        str | None, typer.Option(metavar="COLUMN,...", help="one row per group: params.NAME, tags.NAME, experiment")
    ] = None,
    export: Annotated[Path | None, typer.Option(help="write all that fit, with every column: .csv or .parquet")] = None,
) -> None:
    """The run table."""
    from longshore.projects import opening
    from longshore.store import workspaces
    from longshore.tracking import run_index
    from longshore.tracking.fresh import fresh_runs

    session: Session = context.obj
    name = opening.load(session.home, project).name if project else None
    order = (order_by(sort),) if sort else ()
    workspace = workspaces.get(session.home, session.workspace)
    fresh = fresh_runs(session.home, workspace, name, session.client)
    if fresh.offline is not None:
        session.output.message(f"{fresh.offline.reason} These are the runs as they were last seen.")
    named = [column.strip() for column in columns.split(",")] if columns else []
    selection = run_index.query(fresh.frame, expression, order, archived=archived)
    names = past.index_names(named, order)
    if names:
        whole = export is not None or group_by is not None or bool(past.index_names((), order))
        frame = past.read(session, workspace, selection if whole else selection[:limit], names)
        selection = run_index.query(frame, expression, order, archived=archived)
    if export is not None:
        _export(session, selection, export, names)
    found = run_index.rows(selection[:limit])
    chosen = named or _default_columns(found)
    if group_by is not None:
        groups.tell(session, selection, group_by, order, chosen)
        return
    session.output.document(
        {"total": len(selection), "as_of": fresh.frame.as_of, "runs": [_as_document(row) for row in found]}
    )
    session.output.table(
        ("run", "name", "status", "started", "took", *chosen),
        (
            (row.run_id[:8], row.name, row.status, row.start_time, seconds(row.duration_s), *_cells(row, chosen))
            for row in found
        ),
        empty="No run fits." if expression else "There are no runs yet. Next: longshore run PROJECT",
    )


def _export(session: Session, selection: Selection, file: Path, names: Sequence[str]) -> None:
    from longshore.tracking.export import export

    session.output.message(f"Wrote {export(selection, file, past=names):,} runs to {file}.")


def order_by(sort: str) -> str:
    """Turn `metrics.rmse:asc` into MLflow's `metrics.rmse ASC`. Raises: Invalid."""
    column, _, direction = sort.rpartition(":") if ":" in sort else (sort, "", "asc")
    if direction.lower() not in ("asc", "desc"):
        raise Invalid(f"{direction!r} is not a direction.", hint="End with :asc or :desc.")
    return f"{column} {direction.upper()}"


def _default_columns(rows: Any) -> list[str]:
    metrics = Counter(f"metrics.{key}" for row in rows for key in row.metrics if not key.startswith("system/"))
    params = Counter(f"params.{key}" for row in rows for key in row.params)
    return [
        name for counted in (metrics, params) for name in sorted(counted, key=lambda name: (-counted[name], name))[:4]
    ]


def _cells(row: Any, columns: list[str]) -> list[Any]:
    kinds = {"params": row.params, "metrics": row.metrics, "tags": row.tags}
    found = []
    for column in columns:
        kind, _, key = column.partition(".")
        if name := past.index_name(column):
            found.append(row.past.get(name))
            continue
        found.append(kinds[kind].get(key) if kind in kinds else getattr(row, column, None))
    return found


def _as_document(row: Any) -> dict[str, Any]:
    return {
        "run_id": row.run_id,
        "name": row.name,
        "status": row.status,
        "start_time": row.start_time,
        "duration_s": row.duration_s,
        "experiment": row.experiment,
        "params": row.params,
        "metrics": row.metrics,
        "tags": row.tags,
        **past.as_document(row.past),
    }


@app.command()
def compare(
    context: typer.Context,
    run: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN RUN...",
            help="ids, or unique prefixes of 6 or more; RUN@WORKSPACE for one of another workspace",
        ),
    ],
) -> None:
    """Show only what differs between runs."""
    from longshore.tracking import compare as comparing

    session: Session = context.obj
    if len(run) < 2:
        raise Invalid("A comparison needs two runs or more.", hint="longshore compare RUN RUN")
    clients, places = _found_in(session, run)
    found = comparing.compare(clients.__getitem__, list(clients))
    kinds = ("params", "metrics", "tags", "code", "environment", "data")
    document = {"runs": found.runs, **{kind: getattr(found, kind) for kind in kinds}}
    session.output.document(document | {"workspaces": places})
    identities = [each.run_id for each in found.runs]
    across = len(set(places.values())) > 1
    session.output.table(
        ("what differs", *(f"{each.name} @{places[each.run_id]}" if across else each.name for each in found.runs)),
        (
            (f"{kind}.{key}", *(values.get(identity) for identity in identities))
            for kind in kinds
            for key, values in getattr(found, kind).items()
        ),
        empty="These runs do not differ.",
    )


def _found_in(session: Session, references: list[str]) -> tuple[dict[str, Client], dict[str, str]]:
    """Find the runs of references such as `abc123` and `abc123@team`: the client and the workspace of each, by id."""
    from longshore.tracking import table

    servers: dict[str, Client] = {}
    clients, places = dict[str, "Client"](), dict[str, str]()
    for reference in references:
        wanted, _, named = reference.partition("@")
        workspace = named or session.workspace
        if workspace not in servers:
            servers[workspace] = session.client(workspace)
        run_id = table.resolve(servers[workspace], wanted).id
        clients.setdefault(run_id, servers[workspace])
        places.setdefault(run_id, workspace)
    return clients, places
