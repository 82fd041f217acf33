"""The command that edits runs: name, tags, note."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from longshore.cli.app import app
from longshore.cli.session import Session
from longshore.errors import Invalid

_RUNS = Annotated[list[str], typer.Argument(metavar="RUN...", help="ids, or unique prefixes of 6 or more")]


@app.command()
def edit(
    context: typer.Context,
    run: _RUNS,
    name: Annotated[str | None, typer.Option(help="another name")] = None,
    tag: Annotated[
        list[str] | None, typer.Option(metavar="KEY=VALUE", help="set a tag; may stand several times")
    ] = None,
    untag: Annotated[list[str] | None, typer.Option(metavar="KEY", help="remove a tag")] = None,
    note: Annotated[str | None, typer.Option(metavar="TEXT", help="in Markdown; an empty one removes it")] = None,
) -> None:
    """Change name, tags and note of runs; each is changed whole or not at all."""
    from longshore.store import workspaces
    from longshore.tracking import editing, edits, table

    session: Session = context.obj
    wanted = edits.Edit(name, _tags(tag or (), untag or (), note))
    if not wanted:
        raise Invalid("Nothing is to be changed.", hint="Give --name, --tag KEY=VALUE, --untag KEY or --note TEXT.")
    edits.check(wanted)
    client = session.client()
    ids = list(dict.fromkeys(table.resolve(client, reference).id for reference in run))
    edited = editing.apply(client, [edits.Change(run_id, wanted) for run_id in ids])
    editing.catch_up(session.home, workspaces.get(session.home, session.workspace), client, edited)
    refused = [{"run_id": one.run_id, "reason": one.error.reason, "hint": one.error.hint} for one in edited.refused]
    session.output.document({"edited": edited.done, "refused": refused})
    if edited.done:
        session.output.text(f"Changed {', '.join(run_id[:8] for run_id in edited.done)}")
    for each in edited.refused:
        session.output.text(f"{each.run_id[:8]} stays as it is: {each.error.reason}")
    if refused:
        raise typer.Exit(1)


def _tags(given: Sequence[str], removed: Sequence[str], note: str | None) -> dict[str, str | None]:
    from longshore.tracking.edits import NOTE

    found: dict[str, str | None] = {}
    for each in given:
        key, sign, value = each.partition("=")
        if not sign:
            raise Invalid(f"{each!r} is no tag with a value.", hint="Write --tag KEY=VALUE.")
        found[key] = value
    found |= dict.fromkeys(removed)
    return found if note is None else found | {NOTE: note or None}
