"""Which environment a project declares, in whichever of the usual files; read, never resolved here."""

from __future__ import annotations

import hashlib
import json
import platform
import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from longshore.errors import Invalid
from longshore.projects import declared_by_tools
from longshore.projects.installed import installed_packages
from longshore.projects.model import EnvironmentSpec

# Raised when the way in which environments are made changes, so that old ones are not taken for new.
_RECIPE = "1"
_CONDA_FILES = ("conda.yaml", "conda.yml", "environment.yaml", "environment.yml")
# What conda calls otherwise than the package index does.
_CONDA_NAMES = {"pytorch": "torch", "py-xgboost": "xgboost", "opencv": "opencv-python", "msgpack-python": "msgpack"}
_CONDA_ONLY = re.compile(
    r"^(python|pip|_.*|lib.*|r-.*|cuda.*|cudnn|mkl.*|gcc.*|gxx.*|nodejs|openjdk|.*compiler.*|openblas|blas|tk|zlib|ncurses"
    r"|readline|sqlite|openssl|ca-certificates|xz|vs.*_runtime|git|make|cmake|ffmpeg)$"
)

# Requirements of those who work on the project.
_FOR_OTHERS = re.compile(r"dev|test|doc|lint|ci|build", re.IGNORECASE)


@dataclass(frozen=True)
class Declaration:
    """What the environment is made from."""

    spec: EnvironmentSpec
    # The requirement lines where the file is no pip file itself (python_env.yaml, conda.yaml).
    requirements: tuple[str, ...] = ()
    # Everything whose content decides about the environment.
    files: tuple[Path, ...] = ()
    # The project itself is installed into it, as a link to its folder.
    installs_project: bool = False
    # Requirements of what runs the project, beside its own.
    plus: tuple[str, ...] = ()


def declared(path: Path) -> EnvironmentSpec:
    """Tell which environment the project declares, with the hash of its content.

    Raises: Invalid if the declaration can't be read.
    """
    return read_declaration(path).spec


def read_declaration(path: Path) -> Declaration:
    """Find the project's declaration: the MLproject's own, uv.lock, pyproject, requirements, python_env, conda, .venv.

    Raises: Invalid if it can't be read.
    """
    found = _from_mlproject(path) or _from_files(path)
    spec = found.spec
    if not spec.python and (version := _python_version_file(path)):
        spec = replace(spec, python=version)
    return with_hash(path, replace(found, spec=spec))


def chosen(path: Path, *, python: str = "", as_of: str = "") -> Declaration:
    """Give the project's declaration with another interpreter, or with the packages of a day.

    Args:
        path: The project's folder.
        python: A version, or the path of an interpreter or environment; empty: what the project says.
        as_of: A day such as 2022-09-30, of which no package may be newer; empty: today's. A lock stays what it is.

    Raises: Invalid if the declaration can't be read, or the day is none.
    """
    found = read_declaration(path)
    if not python and not as_of:
        return found
    if as_of:
        try:
            date.fromisoformat(as_of)
        except ValueError as error:
            raise Invalid(f"{as_of!r} is not a day.", hint="Write it as 2022-09-30.") from error
    python = python or found.spec.python or (_python_of(date.fromisoformat(as_of)) if as_of else "")
    return with_hash(path, replace(found, spec=replace(found.spec, python=python, as_of=as_of)))


def _python_of(day: date) -> str:
    """Give the Pythons that packages of a day were made for: one is out each October, and half a year later it is usable."""
    newest = max(8, day.year - (2012 if day.month >= 4 else 2013))
    return f">=3.8,<3.{newest + 1}"


def with_hash(path: Path, found: Declaration) -> Declaration:
    """Give a declaration with the name of its environment."""
    return replace(found, spec=replace(found.spec, hash=_hash(path, found)))


def _from_mlproject(path: Path) -> Declaration | None:
    from longshore.projects.adapters import mlproject

    project = mlproject.read(path)
    if isinstance(project.get("python_env"), str):
        return _python_env(path, path / project["python_env"])
    if isinstance(project.get("conda_env"), str):
        return _conda(path, path / project["conda_env"])
    return None


def _from_files(path: Path) -> Declaration:
    pyproject = path / "pyproject.toml"
    if pyproject.is_file() and (found := _pyproject(path, pyproject)):
        return found
    if name := _requirements_file(path):
        files = tuple(_requirement_files(path / name))
        return Declaration(EnvironmentSpec("requirements", name), files=files)
    if (path / "python_env.yaml").is_file():
        return _python_env(path, path / "python_env.yaml")
    for name in _CONDA_FILES:
        if (path / name).is_file():
            return _conda(path, path / name)
    if (path / "MLmodel").is_file() and (named := _environment_of_model(path / "MLmodel")):
        return named
    if by_tool := declared_by_tools.pipfile(path) or declared_by_tools.setup(path):
        return _of_tool(by_tool)
    for name in (".venv", "venv"):
        if (path / name / "pyvenv.cfg").is_file():
            return Declaration(EnvironmentSpec("venv", name, detail="used as it is"))
    return Declaration(EnvironmentSpec("none", detail="no packages are declared"))


def _requirements_file(path: Path) -> str:
    """Give the file that pip would be given: requirements.txt, or what stands for it where there is only one choice."""
    for name in ("requirements.txt", "requirements.in", "requirements/base.txt", "requirements/main.txt"):
        if (path / name).is_file():
            return name
    others = [file.name for file in sorted(path.glob("requirements*.txt")) if not _FOR_OTHERS.search(file.name)]
    return others[0] if len(others) == 1 else ""


def _environment_of_model(file: Path) -> Declaration | None:
    """Give the environment that a logged model names."""
    content = _yaml(file)
    flavors = content.get("flavors")
    function = flavors.get("python_function") if isinstance(flavors, dict) else None
    named = function.get("env") if isinstance(function, dict) else None
    named = named.get("virtualenv") if isinstance(named, dict) else None
    if isinstance(named, str) and (file.parent / named).is_file():
        return _python_env(file.parent, file.parent / named)
    return None


def _of_tool(found: declared_by_tools.Found) -> Declaration:
    spec = EnvironmentSpec(found.kind, found.file, found.python, found.detail)
    return Declaration(spec, found.requirements, found.files, found.installs_project)


def _pyproject(path: Path, file: Path) -> Declaration | None:
    try:
        content = tomllib.loads(_text(file))
    except tomllib.TOMLDecodeError as error:
        raise Invalid(f"pyproject.toml cannot be read: {error}.", hint="Correct the file.") from error
    if by_tool := declared_by_tools.poetry(path, content) or declared_by_tools.pdm(path, content):
        return _of_tool(by_tool)
    project = content.get("project")
    if not isinstance(project, dict):
        return None  # a file of tools' settings declares nothing
    python = str(project.get("requires-python", ""))
    tool = content.get("tool", {}).get("uv", {})
    package = bool(tool.get("package", "build-system" in content))
    locked = (path / "uv.lock").is_file()
    files = (file, path / "uv.lock") if locked else (file,)
    python = _python_version_file(path) or python
    kind, name = ("uv.lock", "uv.lock") if locked else ("pyproject", "pyproject.toml")
    return Declaration(EnvironmentSpec(kind, name, python), files=files, installs_project=package)


def _python_env(path: Path, file: Path) -> Declaration:
    content = _yaml(file)
    lines = [*_strings(content, "build_dependencies"), *_strings(content, "dependencies")]
    spec = EnvironmentSpec("python_env", file.relative_to(path).as_posix(), str(content.get("python") or ""))
    return Declaration(spec, tuple(lines), (file, *_named_files(file, lines)))


def _conda(path: Path, file: Path) -> Declaration:
    content = _yaml(file)
    python, lines, taken, left = "", [], [], []
    dependencies = content.get("dependencies") or []
    if not isinstance(dependencies, list):
        raise Invalid(f"`dependencies` of {file.name} is not a list.", hint="Correct the file.")
    for one in dependencies:
        if isinstance(one, dict):
            lines += _strings(one, "pip")
            continue
        name, version = _conda_package(str(one))
        if name == "python":
            python = version.lstrip("=").removesuffix(".*")
        elif _CONDA_ONLY.match(name):
            left.append(name)
        else:
            taken.append(name)
            lines.append(f"{_CONDA_NAMES.get(name, name)}{version}")
    said = [f"conda's {', '.join(taken)} taken from the package index"] if taken else []
    said += [f"not on the package index, left out: {', '.join(left)}"] if left else []
    detail = "; ".join(said)
    spec = EnvironmentSpec("conda", file.relative_to(path).as_posix(), python, detail)
    return Declaration(spec, tuple(lines), (file, *_named_files(file, lines)))


def _conda_package(text: str) -> tuple[str, str]:
    """Read `channel::numpy=1.26=py311_0` as numpy and ==1.26.*, what conda means by one equals sign."""
    text = text.rpartition("::")[2].strip()
    match = re.match(r"^([A-Za-z0-9_.\-]+)\s*(.*)$", text)
    if match is None:
        return text, ""
    name, version = match[1].lower(), match[2].strip()
    if version.startswith("=") and not version.startswith("=="):
        number = version[1:].partition("=")[0].strip()
        exact = number.endswith("*") or number.count(".") >= 2
        return name, f"=={number}" if exact else f"=={number}.*"
    if version.startswith("=="):
        return name, "==" + version[2:].partition("=")[0].strip()
    return name, version if version[:1] in "<>!~" else ""


def _strings(content: dict[str, Any], key: str) -> list[str]:
    found = content.get(key) or []
    if not isinstance(found, list):
        raise Invalid(f"`{key}` of the environment's file is not a list.", hint="Correct the file.")
    return [str(one).strip() for one in found if isinstance(one, str | int | float)]


def _yaml(file: Path) -> dict[str, Any]:
    import yaml

    try:
        found = yaml.safe_load(_text(file))
    except yaml.YAMLError as error:
        raise Invalid(f"{file.name} is not YAML: {error}.", hint="Correct the file.") from error
    if found is not None and not isinstance(found, dict):
        raise Invalid(f"{file.name} is not a YAML mapping.", hint="Correct the file.")
    return found or {}


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"{file} cannot be read: {error}.", hint="Make it a readable UTF-8 file.") from error


def requirement_lines(path: Path, found: Declaration) -> list[str]:
    """Give the requirements with the files that they name written out, so that they hold in any folder.

    Raises: Invalid if a file is missing.
    """
    if found.spec.kind == "pyproject":
        project = tomllib.loads(_text(path / "pyproject.toml"))["project"]
        return [str(one) for one in project.get("dependencies", [])]
    if found.spec.kind == "requirements":
        return list(_written_out(path / found.spec.file, path))
    folder = (path / found.spec.file).parent
    return [line for one in found.requirements for line in _one_line(one, folder, path, ())]


def _written_out(file: Path, project: Path, seen: tuple[Path, ...] = ()) -> Iterator[str]:
    if file in seen:
        return
    # A line that ends in a backslash goes on; a comment needs a space before it, since addresses hold "#".
    text = re.sub(r"\\\n\s*", " ", _text(file))
    for line in text.splitlines():
        line = re.sub(r"(^|\s)#.*$", "", line).strip()
        yield from _one_line(line, file.parent, project, (*seen, file))


def _one_line(line: str, folder: Path, project: Path, seen: tuple[Path, ...]) -> Iterator[str]:
    if match := _NAMES_A_FILE.match(line):
        named = folder / match[2].strip()
        if match[1] in ("-r", "--requirement"):
            yield from _written_out(named, project, seen)
            return
        # A constraint becomes a requirement only where the package is wanted: keep the file, say where it is.
        yield f"-c {named.resolve()}"
    elif line:
        yield line


_NAMES_A_FILE = re.compile(r"^(-r|--requirement|-c|--constraint)[ =]?(.+)$")


def _named_files(file: Path, lines: list[str]) -> Iterator[Path]:
    for line in lines:
        if match := _NAMES_A_FILE.match(line):
            yield from _requirement_files(file.parent / match[2].strip())


def _requirement_files(file: Path, seen: tuple[Path, ...] = ()) -> Iterator[Path]:
    """Give a requirements file and those that it names.

    Raises: Invalid if one of them is missing.
    """
    if file in seen:
        return
    if not file.is_file():
        raise Invalid(f"The requirements file {file} is named and does not exist.", hint="Add it, or correct the name.")
    yield file
    yield from _unseen(_named_files(file, [line.strip() for line in _text(file).splitlines()]), (*seen, file))


def _unseen(files: Iterator[Path], seen: tuple[Path, ...]) -> Iterator[Path]:
    return (file for file in files if file not in seen)


def _python_version_file(path: Path) -> str:
    file = path / ".python-version"
    if not file.is_file():
        return ""
    lines = [line.strip() for line in _text(file).splitlines()]
    return next((line for line in lines if line and not line.startswith("#")), "")


def _hash(path: Path, found: Declaration) -> str:
    """Hash what decides about the environment; the folder counts only where the environment links back to it."""
    state = hashlib.blake2b(digest_size=8)
    parts: list[Any] = [_RECIPE, found.spec.kind, found.spec.python, sys.platform, platform.machine()]
    texts = [file.read_bytes() for file in found.files if file.is_file()]
    local = found.installs_project or any(
        re.search(rb"(?m)^\s*(-e\b|--editable|\.{1,2}/|file:)", text) for text in texts
    )
    if local or found.spec.kind == "venv":
        parts.append(str(path))
    if found.spec.kind == "venv":
        parts.append(installed_packages(path / found.spec.file))
    parts.append(list(found.requirements))
    if found.plus:
        parts.append(list(found.plus))
    if found.spec.as_of:
        parts.append(found.spec.as_of)
    state.update(json.dumps(parts).encode())
    for text in texts:
        state.update(len(text).to_bytes(8, "big") + text)
    return state.hexdigest()
