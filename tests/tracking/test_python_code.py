"""Copy as Python: the code is run with MLflow's own client against a real server, and gives the same rows."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from longshore.errors import Invalid
from longshore.mlflow_rest import experiments, runs
from longshore.mlflow_rest.client import Client
from longshore.mlflow_rest.types import Metric
from longshore.settings import Home
from longshore.store import workspaces
from longshore.store.records import Workspace
from longshore.tracking import archive, python_code, run_index
from longshore.tracking.experiment_list import Named
from longshore.tracking.index.sync import sync
from longshore.tracking.python_code import Asked
from longshore.tracking.rows import Grouping
from longshore.tracking.run_index import Frame

ODD = 'it\'s "odd" {brace} %s \\ 🌲'


@dataclass(frozen=True)
class Made:
    frame: Frame
    workspace: Workspace
    url: str


@pytest.fixture
def made(home: Home, client: Client, tracking_server: str) -> Made:
    named = []
    for _number in range(2):
        name = f"coded-{uuid.uuid4().hex[:6]}"
        experiment = experiments.ensure(client, name)
        named.append(Named(experiment.id, name))
        for lr in ("0.1", "0.2"):
            for seed in range(2):
                run = runs.create(client, experiment.id, name=f"{lr} {seed}", tags={"odd": ODD})
                value = [Metric("val mae", float(lr) + seed, 1, 0)]
                runs.log_batch(client, run.id, params={"lr": lr, "seed": str(seed)}, metrics=value)
    gone = runs.create(client, named[0].id, name="archived")
    archive.archive(client, [gone.id])
    row = workspaces.get(home, "personal")
    for each in named:
        sync(home, row, each.id, client)
    return Made(run_index.open_runs(home, row, named), row, tracking_server)


def printed(code: str, what: str = "runs['run_id'].tolist()") -> object:
    """Run the code in a process of its own, and give what it found."""
    script = f"{code}\nimport json\nprint('found', json.dumps({what}))\n"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(next(line for line in done.stdout.splitlines() if line.startswith("found "))[6:])


def ids(selection: run_index.Selection) -> list[str]:
    return [row.run_id for row in run_index.rows(selection)]


def test_that_the_code_fetches_the_same_rows_in_the_same_order(made: Made) -> None:
    condition, order = "params.lr = '0.2' and metrics.`val mae` < 5", ("metrics.`val mae` DESC", "params.seed ASC")
    selection = run_index.query(made.frame, condition, order)
    assert len(selection) == 4
    code = python_code.code(made.workspace, made.url, selection, Asked(condition, order))
    assert "run_ids" not in code
    assert printed(code) == ids(selection)


def test_that_the_code_leaves_archived_runs_out_and_groups_as_the_table_does(made: Made) -> None:
    selection = run_index.query(made.frame)
    asked = Asked(grouping=Grouping(("p:lr", "t:odd")), metrics=("val mae", "gone"))
    code = python_code.code(made.workspace, made.url, selection, asked)
    found = printed(
        code,
        "[runs['run_id'].tolist(), summary[('metrics.val mae', 'mean')].round(3).tolist(), summary['runs'].tolist()]",
    )
    assert found == [ids(selection), [0.6, 0.7], [4, 4]]


def test_that_what_mlflow_does_not_know_is_named_run_by_run(made: Made) -> None:
    condition = "(params.seed = '1' or params.lr = '0.1') and not 0.2"
    selection = run_index.query(made.frame, condition, ["attributes.run_name ASC"])
    code = python_code.code(made.workspace, made.url, selection, Asked(condition, ["attributes.run_name ASC"]))
    assert "run_ids" in code
    assert printed(code) == ids(selection)


def test_that_selected_runs_are_fetched_alone_in_their_order(made: Made) -> None:
    whole = run_index.query(made.frame, "", ["metrics.`val mae` ASC"])
    some = run_index.Selection(whole.frame, whole.numbers[[3, 1, 6]])
    assert printed(python_code.code(made.workspace, made.url, some, Asked(), by_ids=True)) == ids(some)


def test_that_text_of_people_stays_text_in_the_code_and_no_secret_is_in_it(made: Made) -> None:
    condition = "tags.odd = 'a\\' or \"' + __import__(\"os\").abort() #'"
    selection = run_index.query(made.frame)
    team = Workspace("team", "team", "https://ml.example", "basic", "ada", False, datetime.now(UTC))
    code = python_code.code(team, team.url, selection, Asked(condition))
    compile(code, "copied", "exec")
    assert "abort" not in code or repr(condition) in code or "run_ids" in code
    assert "MLFLOW_TRACKING_PASSWORD in the environment" in code


def test_that_too_many_runs_to_name_are_refused_with_what_to_do(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(python_code, "MOST_IDS", 3)
    with pytest.raises(Invalid, match="too many") as refused:
        python_code.code(made.workspace, made.url, run_index.query(made.frame), Asked("a or b"))
    assert refused.value.hint is not None
    assert "at most 3" in refused.value.hint


def test_that_an_order_that_mlflow_does_not_know_names_the_runs_in_that_order(made: Made) -> None:
    order = ("best.`val mae` DESC",)
    selection = run_index.query(made.frame, "", order)
    code = python_code.code(made.workspace, made.url, selection, Asked(order_by=order))
    assert "best." not in code
    assert [row.run_id for row in run_index.rows(selection, [])] == [
        run_id for run_id in code.split("'") if len(run_id) == 32
    ]
