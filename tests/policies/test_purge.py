"""Deleting for good on a real personal workspace: what goes, what stays, and what is told about it."""

from __future__ import annotations

import pytest

from longshore.errors import Conflict, NotAllowed, NotFound
from longshore.jobs import launching
from longshore.mlflow_rest import artifacts, experiments, logged_models, registry, runs
from longshore.mlflow_rest.client import Client
from longshore.policies import deleting
from longshore.policies.deleting import Purged
from longshore.settings import Home
from longshore.store import jobs, processes, workspaces
from longshore.store.records import Job
from tests.support.trash import Maker, deploy, files_below


def purge(home: Home, *run_ids: str) -> tuple[Job, Purged]:
    job = launching.wait(home, deleting.purge(home, "personal", run_ids).id)
    found = deleting.result(home, job)
    assert found is not None, (job, jobs.steps(home, job.id))
    return job, found


def is_gone(client: Client, run_id: str) -> bool:
    try:
        runs.get(client, run_id)
    except NotFound:
        return True
    return False


def test_that_a_purge_frees_what_was_told_before_and_leaves_everything_else(
    own: Home, own_client: Client, own_maker: Maker
) -> None:
    going, kept = own_maker.run(size=300_000, model=200_000), own_maker.run(size=5000, model=4000)
    other = own_maker.run(size=1000)
    empty = experiments.ensure(own_client, f"{own_maker.name}-empty")
    experiments.delete(own_client, empty.id)
    for made in (going, kept):
        runs.delete(own_client, made.run_id)
    own_client.write(f"logged-models/{kept.model_id}", {}, method="DELETE")
    plan = deleting.plan_purge(own, own_client, "personal", [going.run_id])
    assert (plan.size_bytes, plan.refused, plan.versions) == (500_004, (), ())
    job, result = purge(own, going.run_id)
    assert (job.state, job.error) == ("finished", None)
    assert result == Purged((going.run_id,), (), 500_004, 500_004)
    assert is_gone(own_client, going.run_id)
    with pytest.raises(NotFound):
        logged_models.get(own_client, going.model_id)
    assert files_below(own, going.run_id) == 0
    assert not list((own.tracking / "artifacts").glob(f"*/{going.run_id}"))
    assert not list((own.tracking / "artifacts").glob(f"*/models/{going.model_id}"))
    # `mlflow gc` for one run would take these too, since they are in the trash.
    assert experiments.get(own_client, empty.id).lifecycle == "deleted"
    assert runs.get(own_client, kept.run_id).lifecycle == "deleted"
    assert files_below(own, kept.run_id) == 5004
    assert (next((own.tracking / "artifacts").glob(f"*/models/{kept.model_id}/artifacts/model.bin"))).exists()
    assert len(artifacts.listing(own_client, other.run_id)) == 2
    assert not [one for one in experiments.listing(own_client, deleted=True) if one.name.startswith("longshore.purge")]


def test_that_more_runs_than_one_part_holds_are_all_gone_and_counted(
    own: Home, own_client: Client, own_maker: Maker
) -> None:
    made = [own_maker.run(size=100) for _ in range(53)]
    for one in made:
        runs.delete(own_client, one.run_id)
    _job, result = purge(own, *(one.run_id for one in made))
    assert len(result.purged) == 53
    assert result.freed_bytes == result.expected_bytes == 53 * 104
    assert runs.search(own_client, [own_maker.experiment.id], deleted=True).runs == ()


def test_that_a_run_that_is_not_in_the_trash_or_gone_or_guarded_is_left_with_its_reason(
    own: Home, own_client: Client, own_maker: Maker
) -> None:
    active, champion, gone, going = own_maker.run(), own_maker.run(model=500), own_maker.run(), own_maker.run()
    name = own_maker.register(champion, alias="champion")
    for made in (champion, gone, going):
        runs.delete(own_client, made.run_id)
    purge(own, gone.run_id)
    _job, result = purge(own, active.run_id, champion.run_id, gone.run_id, going.run_id)
    reasons = {one.run_id: one.reason for one in result.left}
    assert result.purged == (going.run_id,)
    assert reasons == {
        active.run_id: "It is not in the trash; delete it first.",
        champion.run_id: f"Its model {name}/1 is champion.",
        gone.run_id: "It is gone already.",
    }
    assert files_below(own, champion.run_id) == champion.artifact_bytes


def test_that_a_version_without_an_alias_is_named_before_its_files_go(
    own: Home, own_client: Client, own_maker: Maker
) -> None:
    made = own_maker.run(model=500)
    name = own_maker.register(made)
    runs.delete(own_client, made.run_id)
    plan = deleting.plan_purge(own, own_client, "personal", [made.run_id])
    assert plan.versions == (f"{name}/1",)
    registry.set_alias(own_client, name, "late", "1")
    _job, result = purge(own, made.run_id)
    assert result.purged == ()
    assert "is late" in result.left[0].reason


def test_that_a_purge_waits_for_no_run_but_is_refused_while_one_is_under_way(own: Home) -> None:
    job = jobs.add(own, kind="run", title="t", spec={}, workspace="personal", cpus=10_000)
    jobs.update(own, job.id, state="running", started_at=job.created_at)
    try:
        with pytest.raises(Conflict, match="1 run is still under way"):
            deleting.purge(own, "personal", ["0" * 32])
    finally:
        jobs.update(own, job.id, state="finished", ended_at=job.created_at)


def test_that_a_database_that_is_opened_in_place_is_left_to_its_owners_command(home: Home) -> None:
    workspaces.add(home, name="theirs", url="sqlite:////data/mlflow.db", kind="database")
    with pytest.raises(NotAllowed, match="is opened in place") as refused:
        deleting.purge(home, "theirs", ["a" * 32])
    assert "mlflow gc --backend-store-uri sqlite:////data/mlflow.db" in (refused.value.hint or "")


def test_that_on_a_teams_server_the_command_of_its_administrator_is_told(own: Home) -> None:
    workspaces.add(own, name="team", url="https://mlflow.example.org", auth="none", username="")
    try:
        with pytest.raises(NotAllowed) as refused:
            deleting.purge(own, "team", ["a" * 32])
        assert refused.value.hint is not None
        assert (
            f"mlflow gc --backend-store-uri DATABASE --tracking-uri https://mlflow.example.org --run-ids {'a' * 32}"
            in (refused.value.hint)
        )
    finally:
        workspaces.remove(own, "team")


def test_that_a_deployed_models_ancestors_stay(own: Home, own_client: Client, own_maker: Maker) -> None:
    made = own_maker.run(model=500)
    deploy(own, own_maker.register(made), "api-a")
    runs.delete(own_client, made.run_id)
    _job, result = purge(own, made.run_id)
    assert result.purged == ()
    assert "deployed as api-a" in result.left[0].reason


def test_that_the_server_has_come_back_at_its_port(own: Home, own_client: Client, own_maker: Maker) -> None:
    port = processes.server(own).port
    made = own_maker.run()
    runs.delete(own_client, made.run_id)
    purge(own, made.run_id)
    found = processes.server(own)
    assert (found.port, found.state) == (port, "healthy")
    assert own_client.healthy()
