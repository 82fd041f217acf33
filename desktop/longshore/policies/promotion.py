"""Promotion: pointing an alias at a model version, through the gates, with who, when and why kept."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from longshore.errors import Conflict, Invalid, LongshoreError
from longshore.mlflow_rest import registry as rest
from longshore.policies.gates import GATES, Gate, GateResult, evaluate
from longshore.registry import audit, models, references
from longshore.registry.models import VersionInfo

if TYPE_CHECKING:
    from longshore.mlflow_rest.client import Client

# A tag of MLflow's holds 5,000 characters on its smallest store; the gates' reasons need some of them.
NOTE_LIMIT = 2000
_UNSEEN = "\0unseen"


@dataclass(frozen=True)
class Promotion:
    """What a promotion did, or would do."""

    version: VersionInfo
    alias: str
    gates: tuple[GateResult, ...]
    promoted: bool
    previous_version: str | None  # where the alias pointed before
    who: str
    note: str

    @property
    def passed(self) -> bool:
        """Tell whether every gate passed."""
        return all(gate.passed for gate in self.gates)


def promote(
    client: Client,
    reference: str,
    alias: str,
    *,
    note: str = "",
    who: str | None = None,
    dry_run: bool = False,
    seen_version: str | None = _UNSEEN,
    gates: Sequence[Gate] = GATES,
) -> Promotion:
    """Point an alias at a version where every gate passes; where one refuses, nothing changes.

    `who` is by default the workspace's user name, else the one of this computer. `dry_run` asks the gates and
    changes nothing. `seen_version` is where the alias pointed when the person decided (None: nowhere).
    Raises: Conflict where the alias was moved meanwhile, Invalid for an alias or a note that MLflow can't keep,
        NotFound.
    """
    wanted = references.checked_alias(alias)
    if len(note) > NOTE_LIMIT:
        raise Invalid(f"The note has {len(note)} characters.", hint=f"Keep it below {NOTE_LIMIT}.")
    version = models.version(client, reference)
    previous = _points_at(client, version.name, wanted)
    if seen_version not in (_UNSEEN, previous):
        raise _moved(version.name, wanted, seen_version, previous)
    results = evaluate(client, version, gates)
    ok = all(result.passed for result in results) and not dry_run
    promotion = Promotion(version, wanted, results, ok, previous, who or _who(client), note.strip())
    return _carry_out(client, promotion) if ok else promotion


def _carry_out(client: Client, promotion: Promotion) -> Promotion:
    name, alias, number = promotion.version.name, promotion.alias, promotion.version.version
    _check_unmoved(client, name, alias, promotion.previous_version)
    # Written down first: an alias that moved without a trace would be worse than a trace without a move.
    entry = audit.record(
        client,
        name,
        number,
        alias=alias,
        who=promotion.who,
        note=promotion.note,
        gates=[gate.as_dict() for gate in promotion.gates],
        previous_version=promotion.previous_version,
    )
    try:
        rest.set_alias(client, name, alias, number)
    except LongshoreError:
        audit.erase(client, entry)
        raise
    # MLflow knows no compare-and-set: two people at the same moment are told apart here.
    _check_unmoved(client, name, alias, number)
    fresh = models.version(client, promotion.version.reference)
    return Promotion(fresh, alias, promotion.gates, True, promotion.previous_version, promotion.who, promotion.note)


def _points_at(client: Client, name: str, alias: str) -> str | None:
    return rest.get(client, name).aliases.get(alias)


def _check_unmoved(client: Client, name: str, alias: str, expected: str | None) -> None:
    current = _points_at(client, name, alias)
    if current != expected:
        raise _moved(name, alias, expected, current)


def _moved(name: str, alias: str, expected: str | None, current: str | None) -> Conflict:
    was, now = (f"version {number}" if number else "no version" for number in (expected, current))
    return Conflict(
        f"The alias {alias!r} of {name} was moved meanwhile: it pointed at {was} and now points at {now}.",
        hint="Look at the model again, then promote again if it is still right.",
    )


def _who(client: Client) -> str:
    username = getattr(client.credential, "username", "")
    if username:
        return str(username)
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a user id without a name, as in some containers
        return "unknown"
