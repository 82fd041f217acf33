"""Deleting runs to the trash and from there for good, through the guards."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from longshore.errors import Conflict, Invalid, NotAllowed, NotFound
from longshore.jobs import agent_call
from longshore.jobs.launching import KIND as RUN
from longshore.mlflow_rest import logged_models, registry, runs
from longshore.mlflow_rest.types import RUNNING
from longshore.policies.guards import protection
from longshore.progress import CancelToken, Progress, no_progress
from longshore.settings import Home
from longshore.store import jobs, processes, records, workspaces
from longshore.store.records import Job
from longshore.tracking import archive as archiving
from longshore.tracking import sizes, trash
from longshore.tracking.artifact_files import own_store

if TYPE_CHECKING:
    from longshore.mlflow_rest.client import Client
    from longshore.mlflow_rest.types import Run

KIND = "purge"
STEPS = ("check", "delete", "measure")
UNDER_WAY = (records.PREPARING, records.RUNNING, records.STOPPING)


@dataclass(frozen=True)
class Refusal:
    """A run that stays, and why."""

    run_id: str
    name: str
    reason: str


@dataclass(frozen=True)
class Outcome:
    """Which runs were changed, and which were refused."""

    done: tuple[str, ...]
    refused: tuple[Refusal, ...]


@dataclass(frozen=True)
class Doomed:
    """A run that a purge would delete: where its files are, and how much room they take."""

    run_id: str
    name: str
    artifact_uri: str
    models: Mapping[str, str]  # logged model -> address of its files
    size_bytes: int


@dataclass(frozen=True)
class PurgePlan:
    """What a purge would do now."""

    runs: tuple[Doomed, ...]
    refused: tuple[Refusal, ...]
    # Registered versions, NAME/3, that would lose their files: no alias points at them and nothing serves them.
    versions: tuple[str, ...]

    @property
    def size_bytes(self) -> int:
        """What it would free."""
        return sum(run.size_bytes for run in self.runs)


def delete(
    home: Home,
    client: Client,
    workspace: str,
    run_ids: Sequence[str],
    *,
    progress: Progress = no_progress,
    cancel: CancelToken | None = None,
) -> Outcome:
    """Move runs to the trash; those that a guard keeps, and those that still run, are left out with the reason.

    Raises: NotFound before anything is changed; Unavailable.
    """
    found = [runs.get(client, run_id) for run_id in dict.fromkeys(run_ids)]
    guard = protection(home, client, workspace, cancel=cancel)
    at_work = _runs_at_work(home, found)
    done: list[str] = []
    refused: list[Refusal] = []
    for number, run in enumerate(found):
        if cancel:
            cancel.check()
        progress(number / len(found), run.name)
        if reason := guard.reason(run.id, run.model_ids_out) or at_work.get(run.id):
            refused.append(Refusal(run.id, run.name, reason))
            continue
        try:
            if run.lifecycle == "active":
                runs.delete(client, run.id)
            done.append(run.id)
        except NotFound:
            refused.append(Refusal(run.id, run.name, "It was deleted for good meanwhile."))
    return Outcome(tuple(done), tuple(refused))


def restore(client: Client, run_ids: Sequence[str]) -> Outcome:
    """Bring runs back from the trash; those that can't come back are left out with the reason. Raises: Unavailable."""
    return _each(run_ids, lambda run_id: trash.restore(client, run_id))


def archive(client: Client, run_ids: Sequence[str], *, undo: bool = False) -> Outcome:
    """Take runs out of the tables, or bring them back. Raises: Unavailable."""
    change = archiving.unarchive if undo else archiving.archive
    return _each(run_ids, lambda run_id: change(client, [run_id]))


def _each(run_ids: Sequence[str], change: Callable[[str], object]) -> Outcome:
    done: list[str] = []
    refused: list[Refusal] = []
    for run_id in dict.fromkeys(run_ids):
        try:
            change(run_id)
            done.append(run_id)
        except (NotFound, Conflict, Invalid) as error:
            refused.append(Refusal(run_id, "", f"{error.reason} {error.hint or ''}".strip()))
    return Outcome(tuple(done), tuple(refused))


def _runs_at_work(home: Home, found: Sequence[Run]) -> dict[str, str]:
    active = {job.id for job in jobs.listing(home, states=records.ACTIVE_STATES)}
    return {
        run.id: "It still runs; stop it first."
        for run in found
        if run.status == RUNNING and run.tags.get("longshore.job") in active
    }


# -- for good ---------------------------------------------------------------------------------------------------


def plan_purge(
    home: Home,
    client: Client,
    workspace: str,
    run_ids: Sequence[str],
    *,
    progress: Progress = no_progress,
    cancel: CancelToken | None = None,
) -> PurgePlan:
    """Tell what deleting runs for good would free, and which a guard keeps or are not in the trash. Changes nothing.

    Raises: Unavailable, Cancelled.
    """
    token = cancel or CancelToken()
    guard = protection(home, client, workspace, cancel=token)
    found, refused = _in_trash(client, run_ids, progress, token)
    addresses = _models(client, found, token)
    kept = {run.id: guard.reason(run.id, addresses.get(run.id, ())) for run in found}
    refused += [Refusal(run.id, run.name, reason) for run in found if (reason := kept[run.id])]
    going = [run for run in found if not kept[run.id]]
    size = _sizes(home, client, workspace, going, addresses, progress, token)
    doomed = tuple(
        Doomed(run.id, run.name, run.artifact_uri, addresses.get(run.id, {}), size.get(run.id, 0)) for run in going
    )
    return PurgePlan(doomed, tuple(refused), _versions(client, doomed))


def _in_trash(
    client: Client, run_ids: Sequence[str], progress: Progress, cancel: CancelToken
) -> tuple[list[Run], list[Refusal]]:
    progress(None, "Looking at the runs")
    there = trash.find(client, run_ids, cancel)
    found: list[Run] = []
    refused: list[Refusal] = []
    for run_id in dict.fromkeys(run_ids):
        run = there.get(run_id)
        if run is None:
            refused.append(Refusal(run_id, "", "It is gone already."))
        elif run.lifecycle == "active":
            refused.append(Refusal(run.id, run.name, "It is not in the trash; delete it first."))
        else:
            found.append(run)
    return found, refused


def _models(client: Client, found: Sequence[Run], cancel: CancelToken) -> dict[str, dict[str, str]]:
    """Give the models that each run logged, with the address of their files."""
    experiments = sorted({run.experiment_id for run in found})
    wanted = {run.id for run in found}
    addresses: dict[str, dict[str, str]] = {}
    for model in logged_models.search(client, experiments):
        cancel.check()
        if model.run_id in wanted:
            addresses.setdefault(model.run_id, {})[model.id] = model.artifact_uri
    return addresses


def _sizes(
    home: Home,
    client: Client,
    workspace: str,
    going: Sequence[Run],
    addresses: Mapping[str, Mapping[str, str]],
    progress: Progress,
    cancel: CancelToken,
) -> Mapping[str, int]:
    store = own_store(home, workspace)
    if store is None:
        return sizes.remote_bytes(client, going, progress, cancel)
    found: dict[str, int] = {}
    for number, run in enumerate(going):
        cancel.check()
        progress(number / len(going), "Adding up the artifacts")
        found[run.id] = sizes.local_bytes(store, [run.artifact_uri, *addresses.get(run.id, {}).values()])
    return found


def _versions(client: Client, doomed: Sequence[Doomed]) -> tuple[str, ...]:
    going = {one for run in doomed for one in (run.run_id, *run.models)}
    return tuple(
        f"{version.name}/{version.version}"
        for version in registry.versions(client)
        if version.run_id in going or version.model_id in going
    )


def purge(home: Home, workspace: str, run_ids: Sequence[str]) -> Job:
    """Queue that runs in the trash are deleted for good; the guards are asked again when it is its turn.

    The personal tracking server is stopped for it, so it is refused while runs are under way.
    Raises: NotAllowed on a team's server, with what its administrator would run; Conflict while runs are under way;
        Invalid without a run; Unavailable.
    """
    known = workspaces.get(home, workspace)
    if not run_ids:
        raise Invalid("No run was named.", hint="`longshore trash` lists what is in the trash.")
    if known.kind != records.PERSONAL:
        raise not_here(known, run_ids)
    if busy := jobs.listing(home, states=UNDER_WAY, kinds=[RUN]):
        raise Conflict(
            f"{_runs(len(busy))} still under way, and deleting for good stops the tracking server for some seconds.",
            hint="Wait until that is done (`longshore jobs`), or stop it; then try again.",
        )
    agent_call.prepare(home)
    job = jobs.add(
        home,
        kind=KIND,
        title=f"Delete {_runs(len(run_ids), verb=False)} for good",
        spec={"run_ids": list(run_ids)},
        workspace=known.name,
        cpus=0.0,
        steps=STEPS,
    )
    processes.wake(home)
    return job


def _runs(count: int, *, verb: bool = True) -> str:
    words = "1 run" if count == 1 else f"{count:,} runs"
    return words + ((" is" if count == 1 else " are") if verb else "")


def not_here(workspace: records.Workspace, run_ids: Sequence[str]) -> NotAllowed:
    """Give the refusal, with the command that a server's administrator, or a database's owner, would run."""
    shown = ",".join(run_ids[:20]) + (",..." if len(run_ids) > 20 else "")
    if workspace.file:
        return NotAllowed(
            f"{workspace.file} is opened in place: Longshore deletes nothing in it for good.",
            hint=f"Its owner runs, while no server has it: mlflow gc --backend-store-uri {workspace.url}"
            f" --run-ids {shown}. That also deletes every experiment and every model that is in the trash.",
        )
    url = workspace.url
    return NotAllowed(
        "A team's server deletes runs for good only by a command of its own.",
        hint="Its administrator runs, where the server's database can be reached: "
        f"mlflow gc --backend-store-uri DATABASE --tracking-uri {url} --run-ids {shown}. "
        "That also deletes every experiment and every model that is in the trash, and asks no alias.",
    )


@dataclass(frozen=True)
class Purged:
    """What a purge did, measured."""

    purged: tuple[str, ...]
    left: tuple[Refusal, ...]
    expected_bytes: int
    freed_bytes: int

    def as_dict(self) -> dict[str, Any]:
        """Give it as a step's row and `--json` carry it."""
        return asdict(self)


def result(home: Home, job: Job) -> Purged | None:
    """Give what a purge did, None before it was measured."""
    data = jobs.steps(home, job.id)[-1].data
    try:
        left = tuple(Refusal(**one) for one in data["left"])
        return Purged(tuple(data["purged"]), left, int(data["expected_bytes"]), int(data["freed_bytes"]))
    except (KeyError, TypeError):
        return None
