"""Kedro projects as text tells them: pipelines, nodes, catalogue, typed parameters, and what is wrong with a file."""

from __future__ import annotations

from pathlib import Path

from longshore.projects.adapters import command, kedro, merged
from longshore.projects.opening import entry_point, inspect
from longshore.projects.parameters import check_parameters
from longshore.projects.pipeline import Pipeline, Selection
from tests.support.pipelines import KEDRO_COUNT, kedro_project, write


def the_pipeline(folder: Path, name: str = "__default__") -> Pipeline:
    return next(one for one in inspect(folder).pipelines if one.name == name)


def test_that_the_nodes_of_each_pipeline_and_of_all_together_are_shown(tmp_path: Path) -> None:
    info = inspect(kedro_project(tmp_path))
    assert info.frameworks == ("kedro",)
    assert [one.name for one in info.pipelines] == ["__default__", "cleaning", "training"]
    found = info.pipelines[0]
    assert not found.complete
    assert [step.name for step in found.steps] == ["clean", KEDRO_COUNT, "train"]
    assert found.edges == (("clean", KEDRO_COUNT), (KEDRO_COUNT, "train"))
    clean, count, train = found.steps
    assert (count.label, count.source, count.line) == ("count", "src/small/pipelines/cleaning/nodes.py", 7)
    assert (clean.inputs, clean.outputs, clean.tags) == (("raw",), ("clean",), ("first",))
    assert (clean.source, clean.line, clean.help) == (
        "src/small/pipelines/cleaning/nodes.py", 1, "Keeps the first rows.",
    )  # fmt: skip
    assert (train.inputs, train.outputs, train.command) == (("counted",), ("model", "scores"), "train()")
    assert list(train.parameters) == ["train.alpha", "train.names", "train.title"]
    assert the_pipeline(tmp_path, "training").edges == ()


def test_that_the_catalogue_is_read_with_types_paths_and_versions(tmp_path: Path) -> None:
    listed = {one.name: one for one in the_pipeline(kedro_project(tmp_path)).datasets}
    assert set(listed) == {"raw", "clean", "model", "scores"}
    assert (listed["raw"].type, listed["raw"].path, listed["raw"].versioned) == (
        "text.TextDataset", "data/raw.txt", False,
    )  # fmt: skip
    assert listed["model"].versioned
    assert {one.name for one in the_pipeline(tmp_path, "training").datasets} == {"model", "scores"}


def test_that_parameters_have_the_types_of_their_values_and_environments_are_offered(tmp_path: Path) -> None:
    entry = entry_point(inspect(kedro_project(tmp_path)))
    assert entry.name == "__default__"
    assert {one.name: (one.type, one.default) for one in entry.parameters.values()} == {
        "rows": ("int", 2),
        "train.alpha": ("float", 0.5),
        "train.names": ("list", ["a", "b"]),
        "train.title": ("str", "12"),
        "env": ("choice", None),
    }
    assert entry.parameters["env"].choices == ("big", "local")


def test_that_the_commands_name_the_part_and_keep_a_text_a_text(tmp_path: Path) -> None:
    entry = entry_point(inspect(kedro_project(tmp_path)))
    run = ["python", "{frameworks}/kedro/run.py", "__default__"]
    assert command(entry, {}, "python") == run
    given = check_parameters(entry, {"train.title": "12", "rows": "3", "train.names": "x,y", "env": "big", "new": "q"})
    assert command(entry, given, "python") == [
        *run, "--set", 'train.title="12"', "--set", "rows=3", "--set", 'train.names=["x", "y"]',
        "--env", "big", "--set", 'new="q"',
    ]  # fmt: skip
    assert command(entry, {}, "python", Selection(only="train")) == [*run, "--only", "train"]
    assert command(entry, {}, "python", Selection(start="count", end="train")) == [
        *run, "--from", "count", "--to", "train",
    ]  # fmt: skip
    assert command(entry, {}, "python", Selection(tags=("a", "b"))) == [*run, "--tag", "a", "--tag", "b"]
    kept = {"rows": "2", "train.names": '["a", "b"]', "train.alpha": "0.1", "env": "big"}
    assert command(entry, kept, "python", Selection(resume=True, origin="count,train")) == [
        *run, "--set", "train.alpha=0.1", "--env", "big", "--resume", "count,train",
    ]  # fmt: skip


def test_that_namespaces_aliases_and_registries_are_read(tmp_path: Path) -> None:
    kedro_project(tmp_path)
    write(
        tmp_path,
        {
            "src/small/pipeline_registry.py": """
                def register_pipelines():
                    pipelines = {"__default__": make(), "both": make()}
                    pipelines["training"] = make()
                    return pipelines
            """,
            "src/small/pipelines/training/pipeline.py": """
                from functools import partial
                import kedro.pipeline as kp
                from ..cleaning.nodes import count

                def create_pipeline(**kwargs):
                    one = kp.pipeline([
                        kp.node(partial(count, rows=1), {"rows": "table@pandas", "o": "params:depth"}, None, tags="slow"),
                        kp.node(lambda x: x, inputs=["clean", "parameters"], outputs=dict(a="table@spark")),
                    ])
                    return kp.pipeline(one) + kp.pipeline(
                        [kp.node(count, ["clean", "raw", "params:alpha"], "out", name="inner")],
                        namespace="deep", inputs={"clean": "clean"}, parameters={"alpha": "train.alpha"},
                    )
            """,
        },
    )
    info = inspect(tmp_path)
    assert [one.name for one in info.pipelines] == ["__default__", "training", "both"]
    training = the_pipeline(tmp_path, "training")
    assert [step.name for step in training.steps] == ["count", "lambda", "deep.inner"]
    count, inner = training.step("count"), training.step("deep.inner")
    assert count and (count.after, count.tags) == (("lambda",), ("slow",))
    assert inner and (inner.inputs, inner.outputs) == (("clean", "deep.raw"), ("deep.out",))
    assert inner.parameters["train.alpha"].default == 0.5
    assert the_pipeline(tmp_path, "both").steps == ()


def test_that_what_the_probe_found_replaces_what_the_text_told(tmp_path: Path) -> None:
    found = the_pipeline(kedro_project(tmp_path), "training")
    node = {"name": "train", "inputs": ["counted", "params:train"], "outputs": ["model"], "tags": ["t"], "function": "f",
            "source": "src/x.py", "line": 3, "help": "h", "label": "f"}  # fmt: skip
    answer = {
        "pipelines": {"training": [node]},
        "parameters": {"train": {"alpha": 0.1}, "rows": 1},
        "datasets": {"model": {"type": "json.JSONDataset", "filepath": "x.json", "versioned": True}},
    }
    whole = merged(found, answer)
    assert whole.complete
    [step] = whole.steps
    assert (step.name, step.label, step.inputs) == ("train", "f", ("counted",))
    assert (step.source, step.line, step.tags) == ("src/x.py", 3, ("t",))
    assert step.parameters["train.alpha"].default == 0.1
    assert [(one.name, one.path) for one in whole.datasets] == [("model", "x.json")]
    assert merged(found, {"pipelines": {"other": []}}) == found
    entry = kedro.merge_entry(entry_point(inspect(tmp_path)), answer)
    assert {one.name: one.default for one in entry.parameters.values()} == {"train.alpha": 0.1, "rows": 1, "env": None}


def test_that_broken_files_are_told_and_the_rest_is_still_shown(tmp_path: Path) -> None:
    kedro_project(tmp_path)
    write(
        tmp_path,
        {
            "conf/base/catalog_more.yml": "a:\n\t- x",
            "conf/base/parameters_odd.yml": "- a\n- b\n",
            "src/small/pipelines/broken.py": "def create_pipeline(:\n",
        },
    )
    info = inspect(tmp_path)
    assert [step.name for step in info.pipelines[0].steps] == ["clean", KEDRO_COUNT, "train"]
    told = " ".join(info.problems)
    assert "conf/base/catalog_more.yml is not YAML" in told
    assert "broken.py" in told
