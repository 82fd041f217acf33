"""The lineage command."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from longshore.cli.app import app
from longshore.cli.session import Session
from longshore.errors import Invalid


@app.command()
def lineage(
    context: typer.Context,
    reference: Annotated[str, typer.Argument(metavar="REF", help="run:ID, model:NAME/3, deployment:NAME, …")],
    up: Annotated[int, typer.Option(min=0, help="steps towards the data")] = 3,
    down: Annotated[int, typer.Option(min=0, help="steps towards the deployments")] = 3,
    form: Annotated[str, typer.Option("--format", metavar="json|openlineage|svg")] = "",
) -> None:
    """The graph around one thing: data, code, environment, runs, model versions, deployments."""
    from longshore.lineage import export, graph

    session: Session = context.obj
    if form not in ("", "json", "openlineage", "svg"):
        raise Invalid(f"{form!r} is not a format.", hint="Choose json, openlineage or svg.")
    found = graph.around(session.home, session.client(), reference, up=up, down=down)
    if form == "svg":
        session.output.document({"svg": export.to_svg(found)})
        session.output.text(export.to_svg(found))
    elif form or session.output.as_json:
        document = export.to_openlineage(found) if form == "openlineage" else export.to_json(found)
        session.output.raw(json.dumps(document, ensure_ascii=False))
    labels = {node.id: f"{node.kind} {node.label}" for node in found.nodes}
    session.output.table(
        ("from", "relation", "to"),
        ((labels[edge.source], edge.relation, labels[edge.target]) for edge in found.edges) if not form else (),
        empty="" if form else "Nothing is known to be connected with it.",
    )
