"""Metaflow flows as their text tells them: branches, foreach, switches, parameters, decorators, classes across files."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from longshore.errors import Invalid, Unavailable
from longshore.projects import adapters
from longshore.projects.adapters import BY_NAME, command
from longshore.projects.model import EntryPoint
from longshore.projects.opening import inspect
from longshore.projects.pipeline import Pipeline, Resources, Selection
from tests.support.pipelines import metaflow_project, write


def the_pipeline(folder: Path) -> Pipeline:
    [found] = inspect(folder).pipelines
    return found


def flow(body: str, head: str = "", name: str = "X", base: str = "FlowSpec") -> str:
    """Write a flow's file from the body of its class."""
    lines = textwrap.indent(textwrap.dedent(body).strip(), "    ")
    return f"from metaflow import *\n{head}\n\nclass {name}({base}):\n{lines}\n\nif __name__ == '__main__':\n    {name}()\n"


def test_that_a_flow_shows_its_steps_in_order_with_what_each_takes_and_makes(tmp_path: Path) -> None:
    info = inspect(metaflow_project(tmp_path))
    assert info.frameworks == ("metaflow",)
    assert [entry.name for entry in info.entry_points] == ["TrainFlow"]
    [found] = info.pipelines
    assert (found.name, found.file, found.complete) == ("TrainFlow", "flow.py", True)
    assert found.help == "Trains two models and keeps the better one."
    assert [(step.name, step.kind) for step in found.steps] == [
        ("start", "task"), ("train", "foreach"), ("choose", "join"), ("end", "task"),
    ]  # fmt: skip
    assert found.edges == (("start", "train"), ("train", "choose"), ("choose", "end"))
    train, choose = found.step("train"), found.step("choose")
    assert train is not None
    assert choose is not None
    assert (train.source, train.line, train.help) == ("flow.py", 18, "Fits one model.")
    assert train.resources == Resources(cpus=2.0, memory_bytes=512 << 20)
    assert set(train.parameters) == {"alpha"}
    assert train.outputs == ("self.model", "self.score")
    assert choose.inputs == ("self.score",)


def test_that_parameters_have_types_defaults_and_help(tmp_path: Path) -> None:
    body = """
        alpha = Parameter("alpha", default=0.5, help="how strong")
        rounds = Parameter("rounds", type=int, required=True)
        deep = Parameter("deep-learning", default=False)
        kind = Parameter("kind", type=click.Choice(["a", "b"]), default="a")
        extra = Parameter("extra", type=JSONType, default='{"a": 1}')
        day = Parameter("day", default=today)
        size = Parameter("size", default=2 * SIZE)
        table = IncludeFile("table", default="./table.csv", help="a file")
        settings = Config("settings", default="settings.json")
        @step
        def start(self):
            self.next(self.end)
        @step
        def end(self):
            pass
    """
    head = "import click\nSIZE = 8\ndef today(context):\n    return 'x'"
    write(tmp_path, {"f.py": flow(body, head)})
    [entry] = inspect(tmp_path).entry_points
    found = {name: (one.type, one.default, one.required) for name, one in entry.parameters.items()}
    assert found == {
        "alpha": ("float", 0.5, False),
        "rounds": ("int", None, True),
        "deep-learning": ("bool", False, False),
        "kind": ("choice", "a", False),
        "extra": ("str", '{"a": 1}', False),
        "day": ("str", None, False),
        "size": ("int", 16, False),
        "table": ("path", "./table.csv", False),
        "settings": ("path", "settings.json", False),
    }
    assert entry.parameters["alpha"].help == "how strong"
    assert not entry.open_ended
    given = command(entry, {"alpha": "-1", "settings": "other.json"}, "python")
    run = ["python", "{frameworks}/metaflow/run.py", "f.py"]
    assert given == [*run, "--config", "settings", "other.json", "run", "--alpha=-1"]
    assert command(entry, {"settings": '{"a": 1}'}, "python") == [
        *run, "--config-value", "settings", '{"a": 1}', "run",
    ]  # fmt: skip


def test_that_branches_switches_loops_and_nested_foreach_are_told_apart(tmp_path: Path) -> None:
    body = """
        @step
        def start(self):
            self.next(self.a, self.b)
        @step
        def a(self):
            self.items = [1]
            self.next(self.inner, foreach="items")
        @step
        def inner(self):
            self.next(self.gather)
        @step
        def gather(self, inputs):
            self.next(self.both)
        @step
        def b(self):
            self.next(self.both)
        @step
        def both(self, inputs):
            self.next(self.decide)
        @step
        def decide(self):
            self.next({"again": self.decide, "done": self.good, "bad": self.poor}, condition="verdict")
        @step
        def good(self):
            self.next(self.end)
        @step
        def poor(self):
            self.next(self.end)
        @step
        def end(self):
            pass
    """
    write(tmp_path, {"f.py": flow(body)})
    found = the_pipeline(tmp_path)
    kinds = {step.name: step.kind for step in found.steps}
    assert kinds == {
        "start": "task", "a": "task", "b": "task", "inner": "foreach", "gather": "join", "both": "join",
        "decide": "loop", "good": "task", "poor": "task", "end": "task",
    }  # fmt: skip
    assert found.steps[-1].name == "end"
    assert found.step("both").after == ("b", "gather") or set(found.step("both").after) == {"b", "gather"}  # type: ignore[union-attr]
    assert set(found.step("end").after) == {"good", "poor"}  # type: ignore[union-attr]


def test_that_decorators_become_resources_images_and_tags(tmp_path: Path) -> None:
    body = """
        @card(type="html")
        @retry(times=2)
        @timeout(minutes=1, seconds=30)
        @kubernetes(cpu=4, memory=2048, gpu=1, image="repo/image:1")
        @resources(cpu=2)
        @catch(var="problem")
        @step
        def start(self):
            self.next(self.end)
        @step
        def end(self):
            pass
    """
    write(tmp_path, {"f.py": flow(body)})
    first = the_pipeline(tmp_path).steps[0]
    assert first.resources == Resources(4.0, 2048 << 20, 1, 90.0, 2)
    assert first.image == "repo/image:1"
    assert first.tags == ("card", "kubernetes", "catch")


def test_that_a_flow_of_several_files_is_put_together_and_unknown_bases_leave_it_to_the_probe(tmp_path: Path) -> None:
    base = """
        rate = Parameter("rate", default=1)
        @step
        def start(self):
            self.next(self.end)
        @step
        def end(self):
            pass
    """
    child = "from metaflow import step\nfrom lib.base import Base\n\nclass Child(Base):\n    '''Its own end.'''\n"
    child += "    @step\n    def end(self):\n        print(self.rate)\n\nif __name__ == '__main__':\n    Child()\n"
    foreign = flow(base, "from company import Mixin", "Foreign", "Mixin, FlowSpec")
    write(tmp_path, {"lib/__init__.py": "", "lib/base.py": flow(base, name="Base").partition("if __name__")[0]})
    write(tmp_path, {"child.py": child, "foreign.py": foreign})
    info = inspect(tmp_path)
    found = {one.name: one for one in info.pipelines}
    assert set(found) == {"Child", "Foreign"}
    assert [(step.name, step.source) for step in found["Child"].steps] == [
        ("start", "lib/base.py"), ("end", "child.py"),
    ]  # fmt: skip
    assert found["Child"].complete
    assert not found["Foreign"].complete
    [entry, _other] = sorted(info.entry_points, key=lambda one: one.name)
    assert set(entry.parameters) == {"rate"}


def test_that_a_flow_that_nothing_starts_is_told_and_broken_python_does_no_harm(tmp_path: Path) -> None:
    text = flow("@step\ndef start(self):\n    self.next(self.end)\n@step\ndef end(self):\n    pass")
    write(
        tmp_path,
        {"a.py": text.partition("if __name__")[0], "b.py": "from metaflow import FlowSpec\nclass (", "c.py": text},
    )
    info = inspect(tmp_path)
    assert [one.file for one in info.pipelines] == ["c.py"]
    told = " ".join(info.problems)
    assert "The flow X in a.py cannot be started: the file ends without `X()`." in told
    assert "b.py is not valid Python (line 2)" in told


def test_that_targets_that_are_not_there_and_odd_transitions_do_no_harm(tmp_path: Path) -> None:
    body = """
        @step
        def start(self):
            self.next(self.nowhere, self.x)
        @step
        def x(self):
            self.next(getattr(self, "end"))
        @step
        def end(self):
            self.next(self.start)
    """
    write(tmp_path, {"f.py": flow(body)})
    assert {step.name for step in the_pipeline(tmp_path).steps} == {"start", "x", "end"}


def test_that_the_commands_are_metaflows_own(tmp_path: Path) -> None:
    [entry] = inspect(metaflow_project(tmp_path)).entry_points
    run = ["python", "{frameworks}/metaflow/run.py", "flow.py"]
    assert entry.command == "python flow.py run --alpha {alpha} --label {label}"
    assert command(entry, {"alpha": "0.1"}, "python") == [*run, "run", "--alpha=0.1"]
    assert command(entry, {}, "python", Selection(only="train")) == [*run, "spin", "--persist", "train"]
    assert command(entry, {}, "python", Selection(resume=True, origin="12")) == [
        *run, "resume", "--origin-run-id=12",
    ]  # fmt: skip
    assert command(entry, {}, "python", Selection(start="choose")) == [*run, "resume", "choose"]
    with pytest.raises(Invalid, match="takes the parameters of the run"):
        command(entry, {"alpha": "1"}, "python", Selection(resume=True))
    assert adapters.variables("metaflow")["METAFLOW_USER"] not in ("", "root")


def test_that_a_conda_flow_without_conda_is_refused_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = "@conda(libraries={'pandas': '2'})\n@step\ndef start(self):\n    self.next(self.end)\n@step\ndef end(self):\n    pass"
    write(tmp_path, {"f.py": flow(body)})
    [entry] = inspect(tmp_path).entry_points
    assert entry.needs == ("conda",)
    assert "--environment=conda" in command(entry, {}, "python")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("METAFLOW_HOME", str(tmp_path))
    with pytest.raises(Unavailable, match=r"X makes environments .*@conda.* neither micromamba nor conda"):
        adapters.check_ready(entry)
    (tmp_path / "micromamba").write_text("#!/bin/sh\n")
    (tmp_path / "micromamba").chmod(0o755)
    adapters.check_ready(entry)


def test_that_steps_that_run_elsewhere_need_metaflow_to_be_configured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = "@batch\n@step\ndef start(self):\n    self.next(self.end)\n@step\ndef end(self):\n    pass"
    write(tmp_path, {"f.py": flow(body)})
    [entry] = inspect(tmp_path).entry_points
    monkeypatch.setenv("METAFLOW_HOME", str(tmp_path))
    with pytest.raises(Unavailable, match=r"X runs steps elsewhere \(@batch\), and Metaflow is not configured"):
        adapters.check_ready(entry)
    (tmp_path / "config.json").write_text("{}")
    adapters.check_ready(entry)


def test_that_what_the_probe_found_completes_graph_and_form(tmp_path: Path) -> None:
    pipeline = Pipeline("X", "metaflow", "f.py", complete=False)
    steps = [
        {"name": "end", "next": [], "line": 9},
        {"name": "start", "next": ["end"], "line": 3, "decorators": [{"name": "retry", "given": {"times": 1}}]},
    ]
    parameters = [{"name": "n", "attribute": "n", "type": "int", "default": 3}, {"odd": 1}, 7]
    answer = {"flows": [{"name": "X", "file": "f.py", "steps": steps, "parameters": parameters}, 3]}
    found = adapters.merged(pipeline, answer)
    assert found.complete
    assert [step.name for step in found.steps] == ["start", "end"]
    assert found.steps[0].resources.retries == 1
    entry = adapters.merged_entry(EntryPoint("X", "", source="f.py", framework="metaflow", open_ended=True), answer)
    assert entry.parameters["n"].default == 3
    assert not entry.open_ended
    assert adapters.merged(pipeline, {}) == pipeline
    assert BY_NAME["metaflow"].NAME == "metaflow"
