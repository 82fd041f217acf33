"""MLRun projects as their `project.yaml` and the text of their workflows tell them."""

from __future__ import annotations

from pathlib import Path

import pytest

from longshore.errors import Invalid
from longshore.projects import adapters
from longshore.projects.adapters import command
from longshore.projects.opening import inspect
from longshore.projects.pipeline import Selection
from tests.support.pipelines import mlrun_project, write


def test_that_a_workflow_shows_its_functions_and_each_function_can_be_started(tmp_path: Path) -> None:
    info = inspect(mlrun_project(tmp_path))
    assert info.frameworks == ("mlrun",)
    assert [entry.name for entry in info.entry_points] == ["main", "prepare", "train"]
    [found] = info.pipelines
    assert (found.name, found.file, found.complete, found.help) == ("main", "workflow.py", True, "Trains once.")
    assert found.edges == (("prepare", "train"),)
    prepare, train = found.steps
    assert (prepare.source, prepare.line, prepare.help, prepare.image) == (
        "functions.py", 6, "Makes rows.", "mlrun/mlrun",
    )  # fmt: skip
    assert (prepare.parameters["rows"].default, train.parameters["alpha"].default) == (3, 0.3)
    assert train.inputs == ("data",)
    assert {name: one.type for name, one in info.entry_points[2].parameters.items()} == {
        "data": "path", "alpha": "float",
    }  # fmt: skip


def test_that_the_commands_run_without_a_server(tmp_path: Path) -> None:
    main, prepare, _train = inspect(mlrun_project(tmp_path)).entry_points
    run = ["python", "{frameworks}/mlrun/run.py"]
    assert command(main, {"rows": "4"}, "python") == [*run, "--workflow=main", "--rows=4"]
    assert command(prepare, {}, "python") == [*run, "--function=prepare"]
    again = command(main, {"rows": "4"}, "python", Selection(resume=True, origin="f"))
    assert again == [*run, "--workflow=main", "--longshore-resume", "--longshore-origin=f", "--rows=4"]
    only = Selection(only="train", origin="f")
    assert command(main, {}, "python", only)[2:] == [
        "--workflow=main", "--longshore-only=train", "--longshore-origin=f",
    ]  # fmt: skip
    with pytest.raises(Invalid, match="train takes what it was given"):
        command(main, {"rows": "4"}, "python", only)
    assert adapters.variables("mlrun", tmp_path, tmp_path)["MLRUN_ARTIFACT_PATH"].startswith(str(tmp_path / "mlrun"))


def test_that_order_names_and_handlers_are_followed_and_loops_leave_it_open(tmp_path: Path) -> None:
    mlrun_project(tmp_path)
    text = """
        from mlrun import run_function

        def pipeline():
            first = run_function("prepare", handler="train", name="first")
            then = run_function("train").after(first)
            run_function("train", inputs={"data": then.outputs["data"]})
            for depth in (1, 2):
                run_function("prepare")
    """
    write(tmp_path, {"workflow.py": text})
    write(tmp_path, {"project.yaml": (tmp_path / "project.yaml").read_text().replace(", handler: main", "")})
    [found] = inspect(tmp_path).pipelines
    assert {step.name: step.after for step in found.steps} == {
        "first": (), "train": ("first",), "train-2": ("train",), "prepare": (),
    }  # fmt: skip
    assert found.steps[0].line == 12
    assert not found.complete


def test_that_other_project_files_and_broken_ones_do_no_harm(tmp_path: Path) -> None:
    write(tmp_path, {"project.yaml": "name: something\n", "run.py": "print(1)\n"})
    assert "mlrun" not in inspect(tmp_path).frameworks
    spec = "kind: project\nspec: {functions: [3, {name: x}], workflows: [{name: w, path: no.py}, 4]}\n"
    write(tmp_path, {"project.yaml": spec})
    info = inspect(tmp_path)
    assert info.pipelines == ()
    assert "The workflow w of project.yaml is not in no.py." in info.problems
