"""flytekit workflows as their text tells them: tasks, workflows within, maps, dynamic tasks, decisions, several files."""

from __future__ import annotations

from pathlib import Path

import pytest

from longshore.errors import Invalid
from longshore.projects import adapters
from longshore.projects.adapters import command
from longshore.projects.opening import inspect
from longshore.projects.pipeline import ONLY, Pipeline, Resources, Selection
from tests.support.pipelines import flytekit_project, write


def pipelines(folder: Path) -> dict[str, Pipeline]:
    return {one.name: one for one in inspect(folder).pipelines}


def test_that_a_workflow_shows_its_calls_with_those_within(tmp_path: Path) -> None:
    info = inspect(flytekit_project(tmp_path, "1"))
    assert info.frameworks == ("flytekit",)
    assert [one.name for one in info.pipelines] == ["main", "many", "prepare"]
    main = info.pipelines[0]
    assert (main.complete, main.help) == (True, "Trains twice, and reports what is good enough.")
    assert {step.name: (step.kind, step.after, step.part_of) for step in main.steps} == {
        "prepare": ("task", (), ""),
        "prepare/load": ("task", ("prepare",), "prepare"),
        "prepare/double": ("foreach", ("prepare/load",), "prepare"),
        "many": ("task", ("prepare",), ""),
        "many/double": ("foreach", ("many",), "many"),
        "train": ("task", ("prepare", "many"), ""),
        "train-2": ("task", ("prepare",), ""),
        "good enough": ("condition", ("train",), ""),
        "report": ("task", ("train", "good enough"), ""),
        "poor": ("task", ("good enough",), ""),
    }
    load, train = main.step("prepare/load"), main.step("train")
    assert load is not None
    assert train is not None
    assert load.resources == Resources(cpus=0.5, memory_bytes=1 << 30, retries=2)
    assert (load.source, load.line, load.help, load.tags) == ("flow.py", 8, "Makes rows.", ("cached",))
    assert train.parameters["alpha"].default == 0.5
    assert train.inputs == ("data",)
    assert train.outputs == ("score",)


def test_that_inputs_have_types_and_defaults_and_the_command_is_pyflytes(tmp_path: Path) -> None:
    text = """
        from enum import Enum
        from flytekit import task, workflow
        from flytekit.types.file import FlyteFile

        class Kind(Enum):
            A = "a"
            B = "b"

        @task
        def t(n: int):
            pass

        @workflow
        def wf(n: int, rate: float = 1e-3, deep: bool = True, table: FlyteFile = "x.csv", kind: Kind = Kind.A,
               names: list[str] = ["a"]):
            t(n=n)
    """
    write(tmp_path, {"f.py": text})
    [entry] = inspect(tmp_path).entry_points
    assert {name: (one.type, one.default, one.required) for name, one in entry.parameters.items()} == {
        "n": ("int", None, True),
        "rate": ("float", 0.001, False),
        "deep": ("bool", True, False),
        "table": ("path", "x.csv", False),
        "kind": ("choice", "a", False),
        "names": ("list", ["a"], False),
    }
    run = ["python", "{frameworks}/flytekit/run.py"]
    assert command(entry, {"n": "-3", "deep": "false"}, "python") == [*run, "f.py", "wf", "--n=-3", "--no-deep"]
    only = Selection(only="t", origin="/somewhere")
    assert command(entry, {}, "python", only) == [*run, "--only=t", "--origin=/somewhere", "f.py", "wf"]
    with pytest.raises(Invalid, match="takes the inputs that it had"):
        command(entry, {"n": "1"}, "python", only)


def test_that_tasks_of_other_files_and_launch_plans_are_followed(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "pkg/__init__.py": "",
            "pkg/tasks.py": "from flytekit import task\n\n@task\ndef one() -> int:\n    return 1\n",
            "pkg/inner.py": """
                import flytekit as fk
                from .tasks import one

                @fk.workflow
                def small() -> int:
                    return one()
            """,
            "pkg/flow.py": """
                from flytekit import LaunchPlan, task, workflow
                from pkg import tasks
                from pkg.inner import small

                plan = LaunchPlan.get_or_create(small, "a plan")

                @task
                def add(a: int, b: int) -> int:
                    return a + b

                @workflow
                def big() -> int:
                    return add(a=tasks.one(), b=plan())
            """,
        },
    )
    big = pipelines(tmp_path)["big"]
    assert [(step.name, step.source) for step in big.steps] == [
        ("one", "pkg/tasks.py"),
        ("small", "pkg/inner.py"),
        ("small/one", "pkg/tasks.py"),
        ("add", "pkg/flow.py"),
    ]
    assert big.steps[-1].after == ("one", "small")


def test_that_what_only_running_tells_is_said_to_be_incomplete(tmp_path: Path) -> None:
    text = """
        from flytekit import Workflow, task, workflow

        @task
        def t(n: int = 1) -> int:
            return n

        @workflow
        def loop() -> int:
            last = t()
            for n in range(3):
                last = t(n=n)
            return last

        built = Workflow(name="by.calls")
        built.add_entity(t, n=2)
    """
    write(tmp_path, {"f.py": text})
    found = pipelines(tmp_path)
    assert {name: one.complete for name, one in found.items()} == {"loop": False, "built": False}
    assert found["built"].can == {ONLY}
    steps = [{"name": name, "label": "t", "file": "f.py", "after": []} for name in ("t", "t-2", "t-3", "t-4")]
    answer = {"workflows": [{"name": "loop", "file": "f.py", "steps": steps}, 3]}
    merged = adapters.merged(found["loop"], answer)
    assert [step.name for step in merged.steps] == ["t", "t-2", "t-3", "t-4"]
    assert merged.complete
    assert merged.steps[3].line == 4


def test_that_tasks_without_a_function_are_steps_and_helpers_leave_the_rest_to_the_probe(tmp_path: Path) -> None:
    text = """
        from flytekit import task, workflow
        from flytekit.extras.tasks.shell import ShellTask
        from somewhere import other

        count = ShellTask(name="count_lines", script="wc -l")

        def helper(n):
            return count()

        @workflow
        def plain() -> None:
            count()

        @workflow
        def helped() -> None:
            helper(n=1)
            count()

        @workflow
        def foreign() -> None:
            count(x=other())
    """
    write(tmp_path, {"f.py": text})
    found = pipelines(tmp_path)
    assert {name: one.complete for name, one in found.items()} == {"plain": True, "helped": False, "foreign": False}
    [step] = found["plain"].steps
    assert (step.name, step.line) == ("count_lines", 5)


def test_that_recursion_and_broken_python_do_no_harm(tmp_path: Path) -> None:
    text = """
        from flytekit import dynamic, workflow
        x = x
        @dynamic
        def again(n: int) -> int:
            return again(n=n - 1)
        @workflow
        def wf() -> int:
            return again(n=wf())
    """
    write(tmp_path, {"f.py": text, "g.py": "from flytekit import workflow\n@workflow\ndef ("})
    info = inspect(tmp_path)
    assert "wf" in {one.name for one in info.pipelines}
    assert any("g.py is not valid Python" in one for one in info.problems)
