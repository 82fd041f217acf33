"""Tasks of Flyte 2 as their text tells them: what calls what, in loops, awaited, mapped."""

from __future__ import annotations

from pathlib import Path

from longshore.projects.adapters import command
from longshore.projects.opening import inspect
from longshore.projects.pipeline import RESUME, Resources
from tests.support.pipelines import flyte_project, write


def test_that_a_task_shows_what_it_calls_and_the_outer_one_comes_first(tmp_path: Path) -> None:
    info = inspect(flyte_project(tmp_path, "one"))
    assert info.frameworks == ("flyte",)
    assert [one.name for one in info.pipelines] == ["main", "double", "report"]
    main = info.pipelines[0]
    assert {step.name: (step.kind, step.after, step.part_of, step.tags) for step in main.steps} == {
        "main": ("task", (), "", ()),
        "main/double": ("foreach", ("main",), "main", ("cached",)),
        "main/report": ("task", ("main/double",), "main", ()),
    }
    assert main.can == {RESUME}
    assert main.steps[1].resources == Resources(cpus=1.0, memory_bytes=500 << 20)
    assert (main.steps[1].source, main.steps[1].line) == ("tasks.py", 8)


def test_that_the_command_is_flytes_own(tmp_path: Path) -> None:
    entry = inspect(flyte_project(tmp_path, "one")).entry_points[0]
    assert entry.command == "flyte run --local tasks.py main --n {n} [--loud]"
    assert command(entry, {"n": "2", "loud": "false"}, "python") == [
        "python", "{frameworks}/flyte/run.py", "tasks.py", "main", "--n=2", "--no-loud",
    ]  # fmt: skip


def test_that_awaited_gathered_and_mapped_calls_are_seen(tmp_path: Path) -> None:
    text = """
        import asyncio
        import flyte
        from flyte import TaskEnvironment

        env = TaskEnvironment("x")

        @env.task
        async def one(n: int) -> int:
            return n

        @env.task
        def two(n: int) -> int:
            return n

        @env.task
        async def main() -> int:
            found = await asyncio.gather(*[one(n=i) for i in range(3)])
            more = list(flyte.map(two, found))
            return await two.aio(more[0])
    """
    write(tmp_path, {"f.py": text})
    main = inspect(tmp_path).pipelines[0]
    assert [(step.name, step.kind) for step in main.steps] == [
        ("main", "task"), ("main/one", "foreach"), ("main/two", "foreach"),
    ]  # fmt: skip
    assert main.steps[2].after == ("main", "main/one") or main.steps[2].after == ("main/one",)
