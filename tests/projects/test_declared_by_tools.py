"""Environments that Poetry, PDM, Pipenv, setuptools, conda and a logged model declare, as the requirements they mean."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some
from packaging.specifiers import SpecifierSet

from longshore.errors import Invalid
from longshore.projects.declarations import Declaration, read_declaration, requirement_lines
from longshore.projects.declared_by_tools import _pep440
from longshore.projects.environments import prepare
from longshore.settings import Home
from tests.support.pipelines import write


def found(folder: Path, files: dict[str, str]) -> tuple[Declaration, list[str]]:
    declaration = read_declaration(write(folder, files))
    return declaration, requirement_lines(folder, declaration)


def test_that_poetrys_constraints_become_pips(tmp_path: Path) -> None:
    declaration, lines = found(
        tmp_path,
        {
            "pyproject.toml": """
                [tool.poetry.dependencies]
                python = "^3.9"
                a = "^1.2.3"
                b = "~2.1"
                c = "*"
                d = ">=1,<2"
                e = {version = "^0.3", extras = ["x", "y"], markers = "sys_platform == 'linux'"}
                f = {git = "https://example.org/f.git", tag = "v1"}
                g = {version = "1.0", optional = true}
                h = "3.1"
                i = [{version = "1.0", python = "<3.10"}, {version = "2.0", python = ">=3.10"}]
            """
        },
    )
    assert (declaration.spec.kind, declaration.spec.python) == ("poetry", ">=3.9,<4.0")
    assert declaration.spec.detail == "optional and left out: g"
    assert lines == [
        "a>=1.2.3,<2.0",
        "b>=2.1,<2.2",
        "c",
        "d>=1,<2",
        "e[x,y]>=0.3,<0.4 ; (sys_platform == 'linux')",
        "f @ git+https://example.org/f.git@v1",
        "h==3.1",
        "i==1.0 ; (python_version < '3.10')",
        "i==2.0 ; (python_version >= '3.10')",
    ]


@given(some.tuples(some.integers(0, 3), some.integers(0, 3), some.integers(0, 3)), some.sampled_from("^~"))
def test_that_a_caret_or_tilde_takes_the_version_itself_and_leaves_the_next_one_out(
    version: tuple[int, int, int], sign: str
) -> None:
    text = ".".join(map(str, version))
    allowed = SpecifierSet(_pep440(sign + text))
    assert allowed.contains(text)
    place = next((place for place, number in enumerate(version) if number), 2) if sign == "^" else 1
    following = [*version[:place], version[place] + 1]
    assert not allowed.contains(".".join(map(str, following)))
    assert allowed.contains(".".join(map(str, [*version[: place + 1], *([9] * (2 - place))])))


def test_that_a_poetry_lock_says_the_versions_and_leaves_groups_out(tmp_path: Path) -> None:
    declaration, lines = found(
        tmp_path,
        {
            "pyproject.toml": '[tool.poetry.dependencies]\npython = "^3.9"\na = "^1"\n',
            "poetry.lock": """
                [[package]]
                name = "a"
                version = "1.4.2"
                groups = ["main"]
                markers = "python_version < '4'"

                [[package]]
                name = "old"
                version = "0.1"
                category = "main"

                [[package]]
                name = "pytest"
                version = "8.0"
                groups = ["dev"]
            """,
        },
    )
    assert declaration.spec.kind == "poetry.lock"
    assert lines == ["a==1.4.2 ; python_version < '4'", "old==0.1"]


def test_that_a_pdm_lock_and_a_pipfile_with_and_without_lock_are_read(tmp_path: Path) -> None:
    declaration, lines = found(
        tmp_path / "pdm",
        {
            "pyproject.toml": '[project]\nname = "p"\nversion = "1"\nrequires-python = ">=3.10"\ndependencies = ["a"]\n',
            "pdm.lock": '[[package]]\nname = "a"\nversion = "2.0"\ngroups = ["default"]\n',
        },
    )
    assert (declaration.spec.kind, declaration.spec.python, lines) == ("pdm.lock", ">=3.10", ["a==2.0"])
    pipfile = '[packages]\na = "*"\nb = {version = ">=1", extras = ["x"]}\n[requires]\npython_version = "3.11"\n'
    declaration, lines = found(tmp_path / "pip", {"Pipfile": pipfile})
    assert (declaration.spec.kind, declaration.spec.python, lines) == ("Pipfile", "3.11", ["a", "b[x]>=1"])
    lock = '{"default": {"a": {"version": "==1.1", "markers": "python_version >= \'3\'"}}, "develop": {"z": {}}}'
    declaration, lines = found(tmp_path / "locked", {"Pipfile": pipfile, "Pipfile.lock": lock})
    assert (declaration.spec.kind, lines) == ("Pipfile.lock", ["a==1.1 ; (python_version >= '3')"])


def test_that_setuptools_is_read_without_running_it(tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    script = f"""
        from setuptools import setup
        open({str(ran)!r}, "w")
        setup(name="p", install_requires=["six>=1.15"], python_requires=">=3.8")
    """
    declaration, lines = found(tmp_path / "a", {"setup.py": script})
    assert (declaration.spec.kind, declaration.spec.python, lines) == ("setup.py", ">=3.8", ["six>=1.15"])
    assert declaration.installs_project
    config = "[metadata]\nname = p\n[options]\ninstall_requires =\n    six\n    attrs>=1\n"
    declaration, lines = found(tmp_path / "b", {"setup.cfg": config, "setup.py": script})
    assert (declaration.spec.kind, lines) == ("setup.cfg", ["six", "attrs>=1"])
    made = "from setuptools import setup\nsetup(install_requires=open('r.txt').read().split())\n"
    declaration, lines = found(tmp_path / "c", {"setup.py": made})
    assert (lines, declaration.spec.detail) == ([], "what it needs is known once it is installed")
    assert not ran.exists()


def test_that_a_setup_py_project_is_installed_with_what_it_needs(tmp_path: Path, home: Home) -> None:
    write(
        tmp_path,
        {
            "setup.py": "from setuptools import setup\nsetup(name='p', py_modules=['p'], install_requires=['six'])\n",
            "p.py": "",
        },
    )
    made = prepare(home, tmp_path)
    assert "six==" in made.lock_text
    assert str(made.python).startswith(str(home.path))
    assert sys.prefix not in str(made.python)


def test_that_what_conda_alone_has_is_named(tmp_path: Path) -> None:
    declaration, lines = found(
        tmp_path,
        {
            "environment.yml": """
                dependencies: [python=3.10, cudatoolkit=11, pytorch=2.1, pip, {pip: [six]}]
            """
        },
    )
    assert lines == ["torch==2.1.*", "six"]
    assert declaration.spec.detail == (
        "conda's pytorch taken from the package index; not on the package index, left out: cudatoolkit, pip"
    )


def test_that_a_logged_models_own_environment_and_a_lonely_requirements_file_are_taken(tmp_path: Path) -> None:
    declaration, lines = found(
        tmp_path / "model",
        {
            "MLmodel": "flavors: {python_function: {env: {conda: conda.yaml, virtualenv: env.yaml}}}\n",
            "env.yaml": "python: 3.11.7\ndependencies: [six]\n",
        },
    )
    assert (declaration.spec.file, declaration.spec.python, lines) == ("env.yaml", "3.11.7", ["six"])
    declaration, lines = found(
        tmp_path / "other", {"requirements_gpu.txt": "six\n", "requirements-dev.txt": "pytest\n"}
    )
    assert (declaration.spec.file, lines) == ("requirements_gpu.txt", ["six"])


@pytest.mark.parametrize(
    "files",
    [
        {"Pipfile": "[packages\n"},
        {"Pipfile": "[packages]\n", "Pipfile.lock": "["},
        {"setup.cfg": "metadata\n"},
        {"pyproject.toml": "[tool.poetry.dependencies]\npython = '^3'\n", "poetry.lock": "[[package"},
    ],
)
def test_that_a_broken_declaration_is_named(tmp_path: Path, files: dict[str, str]) -> None:
    with pytest.raises(Invalid, match="cannot be read"):
        read_declaration(write(tmp_path, files))
