"""The argparse reader is held against argparse itself: names, types, defaults, and what the parser makes of our arguments."""

from __future__ import annotations

import argparse
import keyword
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longshore.errors import Invalid
from longshore.projects.adapters.script import _entry_points
from longshore.projects.arguments.reader import parse, read_arguments
from longshore.projects.argv import script_arguments
from longshore.projects.model import EntryPoint
from longshore.projects.parameters import check_parameters

NAMES = st.from_regex(r"[a-z][a-z]{1,6}(-[a-z]{2,5})?", fullmatch=True).filter(
    lambda name: not keyword.iskeyword(name) and name not in ("help", "no")
)
WORDS = st.from_regex(r"[a-z0-9/._ ]{0,8}", fullmatch=True)
INTS = st.integers(-1000, 1000)
FLOATS = st.floats(-1e6, 1e6, allow_nan=False)


@st.composite
def options(draw: st.DrawFn, name: str) -> dict[str, Any]:
    """Draw the keywords of one add_argument call."""
    kind = draw(st.sampled_from(["int", "float", "str", "choice", "true", "false", "boolean", "list", "append"]))
    if kind in ("true", "false"):
        return {"action": f"store_{kind}"}
    if kind == "boolean":
        return {"action": argparse.BooleanOptionalAction, "default": draw(st.booleans())}
    if kind == "choice":
        choices = draw(st.lists(st.from_regex(r"[a-z]{1,5}", fullmatch=True), min_size=1, max_size=4, unique=True))
        return {"choices": choices, "default": draw(st.sampled_from(choices))}
    values = {"int": INTS, "float": FLOATS, "str": WORDS}
    item = kind if kind in values else draw(st.sampled_from(["int", "float"]))
    found: dict[str, Any] = {"type": {"int": int, "float": float, "str": str}[item]}
    if kind == "list":
        found |= {"nargs": draw(st.sampled_from(["+", "*"])), "default": draw(st.lists(values[item], max_size=3))}
    elif kind == "append":
        found |= {"action": "append"}
    elif draw(st.booleans()):
        found["default"] = draw(values[item])
    else:
        found["required"] = True
    return found


@st.composite
def parsers(draw: st.DrawFn) -> dict[str, dict[str, Any]]:
    """Draw a whole parser: option names with the keywords of their calls."""
    names = draw(st.lists(NAMES, min_size=1, max_size=6, unique_by=lambda name: name.split("-")[0]))
    return {name: draw(options(name)) for name in names}


def written(declared: dict[str, dict[str, Any]]) -> str:
    """Write the script that makes this parser."""
    lines = ["import argparse", "parser = argparse.ArgumentParser()"]
    for name, given_keywords in declared.items():
        parts = [repr("--" + name)]
        for key, value in given_keywords.items():
            text = "argparse.BooleanOptionalAction" if key == "action" and isinstance(value, type) else repr(value)
            parts.append(f"{key}={value.__name__ if key == 'type' else text}")
        lines.append(f"parser.add_argument({', '.join(parts)})")
    return "\n".join([*lines, "args = parser.parse_args()"])


def real(declared: dict[str, dict[str, Any]]) -> argparse.ArgumentParser:
    """Make the same parser for real."""
    parser = argparse.ArgumentParser(exit_on_error=False)
    for name, given_keywords in declared.items():
        parser.add_argument("--" + name, **given_keywords)
    return parser


def entry(source: str) -> EntryPoint:
    """Read a script as the adapter does."""
    return _entry_points("train.py", read_arguments(parse(source)), "")[0]


@given(parsers())
@settings(max_examples=150, deadline=None)
def test_that_names_types_and_defaults_are_those_of_the_real_parser(declared: dict[str, dict[str, Any]]) -> None:
    found = entry(written(declared)).parameters
    actions = [action for action in real(declared)._actions if action.dest != "help"]
    assert list(found) == [action.dest for action in actions]
    for action in actions:
        one = found[action.dest]
        assert one.default == action.default
        assert one.required == action.required
        assert list(one.choices) == list(action.choices or [])
        if action.type is not None:
            item = one.item if one.type == "list" else one.type
            assert item == getattr(action.type, "__name__", "")


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_that_the_real_parser_reads_the_values_that_were_given(data: st.DataObject) -> None:
    declared = data.draw(parsers())
    point = entry(written(declared))
    values: dict[str, Any] = {}
    for name, one in point.parameters.items():
        if one.required or data.draw(st.booleans()):
            values[name] = data.draw(value_of(one.type, one.item, one.choices))
    texts = {name: text(value) for name, value in values.items()}
    arguments = script_arguments(point, check_parameters(point, texts))
    parsed = vars(real(declared).parse_args(arguments))
    for name, value in values.items():
        assert parsed[name] == value, arguments


def value_of(kind: str, item: str, choices: tuple[str, ...]) -> st.SearchStrategy[Any]:
    """Draw a value that a parameter takes."""
    if choices:
        return st.sampled_from(choices)
    if kind == "list":
        return st.lists(INTS if item == "int" else FLOATS, min_size=1, max_size=3)
    hostile = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
    return {"int": INTS, "float": FLOATS, "str": hostile, "bool": st.booleans()}[kind]


def text(value: Any) -> str:
    """Write a value as a person would."""
    if isinstance(value, list):
        return ",".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def parameters_of(source: str) -> dict[str, Any]:
    return {name: (one.type, one.default) for name, one in entry(source).parameters.items()}


def test_that_groups_helpers_aliases_and_constants_are_followed() -> None:
    source = """
import argparse as ap
from pathlib import Path
ROOT = Path("data")
RATE = 1e-3 * 2
def common(parser):
    parser.add_argument("--seed", type=int, default=2**5)
class Trainer:
    def __init__(self):
        self.parser = ap.ArgumentParser()
        self.parser.add_argument("input", type=Path, nargs="?", default=ROOT / "a.csv")
        group = self.parser.add_argument_group("training")
        group.add_argument("-l", "--lr", type=float, default=RATE)
        either = self.parser.add_mutually_exclusive_group(required=True)
        either.add_argument("--cpu", action="store_true")
        common(self.parser)
"""
    assert parameters_of(source) == {
        "input": ("path", "data/a.csv"),
        "lr": ("float", 0.002),
        "cpu": ("bool", False),
        "seed": ("int", 32),
    }


def test_that_each_subcommand_is_an_entry_point_with_the_common_options_before_it() -> None:
    source = """
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--verbose", action="store_true")
commands = parser.add_subparsers(dest="command")
fit = commands.add_parser("fit", help="fit it")
fit.add_argument("data")
fit.add_argument("--depth", type=int, default=3)
commands.add_parser("clean")
"""
    points = {one.name: one for one in _entry_points("tool.py", read_arguments(parse(source)), "")}
    assert list(points) == ["tool:fit", "tool:clean"]
    given_values = {"verbose": "true", "data": "a.csv", "depth": "5"}
    assert script_arguments(points["tool:fit"], given_values) == ["--verbose", "fit", "a.csv", "--depth", "5"]


def test_that_a_default_that_only_running_could_tell_is_left_open() -> None:
    source = (
        "import argparse, os\np = argparse.ArgumentParser()\np.add_argument('--w', type=int, default=os.cpu_count())"
    )
    assert parameters_of(source) == {"w": ("int", None)}


def test_that_arguments_made_in_a_loop_leave_the_entry_point_open() -> None:
    source = "import argparse\np = argparse.ArgumentParser()\nfor n in 'ab':\n    p.add_argument('--' + n)\n"
    point = entry(source)
    assert point.open_ended
    assert script_arguments(point, check_parameters(point, {"a": "1"})) == ["--a", "1"]


def test_that_a_value_that_looks_like_an_option_reaches_the_parser_as_a_value() -> None:
    point = entry("import argparse\np = argparse.ArgumentParser()\np.add_argument('name')\np.add_argument('--note')\n")
    parser = argparse.ArgumentParser()
    parser.add_argument("name")
    parser.add_argument("--note")
    parsed = parser.parse_args(script_arguments(point, {"name": "--help", "note": "-x"}))
    assert (parsed.name, parsed.note) == ("--help", "-x")


def test_that_type_bool_is_given_so_that_false_is_false() -> None:
    point = entry("import argparse\np = argparse.ArgumentParser()\np.add_argument('--warm', type=bool, default=True)\n")
    parser = argparse.ArgumentParser()
    parser.add_argument("--warm", type=bool, default=True)
    for value in ("true", "false"):
        parsed = parser.parse_args(script_arguments(point, check_parameters(point, {"warm": value})))
        assert parsed.warm is (value == "true")


@pytest.mark.parametrize(
    ("given_value", "said"),
    [
        ({"depth": "deep"}, "'depth' takes a whole number, not 'deep'"),
        ({"dept": "3"}, "no parameter 'dept'"),
        ({"loss": "l3"}, "'loss' cannot be 'l3'"),
        ({"fast": "perhaps"}, "'fast' takes true or false, not 'perhaps'"),
        ({"rates": "0.1,a"}, "'rates' takes a list; each value is a number, not 'a'"),
        ({}, "needs data"),
    ],
)
def test_that_a_wrong_parameter_is_named_with_what_it_takes(given_value: dict[str, str], said: str) -> None:
    point = entry(
        "import argparse\np = argparse.ArgumentParser()\np.add_argument('--data', required=True)\n"
        "p.add_argument('--depth', type=int)\np.add_argument('--loss', choices=['l1', 'l2'])\n"
        "p.add_argument('--fast', action='store_true')\np.add_argument('--rates', type=float, nargs='+')\n"
    )
    with pytest.raises(Invalid, match=said) as caught:
        check_parameters(point, given_value if not given_value else {"data": "x"} | given_value)
    assert caught.value.hint


def test_that_a_mistyped_name_gets_a_guess() -> None:
    point = entry("import argparse\np = argparse.ArgumentParser()\np.add_argument('--learning-rate', type=float)\n")
    with pytest.raises(Invalid) as caught:
        check_parameters(point, {"learning_rte": "1"})
    assert "Did you mean 'learning_rate'?" in (caught.value.hint or "")
