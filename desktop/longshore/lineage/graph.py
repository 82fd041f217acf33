"""The graph around one thing: what it was made from, and what was made from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from longshore.mlflow_rest.client import Client
    from longshore.progress import CancelToken
    from longshore.settings import Home

KINDS = ("dataset", "code", "environment", "run", "model", "deployment")
# A picture of more is no picture; what is left out is said.
MOST_NODES = 300


@dataclass(frozen=True)
class Node:
    """One thing. The id is a reference as the command line takes it, for example `model:churn/3`."""

    id: str
    kind: str
    label: str
    fact: str  # one short line about it
    attributes: Mapping[str, Any]


@dataclass(frozen=True)
class Edge:
    """`source` was there first: a dataset read by a run, a run registered as a model."""

    source: str
    target: str
    relation: str


@dataclass(frozen=True)
class Graph:
    """Nodes and edges around `focus`, itself the first node."""

    focus: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    truncated: bool = False  # there is more than is shown

    def node(self, node_id: str) -> Node:
        """Give one node by its id."""
        return next(node for node in self.nodes if node.id == node_id)


def around(
    home: Home, client: Client, reference: str, *, up: int = 3, down: int = 3, cancel: CancelToken | None = None
) -> Graph:
    """Give what a thing was made from, `up` steps back, and what was made from it, `down` steps on.

    Args:
        home: whose deployments are looked at beside the server's.
        client: of the workspace that knows the runs and the models.
        reference: run:ID, model:NAME/3, model:NAME@alias, dataset:NAME@VERSION, code:COMMIT, environment:HASH or
            deployment:NAME; the prefix may be left out of the first three forms.
        up: steps towards the data.
        down: steps towards the deployments.
        cancel: asked between two steps.

    Raises: Invalid for what is no reference or fits several things, NotFound.
    """
    from longshore.lineage.facts import Facts
    from longshore.lineage.finding import find
    from longshore.lineage.walk import walk

    facts = Facts(home, client)
    return walk(facts, find(facts, reference), up=up, down=down, cancel=cancel)
