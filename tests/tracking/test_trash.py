"""The trash and the archive, what takes room, and what is there twice: on a real server."""

from __future__ import annotations

import os
import random
import time
import uuid
from pathlib import Path

import pytest

from longshore.errors import Cancelled, Conflict, Invalid, NotFound
from longshore.mlflow_rest import artifacts, experiments, runs
from longshore.mlflow_rest.client import Client
from longshore.progress import CancelToken, no_progress
from longshore.tracking import archive, duplicates, empty_experiments, sizes, table, trash
from longshore.tracking.artifact_files import ArtifactFile, local_folder, walk_store
from tests.support.trash import Maker


def test_that_a_deleted_run_is_listed_found_by_prefix_and_comes_back(client: Client, maker: Maker) -> None:
    made, other = maker.run(name="one"), maker.run()
    runs.delete(client, made.run_id)
    [row] = trash.listing(client, maker.name)
    assert (row.run_id, row.name, row.experiment) == (made.run_id, "one", maker.name)
    assert trash.resolve(client, made.run_id[:10]) == made.run_id
    assert trash.resolve(client, f"run:{other.run_id[:10]}") == other.run_id
    trash.restore(client, made.run_id)
    trash.restore(client, made.run_id)
    assert trash.listing(client, maker.name) == ()


@pytest.mark.parametrize(("reference", "kind"), [("0123456789", NotFound), ("0" * 32, NotFound), ("'", Invalid)])
def test_that_an_unknown_run_is_told(client: Client, reference: str, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        trash.resolve(client, reference)


def test_that_a_run_of_a_deleted_experiment_is_in_the_trash_and_comes_back_with_it(
    client: Client, maker: Maker
) -> None:
    made = maker.run()
    experiments.delete(client, maker.experiment.id)
    assert [row.run_id for row in trash.listing(client, maker.name)] == [made.run_id]
    with pytest.raises(Conflict) as refused:
        trash.restore(client, made.run_id)
    assert refused.value.hint is not None
    assert f"experiment:{maker.name}" in refused.value.hint
    empty_experiments.restore(client, maker.name)
    assert trash.listing(client, maker.name) == ()


def test_that_a_run_that_is_gone_for_good_cannot_come_back(client: Client) -> None:
    with pytest.raises(NotFound, match="deleted for good"):
        trash.restore(client, "f" * 32)


def test_that_tables_leave_archived_runs_out_unless_they_are_asked_for(client: Client, maker: Maker) -> None:
    shown, hidden = maker.run(name="shown"), maker.run(name="hidden")
    archive.archive(client, [hidden.run_id])

    def names(**how: object) -> list[str]:
        found = table.search(client, project=maker.name, **how)  # type: ignore[arg-type]
        assert found.total == len(found.rows)
        return sorted(row.name for row in found.rows)

    assert names() == ["shown"]
    assert names(filter="attributes.status = 'FINISHED'") == ["shown"]
    assert names(archived=True) == ["hidden", "shown"]
    assert names(filter="tags.`longshore.archived` IS NOT NULL") == ["hidden"]
    archive.unarchive(client, [hidden.run_id, shown.run_id])
    assert names() == ["hidden", "shown"]


def test_that_a_wrong_filter_is_still_told_in_the_persons_own_words(client: Client, maker: Maker) -> None:
    with pytest.raises(Invalid) as told:
        table.search(client, project=maker.name, filter="metrics.rmse <")
    assert "archived" not in told.value.reason
    with pytest.raises(Invalid) as alone:
        table.search(client, project=maker.name, filter="metrics.rmse <", archived=True)
    assert told.value.reason == alone.value.reason


def test_that_an_experiment_is_empty_only_where_nothing_at_all_is_in_it(client: Client, maker: Maker) -> None:
    project = maker.name
    empty, trashed = (
        experiments.ensure(client, f"{project}-{kind}", {"longshore.project": project}) for kind in ("empty", "trashed")
    )
    runs.delete(client, runs.create(client, trashed.id).id)
    maker.run()
    assert [one.name for one in empty_experiments.empty_experiments(client, project=project)] == [empty.name]
    with pytest.raises(Conflict, match="not empty"):
        empty_experiments.delete(client, trashed.name)
    assert empty_experiments.delete(client, empty.name).lifecycle == "deleted"
    assert empty_experiments.empty_experiments(client, project=project) == ()
    assert empty_experiments.restore(client, empty.name).lifecycle == "active"


def test_that_an_experiment_with_only_a_model_or_a_trace_is_not_empty(client: Client, maker: Maker) -> None:
    made = maker.run(model=200)
    moved = experiments.ensure(client, f"{maker.name}-models")
    body = {"experiment_id": moved.id, "name": "model", "source_run_id": made.run_id}
    client.write("logged-models", body)
    assert not empty_experiments.is_empty(client, moved.id)
    traced = experiments.ensure(client, f"{maker.name}-traces")
    info = {
        "trace_id": f"tr-{uuid.uuid4().hex}",
        "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": traced.id}},
        "request_time": "2026-01-02T03:04:05Z",
        "execution_duration": "1s",
        "state": "OK",
    }
    assert empty_experiments.is_empty(client, traced.id)
    client.send("POST", "/api/3.0/mlflow/traces", body={"trace": {"trace_info": info}})
    assert not empty_experiments.is_empty(client, traced.id)


def test_that_mlflows_default_experiment_stays(client: Client) -> None:
    with pytest.raises(Invalid):
        empty_experiments.delete(client, experiments.get(client, "0").name)


def test_that_the_biggest_runs_count_their_models_and_the_trash_through_rest(client: Client, maker: Maker) -> None:
    small, large, trashed = maker.run(size=10), maker.run(size=1000, model=5000), maker.run(size=3000)
    runs.delete(client, trashed.run_id)
    found = sizes.biggest(client, None, project=maker.name)
    assert [(one.run_id, one.size_bytes, one.in_trash) for one in found] == [
        (large.run_id, large.total_bytes, False),
        (trashed.run_id, trashed.total_bytes, True),
        (small.run_id, small.total_bytes, False),
    ]
    assert len(sizes.biggest(client, None, project=maker.name, limit=1)) == 1


def test_that_duplicates_on_a_server_are_compared_by_content(client: Client, maker: Maker) -> None:
    content, other = os.urandom(70_000), os.urandom(70_000)
    first, second, third = (maker.run() for _ in range(3))
    for made, data in ((first, content), (second, content), (third, other)):
        artifacts.upload(client, made.run_id, "deep/er/weights.bin", data)
    [group] = duplicates.duplicates(client, None, project=maker.name)
    assert {file.run_id for file in group.files} == {first.run_id, second.run_id}
    assert (group.size_bytes, group.saved_bytes) == (70_000, 70_000)


def test_that_looking_can_be_cancelled(client: Client, maker: Maker) -> None:
    maker.run()
    token = CancelToken()
    token.cancel()
    for look in (sizes.biggest, duplicates.duplicates):
        with pytest.raises(Cancelled):
            look(client, None, project=maker.name, cancel=token)
    with pytest.raises(Cancelled):
        empty_experiments.empty_experiments(client, cancel=token)


# -- the personal workspace's folder, without a server ----------------------------------------------------------


def lay_out(store: Path, run_id: str, files: dict[str, bytes], *, model_id: str = "", experiment: str = "1") -> Path:
    owner = store / experiment / ("models/" + model_id if model_id else run_id)
    for path, content in files.items():
        file = owner / "artifacts" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return owner


def test_that_the_folder_is_walked_by_run_with_models_at_the_run_that_made_them(client: Client, tmp_path: Path) -> None:
    run_id, model_id = uuid.uuid4().hex, f"m-{uuid.uuid4().hex}"
    lay_out(tmp_path, run_id, {"a/b.txt": b"12345"})
    lay_out(tmp_path, run_id, {"MLmodel": f"run_id: {run_id}\n".encode(), "w.bin": b"1" * 50}, model_id=model_id)
    (tmp_path / "1" / run_id / "artifacts" / "link").symlink_to("/")
    found = list(walk_store(client, tmp_path, no_progress, CancelToken()))
    assert {(one.run_id, one.model_id, one.path, one.size_bytes) for one in found if one.path != "link"} == {
        (run_id, "", "a/b.txt", 5),
        (run_id, model_id, "MLmodel", 41),
        (run_id, model_id, "w.bin", 50),
    }


def test_that_names_of_one_file_on_the_disk_are_no_duplicates(client: Client, tmp_path: Path) -> None:
    ids = [uuid.uuid4().hex for _ in range(3)]
    content = os.urandom(100_000)
    for run_id in ids:
        lay_out(tmp_path, run_id, {"w.bin": content})
    first, second, _third = (tmp_path / "1" / run_id / "artifacts" / "w.bin" for run_id in ids)
    second.unlink()
    os.link(first, second)
    [group] = duplicates.duplicates(client, tmp_path)
    assert len(group.files) == 3
    assert group.saved_bytes == 100_000
    uris = [f"mlflow-artifacts:/1/{run_id}/artifacts" for run_id in ids]
    assert sizes.local_bytes(tmp_path, uris) == 200_000


def test_that_files_that_begin_alike_are_told_apart_and_one_that_vanished_is_passed_over(tmp_path: Path) -> None:
    chance = random.Random(1)
    head = chance.randbytes(70_000)
    contents = [head + b"a" * 1000, head + b"b" * 1000, head + b"a" * 1000, chance.randbytes(71_000)]
    files = []
    for number, content in enumerate(contents):
        (tmp_path / str(number)).write_bytes(content)
        files.append(ArtifactFile(str(number), "", "f", 71_000, tmp_path / str(number), (1, number)))
    files.append(ArtifactFile("gone", "", "f", 71_000, tmp_path / "gone", (1, 99)))

    def find() -> list[set[str]]:
        groups = duplicates.find(
            files, duplicates._read_local, least_bytes=1, progress=no_progress, cancel=CancelToken()
        )
        return [{file.run_id for file in group.files} for group in groups]

    assert find() == [{"0", "2"}]


@pytest.mark.parametrize(
    "uri", ["mlflow-artifacts:/../outside", "mlflow-artifacts:/", "mlflow-artifacts:/1/..", "s3://bucket/1", "/etc"]
)
def test_that_an_address_that_leaves_the_artifacts_is_none_of_ours(tmp_path: Path, uri: str) -> None:
    assert local_folder(tmp_path, uri) is None
    assert sizes.local_bytes(tmp_path, [uri]) == 0


def test_that_ten_thousand_runs_are_looked_through_in_seconds(client: Client, tmp_path: Path) -> None:
    chance = random.Random(7)
    for _ in range(10_000):
        lay_out(tmp_path, uuid.UUID(int=chance.getrandbits(128)).hex, {"params.json": b"x" * chance.randint(1, 99)})
    began = time.process_time()  # its own time: other tests run beside it
    assert sum(1 for _ in walk_store(client, tmp_path, no_progress, CancelToken())) == 10_000
    assert duplicates.duplicates(client, tmp_path) == ()
    # 1 s on an idle machine with two cores.
    assert time.process_time() - began < 15


def test_that_runs_are_found_by_id_wherever_they_are_and_strangers_are_not(client: Client, maker: Maker) -> None:
    active, trashed = maker.run(), maker.run()
    runs.delete(client, trashed.run_id)
    found = trash.find(client, [active.run_id, trashed.run_id, "0" * 32, "' OR 1=1", *("f" * 31 + "e",) * 300])
    assert {run_id: run.lifecycle for run_id, run in found.items()} == {
        active.run_id: "active",
        trashed.run_id: "deleted",
    }
