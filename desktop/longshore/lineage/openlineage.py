"""A lineage graph in OpenLineage's vocabulary: run events for runs, job events for deployments.

Source: https://openlineage.io/spec/2-0-2/OpenLineage.json and the facets that it names.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from longshore.lineage.graph import Graph, Node

PRODUCER = "urn:longshore"
_SPEC = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/"
_FACETS = "https://openlineage.io/spec/facets/"
_STATES = {"FINISHED": "COMPLETE", "FAILED": "FAIL", "KILLED": "ABORT", "RUNNING": "RUNNING", "SCHEDULED": "START"}
_DATA, _MODELS, _SERVING = "longshore.data", "longshore.models", "longshore.deployments"


def to_openlineage(graph: Graph) -> dict[str, Any]:
    """Give one event per run and per deployment of the graph; data and model versions are their datasets."""
    nodes = {node.id: node for node in graph.nodes}
    events = []
    for node in graph.nodes:
        if node.kind in ("run", "deployment"):
            before = [nodes[edge.source] for edge in graph.edges if edge.target == node.id]
            after = [nodes[edge.target] for edge in graph.edges if edge.source == node.id]
            events.append((_run_event if node.kind == "run" else _job_event)(node, before, after))
    return {"events": sorted(events, key=lambda event: str(event["eventTime"]))}


def _run_event(node: Node, before: Iterable[Node], after: Iterable[Node]) -> dict[str, Any]:
    at = node.attributes
    before = tuple(before)
    start, end = at.get("start_time"), at.get("end_time")
    name = at.get("entry_point") or at.get("source") or node.label
    return {
        "eventType": _STATES.get(at["status"], "OTHER"),
        "eventTime": _time(end or start),
        "producer": PRODUCER,
        "schemaURL": _SPEC + "RunEvent",
        "run": {"runId": _uuid(at["run_id"]), "facets": _run_facets(node, before)},
        "job": {
            "namespace": at.get("project") or at["experiment"],
            "name": str(name),
            "facets": _job_facets(before),
        },
        "inputs": _datasets(before),
        "outputs": _datasets(after),
    }


def _job_event(node: Node, before: Iterable[Node], after: Iterable[Node]) -> dict[str, Any]:
    """Describe a deployment as a job without runs of its own: it goes on until somebody ends it."""
    at = node.attributes
    service = _own_facet("deployment", {key: at.get(key, "") for key in ("url", "state", "image", "image_id")})
    return {
        "eventTime": _time(at.get("created_at")),
        "producer": PRODUCER,
        "schemaURL": _SPEC + "JobEvent",
        "job": {
            "namespace": f"{_SERVING}.{at.get('host', '')}",
            "name": at["name"],
            "facets": {"jobType": _job_type("STREAMING", "SERVICE"), "longshore_deployment": service},
        },
        "inputs": _datasets(before),
        "outputs": _datasets(after),
    }


def _run_facets(node: Node, before: Iterable[Node]) -> dict[str, Any]:
    at = node.attributes
    facets: dict[str, Any] = {}
    if at.get("start_time"):
        times = {"nominalStartTime": _time(at["start_time"])}
        times |= {"nominalEndTime": _time(at["end_time"])} if at.get("end_time") else {}
        facets["nominalTime"] = _facet("1-0-1/NominalTimeRunFacet.json", times)
    environment = next((one.attributes["hash"] for one in before if one.kind == "environment"), "")
    told = {"runId": at["run_id"], "name": node.label, "experiment": at["experiment"], "environment": environment}
    told |= {"params": _plain(at.get("params", {})), "metrics": _plain(at.get("metrics", {}))}
    facets["longshore_mlflowRun"] = _own_facet("mlflowRun", told)
    return facets


def _job_facets(before: Iterable[Node]) -> dict[str, Any]:
    facets: dict[str, Any] = {"jobType": _job_type("BATCH", "RUN")}
    for node in before:
        if node.kind == "code":
            at = node.attributes
            location = {
                "type": "git",
                "version": at["commit"],
                "url": at.get("repository") or f"urn:git:{at['commit']}",
            }
            location |= {"branch": at["branch"]} if at.get("branch") else {}
            facets["sourceCodeLocation"] = _facet("1-0-1/SourceCodeLocationJobFacet.json", location)
    return facets


def _job_type(processing: str, kind: str) -> dict[str, Any]:
    told = {"processingType": processing, "integration": "MLFLOW", "jobType": kind}
    return _facet("2-0-3/JobTypeJobFacet.json", told)


def _datasets(nodes: Iterable[Node]) -> list[dict[str, Any]]:
    found = []
    for node in nodes:
        if node.kind in ("dataset", "model"):
            version = _facet("1-0-1/DatasetVersionDatasetFacet.json", {"datasetVersion": node.attributes["version"]})
            namespace = _DATA if node.kind == "dataset" else _MODELS
            found.append({"namespace": namespace, "name": node.attributes["name"], "facets": {"version": version}})
    return found


def _facet(schema: str, told: Mapping[str, Any]) -> dict[str, Any]:
    return {"_producer": PRODUCER, "_schemaURL": _FACETS + schema, **told}


def _own_facet(name: str, told: Mapping[str, Any]) -> dict[str, Any]:
    return {"_producer": PRODUCER, "_schemaURL": f"{PRODUCER}:facet:{name}", **told}


def _plain(values: Mapping[str, Any]) -> dict[str, str]:
    return {key: str(value) for key, value in values.items()}


def _time(moment: datetime | None) -> str:
    return (moment or datetime.now(UTC)).astimezone(UTC).isoformat().replace("+00:00", "Z")


def _uuid(run_id: str) -> str:
    """Give a run's id in the form that OpenLineage wants; MLflow's are 32 hex digits."""
    try:
        return str(uuid.UUID(run_id))
    except ValueError:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"mlflow:{run_id}"))
