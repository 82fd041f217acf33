"""A lineage graph for others to read: JSON, a picture, OpenLineage's vocabulary."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from longshore.lineage.graph import Graph
from longshore.lineage.openlineage import to_openlineage
from longshore.lineage.svg import to_svg

__all__ = ["to_json", "to_openlineage", "to_svg"]


def to_json(graph: Graph) -> dict[str, Any]:
    """Give the graph as `lineage --json` prints it; times in UTC, NaN and infinities as MLflow's strings."""
    return {
        "focus": graph.focus,
        "nodes": [
            {
                "id": node.id,
                "kind": node.kind,
                "label": node.label,
                "fact": node.fact,
                "attributes": plain(node.attributes),
            }
            for node in graph.nodes
        ],
        "edges": [{"from": edge.source, "to": edge.target, "relation": edge.relation} for edge in graph.edges],
        "truncated": graph.truncated,
    }


def plain(value: Any) -> Any:
    """Give a value as strict JSON can carry it."""
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value
