"""Pachyderm specs as text tells them: the graph of repos and pipelines, what each asks for, and what is wrong with a file."""

from __future__ import annotations

import json
from pathlib import Path

from longshore.pipelines.pachyderm.runner import part
from longshore.projects import folder as folders
from longshore.projects.adapters import command, pachyderm
from longshore.projects.adapters.pachyderm import spec as specs
from longshore.projects.opening import inspect
from longshore.projects.pipeline import Selection
from tests.support.pipelines import pachyderm_project, write

TRANSFORM = {"image": "an-image", "cmd": ["python3", "main.py"]}


def spec(name: str, *repos: str, **more: object) -> str:
    inputs = [{"pfs": {"repo": repo, "glob": "/*"}} for repo in repos]
    whole = {"pipeline": {"name": name}, "input": {"cross": inputs}, "transform": TRANSFORM, **more}
    return json.dumps(whole)


def test_that_repos_and_pipelines_are_one_graph(tmp_path: Path) -> None:
    info = inspect(pachyderm_project(tmp_path))
    assert info.frameworks == ("pachyderm",)
    [found] = info.pipelines
    assert [(step.name, step.kind) for step in found.steps] == [
        ("texts", "input"),
        ("count", "foreach"),
        ("sum", "task"),
    ]
    assert found.edges == (("texts", "count"), ("count", "sum"))
    [entry] = info.entry_points
    assert (entry.name, entry.command, entry.needs) == ("pachyderm", "count → sum", ("docker",))


def test_that_a_step_tells_image_command_resources_and_tries(tmp_path: Path) -> None:
    [found] = inspect(pachyderm_project(tmp_path)).pipelines
    count = found.step("count")
    assert count
    assert (count.image, count.source, count.line, count.help) == (
        "python:3.11-slim", "count.json", 2, "Counts letters.",
    )  # fmt: skip
    asked = count.resources
    assert (asked.cpus, asked.memory_bytes, asked.retries, asked.timeout_s) == (0.5, 64 << 20, 1, 120.0)
    assert count.command.startswith("python3\nimport os, sys")
    assert (count.inputs, count.outputs) == (("texts/*",), ("count",))


def test_that_one_file_may_hold_several_specs_and_old_names_are_understood(tmp_path: Path) -> None:
    old = {"atom": {"repo": "raw", "glob": "/"}}
    first = {"pipeline": {"name": "a"}, "input": old, "transform": TRANSFORM, "datumTries": 5}
    (tmp_path / "all.json").write_text(json.dumps(first) + "\n" + spec("b", "a") + "\n" + f"[{spec('c', 'b')}]")
    found = specs.read(folders.scan(tmp_path), [])
    assert [one.name for one in found] == ["a", "b", "c"]
    assert (found[0].tries, found[0].repos) == (5, ("raw",))


def test_that_folders_that_read_each_other_are_one_pipeline_and_others_their_own(tmp_path: Path) -> None:
    write(tmp_path, {"x/one/spec.json": spec("one", "raw"), "x/two/spec.json": spec("two", "one"),
                     "other/spec.json": spec("lone", "raw")})  # fmt: skip
    found = {one.name: [step.name for step in one.steps] for one in inspect(tmp_path).pipelines}
    assert found == {"x/one": ["raw", "one", "two"], "other": ["raw", "lone"]}


def test_that_a_clock_is_an_input_of_its_pipeline(tmp_path: Path) -> None:
    clock = {"cron": {"name": "tick", "spec": "@every 1h", "overwrite": True}}
    (tmp_path / "a.json").write_text(
        json.dumps({"pipeline": {"name": "hourly"}, "input": clock, "transform": TRANSFORM})
    )
    [found] = inspect(tmp_path).pipelines
    assert next((step.name, step.label, step.help) for step in found.steps) == ("hourly_tick", "tick", "@every 1h")
    assert found.edges == (("hourly_tick", "hourly"),)


def test_that_what_is_wrong_is_said_in_a_sentence(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "a.json": '{"pipeline": {"name": "a"}, "input": {"pfs": {}}, "transform": {"cmd": ["x"],',
            "b.json": spec("../b", "raw"),
            "c.json": json.dumps({"pipeline": {"name": "c"}, "input": {"git": {}}, "transform": TRANSFORM}),
            "d.json": spec("d", "e"),
            "e.json": spec("e", "d"),
            "f.json": spec("f", "raw", spout={"x": 1}),
            "g.json": spec("g", "out"),
            "i.json": spec("i", "raw", transform={**TRANSFORM, "datum_batching": True}),
            "h.json": spec("h", "raw", transform={"image": "x"}),
            "deep.json": '{"pipeline": {"name": "a"}, "input": {}, "transform": ' + "[" * 100_000,
        },
    )
    info = inspect(tmp_path)
    said = " ".join(info.problems)
    for words in (
        "a.json looks like a Pachyderm pipeline", "no usable name: '../b'", "reads what Longshore cannot: git",
        "The pipelines d, e read each other in a circle", "is a spout", "'i' of i.json fetches its datums", "input without a usable name: 'out'",
        "The pipeline 'h' of h.json has no `transform.cmd`",
    ):  # fmt: skip
        assert words in said


def test_that_units_of_time_and_size_are_read() -> None:
    assert [specs.seconds(one) for one in ("1h30m", "90s", "500ms", "soon", None)] == [5400, 90, 0.5, None, None]
    assert [specs.size(one) for one in ("64M", "2Gi", 100, "1.5G", "much")] == [
        64 * 10**6,
        2 << 30,
        100,
        15 * 10**8,
        None,
    ]


def test_that_a_part_is_one_pipeline_what_follows_it_or_what_leads_to_it(tmp_path: Path) -> None:
    write(tmp_path, {"a.json": spec("a", "raw"), "b.json": spec("b", "a"), "c.json": spec("c", "a"),
                     "d.json": spec("d", "b", "c")})  # fmt: skip
    [group] = pachyderm.groups(specs.read(folders.scan(tmp_path), []), []).values()
    assert [one.name for one in part(group, only="b")] == ["b"]
    assert [one.name for one in part(group, start="b")] == ["b", "d"]
    assert [one.name for one in part(group, end="c")] == ["a", "c"]
    [entry] = inspect(tmp_path).entry_points
    assert command(entry, {}, "python", Selection(start="b", resume=True)) == [
        "{longshore}", "pachyderm-run", "--home", "{home}", "pachyderm", "--from", "b", "--resume",
    ]  # fmt: skip
