"""Which runs are kept: aliased, deployed, or what a deployed model was made from, however they are asked for."""

from __future__ import annotations

import json
import random
import uuid
from dataclasses import dataclass, field

import pytest

from longshore.errors import NotFound
from longshore.mlflow_rest import registry, runs
from longshore.mlflow_rest.client import Client
from longshore.mlflow_rest.types import DatasetInput
from longshore.policies import deleting
from longshore.policies.guards import protection
from longshore.settings import Home
from longshore.store import deployments, jobs
from tests.support.trash import Made, Maker, deploy


def reason(home: Home, client: Client, made: Made) -> str | None:
    return protection(home, client, "personal").reason(made.run_id)


def wrote(client: Client, made: Made) -> DatasetInput:
    """Let a run have written data, and give what another one reads of it."""
    digest = uuid.uuid4().hex
    runs.set_tag(client, made.run_id, "longshore.outputs", json.dumps([{"path": "clean.csv", "md5": digest}]))
    return DatasetInput("clean.csv", digest, context="input")


def read(client: Client, made: Made, data: DatasetInput) -> None:
    runs.log_inputs(client, made.run_id, [data])


def loaded(client: Client, made: Made, model_id: str) -> None:
    """Let a run have loaded a model, as a launched run's tag says it."""
    runs.set_tag(client, made.run_id, "longshore.models_used", json.dumps([model_id]))


@pytest.mark.parametrize("by_model", [True, False])
def test_that_a_run_whose_model_is_aliased_is_kept_until_the_alias_goes(
    home: Home, client: Client, maker: Maker, by_model: bool
) -> None:
    made = maker.run(model=500)
    name = maker.register(made, alias="champion", by_model=by_model)
    assert reason(home, client, made) == f"Its model {name}/1 is champion."
    registry.delete_alias(client, name, "champion")
    assert reason(home, client, made) is None


def test_that_a_deployment_of_this_computer_keeps_its_run_even_after_its_version_was_deleted(
    home: Home, client: Client, maker: Maker
) -> None:
    made = maker.run()
    name = maker.register(made)
    deploy(home, name, "api", made.run_id)
    assert reason(home, client, made) == f"Its model {name}/1 is deployed as api."
    registry.delete_version(client, name, "1")
    assert reason(home, client, made) == "It is deployed as api."
    deployments.put(home, "api", state="stopped")
    assert reason(home, client, made) is None


def test_that_a_deployment_that_a_colleague_wrote_into_the_registry_keeps_the_run(
    home: Home, client: Client, maker: Maker
) -> None:
    made = maker.run(model=500)
    name = maker.register(made)
    entry = [{"name": "prices", "host": "far-away", "url": "http://far-away:1"}]
    registry.set_version_tag(client, name, "1", "longshore.deployments", json.dumps(entry))
    assert reason(home, client, made) == f"Its model {name}/1 is deployed as prices on far-away."


def test_that_another_workspaces_deployment_of_the_same_name_keeps_nothing(
    home: Home, client: Client, maker: Maker
) -> None:
    made = maker.run()
    deploy(home, maker.register(made), "api")
    deployments.put(home, "api", workspace="team")
    assert reason(home, client, made) is None


def test_that_all_ancestors_of_a_deployed_model_are_kept_those_in_the_trash_too(
    home: Home, client: Client, maker: Maker
) -> None:
    raw, clean, base, tuned, other = (maker.run(model=500 if n in (2, 3) else 0) for n in range(5))
    read(client, clean, wrote(client, raw))
    read(client, base, wrote(client, clean))
    loaded(client, tuned, base.model_id)
    runs.delete(client, raw.run_id)
    name = maker.register(tuned)
    deploy(home, name, "api")
    guard = protection(home, client, "personal")
    assert guard.reason(raw.run_id) == f"What it wrote (clean.csv) was used for {name}/1, deployed as api."
    assert guard.reason(clean.run_id) == f"What it wrote (clean.csv) was used for {name}/1, deployed as api."
    assert guard.reason(base.run_id) == f"Its model was used for {name}/1, deployed as api."
    assert guard.reason(other.run_id) is None


def test_that_a_guarded_run_is_not_deleted_and_the_others_are(home: Home, client: Client, maker: Maker) -> None:
    guarded, free = maker.run(name="guarded"), maker.run()
    maker.register(guarded, alias="champion")
    outcome = deleting.delete(home, client, "personal", [guarded.run_id, free.run_id, free.run_id])
    assert outcome.done == (free.run_id,)
    assert [(one.run_id, one.name) for one in outcome.refused] == [(guarded.run_id, "guarded")]
    assert runs.get(client, guarded.run_id).lifecycle == "active"
    assert runs.get(client, free.run_id).lifecycle == "deleted"


def test_that_an_unknown_run_among_them_changes_nothing(home: Home, client: Client, maker: Maker) -> None:
    made = maker.run()
    with pytest.raises(NotFound):
        deleting.delete(home, client, "personal", [made.run_id, "0" * 32])
    assert runs.get(client, made.run_id).lifecycle == "active"


def test_that_a_run_of_a_job_that_still_runs_is_not_deleted(home: Home, client: Client, maker: Maker) -> None:
    job = jobs.add(home, kind="run", title="t", spec={}, workspace="personal")
    made = runs.create(client, maker.experiment.id, tags={"longshore.job": job.id})
    outcome = deleting.delete(home, client, "personal", [made.id])
    assert outcome.refused[0].reason == "It still runs; stop it first."
    jobs.update(home, job.id, state="failed", ended_at=job.created_at)
    assert deleting.delete(home, client, "personal", [made.id]).done == (made.id,)


@dataclass
class World:
    """Runs that read, load, are registered, aliased and deployed by chance, with what must be kept known beforehand."""

    made: list[Made] = field(default_factory=list)
    parents: dict[int, set[int]] = field(default_factory=dict)
    aliased: set[int] = field(default_factory=set)
    deployed: set[int] = field(default_factory=set)

    def guarded(self) -> set[str]:
        kept, waiting = set(self.aliased), list(self.deployed)
        while waiting:
            number = waiting.pop()
            kept.add(number)
            waiting += self.parents.get(number, set())
        return {self.made[number].run_id for number in kept}


def make_world(home: Home, maker: Maker, chance: random.Random, count: int) -> World:
    world, client = World(), maker.client
    written: dict[int, DatasetInput] = {}
    for number in range(count):
        made = maker.run(size=10, model=200 if chance.random() < 0.5 else 0)
        world.made.append(made)
        for parent in chance.sample(range(number), k=min(number, chance.choice((0, 0, 1, 2)))):
            if chance.random() < 0.5 and world.made[parent].model_id:
                used = runs.get(client, made.run_id).tags.get("longshore.models_used", "[]")
                models = [*json.loads(used), world.made[parent].model_id]
                runs.set_tag(client, made.run_id, "longshore.models_used", json.dumps(models))
            else:
                written.setdefault(parent, DatasetInput("", ""))
                if not written[parent].digest:
                    written[parent] = wrote(client, world.made[parent])
                read(client, made, written[parent])
            world.parents.setdefault(number, set()).add(parent)
        if chance.random() < 0.5:
            kind = chance.choice(("none", "alias", "deployed", "both"))
            alias = "champion" if kind in ("alias", "both") else ""
            name = maker.register(made, alias=alias, by_model=chance.random() < 0.5)
            if alias:
                world.aliased.add(number)
            if kind in ("deployed", "both"):
                deploy(home, name, name, made.run_id if chance.random() < 0.5 else "")
                world.deployed.add(number)
    return world


@pytest.mark.parametrize("seed", range(4))
def test_that_whatever_is_asked_no_guarded_run_is_deleted_or_planned_to_be_purged(
    home: Home, client: Client, maker: Maker, seed: int
) -> None:
    chance = random.Random(seed)
    world = make_world(home, maker, chance, 14)
    guarded, everyone = world.guarded(), {made.run_id for made in world.made}
    # Some were put into the trash by another program, which asks no guard.
    for run_id in chance.sample(sorted(everyone), k=7):
        runs.delete(client, run_id)
    for _ in range(3):
        asked = chance.sample(sorted(everyone), k=chance.randint(1, len(everyone)))
        plan = deleting.plan_purge(home, client, "personal", asked)
        going = {run.run_id for run in plan.runs}
        assert not going & guarded
        in_trash = {run_id for run_id in asked if runs.get(client, run_id).lifecycle == "deleted"}
        assert going == in_trash - guarded
        assert {one.run_id for one in plan.refused} == set(asked) - going
    outcome = deleting.delete(home, client, "personal", sorted(everyone))
    assert set(outcome.done) == everyone - guarded
    assert {one.run_id for one in outcome.refused} == guarded
