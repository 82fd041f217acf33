"""DVC pipelines as text tells them: stages, `foreach`, `matrix`, variables, imports, and what is wrong with a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from longshore.errors import NotFound
from longshore.projects.adapters import BY_NAME, command
from longshore.projects.opening import inspect, open_project, repair
from longshore.projects.pipeline import Pipeline, Selection
from longshore.settings import Home
from tests.support.pipelines import dvc_project, write


def the_pipeline(folder: Path) -> Pipeline:
    [found] = inspect(folder).pipelines
    return found


def test_that_a_dvc_project_shows_its_stages_with_foreach_written_out(tmp_path: Path) -> None:
    found = the_pipeline(dvc_project(tmp_path))
    assert [step.name for step in found.steps] == ["prepare", "train@ridge", "train@lasso"]
    assert found.edges == (("prepare", "train@ridge"), ("prepare", "train@lasso"))
    train = found.step("train@lasso")
    assert train is not None
    assert (train.command, train.source, train.line, train.part_of) == ("python train.py lasso", "train.py", 7, "train")
    assert (train.inputs, train.outputs, train.metrics) == (
        ("train.py", "data/clean.csv"), ("models/lasso.txt",), ("metrics/lasso.json",),
    )  # fmt: skip
    assert train.parameters["train.alpha"].default == 0.5
    assert train.parameters["train.alpha"].type == "float"


def test_that_its_scripts_can_still_be_launched_alone(tmp_path: Path) -> None:
    info = inspect(dvc_project(tmp_path))
    assert info.frameworks == ("dvc", "script")
    assert [entry.name for entry in info.entry_points] == ["dvc.yaml", "prepare", "train"]


def test_that_a_matrix_has_the_names_that_dvc_gives(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "dvc.yaml": """
                stages:
                  train:
                    matrix:
                      model: [cnn, xgb]
                      seed: [1, 2]
                      setting: [{deep: true}]
                    cmd: python train.py ${item.model} ${item.seed} ${item.setting.deep}
            """
        },
    )
    found = the_pipeline(tmp_path)
    assert [step.name for step in found.steps] == [
        f"train@{model}-{seed}-setting0" for model in ("cnn", "xgb") for seed in (1, 2)
    ]
    assert found.steps[3].command == "python train.py xgb 2 true"


def test_that_variables_are_looked_up_in_files_and_in_the_pipeline_itself(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "other.json": '{"name": "b.csv", "deep": {"list": ["x", "y"]}}',
            "dvc.yaml": """
                vars:
                  - other.json
                  - folder: out
                stages:
                  make:
                    foreach: ${deep.list}
                    do:
                      cmd: make ${item} ${folder}/${name} ${unknown.one}
                      outs: ["${folder}/${item}"]
            """,
        },
    )
    found = the_pipeline(tmp_path)
    assert [step.name for step in found.steps] == ["make@x", "make@y"]
    assert found.steps[0].command == "make x out/b.csv ${unknown.one}"
    assert found.steps[0].outputs == ("out/x",)


def test_that_imported_and_tracked_data_stand_before_the_first_stage(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "data.xml.dvc": """
                frozen: true
                deps: [{path: get-started/data.xml, repo: {url: https://example.org/registry}}]
                outs: [{path: data.xml, md5: 22a1a2931c8370d3aeedd7183606fd7f}]
            """,
            "sub/dvc.yaml": """
                stages:
                  read: {cmd: cat, wdir: .., deps: [data.xml], outs: [out.txt]}
            """,
        },
    )
    found = the_pipeline(tmp_path)
    assert found.name == "sub/dvc.yaml"
    assert [(step.name, step.kind) for step in found.steps] == [("data.xml", "input"), ("read", "task")]
    assert found.edges == (("data.xml", "read"),)
    assert found.steps[0].help == "imported: get-started/data.xml of https://example.org/registry"
    assert found.steps[1].outputs == ("out.txt",)


def test_that_a_broken_file_is_told_in_a_sentence_and_the_rest_still_opens(tmp_path: Path) -> None:
    dvc_project(tmp_path)
    write(tmp_path, {"bad/dvc.yaml": "stages:\n\t- x", "list/dvc.yaml": "- a", "odd/dvc.yaml": "stages: {a: 3, b: {}}"})
    info = inspect(tmp_path)
    assert [one.name for one in info.pipelines] == ["dvc.yaml", "odd/dvc.yaml"]
    told = " ".join(info.problems)
    assert "bad/dvc.yaml is not YAML" in told
    assert "line 2" in told
    assert "list/dvc.yaml is not a YAML mapping." in told
    assert "The stage 'a' of odd/dvc.yaml is not a mapping." in told


def test_that_a_cycle_and_an_anchor_and_a_missing_input_do_no_harm(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "dvc.yaml": """
                stages:
                  a: &same {cmd: x, deps: [b.txt, nowhere.csv], outs: [a.txt]}
                  b: {cmd: y, deps: [a.txt], outs: [b.txt]}
                  c: *same
            """
        },
    )
    found = the_pipeline(tmp_path)
    assert ("b", "a") in found.edges
    assert ("a", "b") in found.edges or ("c", "b") in found.edges


def test_that_the_commands_are_dvcs_own(tmp_path: Path) -> None:
    [entry, *_] = inspect(dvc_project(tmp_path)).entry_points
    run = ["{tool}", "{frameworks}/dvc/run.py"]
    assert command(entry, {}, "python") == [*run, "repro", "dvc.yaml"]
    assert command(entry, {}, "python", Selection(only="prepare")) == [*run, "repro", "--single-item", "prepare"]
    assert command(entry, {}, "python", Selection(start="prepare")) == [*run, "repro", "--downstream", "prepare"]
    assert command(entry, {}, "python", Selection(end="train@lasso")) == [*run, "repro", "train@lasso"]
    given = command(entry, {"train.alpha": "0.1"}, "python")
    assert given == [*run, "exp", "run", "--set-param", "train.alpha=0.1", "dvc.yaml"]
    assert BY_NAME["dvc"].NAME == "dvc"


OLD_LOCK = """
prepare:
  cmd: python prepare.py
  deps: [{path: prepare.py, md5: 22a1a2931c8370d3aeedd7183606fd7f}]
"""


def test_that_a_lock_of_dvc_1_is_set_aside_when_somebody_says_so_and_nothing_is_lost(
    home: Home, tmp_path: Path
) -> None:
    folder = dvc_project(tmp_path / "old")
    write(folder, {"dvc.lock": OLD_LOCK})
    [offered] = open_project(home, folder).repairs
    assert offered.problem == "dvc.lock was written by DVC 1, and DVC 3 refuses it."
    assert repair(home, str(folder), offered.id).repairs == ()
    assert not (folder / "dvc.lock").exists()
    assert (folder / "dvc.lock.dvc1").read_text() == OLD_LOCK.lstrip()
    with pytest.raises(NotFound, match="nothing to mend"):
        repair(home, str(folder), "dvc:old-lock:../../elsewhere")
    write(folder, {"dvc.lock": "schema: '2.0'\nstages: {}\n"})
    assert inspect(folder).repairs == ()
