"""KFP pipelines as text tells them: compiled ones whole, Python source as far as it goes, and what is wrong with a file."""

from __future__ import annotations

from pathlib import Path

from longshore.projects.adapters import command, kfp, merged
from longshore.projects.opening import inspect
from longshore.projects.pipeline import Pipeline, Selection
from tests.support.pipelines import KFP_COMPILED, kfp_project, write


def the_pipeline(folder: Path) -> Pipeline:
    [found] = inspect(folder).pipelines
    return found


def test_that_a_compiled_pipeline_is_described_whole(tmp_path: Path) -> None:
    write(tmp_path, {"deep/small.yaml": KFP_COMPILED})
    found = the_pipeline(tmp_path)
    assert (found.name, found.complete, found.help) == ("deep/small.yaml", True, "Trains twice.")
    assert [(step.name, step.kind, step.part_of) for step in found.steps] == [
        ("prepare", "task", ""),
        ("for-loop-1", "loop", ""),
        ("train", "task", "for-loop-1"),
        ("condition-2", "condition", ""),
        ("condition-2.report", "task", "condition-2"),
        ("report", "task", ""),
    ]
    assert found.edges == (("prepare", "for-loop-1"), ("for-loop-1", "condition-2"), ("condition-2", "report"))


def test_that_a_compiled_step_has_its_inputs_outputs_image_and_resources(tmp_path: Path) -> None:
    found = the_pipeline(write(tmp_path, {"small.yaml": KFP_COMPILED}))
    train, prepare, loop = found.step("train"), found.step("prepare"), found.step("for-loop-1")
    assert train and prepare and loop
    assert (train.inputs, train.outputs, train.metrics) == (("prepare.data",), ("train.model",), ("train.scores",))
    assert (train.command, train.image, train.resources.gpus) == ("train()", "python:3.11", 1)
    assert (prepare.resources.cpus, prepare.resources.memory_bytes, prepare.resources.retries) == (2.0, 2**30, 2)
    assert prepare.parameters["rows"].default == 3
    assert (loop.label, loop.help) == ("depths", "for each of [1, 2]")
    last = found.step("report")
    assert last and last.parameters["best"].default == 1.5
    assert (last.command, last.help) == ("echo hello", "runs at the end, whatever has failed")
    inner = found.step("condition-2.report")
    assert inner and inner.parameters["best"].default == 0.5
    # It was made within a condition, and is read outside of it.
    assert last.inputs == ("condition-2.report.Output",)
    condition = found.step("condition-2")
    assert condition and condition.help == "if train-Output > 0.5"


def test_that_a_compiled_pipelines_parameters_are_typed(tmp_path: Path) -> None:
    [entry] = inspect(write(tmp_path, {"small.yaml": KFP_COMPILED})).entry_points
    assert {one.name: (one.type, one.default, one.required) for one in entry.parameters.values()} == {
        "limit": ("float", 0.5, False),
        "names": ("str", '["a", 2]', False),
        "rows": ("int", 3, False),
        "who": ("str", None, True),
    }


def test_that_source_shows_its_steps_loops_and_conditions_before_it_is_compiled(tmp_path: Path) -> None:
    info = inspect(kfp_project(tmp_path))
    assert info.frameworks == ("kfp",)
    assert [entry.name for entry in info.entry_points] == ["flow.py:small"]
    [entry] = info.entry_points
    assert {one.name: (one.type, one.default) for one in entry.parameters.values()} == {
        "rows": ("int", 3), "tell": ("bool", False),
    }  # fmt: skip
    [found] = info.pipelines
    assert not found.complete
    assert [(step.name, step.kind, step.part_of) for step in found.steps] == [
        ("prepare", "task", ""),
        ("for-loop-2", "loop", ""),
        ("train", "task", "for-loop-2"),
        ("condition-3", "condition", ""),
        ("report", "task", "condition-3"),
    ]
    train = found.step("train")
    assert train is not None
    assert (train.after, train.inputs, train.metrics) == (("prepare",), ("prepare.data",), ("train.scores",))
    assert (train.source, train.line, train.image) == ("flow.py", 12, "python:3.11")


def test_that_exit_handlers_chains_and_other_modules_are_read_from_source(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "flow.py": """
                import kfp
                from kfp.dsl import pipeline, ExitHandler, If, Elif
                from parts.steps import clean_up, make_data

                load = kfp.components.load_component_from_file("load.yaml")

                @pipeline
                def all_of_it(n: int, names: list = ["a"]):
                    end = clean_up(n=n).set_display_name("Tidy up")
                    with ExitHandler(end):
                        first = make_data(n=1)
                        second = make_data(n=first.output).after(load())
                        with If(first.output == 1, name="one"):
                            make_data(n=2)
                        with Elif(first.output == 2):
                            print("no component")
            """
        },
    )
    found = the_pipeline(tmp_path)
    assert [step.name for step in found.steps] == [
        "clean-up", "exit-handler-1", "make-data", "make-data-2", "load",
        "condition-branches-2", "condition-3", "make-data-3", "condition-4",
    ]  # fmt: skip
    second, end, condition = found.step("make-data-2"), found.step("clean-up"), found.step("condition-3")
    assert second and second.after == ("make-data", "load")
    assert end and (end.after, end.label) == (("exit-handler-1",), "Tidy up")
    assert condition and (condition.label, condition.part_of) == ("one", "condition-branches-2")


def test_that_what_the_probe_compiled_replaces_what_the_text_told(tmp_path: Path) -> None:
    import textwrap

    import yaml

    found = the_pipeline(kfp_project(tmp_path))
    spec = next(yaml.safe_load_all(textwrap.dedent(KFP_COMPILED)))
    whole = merged(found, {"pipelines": {"small": spec}})
    assert whole.complete
    assert (whole.name, whole.file) == ("flow.py:small", "flow.py")
    train = whole.step("train")
    assert train and (train.source, train.line) == ("flow.py", 12)
    assert merged(found, {"pipelines": {"other": spec}}) == found
    [entry] = inspect(tmp_path).entry_points
    assert list(kfp.merge_entry(entry, {"pipelines": {"small": spec}}).parameters) == ["limit", "names", "rows", "who"]


def test_that_the_commands_name_the_pipeline_its_parameters_and_the_part(tmp_path: Path) -> None:
    [entry] = inspect(kfp_project(tmp_path)).entry_points
    run = ["{tool}", "{frameworks}/kfp/run.py", "flow.py:small"]
    assert command(entry, {}, "python") == run
    assert command(entry, {"rows": "4"}, "python", Selection(only="train")) == [
        *run,
        "--set",
        "rows=4",
        "--only",
        "train",
    ]
    assert command(entry, {}, "python", Selection(start="train")) == [*run, "--from", "train"]
    assert command(entry, {}, "python", Selection(end="train")) == [*run, "--to", "train"]
    assert command(entry, {}, "python", Selection(resume=True)) == run
    write(tmp_path / "other", {"small.yaml": KFP_COMPILED})
    [compiled] = inspect(tmp_path / "other").entry_points
    assert command(compiled, {}, "python") == ["{tool}", "{frameworks}/kfp/run.py", "small.yaml"]


def test_that_broken_old_and_odd_files_are_told_and_do_no_harm(tmp_path: Path) -> None:
    marks = "deploymentSpec: {executors: 3}\npipelineInfo: {name: x}\n"
    write(
        tmp_path,
        {
            "tabs.yaml": marks + "root:\n\t- x\n",
            "odd.yaml": marks + "root: {dag: {tasks: {a: 3, b: {componentRef: {name: c}}}}}\ncomponents: {c: [1]}\n",
            "self.yaml": marks
            + "root: {dag: {tasks: {a: {componentRef: {name: c}}}}}\n"
            + "components: {c: {dag: {tasks: {a: {componentRef: {name: c}}}}}}\n",
            "list.yaml": "- deploymentSpec executors\n- pipelineInfo\n",
            "old.yaml": """
                apiVersion: argoproj.io/v1alpha1
                kind: Workflow
                metadata: {annotations: {pipelines.kubeflow.org/kfp_sdk_version: 1.8.9}}
            """,
            "deep.yaml": marks
            + "root: {inputDefinitions: {parameters: {a: {defaultValue: "
            + "[" * 900
            + "]" * 900
            + "}}}}",
            "broken.py": "import kfp\n@kfp.dsl.pipeline\ndef f(:\n",
        },
    )
    info = inspect(tmp_path)
    assert [one.name for one in info.pipelines] == ["odd.yaml", "self.yaml"]
    told = " ".join(info.problems)
    for part in (
        "tabs.yaml is not YAML",
        "list.yaml holds no compiled pipeline",
        "old.yaml was compiled by KFP 1",
        "broken.py",
        "deep.yaml is nested too deeply",
    ):
        assert part in told
    assert len(info.pipelines[1].steps) == 20
