"""Environments, made by the real uv: every kind of declaration, cached by content, whole or not at all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from longshore.errors import Cancelled, Invalid, WorkFailed
from longshore.progress import CancelToken
from longshore.projects import environments
from longshore.projects.declarations import read_declaration, requirement_lines
from longshore.projects.uv_program import run_uv, uv_environment, uv_program
from longshore.settings import Home


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two small packages, so that no test depends on what an index offers today."""
    folder = tmp_path_factory.mktemp("wheels")
    for name, version in (("lstinydata", "1.0"), ("lstinydata", "2.0"), ("lstinymodel", "1.0")):
        info = f"{name}-{version}.dist-info"
        needs = "Requires-Dist: lstinydata<2\n" if name == "lstinymodel" else ""
        with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
            wheel.writestr(f"{name}.py", f"VERSION = {version!r}\n")
            wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}")
            wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            wheel.writestr(f"{info}/RECORD", "")
    return folder


@pytest.fixture(autouse=True)
def only_those_wheels(wheels: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("UV_FIND_LINKS", str(wheels))
    yield


def installed(environment: environments.Environment, module: str = "lstinydata") -> str:
    command = [str(environment.python), "-c", f"import {module}; print({module}.VERSION)"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def declare(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)
    return folder


PYPROJECT = "[project]\nname = 'churn'\nversion = '1'\nrequires-python = '>=3.9'\ndependencies = ['lstinydata<2']\n"


@pytest.mark.parametrize(
    ("kind", "files"),
    [
        ("requirements", {"requirements__txt": "-r more.txt\n# a comment\n", "more__txt": "lstinydata<2 # old\n"}),
        ("pyproject", {"pyproject__toml": PYPROJECT}),
        ("python_env", {"python_env__yaml": "build_dependencies: []\ndependencies:\n- lstinydata==1.0\n"}),
        ("conda", {"conda__yaml": "name: x\ndependencies:\n- python>=3.9\n- pip\n- pip:\n  - lstinydata==1.0\n"}),
        ("conda", {"environment__yml": "dependencies:\n- lstinydata=1.0\n"}),
    ],
)
def test_that_what_a_project_declares_is_installed(
    tmp_path: Path, home: Home, kind: str, files: dict[str, str]
) -> None:
    project = declare(tmp_path, **files)
    found = environments.prepare(home, project)
    assert (found.kind, found.created) == (kind, True)
    assert installed(found) == "1.0"
    assert "lstinydata==1.0" in found.lock_text.splitlines()
    assert found.folder == home.environments / environments.declared(project).hash
    assert sorted(one.name for one in tmp_path.iterdir()) == sorted(name.replace("__", ".") for name in files)


def test_that_a_locked_project_gets_what_its_lock_says_and_itself(tmp_path: Path, home: Home) -> None:
    build = "[build-system]\nrequires = []\nbuild-backend = 'backend'\nbackend-path = ['.']\n"
    project = declare(tmp_path, pyproject__toml=PYPROJECT)
    run_uv(["lock"], cwd=project)
    lock = (project / "uv.lock").read_bytes()
    found = environments.prepare(home, project)
    assert (found.kind, installed(found)) == ("uv.lock", "1.0")
    assert (project / "uv.lock").read_bytes() == lock
    assert not (project / ".venv").exists()
    assert build  # a project that is a package is covered by the links below


def test_that_a_package_is_linked_so_that_its_next_run_sees_the_changed_code(tmp_path: Path, home: Home) -> None:
    text = "[project]\nname = 'churn'\nversion = '1'\n[build-system]\nrequires = ['setuptools']\nbuild-backend = 'setuptools.build_meta'\n"
    project = declare(tmp_path, pyproject__toml=text)
    (project / "src" / "churn").mkdir(parents=True)
    code = project / "src" / "churn" / "__init__.py"
    code.write_text("VERSION = 'old'\n")
    found = environments.prepare(home, project)
    code.write_text("VERSION = 'new'\n")
    assert environments.prepare(home, project).created is False
    assert installed(found, "churn") == "new"


def test_that_an_existing_environment_is_used_as_it_is(tmp_path: Path, home: Home) -> None:
    project = declare(tmp_path, train__py="print(1)\n")
    run_uv(["venv", "--no-project", ".venv"], cwd=project)
    run_uv(["pip", "install", "--python", str(environments.python_of(project / ".venv")), "lstinydata"], cwd=project)
    found = environments.prepare(home, project)
    assert (found.kind, found.created, installed(found)) == ("venv", False, "2.0")
    assert "lstinydata==2.0" in found.lock_text


def test_that_a_project_that_declares_nothing_gets_a_bare_interpreter_and_never_the_app_s(
    tmp_path: Path, home: Home
) -> None:
    found = environments.prepare(home, tmp_path)
    code = (
        "import sys, importlib.util as u; print(sys.prefix, bool(u.find_spec('longshore') or u.find_spec('PySide6')))"
    )
    said = subprocess.run([str(found.python), "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert Path(said[0]).samefile(found.folder)
    assert said[1] == "False"


def test_that_the_second_time_takes_no_time(tmp_path: Path, home: Home) -> None:
    project = declare(tmp_path, requirements__txt="lstinydata\n")
    first = environments.prepare(home, project)
    times = []
    for _ in range(5):
        begun = time.perf_counter()
        again = environments.prepare(home, project)
        times.append(time.perf_counter() - begun)
    assert again.created is False
    assert again.python == first.python
    # 2 ms on two cores; the bound is loose, since other work runs beside the tests.
    assert min(times) < 0.05, times


def test_that_two_projects_of_one_declaration_share_an_environment_and_a_changed_one_gets_its_own(
    tmp_path: Path, home: Home
) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        declare(tmp_path / name, requirements__txt="lstinydata\n")
    first = environments.prepare(home, tmp_path / "a")
    assert environments.prepare(home, tmp_path / "b").folder == first.folder
    declare(tmp_path / "b", requirements__txt="lstinydata<2\n")
    assert installed(environments.prepare(home, tmp_path / "b")) == "1.0"


@pytest.mark.parametrize(
    ("requirement", "said"),
    [
        ("no-such-package-of-longshore==1\n", "no-such-package-of-longshore was not found"),
        ("lstinymodel\nlstinydata>=2\n", "lstinymodel"),
        ("lstinydata >>> 3\n", "requirements.txt cannot be installed"),
    ],
)
def test_that_a_requirement_that_cannot_be_had_ends_in_the_resolver_s_decisive_lines(
    tmp_path: Path, home: Home, requirement: str, said: str
) -> None:
    project = declare(tmp_path, requirements__txt=requirement)
    with pytest.raises(WorkFailed, match=r"requirements\.txt cannot be installed") as caught:
        environments.prepare(home, project)
    assert said in caught.value.reason
    assert caught.value.hint
    assert caught.value.details
    assert "Using Python" not in caught.value.details
    assert [one.name for one in home.environments.iterdir() if not one.name.endswith(".lock")] == []


def test_that_a_python_that_is_not_there_is_named(tmp_path: Path, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_PYTHON_DOWNLOADS", "never")
    project = declare(tmp_path, python_env__yaml="python: '3.4.1'\ndependencies: []\n")
    with pytest.raises(WorkFailed, match=r"Python 3\.4\.1 is not on this computer") as caught:
        environments.prepare(home, project)
    assert "python_env.yaml" in (caught.value.hint or "")


def test_that_an_exact_version_gives_way_to_another_of_the_same_minor(tmp_path: Path, home: Home) -> None:
    minor = f"{sys.version_info[0]}.{sys.version_info[1]}"
    project = declare(tmp_path, python_env__yaml=f"python: '{minor}.0'\ndependencies: []\n")
    found = environments.prepare(home, project)
    assert found.lock_text.startswith(f"# Python {minor}.")


def test_that_a_cancelled_build_leaves_nothing(tmp_path: Path, home: Home) -> None:
    project = declare(tmp_path, requirements__txt="lstinydata\n")
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        environments.prepare(home, project, cancel=cancel)
    assert list(home.environments.glob("[!.]*")) == list(home.environments.glob(".*.making")) == []
    assert installed(environments.prepare(home, project)) == "2.0"


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_that_a_build_killed_half_way_is_never_taken_for_an_environment(tmp_path: Path, home: Home) -> None:
    project = declare(tmp_path, requirements__txt="lstinydata\n")
    code = (
        "import sys, pathlib\nfrom longshore.settings import open_home\nfrom longshore.projects import environments\n"
        "import longshore.projects.environments as e\n"
        "e.installed_packages = lambda folder: (print('half', flush=True), __import__('time').sleep(60))\n"
        "environments.prepare(open_home(pathlib.Path(sys.argv[1])), sys.argv[2])\n"
    )
    child = subprocess.Popen([sys.executable, "-c", code, str(home.path), str(project)], stdout=subprocess.PIPE)
    assert child.stdout is not None
    with child.stdout:
        assert child.stdout.readline() == b"half\n"
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert list(home.environments.glob("[!.]*")) == []
    found = environments.prepare(home, project)
    assert found.created
    assert installed(found) == "2.0"
    assert list(home.environments.glob(".*.making")) == []


def test_that_two_jobs_that_need_the_same_environment_make_it_once(tmp_path: Path, home: Home) -> None:
    project = declare(tmp_path, requirements__txt="lstinydata\n")
    found: list[environments.Environment] = []
    threads = [threading.Thread(target=lambda: found.append(environments.prepare(home, project))) for _ in range(3)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(one.created for one in found) == [False, False, True]


def test_that_a_missing_requirements_file_is_named(tmp_path: Path) -> None:
    declare(tmp_path, requirements__txt="-r gone.txt\n")
    with pytest.raises(Invalid, match=r"gone\.txt is named and does not exist"):
        environments.declared(tmp_path)


def test_that_the_declaration_that_mlproject_names_comes_first(tmp_path: Path) -> None:
    declare(
        tmp_path,
        MLproject="name: x\nconda_env: my.yaml\nentry_points: {}\n",
        my__yaml="dependencies: [python=3.10, scikit-learn=1.2, cudatoolkit, pip, {pip: [mlflow]}]\n",
        requirements__txt="other\n",
    )
    found = read_declaration(tmp_path)
    assert (found.spec.kind, found.spec.file, found.spec.python) == ("conda", "my.yaml", "3.10")
    assert requirement_lines(tmp_path, found) == ["scikit-learn==1.2.*", "mlflow"]
    assert "scikit-learn" in found.spec.detail


def test_that_a_pyproject_of_tools_settings_declares_nothing(tmp_path: Path) -> None:
    declare(tmp_path, pyproject__toml="[tool.ruff]\nline-length = 120\n")
    assert environments.declared(tmp_path).kind == "none"


def test_that_the_person_s_index_reaches_uv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("PIP_", "UV_"))]:
        monkeypatch.delenv(name)
    config = tmp_path / "pip.conf"
    config.write_text("[global]\nindex-url = https://pip.example.com/simple\nfind-links = /wheels\n    /more\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(config))
    found = uv_environment()
    assert found["UV_DEFAULT_INDEX"] == "https://pip.example.com/simple"
    assert found["UV_FIND_LINKS"] == "/wheels,/more"
    monkeypatch.setenv("UV_INDEX_URL", "https://uv.example.com/simple")
    assert "UV_DEFAULT_INDEX" not in uv_environment()


def test_that_a_container_gets_the_same_declaration_as_files_that_hold_anywhere(tmp_path: Path) -> None:
    declare(
        tmp_path,
        requirements__txt="-r more.txt\n-e ./local\nlstinymodel\n",
        more__txt="-c limits.txt\n",
        limits__txt="lstinydata<2\n",
        __python_version="3.11.7\n",
    )
    (tmp_path / ".python-version").write_text("3.11.7\n")
    plan = environments.container_plan(tmp_path)
    assert plan.base_python == "3.11"
    assert plan.files["requirements.txt"] == b"-c constraints-1.txt\nlstinymodel\n"
    assert plan.files["constraints-1.txt"] == b"lstinydata<2\n"
    assert len(plan.commands) == 1
    declare(tmp_path, limits__txt="lstinydata<1\n")
    assert environments.container_plan(tmp_path).hash != plan.hash


def test_that_a_lock_is_exported_for_a_container(tmp_path: Path) -> None:
    declare(tmp_path, pyproject__toml=PYPROJECT)
    run_uv(["lock"], cwd=tmp_path)
    lines = environments.container_plan(tmp_path).files["requirements.txt"].decode()
    assert "lstinydata==1.0" in lines


def test_that_activation_puts_the_environment_first(tmp_path: Path, home: Home) -> None:
    found = environments.prepare(home, tmp_path)
    variables = environments.activation(found.python)
    assert variables["PATH"].split(os.pathsep)[0] == str(found.python.parent)
    assert variables["VIRTUAL_ENV"] == str(found.folder)


def test_that_uv_comes_with_the_app() -> None:
    assert subprocess.run([uv_program(), "--version"], capture_output=True, check=True).stdout.startswith(b"uv ")
