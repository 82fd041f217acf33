"""Opening folders: what is recognised, what is refused and with which next step, and that nothing in them is run."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from longshore.errors import Conflict, Invalid, NotFound
from longshore.projects import adapters, git, opening, templates
from longshore.projects.parameters import check_parameters, effective_parameters
from longshore.settings import Home

MLPROJECT = """
name: churn
python_env: python_env.yaml
entry_points:
  main:
    parameters:
      alpha: {type: float, default: 0.5}
      rows: {type: float, default: 8}
      data: path
      loss: {type: string, default: l1}
    command: "python train.py {alpha} --rows {rows} --data {data} --loss {loss}"
  report:
    command: "python train.py 1 > report.txt"
"""


@pytest.fixture
def churn(tmp_path: Path) -> Path:
    (tmp_path / "MLproject").write_text(MLPROJECT)
    (tmp_path / "python_env.yaml").write_text("python: '3.11'\ndependencies: []\n")
    (tmp_path / "train.py").write_text(
        "import argparse\np = argparse.ArgumentParser()\n"
        "p.add_argument('--loss', choices=['l1', 'l2'], help='what to make small')\n"
    )
    return tmp_path


def test_that_an_mlproject_shows_its_entry_points_with_typed_parameters(churn: Path) -> None:
    info = opening.inspect(churn)
    assert (info.name, info.frameworks) == ("churn", ("mlproject",))
    main = opening.entry_point(info)
    assert {name: (one.type, one.default, one.required) for name, one in main.parameters.items()} == {
        "alpha": ("float", 0.5, False),
        "rows": ("float", 8, False),
        "data": ("path", None, True),
        "loss": ("choice", "l1", False),
    }
    assert main.parameters["loss"].help == "what to make small"
    assert (info.environment.kind, info.environment.python) == ("python_env", "3.11")


def test_that_an_mlproject_command_starts_with_defaults_and_quoted_values(churn: Path) -> None:
    main = opening.entry_point(opening.inspect(churn))
    checked = check_parameters(main, {"data": "my file; rm -rf $HOME", "alpha": "0.1"})
    assert adapters.command(main, checked, "/env/bin/python") == (
        ["/env/bin/python", "train.py", "0.1", "--rows", "8", "--data", "my file; rm -rf $HOME", "--loss", "l1"]
    )
    assert effective_parameters(main, checked) == {"alpha": "0.1", "rows": "8", "loss": "l1", "data": checked["data"]}


def test_that_a_command_which_needs_a_shell_gets_one(churn: Path) -> None:
    report = opening.entry_point(opening.inspect(churn), "report")
    shell = ["cmd", "/c"] if sys.platform == "win32" else ["bash", "-c"]
    assert adapters.command(report, {}, "/env/bin/python") == [*shell, "python train.py 1 > report.txt"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: [unclosed", "is not YAML"),
        ("- a\n- b\n", "is not a YAML mapping"),
        ("name: x\npython_env: gone.yaml\n", r"names gone.yaml \(python_env\)"),
        ("name: x\nentry_points:\n  main: {command: 'python gone.py'}\n", "names gone.py"),
        ("name: x\nentry_points:\n  main: {}\n", "'main' of the MLproject file has no command"),
        ("name: x\nentry_points: 3\n", "is not a mapping"),
        ("name: x\nentry_points:\n  main: {command: a, parameters: {b: 3}}\n", "'b' of the entry point 'main'"),
    ],
)
def test_that_a_broken_mlproject_is_refused_with_the_place_and_a_next_step(
    tmp_path: Path, text: str, said: str
) -> None:
    (tmp_path / "MLproject").write_text(text)
    with pytest.raises(Invalid, match=said) as caught:
        opening.inspect(tmp_path)
    assert caught.value.hint


def test_that_a_folder_of_scripts_offers_those_that_start_something_and_runs_none_of_them(tmp_path: Path) -> None:
    trap = "open('executed', 'w').write('x')\n"
    (tmp_path / "train.py").write_text(trap)
    (tmp_path / "conftest.py").write_text(trap)
    (tmp_path / "lib.py").write_text("def f(): ...\n")
    (tmp_path / "broken.py").write_text("def f(:\n")
    (tmp_path / "steps").mkdir()
    (tmp_path / "steps" / "clean.py").write_text("if __name__ == '__main__':\n    print(1)\n")
    for hidden in (".venv/lib", "tests", "venv"):
        (tmp_path / hidden).mkdir(parents=True)
        (tmp_path / hidden / "run.py").write_text("print(1)\n")
    (tmp_path / "venv" / "pyvenv.cfg").write_text("")
    info = opening.inspect(tmp_path)
    assert [one.name for one in info.entry_points] == ["train", "steps/clean"]
    assert len(info.problems) == 1
    assert "broken.py is not valid Python (line 1)" in info.problems[0]
    assert not (tmp_path / "executed").exists()


def test_that_an_empty_folder_is_nothing_yet_and_opening_it_offers_the_sample(tmp_path: Path, home: Home) -> None:
    assert opening.inspect(tmp_path).frameworks == ()
    with pytest.raises(Invalid, match="no project that Longshore recognises") as caught:
        opening.open_project(home, tmp_path)
    assert "sample" in (caught.value.hint or "")
    assert opening.listing(home) == ()


def test_that_what_is_no_readable_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="does not exist"):
        opening.inspect(tmp_path / "gone")
    file = tmp_path / "train.py"
    file.write_text("")
    with pytest.raises(Invalid, match="is a file") as caught:
        opening.inspect(file)
    assert str(tmp_path) in (caught.value.hint or "")


@pytest.mark.skipif(sys.platform == "win32", reason="rights are not set this way there")
def test_that_a_folder_without_the_right_to_read_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if os.geteuid() == 0:
        # The superuser may read everything: let the system call answer as it does for everybody else.
        def refuse(path: object) -> None:
            raise PermissionError(13, "Permission denied", str(path))

        monkeypatch.setattr(os, "scandir", refuse)
    (tmp_path / "secret").mkdir(mode=0o000)
    with pytest.raises(Invalid, match="permission denied") as caught:
        opening.inspect(tmp_path / "secret")
    assert caught.value.hint


def test_that_an_opened_project_is_found_by_name_path_and_id_until_it_is_closed(churn: Path, home: Home) -> None:
    info = opening.open_project(home, churn)
    assert opening.load(home, "churn").id == opening.load(home, str(churn)).id == opening.load(home, info.id).id
    assert [one.name for one in opening.listing(home)] == ["churn"]
    opening.close(home, "churn")
    assert opening.listing(home) == ()
    assert churn.is_dir()
    with pytest.raises(NotFound):
        opening.load(home, "churn")
    assert opening.load(home, str(churn)).name == "churn"


def test_that_two_projects_of_one_name_are_told_apart_by_path(tmp_path: Path, home: Home) -> None:
    for folder in ("a/wine", "b/wine"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "train.py").write_text("print(1)\n")
        opening.open_project(home, tmp_path / folder)
    with pytest.raises(Conflict, match="2 projects are called 'wine'"):
        opening.load(home, "wine")
    assert opening.load(home, str(tmp_path / "b/wine")).path.endswith(str(Path("b/wine")))


def test_that_an_unknown_entry_point_gets_a_guess(churn: Path) -> None:
    with pytest.raises(NotFound, match="no entry point 'reprot'") as caught:
        opening.entry_point(opening.inspect(churn), "reprot")
    assert "Did you mean 'report'?" in (caught.value.hint or "")


def test_that_the_sample_project_opens_with_three_entry_points_and_names_its_data_s_licence(
    tmp_path: Path, home: Home
) -> None:
    folder = templates.create("sample", tmp_path / "wine")
    info = opening.open_project(home, folder)
    assert [one.name for one in info.entry_points] == ["prepare", "train", "evaluate"]
    assert info.entry_points[1].parameters["max_depth"].type == "int"
    assert info.name == "wine-quality"
    assert "CC BY 4.0" in (folder / "data" / "SOURCE.md").read_text("utf-8")
    assert len((folder / "data" / "winequality-red.csv").read_text("utf-8").splitlines()) == 1600


def test_that_a_template_never_overwrites_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("x = 1\n")
    with pytest.raises(Conflict, match="not empty"):
        templates.create("sample", tmp_path)
    with pytest.raises(NotFound, match="no template 'sampel'") as caught:
        templates.create("sampel", tmp_path / "new")
    assert "Did you mean 'sample'?" in (caught.value.hint or "")
    assert [one.name for one in tmp_path.iterdir()] == ["mine.py"]


def test_that_a_new_project_begins_with_one_commit_and_none_inside_a_repository_of_its_owner(tmp_path: Path) -> None:
    folder = templates.create("sample", tmp_path / "wine")
    state = git.state(folder)
    assert state is not None
    assert (state.branch, len(state.commit), state.dirty_files, state.untracked) == ("main", 40, (), ())
    inner = templates.create("sample", folder / "inner")
    assert git.top_folder(inner) == folder
