"""Editing runs on a real server: name, tags and note, for one or many, and the way back."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from longshore.errors import Cancelled, Conflict, Invalid, NotFound, Unavailable
from longshore.mlflow_rest import runs
from longshore.mlflow_rest.client import Client
from longshore.mlflow_rest.types import Run
from longshore.progress import CancelToken
from longshore.tracking import editing, edits
from longshore.tracking.edits import NOTE, Change, Edit
from tests.support.closed_port import closed_port

NewRun = Callable[..., Run]


def own_tags(client: Client, run: Run) -> dict[str, str]:
    tags = runs.get(client, run.id).tags
    return {key: value for key, value in tags.items() if not key.startswith("mlflow.") or key == NOTE}


def test_that_name_tags_and_note_of_many_runs_change_and_come_back(client: Client, new_run: NewRun) -> None:
    made = [new_run(stage="draft", team="blue"), new_run(stage="old")]
    names = [run.name for run in made]
    edit = Edit("baseline", {"stage": "final", "team": None, NOTE: "# Kept\nfor the paper"})
    edited = editing.apply(client, [Change(run.id, edit) for run in made])
    assert edited.done == tuple(run.id for run in made)
    assert edited.experiments == {made[0].experiment_id}
    for run in made:
        assert runs.get(client, run.id).name == "baseline"
        assert own_tags(client, run) == {"stage": "final", NOTE: "# Kept\nfor the paper"}
    back = editing.apply(client, edited.undo)
    assert not back.refused
    assert [runs.get(client, run.id).name for run in made] == names
    assert own_tags(client, made[0]) == {"stage": "draft", "team": "blue"}
    assert own_tags(client, made[1]) == {"stage": "old"}
    again = editing.apply(client, back.undo)
    assert not again.refused
    assert own_tags(client, made[1])["stage"] == "final"


def test_that_an_undo_leaves_what_somebody_else_wrote_meanwhile(client: Client, new_run: NewRun) -> None:
    run = new_run(stage="draft")
    edited = editing.apply(client, [Change(run.id, Edit(tags={"stage": "final"}))])
    runs.set_tag(client, run.id, "stage", "theirs")
    back = editing.apply(client, edited.undo)
    assert isinstance(back.refused[0].error, Conflict)
    assert own_tags(client, run) == {"stage": "theirs"}


def test_that_a_run_that_is_refused_stays_whole_and_keeps_no_other_from_its_change(
    client: Client, new_run: NewRun
) -> None:
    good, bad, deleted = new_run(), new_run(stage="draft"), new_run()
    runs.delete(client, deleted.id)
    changes = [
        Change(bad.id, Edit("renamed", {"stage": "final", "../more": "x"})),
        Change(deleted.id, Edit("renamed")),
        Change("0" * 32, Edit("renamed")),
        Change(good.id, Edit("renamed")),
    ]
    edited = editing.apply(client, changes)
    assert edited.done == (good.id,)
    assert [type(each.error) for each in edited.refused] == [Invalid, Conflict, NotFound]
    assert "trash" in edited.refused[1].error.reason
    assert runs.get(client, bad.id).name == bad.name
    assert own_tags(client, bad) == {"stage": "draft"}


def test_that_a_server_that_is_away_refuses_the_rest_at_once(new_run: NewRun) -> None:
    with closed_port() as port, Client(f"http://127.0.0.1:{port}", timeout_s=1) as away:
        edited = editing.apply(away, [Change("0" * 32, Edit("a")), Change("1" * 32, Edit("a"))])
    assert [type(each.error) for each in edited.refused] == [Unavailable, Unavailable]
    assert edited.refused[0].error is edited.refused[1].error


def test_that_a_cancelled_edit_still_tells_what_it_did(client: Client, new_run: NewRun) -> None:
    made, token = [new_run(), new_run()], CancelToken()

    def stop_at_the_second(fraction: float | None, _words: str) -> None:
        if fraction:
            token.cancel()

    edited = editing.apply(
        client, [Change(run.id, Edit("new")) for run in made], progress=stop_at_the_second, cancel=token
    )
    assert edited.done == (made[0].id,)
    assert isinstance(edited.refused[0].error, Cancelled)


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (Edit("  "), "needs a name"),
        (Edit(tags={"": "x"}), "needs a name"),
        (Edit(tags={"a\nb": "x"}), "cannot be the name"),
        (Edit(tags={"k" * 251: "x"}), "cannot be the name"),
        (Edit(tags={"mlflow.user": "x"}), "kept by programs"),
        (Edit(tags={"longshore.job": None}), "kept by programs"),
        (Edit(tags={"stage": "x" * 8_001}), "8,001 characters"),
        (Edit(tags={NOTE: "x" * 8_001}), "The note"),
    ],
)
def test_that_what_no_server_takes_is_refused_before_it_is_asked(edit: Edit, words: str) -> None:
    with pytest.raises(Invalid, match=words):
        edits.check(edit)


def test_that_what_runs_have_in_common_is_told_apart_from_what_differs(client: Client, new_run: NewRun) -> None:
    from longshore.tracking.table import row

    rows = [
        row(runs.get(client, new_run(stage="a", team="x").id), ""),
        row(runs.get(client, new_run(stage="a").id), ""),
    ]
    found = edits.written(rows, ["stage", "team", "none"])
    assert found.tags["stage"] == edits.Shared("a", 2)
    assert found.tags["team"] == edits.Shared(None, 1)
    assert "none" not in found.tags
    assert found.note == edits.Shared(None, 0)
    assert edits.edited_row(rows[0], Edit("b", {"stage": None})).tags.get("stage") is None
