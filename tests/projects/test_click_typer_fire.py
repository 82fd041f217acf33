"""The readers of click, typer and fire are held against the libraries themselves, or against the signature."""

from __future__ import annotations

import inspect
from typing import Any

import click
import pytest
import typer
import typer.main
from hypothesis import given, settings
from hypothesis import strategies as st

from longshore.projects.adapters.script import _entry_points
from longshore.projects.arguments.reader import parse, read_arguments
from longshore.projects.argv import script_arguments
from longshore.projects.model import EntryPoint
from longshore.projects.parameters import check_parameters

NAMES = st.from_regex(r"[a-z]{3,7}(_[a-z]{2,5})?", fullmatch=True).filter(
    lambda name: (
        not name.startswith(("help", "no_", "is", "def", "and", "for", "not", "pass", "try", "with", "else", "main"))
    )
)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "int": st.integers(-99, 99),
    "float": st.floats(-9, 9, allow_nan=False),
    "str": st.from_regex(r"[a-z0-9.]{1,6}", fullmatch=True),
    "bool": st.booleans(),
}
TYPES = st.sampled_from(sorted(VALUES))


def entries(source: str) -> dict[str, EntryPoint]:
    return {one.name: one for one in _entry_points("s.py", read_arguments(parse(source)), "")}


def run(source: str) -> dict[str, Any]:
    """Run a script of our own making, to have the real objects."""
    scope: dict[str, Any] = {"__name__": "script"}
    exec(source, scope)
    return scope


@st.composite
def declared(draw: st.DrawFn) -> dict[str, tuple[str, Any]]:
    names = draw(st.lists(NAMES, min_size=1, max_size=5, unique_by=lambda name: name[:3]))
    found = {}
    for name in names:
        kind = draw(TYPES)
        found[name] = (kind, draw(VALUES[kind]) if draw(st.booleans()) else None)
    return found


def given_values(data: st.DataObject, point: EntryPoint) -> dict[str, Any]:
    values = {}
    for name, one in point.parameters.items():
        kind = one.item if one.type in ("choice", "list") else one.type
        if one.required or data.draw(st.booleans()):
            values[name] = data.draw(st.sampled_from(one.choices) if one.choices else VALUES[kind])
    return values


def arguments(point: EntryPoint, values: dict[str, Any]) -> list[str]:
    texts = {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in values.items()}
    return script_arguments(point, check_parameters(point, texts))


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_that_click_reads_back_what_was_given(data: st.DataObject) -> None:
    shape = data.draw(declared())
    lines = ["import click", "@click.command()"]
    for name, (kind, default) in shape.items():
        option = "--" + name.replace("_", "-")
        if kind == "bool":
            lines.append(f"@click.option('{option}/--no-{option[2:]}', default={bool(default)})")
        elif default is None:
            lines.append(f"@click.option('{option}', type={kind}, required=True)")
        else:
            lines.append(f"@click.option('{option}', type={kind}, default={default!r}, help='about it')")
    source = "\n".join([*lines, f"def main({', '.join(shape)}):", "    return dict(locals())", ""])
    command: click.Command = run(source)["main"]
    point = entries(source)["s"]
    real = {one.name: one for one in command.params}
    assert list(point.parameters) == list(shape)
    for name, one in point.parameters.items():
        assert one.type == shape[name][0]
        assert one.required == real[name].required
        if not one.required:
            assert one.default == real[name].default
    values = given_values(data, point)
    result = command.main(arguments(point, values), standalone_mode=False)
    assert {name: result[name] for name in values} == values


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_that_typer_reads_back_what_was_given(data: st.DataObject) -> None:
    shape = data.draw(declared())
    ordered = sorted(shape.items(), key=lambda item: item[1][1] is not None)
    signature = ", ".join(
        f"{name}: {kind}" + (f" = {default!r}" if default is not None else "") for name, (kind, default) in ordered
    )
    source = f"import typer\napp = typer.Typer()\n@app.command()\ndef main({signature}):\n    SEEN.update(locals())\n"
    seen: dict[str, Any] = {}
    scope: dict[str, Any] = {"__name__": "script", "SEEN": seen}
    exec(source, scope)
    command = typer.main.get_command(scope["app"])
    point = entries(source)["s"]
    assert {name: one.type for name, one in point.parameters.items()} == {name: shape[name][0] for name, _ in ordered}
    assert {name: one.default for name, one in point.parameters.items()} == {
        name: shape[name][1] for name, _ in ordered
    }
    values = given_values(data, point)
    # A switch that is off has no option where it stands by position.
    command.main(arguments(point, values), standalone_mode=False)
    assert {name: seen[name] for name in values} == values


@given(declared())
@settings(max_examples=60, deadline=None)
def test_that_fire_takes_a_function_s_own_parameters(shape: dict[str, tuple[str, Any]]) -> None:
    ordered = sorted(shape.items(), key=lambda item: item[1][1] is not None)
    signature = ", ".join(name + (f"={default!r}" if default is not None else "") for name, (_, default) in ordered)
    definition = f"def train({signature}):\n    pass\n"
    point = entries(f"import fire\n{definition}\nif __name__ == '__main__':\n    fire.Fire(train)\n")["s"]
    real = inspect.signature(run(definition)["train"]).parameters
    assert list(point.parameters) == list(real)
    for name, one in point.parameters.items():
        required = real[name].default is inspect.Parameter.empty
        assert one.required == required
        assert one.default == (None if required else real[name].default)
        assert required or one.type == type(real[name].default).__name__


def test_that_click_groups_become_entry_points_with_their_own_options_first() -> None:
    source = """
import click
@click.group()
@click.option("--debug", is_flag=True)
def cli(debug): ...
@cli.command()
@click.argument("data", type=click.Path())
@click.option("-d", "--depth", "depth_", type=click.IntRange(1, 9), default=3)
@click.option("--tag", multiple=True)
@click.option("--loss", type=click.Choice(["l1", "l2"]), default="l1")
def fit_model(data, depth_, tag, loss): ...
@click.command("clean")
def other(): ...
cli.add_command(other)
if __name__ == "__main__":
    cli()
"""
    found = entries(source)
    assert set(found) == {"s:fit-model", "s:clean"}
    real = {one.name for one in run(source)["cli"].commands["fit-model"].params}
    assert set(found["s:fit-model"].parameters) == real | {"debug"}
    assert found["s:fit-model"].parameters["loss"].choices == ("l1", "l2")
    checked = check_parameters(found["s:fit-model"], {"data": "a", "debug": "1", "tag": "x,y", "depth_": "2"})
    assert script_arguments(found["s:fit-model"], checked) == [
        *("--debug", "fit-model", "a", "--depth", "2", "--tag", "x", "--tag", "y"),
    ]


def test_that_typer_annotations_enumerations_and_several_commands_are_read() -> None:
    source = '''
from enum import Enum
from pathlib import Path
from typing import Annotated, Optional
import typer
app = typer.Typer()
class Loss(str, Enum):
    one = "l1"
    two = "l2"
@app.command()
def fit(data: Path, loss: Loss = Loss.two, rate: Annotated[float, typer.Option("--lr", help="rate")] = 0.1,
        names: Optional[list[str]] = None, shuffle: bool = True):
    """Fit it."""
@app.command("clean-up")
def clean(force: bool = typer.Option(False, "--force")): ...
'''
    found = entries(source)
    assert set(found) == {"s:fit", "s:clean-up"}
    fit = found["s:fit"].parameters
    assert {name: (one.type, one.default) for name, one in fit.items()} == {
        "data": ("path", None),
        "loss": ("choice", "l2"),
        "rate": ("float", 0.1),
        "names": ("list", None),
        "shuffle": ("bool", True),
    }
    assert found["s:fit"].help == "Fit it."
    checked = check_parameters(found["s:fit"], {"data": "d", "rate": "1", "shuffle": "no", "names": "a b"})
    assert script_arguments(found["s:fit"], checked) == (
        ["fit", "d", "--lr", "1", "--names", "a", "--names", "b", "--no-shuffle"]
    )
    assert script_arguments(found["s:clean-up"], {"force": "true"}) == ["clean-up", "--force"]


def test_that_fire_classes_offer_their_methods() -> None:
    source = """
import fire
class Model:
    def __init__(self, depth: int = 3): ...
    def fit(self, data, rate=0.1): ...
    def _hidden(self): ...
if __name__ == "__main__":
    fire.Fire(Model)
"""
    found = entries(source)
    assert set(found) == {"s:fit"}
    checked = check_parameters(found["s:fit"], {"data": "a.csv", "depth": "4"})
    assert script_arguments(found["s:fit"], checked) == ["--depth=4", "fit", "--data=a.csv"]


@pytest.mark.parametrize("source", ["import click\n", "x = 1\n", "import argparse\n", "import fire\nfire = 3\n"])
def test_that_a_script_without_arguments_has_none(source: str) -> None:
    assert entries(source)["s"].parameters == {}
