"""Notebooks as entry points: their parameters read without running them, and run by papermill with the project's packages."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from longshore.jobs import launching
from longshore.jobs.runs import find
from longshore.mlflow_rest import artifacts
from longshore.mlflow_rest.client import Client
from longshore.projects import adapters
from longshore.projects.opening import entry_point, inspect
from longshore.settings import Home
from tests.support.launching import log_of
from tests.support.pipelines import write


def notebook(*cells: tuple[str, str] | str) -> str:
    made: list[dict[str, Any]] = []
    for cell in cells:
        tag, source = cell if isinstance(cell, tuple) else ("", cell)
        kind = "markdown" if tag == "markdown" else "code"
        one: dict[str, Any] = {"cell_type": kind, "source": source, "metadata": {"tags": [tag] if tag else []}}
        made.append(one | ({"outputs": [], "execution_count": None} if kind == "code" else {}))
    kernel = {"name": "some-old-kernel", "language": "python", "display_name": "x"}
    return json.dumps({"cells": made, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 4})


PARAMETERS = "alpha = 0.5  # how much\nseed: int = 3\nname = 'ridge'\nfast = True\nlayers = [8, 4]\nmade = open('x')\n"


def test_that_a_notebooks_parameters_are_read_from_its_tagged_cell(tmp_path: Path) -> None:
    write(tmp_path, {"work/train.ipynb": notebook(("markdown", "# Train it"), ("parameters", PARAMETERS), "1/0")})
    info = inspect(tmp_path)
    [entry] = info.entry_points
    assert (entry.name, entry.framework, entry.help) == ("work/train.ipynb", "notebook", "Train it")
    found = {one.name: (one.type, one.default, one.help) for one in entry.parameters.values()}
    assert found == {
        "alpha": ("float", 0.5, "how much"),
        "seed": ("int", 3, ""),
        "name": ("str", "ridge", ""),
        "fast": ("bool", True, ""),
        "layers": ("list", [8, 4], ""),
        "made": ("str", None, ""),
    }
    command = adapters.command(entry, {"alpha": "0.1", "fast": "false", "layers": "1,2", "new": "x"}, "python")
    assert command[:3] == ["python", "{frameworks}/notebook/run.py", "work/train.ipynb"]
    assert json.loads(command[3]) == {"alpha": 0.1, "fast": False, "layers": ["1", "2"], "new": "x"}


def test_that_what_is_no_notebook_is_said_and_another_languages_is_left_out(tmp_path: Path) -> None:
    other = json.loads(notebook("x <- 1"))
    other["metadata"]["kernelspec"]["language"] = "R"
    write(tmp_path, {"a.ipynb": "{", "b.ipynb": "[]", "c.ipynb": json.dumps(other), "main.py": "print(1)\n"})
    info = inspect(tmp_path)
    assert [entry.name for entry in info.entry_points] == ["main"]
    assert info.problems == ("a.ipynb is no notebook that can be read.", "b.ipynb is no notebook that can be read.")


def test_that_a_notebook_runs_with_parameters_beside_the_projects_own_environment_and_is_kept(
    served_home: Home, client: Client, tmp_path: Path
) -> None:
    cells = (
        "import six",
        ("parameters", "alpha = 0.5"),
        "print('alpha is', alpha * 2, six.__version__)",
        "1/(alpha-0.25)",
    )
    write(tmp_path / "p", {"train.ipynb": notebook(*cells), "requirements.txt": "six\n"})
    name = entry_point(inspect(tmp_path / "p")).name
    jobs = [
        launching.launch(served_home, str(tmp_path / "p"), name, parameters={"alpha": alpha}) for alpha in ("1", "0.25")
    ]
    good, bad = (launching.wait(served_home, job.id) for job in jobs)
    assert good.state == "finished", log_of(good)
    assert "alpha is 2.0" in log_of(good)
    [run] = find(client, good.id)
    assert run.params == {"alpha": "1"}
    executed = json.loads(artifacts.download(client, run.id, "longshore/notebook.ipynb"))
    assert any("alpha is 2.0" in json.dumps(cell.get("outputs")) for cell in executed["cells"])
    assert bad.state == "failed"
    assert "ZeroDivisionError" in log_of(bad)
    assert not list((tmp_path / "p").glob("*.ipynb~"))
    assert sys.prefix not in log_of(good)
