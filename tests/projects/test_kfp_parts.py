"""What is changed in a compiled KFP pipeline before it runs: names, the part that runs, where packages go."""

from __future__ import annotations

import importlib.util
import textwrap
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from longshore.projects.opening import inspect
from longshore.settings import resources_dir
from tests.support.pipelines import KFP_COMPILED, write

_PIP = (
    '\nif ! [ -x "$(command -v pip)" ]; then\n    python3 -m ensurepip || apt-get install python3-pip\nfi\n\n'
    "PIP_DISABLE_PIP_VERSION_CHECK=1 python3 -m pip install --quiet --no-warn-script-location --index-url https://x.org/s"
    " 'a>1' 'b'  &&  python3 -m pip install --quiet --no-warn-script-location 'kfp==2.17.3' '--no-deps' && \"$0\" \"$@\"\n"
)


@pytest.fixture(scope="module")
def parts() -> ModuleType:
    file = resources_dir() / "frameworks" / "kfp" / "longshore_kfp_spec.py"
    spec = importlib.util.spec_from_file_location("longshore_kfp_spec", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def compiled() -> dict[str, Any]:
    return dict(next(yaml.safe_load_all(textwrap.dedent(KFP_COMPILED))))


def test_that_tasks_have_the_names_that_the_graph_shows_and_components_of_their_own(
    parts: ModuleType, tmp_path: Path
) -> None:
    part = parts.Part(compiled())
    [shown] = inspect(write(tmp_path, {"small.yaml": KFP_COMPILED})).pipelines
    assert sorted(part.steps) == sorted(step.name for step in shown.steps)
    assert set(part.spec["components"]) == {f"comp-{name}" for name in part.steps}
    assert part.groups == {"condition-2", "for-loop-1"}


def test_that_up_to_a_step_leaves_out_what_it_does_not_need(parts: ModuleType) -> None:
    part = parts.Part(compiled())
    part.up_to("train")
    assert set(part.steps) == {"prepare", "for-loop-1", "train"}
    assert set(part.spec["root"]["dag"]["tasks"]) == {"prepare", "for-loop-1"}
    part = parts.Part(compiled())
    part.up_to("condition-2.report")
    assert set(part.steps) == {"prepare", "for-loop-1", "train", "condition-2", "condition-2.report"}
    with pytest.raises(ValueError, match="no step 'trin'"):
        part.up_to("trin")


def test_that_from_a_step_on_is_all_that_comes_after_it_and_within(parts: ModuleType) -> None:
    part = parts.Part(compiled())
    assert part.from_on("for-loop-1") == {"for-loop-1", "train", "condition-2", "condition-2.report", "report"}
    assert part.from_on("train") == {"train", "condition-2", "condition-2.report", "report"}
    assert part.within("for-loop-1") == {"for-loop-1", "train"}
    assert part.around("train") == {"for-loop-1"}


def test_that_packages_are_looked_for_before_they_are_installed_aside(parts: ModuleType) -> None:
    spec = compiled()
    container = spec["deploymentSpec"]["executors"]["exec-train"]["container"]
    container["command"] = ["sh", "-c", _PIP, "sh", "-ec", "the component"]
    other = spec["deploymentSpec"]["executors"]["exec-prepare"]["container"]
    other["command"] = ["sh", "-c", f"apt-get install x && {_PIP}"]
    part = parts.Part(spec)
    part.with_packages_aside()
    executors = part.spec["deploymentSpec"]["executors"]
    script = executors["exec-train"]["container"]["command"][2]
    assert "packages" in script.lower()
    assert "--index-url https://x.org/s 'a>1' b kfp==2.17.3" in script
    assert "pip install" not in script
    assert executors["exec-prepare"]["container"]["command"] == other["command"]  # it does more: left as it is


def test_that_arguments_get_their_types_and_wrong_ones_are_refused(parts: ModuleType) -> None:
    part = parts.Part(compiled())
    assert part.arguments({"rows": "4", "limit": "2", "names": '["x"]', "who": "12"}) == {
        "rows": 4, "limit": 2.0, "names": ["x"], "who": "12",
    }  # fmt: skip
    for given, reason in (({"rows": "x"}, "NUMBER_INTEGER"), ({"row": "1"}, "takes no 'row'")):
        with pytest.raises(ValueError, match=reason):
            part.arguments(given)
