"""The model registry: names, versions, aliases, tags."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from longshore.errors import NotFound
from longshore.mlflow_rest import parsing
from longshore.mlflow_rest.filters import quotable, quoted

if TYPE_CHECKING:
    from longshore.mlflow_rest.client import Client
    from longshore.mlflow_rest.types import ModelVersion, RegisteredModel

_PAGE = 1000


def listing(client: Client, filter: str = "") -> tuple[RegisteredModel, ...]:
    """Give every registered model that fits MLflow's filter language, by name."""
    return tuple(map(parsing.registered_model, _all(client, "registered-models/search", "registered_models", filter)))


def get(client: Client, name: str) -> RegisteredModel:
    """Give one registered model."""
    return parsing.registered_model(client.read("registered-models/get", name=name)["registered_model"])


def create(client: Client, name: str, description: str = "") -> RegisteredModel:
    """Make a name. Raises: Conflict where it is taken."""
    body = {"name": name, "description": description}
    return parsing.registered_model(client.write("registered-models/create", body)["registered_model"])


def update(client: Client, name: str, description: str) -> None:
    """Change a model's description."""
    client.write("registered-models/update", {"name": name, "description": description}, method="PATCH")


def delete(client: Client, name: str) -> None:
    """Delete a name with all its versions."""
    client.write("registered-models/delete", {"name": name}, method="DELETE")


def create_version(
    client: Client,
    name: str,
    source: str,
    *,
    run_id: str = "",
    model_id: str = "",
    description: str = "",
    tags: Mapping[str, str] | None = None,
) -> ModelVersion:
    """Make the next version of a name; `source` is where the model's files are."""
    body: dict[str, Any] = {"name": name, "source": source, "tags": parsing.entries(tags or {})}
    for key, value in (
        ("run_id", run_id),
        ("model_id", model_id or parsing.model_id_of(source)),
        ("description", description),
    ):
        body |= {key: value} if value else {}
    return parsing.model_version(client.write("model-versions/create", body)["model_version"])


def versions(client: Client, name: str | None = None) -> tuple[ModelVersion, ...]:
    """Give the versions of one model, or of all, by name and number. Raises: NotFound for an unknown name."""
    models = listing(client) if name is None else (get(client, name),)
    # The search leaves the aliases out; the models know them.
    aliases = {(model.name, version, alias) for model in models for alias, version in model.aliases.items()}
    condition = f"name = {quoted(name)}" if name is not None and quotable(name) else ""
    listed = map(parsing.model_version, _all(client, "model-versions/search", "model_versions", condition))
    found = [
        replace(version, aliases=tuple(sorted(a for n, v, a in aliases if (n, v) == (version.name, version.version))))
        for version in listed
        if name is None or version.name == name
    ]
    return tuple(sorted(found, key=lambda version: (version.name, int(version.version))))


def get_version(client: Client, name: str, version: str) -> ModelVersion:
    """Give one version."""
    return parsing.model_version(client.read("model-versions/get", name=name, version=version)["model_version"])


def by_alias(client: Client, name: str, alias: str) -> ModelVersion:
    """Give the version that an alias points at. Raises: NotFound naming the aliases that there are."""
    # MLflow's own call answers 400 where there is no such alias, as to a wrong request.
    known = get(client, name).aliases
    if alias not in known:
        listed = ", ".join(sorted(known)) or "none"
        raise NotFound(f"Model {name!r} has no alias {alias!r}.", hint=f"Its aliases: {listed}.")
    return get_version(client, name, known[alias])


def set_alias(client: Client, name: str, alias: str, version: str) -> None:
    """Point an alias at a version, wherever it pointed before (MLflow knows no compare-and-set)."""
    client.write("registered-models/alias", {"name": name, "alias": alias, "version": version})


def delete_alias(client: Client, name: str, alias: str) -> None:
    """Remove an alias; nothing happens where there is none."""
    client.write("registered-models/alias", {"name": name, "alias": alias}, method="DELETE")


def set_model_tag(client: Client, name: str, key: str, value: str) -> None:
    """Set a tag on a name."""
    client.write("registered-models/set-tag", {"name": name, "key": key, "value": value})


def set_version_tag(client: Client, name: str, version: str, key: str, value: str) -> None:
    """Set a tag on a version."""
    client.write("model-versions/set-tag", {"name": name, "version": version, "key": key, "value": value})


def delete_version_tag(client: Client, name: str, version: str, key: str) -> None:
    """Remove a tag from a version; nothing happens where there is none."""
    client.write("model-versions/delete-tag", {"name": name, "version": version, "key": key}, method="DELETE")


def update_version(client: Client, name: str, version: str, description: str) -> None:
    """Change a version's description."""
    body = {"name": name, "version": version, "description": description}
    client.write("model-versions/update", body, method="PATCH")


def delete_version(client: Client, name: str, version: str) -> None:
    """Delete one version."""
    client.write("model-versions/delete", {"name": name, "version": version}, method="DELETE")


def download_uri(client: Client, name: str, version: str) -> str:
    """Give the place of a version's files as the server knows it."""
    answer = client.read("model-versions/get-download-uri", name=name, version=version)
    return str(answer.get("artifact_uri", ""))


def _all(client: Client, call: str, key: str, filter: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    token: str | None = None
    while True:
        answer = client.read(call, filter=filter or None, max_results=_PAGE, page_token=token)
        found += answer.get(key, ())
        token = answer.get("next_page_token") or None
        if token is None:
            return found
