"""Gates: what a model version has to fulfil before an alias may point at it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from longshore.errors import NotFound
from longshore.mlflow_rest import runs
from longshore.mlflow_rest.types import FINISHED
from longshore.registry.models import VersionInfo

if TYPE_CHECKING:
    from longshore.mlflow_rest.client import Client


@dataclass(frozen=True)
class GateResult:
    """What a gate found. The reason is told in both cases: it is the evidence that is kept."""

    name: str
    passed: bool
    reason: str

    def as_dict(self) -> dict[str, Any]:
        """Give it as JSON carries it."""
        return asdict(self)


Gate = Callable[["Client", VersionInfo], GateResult]


def has_signature(client: Client, version: VersionInfo) -> GateResult:
    """Pass a model that says which inputs it takes: without, no request to it can be checked."""
    name = "signature"
    if version.problem:
        return GateResult(name, False, f"The model's files cannot be read: {version.problem}")
    if version.signature is None or not version.signature.inputs:
        return GateResult(
            name,
            False,
            "The model has no signature. Log it with signature=infer_signature(inputs, predictions), or with an "
            "input_example, and register it again.",
        )
    inputs = ", ".join(field.name or field.type for field in version.signature.inputs[:8])
    more = " and more" if len(version.signature.inputs) > 8 else ""
    return GateResult(name, True, f"Its inputs: {inputs}{more}.")


def run_finished(client: Client, version: VersionInfo) -> GateResult:
    """Pass a model whose run came to its end: an interrupted one may have saved half a training."""
    name = "run finished"
    if not version.run_id:
        return GateResult(name, False, "No run is recorded for this version. Register the model from its run.")
    try:
        run = runs.get(client, version.run_id)
    except NotFound:
        return GateResult(name, False, f"Its run {version.run_id} is deleted for good.")
    if run.lifecycle != "active":
        return GateResult(name, False, f"Its run {run.name} is in the trash. Restore it first.")
    if run.status != FINISHED:
        still = "is still running" if not run.ended else f"ended as {run.status}"
        return GateResult(name, False, f"Its run {run.name} {still}. Only a finished run's model is promoted.")
    return GateResult(name, True, f"Its run {run.name} finished.")


GATES: tuple[Gate, ...] = (has_signature, run_finished)


def evaluate(client: Client, version: VersionInfo, gates: Sequence[Gate] = GATES) -> tuple[GateResult, ...]:
    """Ask every gate, the later ones too where an early one refuses, so that all reasons are known at once."""
    return tuple(gate(client, version) for gate in gates)
