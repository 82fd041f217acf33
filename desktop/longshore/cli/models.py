"""Commands on the registry: models, register, promote, alias."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from longshore.cli.app import app
from longshore.cli.session import Session


@app.command()
def models(context: typer.Context) -> None:
    """List the registered models and their versions."""
    from longshore.registry import models as registry

    session: Session = context.obj
    found = registry.listing(session.client())
    session.output.document(
        {
            "models": [
                {
                    "name": model.name,
                    "description": model.description,
                    "versions": [version_document(version) for version in model.versions],
                }
                for model in found
            ]
        }
    )
    session.output.table(
        ("model", "version", "aliases", "run", "metrics"),
        (
            (model.name, version.version, version.aliases, version.run_id[:8], version.metrics)
            for model in found
            for version in model.versions
        ),
        empty="No model is registered yet. Next: longshore register RUN --name NAME",
    )


@app.command()
def register(
    context: typer.Context,
    run: Annotated[str, typer.Argument(help="run that logged the model")],
    name: Annotated[str, typer.Option(help="name of the registered model")],
    model: Annotated[str | None, typer.Option(help="which of the run's models, where it logged several")] = None,
) -> None:
    """Make a model version of a run's model."""
    from longshore.registry import models as registry
    from longshore.tracking import table

    session: Session = context.obj
    client = session.client()
    version = registry.register(client, table.resolve(client, run).id, name, model_path=model)
    session.output.document({"version": version_document(version)})
    session.output.text(f"Registered {version.name}/{version.version}.")


@app.command()
def promote(
    context: typer.Context,
    version: Annotated[str, typer.Argument(metavar="NAME/V", help="model version")],
    alias: Annotated[str, typer.Option(help="alias that moves to it, such as champion")],
    approve: Annotated[
        bool, typer.Option("--approve", help="approve it yourself, where the policy asks for it")
    ] = False,
    note: Annotated[str, typer.Option(help="why")] = "",
) -> None:
    """Move an alias to a model version, if every gate passes."""
    from longshore.policies import promotion

    session: Session = context.obj
    result = promotion.promote(session.client(), version, alias, note=note)
    session.output.document(
        {
            "version": version_document(result.version),
            "gates": [{"name": gate.name, "passed": gate.passed, "reason": gate.reason} for gate in result.gates],
            "promoted": result.promoted,
            "previous_version": result.previous_version,
        }
    )
    for gate in result.gates:
        session.output.text(f"{'pass' if gate.passed else 'FAIL'}  {gate.name}: {gate.reason}")
    if not result.promoted:
        session.output.text(f"{version} was not promoted.")
        raise typer.Exit(1)
    session.output.text(f"{version} is {alias} now.")


aliases = typer.Typer(help="Names that point at model versions, past the gates of `promote`.", no_args_is_help=True)
app.add_typer(aliases, name="alias")


@aliases.command(name="set")
def set_alias(
    context: typer.Context,
    version: Annotated[str, typer.Argument(metavar="NAME/V", help="model version")],
    alias: Annotated[str, typer.Argument(help="such as candidate")],
) -> None:
    """Point an alias at a model version without asking the gates; `promote` asks them and keeps who, when and why."""
    from longshore.registry import models as registry

    session: Session = context.obj
    client = session.client()
    registry.set_alias(client, version, alias)
    session.output.document({"version": version_document(registry.version(client, version))})
    session.output.text(f"{version} is {alias} now.")


@aliases.command(name="remove")
def remove_alias(
    context: typer.Context,
    model: Annotated[str, typer.Argument(help="name of the model")],
    alias: Annotated[str, typer.Argument()],
) -> None:
    """Take an alias away from a model. Its versions stay."""
    from longshore.registry import models as registry

    session: Session = context.obj
    registry.remove_alias(session.client(), model, alias)
    session.output.document({"model": {"name": model}, "alias": alias})
    session.output.text(f"{model} has no alias {alias} any more.")


def version_document(version: Any) -> dict[str, Any]:
    """Give a model version as the contract's JSON."""
    return {
        "name": version.name,
        "version": version.version,
        "aliases": version.aliases,
        "run_id": version.run_id,
        "metrics": version.metrics,
        "signature": version.signature,
        "created_at": version.created_at,
        "tags": version.tags,
    }
