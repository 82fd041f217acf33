"""An MLproject's command is what MLflow's own class makes of the same file and parameters."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from longshore.errors import Invalid
from longshore.jobs import launching
from longshore.projects import adapters, opening
from longshore.projects.parameters import check_parameters, passed_on
from longshore.settings import Home
from tests.support.launching import log_of, make_project

FILE = """
name: churn
entry_points:
  main:
    parameters:
      alpha: {type: float, default: 0.5}
      label: string
      unused: {type: string, default: nobody}
    command: "python train.py {alpha} --label {label}"
  bare:
    command: "python train.py"
"""
GIVEN: list[dict[str, str]] = [
    {"label": "x"},
    {"label": "two words", "alpha": "0.1"},
    {"label": "x", "seed": "7"},
    {"label": "x", "seed": "7", "depth": "3", "alpha": "2"},
    {"label": "it's", "note": "it's $HOME; rm -rf `pwd`", "empty": ""},
    {"label": "x", "learning-rate": "0.1", "a.b": "c", "two words": "x;y"},
    {"label": "x", "unused": "given and in no place of the command"},
    {"label": "--dash", "extra": "-1"},
]
BARE: list[dict[str, str]] = [{}, {"seed": "7"}, {"seed": "a b", "x": "{alpha}"}]
ASK = """
import json, sys
from mlflow.projects._project_spec import load_project
project = load_project(sys.argv[1])
print(json.dumps([
    project.get_entry_point(name).compute_command(given, None) for name, given in json.loads(sys.argv[2])
]))
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("churn")
    script = "import sys\nprint('got', sys.argv[1:])\n"
    return make_project(folder, "pass\n", MLproject=FILE, train__py=script)


@pytest.fixture(scope="module")
def of_mlflow(project: Path) -> list[tuple[str, dict[str, str], list[str]]]:
    """Entry point, parameters, and the words of MLflow's command for them; MLflow stays out of this process."""
    asked: list[tuple[str, dict[str, str]]] = [("main", one) for one in GIVEN] + [("bare", one) for one in BARE]
    answer = subprocess.run(
        [sys.executable, "-c", ASK, str(project), json.dumps(asked)], capture_output=True, text=True, check=True
    )
    lines: Any = json.loads(answer.stdout.splitlines()[-1])
    return [(name, given, shlex.split(line)) for (name, given), line in zip(asked, lines, strict=True)]


def test_that_a_command_has_the_words_of_mlflows_own(
    project: Path, of_mlflow: list[tuple[str, dict[str, str], list[str]]]
) -> None:
    info = opening.inspect(project)
    assert len(of_mlflow) == len(GIVEN) + len(BARE)
    for name, given, words in of_mlflow:
        entry = opening.entry_point(info, name)
        assert adapters.command(entry, check_parameters(entry, given), "python") == words, given


def test_that_a_parameter_that_is_not_declared_is_named_and_a_likely_slip_guessed(project: Path) -> None:
    main = opening.entry_point(opening.inspect(project))
    assert passed_on(main, {"label": "x", "alpha": "1"}) == ()
    (slip,) = passed_on(main, {"label": "x", "alpah": "1"})
    assert "'alpah'" in slip
    assert "passed on as --alpah" in slip
    assert "Did you mean 'alpha'?" in slip
    (other,) = passed_on(main, {"label": "x", "seed": "1"})
    assert "Did you mean" not in other
    with pytest.raises(Invalid, match="label"):
        check_parameters(main, {"labl": "x"})


def test_that_the_runs_log_says_what_was_passed_on(served_home: Home, project: Path) -> None:
    job = launching.launch(served_home, str(project), "bare", parameters={"seed": "7 and more"})
    ended = launching.wait(served_home, job.id)
    assert ended.state == "finished"
    assert "[longshore] The MLproject file declares no parameter 'seed' for 'bare'" in log_of(ended)
    assert "got ['--seed', '7 and more']" in log_of(ended)
