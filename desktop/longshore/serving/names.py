"""What things are called: deployments, containers, networks, labels. One place, so that they are found again."""

from __future__ import annotations

import re

from longshore.errors import Invalid
from longshore.settings import Home

HOME, KIND, DEPLOYMENT, JOB = "longshore.home", "longshore.kind", "longshore.deployment", "longshore.job"
RUN, MODEL, CONTENT = "longshore.run", "longshore.model", "longshore.content"
REPLICA, PROXY, NETWORK = "replica", "proxy", "network"
MODEL_IMAGE, DEPENDENCY_IMAGE, PROXY_IMAGE = "model-image", "model-dependencies", "proxy-image"

# Where both servers listen inside their containers, and who they are there: nobody.
PORT = 8080
USER = "65532:65532"

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")


def checked(name: str) -> str:
    """Give the name back. Raises: Invalid if a deployment can't be called that."""
    if not _NAME.fullmatch(name):
        raise Invalid(
            f"A deployment cannot be called {name!r}.",
            hint="Use up to 40 small letters, digits and hyphens, for example churn-test.",
        )
    return name


def slug(text: str) -> str:
    """Make a deployment's or image's name of a model's."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:40].strip("-") or "model"


def version_reference(model: str, version: str) -> str:
    """Give NAME/3."""
    return f"{model}/{version}"


def labels(home: Home, kind: str, **more: str) -> dict[str, str]:
    """Give the labels of something made for this home; `more` by their last part, as deployment="churn"."""
    return {HOME: home.id, KIND: kind, **{f"longshore.{key}": value for key, value in more.items() if value}}


def replica(home: Home, deployment: str, release: str, index: int) -> str:
    """Name a replica's container; `release` is the id of the job that made it."""
    return f"longshore-{home.id}-{deployment}-{release}-{index}"


def alias(release: str, index: int) -> str:
    """Name a replica on its network, where the proxy asks for it."""
    return f"r{index}-{release}"


def proxy(home: Home, deployment: str, port: int) -> str:
    """Name a proxy's container; with the port, since another port needs another container."""
    return f"longshore-{home.id}-{deployment}-proxy-{port}"


def inner_network(home: Home, deployment: str) -> str:
    """Name the network of one deployment's replicas; nothing on it reaches the outside or another deployment."""
    return f"longshore-{home.id}-{deployment}"


def outer_network(home: Home) -> str:
    """Name the network on which the proxies publish their ports."""
    return f"longshore-{home.id}-endpoints"
