"""ZenML pipelines as their text tells them: steps across files, pipelines within, scripts that start them, settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from longshore.errors import Invalid
from longshore.projects import adapters
from longshore.projects.adapters import command
from longshore.projects.opening import inspect
from longshore.projects.pipeline import ONLY, RESUME, Pipeline, Resources, Selection
from tests.support.pipelines import write, zenml_project

HEAD = "from zenml import pipeline, step\n"


def pipelines(folder: Path) -> dict[str, Pipeline]:
    return {one.name: one for one in inspect(folder).pipelines}


def test_that_a_pipeline_shows_its_steps_across_files(tmp_path: Path) -> None:
    info = inspect(zenml_project(tmp_path))
    assert info.frameworks == ("zenml",)
    assert [entry.name for entry in info.entry_points] == ["small", "main"]
    found = pipelines(tmp_path)["small"]
    assert (found.file, found.complete, found.can, found.help) == (
        "pipeline.py", True, frozenset({ONLY, RESUME}), "Trains once.",
    )  # fmt: skip
    assert found.edges == (("load", "train"), ("train", "tell"))
    load, train = found.step("load"), found.step("train")
    assert load is not None
    assert train is not None
    assert (load.source, load.line, load.help, load.outputs) == ("steps.py", 9, "Makes rows.", ("data",))
    assert (train.inputs, train.outputs, train.tags) == (("data",), ("score",), ("never cached",))
    assert (load.parameters["rows"].default, train.parameters["alpha"].type) == (3, "float")


def test_that_the_form_has_the_parameters_and_a_file_of_settings(tmp_path: Path) -> None:
    [entry, _main] = inspect(zenml_project(tmp_path)).entry_points
    assert {name: (one.type, one.default) for name, one in entry.parameters.items()} == {
        "rows": ("int", 3),
        "alpha": ("float", 0.5),
        "config_path": ("path", None),
    }
    assert "settings.yaml" in entry.parameters["config_path"].help
    run = ["python", "{frameworks}/zenml/run.py", "pipeline.py", "small"]
    assert command(entry, {"rows": "4"}, "python") == [*run, "--", "--rows=4"]
    assert command(entry, {"config_path": "settings.yaml"}, "python") == [*run, "--config=settings.yaml", "--"]
    only = Selection(only="train", origin="7")
    assert command(entry, {}, "python", only) == [*run, "--only=train", "--origin=7"]
    with pytest.raises(Invalid, match="train takes what it was given in the last run"):
        command(entry, {"rows": "4"}, "python", only)


def test_that_a_script_that_starts_pipelines_has_its_own_arguments_and_theirs_as_steps(tmp_path: Path) -> None:
    entry = inspect(zenml_project(tmp_path)).entry_points[1]
    assert (entry.name, entry.framework, set(entry.parameters)) == ("main", "zenml", {"rows"})
    assert command(entry, {"rows": "4"}, "python") == [
        "python", "{frameworks}/zenml/run.py", "--script", "main.py", "--rows", "4",
    ]  # fmt: skip
    found = pipelines(tmp_path)["main"]
    assert [(step.name, step.kind, step.part_of) for step in found.steps] == [
        ("small", "pipeline", ""),
        ("small/load", "task", "small"),
        ("small/train", "task", "small"),
        ("small/tell", "task", "small"),
    ]
    assert ("small/load", "small/train") in found.edges


def test_that_names_order_and_options_of_calls_are_followed(tmp_path: Path) -> None:
    text = """
        from zenml import pipeline, step
        from zenml.config import ResourceSettings
        from zenml.config.retry_config import StepRetryConfig

        @step(name="fetch", settings={"resources": ResourceSettings(cpu_count=2, gpu_count=1, memory="4GB")})
        def load() -> list: ...

        @step(retry=StepRetryConfig(max_retries=3))
        def fit(data: list, depth: int) -> float: ...

        @step
        def choose(scores: list): ...

        @pipeline(name="all of it")
        def whole():
            data = load()
            scores = []
            first = fit.with_options(enable_cache=False)(data, depth=1)
            scores.append(first)
            scores.append(fit(data=data, depth=2))
            fit(data, 3, id="deep")
            choose(scores)
            load(after=["choose"])
    """
    write(tmp_path, {"f.py": text})
    found = pipelines(tmp_path)["whole"]
    assert found.complete
    assert {step.name: step.after for step in found.steps} == {
        "fetch": (),
        "fit": ("fetch",),
        "fit_2": ("fetch",),
        "deep": ("fetch",),
        "choose": ("fit", "fit_2"),
        "fetch_2": ("choose",),
    }
    assert found.steps[0].resources == Resources(2.0, 4 * 10**9, 1)
    assert found.steps[1].resources.retries == 3
    assert found.steps[3].parameters["depth"].default == 3


def test_that_a_pipeline_within_gives_its_steps_and_loops_leave_it_to_the_probe(tmp_path: Path) -> None:
    steps = HEAD + "@step\ndef a() -> int: ...\n@step\ndef b(x: int) -> int: ...\n"
    inner = "@pipeline\ndef inner(n: int = 1):\n    return b(a())\n"
    outer = "@pipeline\ndef outer():\n    found = inner()\n    b(found)\n"
    inner += "@pipeline\ndef either(n: int = 1):\n    if n:\n        x = a()\n    else:\n        x = n\n    b(x)\n"
    loop = "@pipeline\ndef loop(n: int):\n    for i in range(n):\n        b(i)\n"
    write(tmp_path, {"f.py": steps + inner + outer + loop})
    info = inspect(tmp_path)
    assert [one.name for one in info.pipelines] == ["either", "outer", "loop", "inner"]
    found = {one.name: one for one in info.pipelines}
    assert found["outer"].edges == (("a", "b"), ("b", "b_2"))
    assert found["either"].edges == (("a", "b"),)
    assert (found["inner"].complete, found["loop"].complete) == (True, False)
    assert {entry.name: [one.required for one in entry.parameters.values()] for entry in info.entry_points} == {
        "either": [False], "outer": [], "loop": [True], "inner": [False],
    }  # fmt: skip


def test_that_what_the_probe_found_completes_the_graph(tmp_path: Path) -> None:
    text = (
        HEAD
        + "@step\ndef b(x: int):\n    '''Does it.'''\n@pipeline\ndef loop(n: int = 2):\n    for i in range(n):\n        b(i)\n"
    )
    write(tmp_path, {"f.py": text})
    pipeline = pipelines(tmp_path)["loop"]
    steps = [
        {"name": "b", "after": [], "inputs": [], "parameters": {"x": 0}, "file": "f.py", "line": 3},
        {"name": "b_2", "after": ["b"], "inputs": ["b.output"], "parameters": {"x": 1}, "file": "f.py", "line": 3},
    ]
    found = adapters.merged(pipeline, {"pipelines": [3, {"name": "loop", "file": "f.py", "steps": [*steps, 7]}]})
    assert found.complete
    assert [(step.name, step.after, step.parameters["x"].default) for step in found.steps] == [
        ("b", (), 0), ("b_2", ("b",), 1),
    ]  # fmt: skip
    assert found.steps[1].help == "Does it."
    assert adapters.merged(pipeline, {"pipelines": "odd"}) == pipeline


def test_that_broken_python_and_other_peoples_decorators_do_no_harm(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "a.py": "from zenml import pipeline\n@pipeline\ndef (",
            "b.py": "# not zenml\nfrom other import pipeline\n@pipeline\ndef p():\n    pass\n",
            "c.py": HEAD + "@pipeline\ndef empty():\n    unknown()(1)\n    x.y.z()\n",
        },
    )
    info = inspect(tmp_path)
    assert [one.name for one in info.pipelines] == ["empty"]
    assert not info.pipelines[0].complete
    assert "a.py is not valid Python (line 3)" in " ".join(info.problems)


def test_that_the_store_is_in_our_home_and_one_a_project(tmp_path: Path) -> None:
    one = adapters.variables("zenml", tmp_path, tmp_path / "a")
    other = adapters.variables("zenml", tmp_path, tmp_path / "b")
    assert one["ZENML_CONFIG_PATH"].startswith(str(tmp_path / "zenml"))
    assert one["ZENML_CONFIG_PATH"] != other["ZENML_CONFIG_PATH"]
    assert one["ZENML_ANALYTICS_OPT_IN"] == "false"
    assert "ZENML_CONFIG_PATH" not in adapters.variables("zenml")
    assert adapters.variables("dvc", tmp_path, tmp_path) == adapters.variables("dvc")
