"""A project's own environment: made by uv from what the project declares, once per content, whole or not at all."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from longshore.errors import Invalid, Unavailable, WorkFailed
from longshore.progress import CancelToken, Progress, no_progress
from longshore.projects import interpreters
from longshore.projects.container_plan import ContainerPlan, container_plan
from longshore.projects.declarations import Declaration, chosen, declared, requirement_lines, with_hash
from longshore.projects.installed import installed_packages, site_packages
from longshore.projects.model import EnvironmentSpec
from longshore.projects.uv_program import run_uv, uv_program
from longshore.settings import Home

__all__ = ["ContainerPlan", "Environment", "activation", "container_plan", "declared", "prepare", "uv_program"]

_MARKER, _LOCK_FILE = "environment.json", "environment.lock"


@dataclass(frozen=True)
class Environment:
    """An environment that is whole."""

    hash: str
    python: Path
    kind: str
    lock_text: str  # what is installed, in pip's format
    folder: Path
    created: bool  # by this call


def prepare(
    home: Home,
    path: Path | str,
    *,
    python: str = "",
    as_of: str = "",
    plus: tuple[str, ...] = (),
    progress: Progress = no_progress,
    cancel: CancelToken | None = None,
) -> Environment:
    """Give the project's environment, made first where its content is new; nothing to do takes milliseconds.

    Args:
        home: Where environments are kept.
        path: The project's folder.
        python: A version, or an interpreter's path, instead of what the project asks for.
        as_of: A day (2022-09-30) of which no package may be newer.
        plus: Requirements that join the project's own, as far as they are not there.
        progress: Told what is installed.
        cancel: Ends the making.

    Raises: Invalid for a declaration that can't be read; WorkFailed with the resolver's decisive lines; Cancelled.
    """
    project = Path(path)
    declaration = chosen(project, python=python, as_of=as_of)
    if declaration.spec.kind == "venv" and not python:
        return _joined(home, _existing(project, declaration), plus, progress, cancel or CancelToken())
    if plus:
        declaration = with_hash(project, replace(declaration, plus=plus))
    return _prepared(home, project, declaration, progress, cancel or CancelToken())


def is_made(home: Home, path: Path | str, *, python: str = "", as_of: str = "", plus: tuple[str, ...] = ()) -> bool:
    """Tell whether `prepare` would have nothing to do. Raises: Invalid for a declaration that can't be read."""
    project = Path(path)
    declaration = chosen(project, python=python, as_of=as_of)
    if declaration.spec.kind == "venv" and not python:
        return python_of(project / declaration.spec.file).exists()
    if plus:
        declaration = with_hash(project, replace(declaration, plus=plus))
    return _whole(home, declaration, created=False) is not None


def with_tool(
    home: Home,
    environment: Environment,
    requirement: str,
    *,
    progress: Progress = no_progress,
    cancel: CancelToken | None = None,
) -> Path:
    """Give the interpreter that has a tool: the project's own, or that of an environment for the tool alone.

    Args:
        home: Where environments are kept.
        environment: The project's.
        requirement: The tool as pip takes it, "dvc>=3"; empty: none is needed.
        progress: Told what is installed.
        cancel: Ends the making.

    Raises: as `prepare`.
    """
    name = _name(requirement)
    installed = {_name(line) for line in environment.lock_text.splitlines()}
    if not name or name in installed:
        return environment.python
    declaration = with_hash(home.environments, Declaration(EnvironmentSpec("tool", detail=name), (requirement,)))
    return _prepared(home, home.environments, declaration, progress, cancel or CancelToken()).python


def _joined(
    home: Home, existing: Environment, plus: tuple[str, ...], progress: Progress, cancel: CancelToken
) -> Environment:
    """Give an environment that sees an existing one's packages and has more; the person's own is never changed."""
    installed = {_name(line) for line in existing.lock_text.splitlines()}
    missing = tuple(one for one in plus if _name(one) not in installed)
    folder = site_packages(existing.folder)
    if not missing or folder is None:
        return existing
    spec = EnvironmentSpec("joined", python=str(existing.python), detail=f"{existing.folder} and more")
    declaration = with_hash(home.environments, Declaration(spec, (*missing, f"# beside {existing.hash}")))
    made = _prepared(home, home.environments, declaration, progress, cancel)
    beside = site_packages(made.folder)
    if beside is not None and not (link := beside / "longshore_beside.pth").exists():
        link.write_text(f"{folder}\n", "utf-8")
    return replace(made, lock_text=existing.lock_text + made.lock_text)


def _name(requirement: str) -> str:
    return re.split(r"[^A-Za-z0-9_.-]", requirement.strip(), maxsplit=1)[0].lower().replace("_", "-")


def _prepared(
    home: Home, project: Path, declaration: Declaration, progress: Progress, cancel: CancelToken
) -> Environment:
    if found := _whole(home, declaration, created=False):
        return found
    progress(
        None, f"Making the environment{f' of {declaration.spec.detail}' if declaration.spec.kind == 'tool' else ''}"
    )
    with _alone(home, declaration.spec.hash, cancel):
        # Somebody else may have made it while this one waited.
        if found := _whole(home, declaration, created=False):
            return found
        _build(home, project, declaration, progress, cancel)
    if found := _whole(home, declaration, created=True):
        return found
    raise WorkFailed("The environment was made and is not whole.", hint="Is the disk full? Try again.")


def activation(python: Path) -> dict[str, str]:
    """Give the variables under which `python` and the environment's programs are found by a child."""
    folder = python.parent
    path = os.environ.get("PATH", os.defpath)
    variables = {"PATH": os.pathsep.join([str(folder), path])}
    if (folder.parent / "pyvenv.cfg").is_file():
        variables["VIRTUAL_ENV"] = str(folder.parent)
    return variables


def python_of(venv: Path) -> Path:
    """Give the interpreter of a virtual environment."""
    return venv / "Scripts" / "python.exe" if sys.platform == "win32" else venv / "bin" / "python"


def _whole(home: Home, declaration: Declaration, *, created: bool) -> Environment | None:
    folder = home.environments / declaration.spec.hash
    try:
        json.loads((folder / _MARKER).read_text("utf-8"))
        lock_text = (folder / _LOCK_FILE).read_text("utf-8")
    except (OSError, ValueError):
        return None
    python = python_of(folder)
    # The interpreter that it was made with may have been removed since: then it is made again.
    if not python.exists():
        return None
    return Environment(declaration.spec.hash, python, declaration.spec.kind, lock_text, folder, created)


def _existing(project: Path, declaration: Declaration) -> Environment:
    folder = project / declaration.spec.file
    python = python_of(folder)
    if not python.exists():
        raise Invalid(
            f"The environment {folder} has no interpreter any more.",
            hint="Make it again, or declare the packages in requirements.txt or pyproject.toml.",
        )
    return Environment(declaration.spec.hash, python, "venv", installed_packages(folder), folder, created=False)


@contextmanager
def _alone(home: Home, name: str, cancel: CancelToken) -> Iterator[None]:
    """Hold the lock of one environment; waiting can be cancelled."""
    import filelock

    folder = home.environments
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(f"{folder} cannot be made: {error}.", hint="Make room, or make it writable.") from error
    lock = filelock.FileLock(folder / f".{name}.lock")
    while True:
        try:
            lock.acquire(timeout=0.2)
            break
        except filelock.Timeout:
            cancel.check()
    try:
        yield
    finally:
        lock.release()


def _build(home: Home, project: Path, declaration: Declaration, progress: Progress, cancel: CancelToken) -> None:
    """Make the environment under another name, and give it its own at the very end."""
    _sweep(home)
    final = home.environments / declaration.spec.hash
    building = home.environments / f".{declaration.spec.hash}.making"
    try:
        shutil.rmtree(building, ignore_errors=True)
        _make_venv(building, declaration, progress, cancel)
        _install(building, project, declaration, progress, cancel)
        (building / _LOCK_FILE).write_text(installed_packages(building), "utf-8")
        spec = declaration.spec
        marker = {
            "kind": spec.kind,
            "file": spec.file,
            "python": spec.python,
            "project": str(project),
            "as_of": spec.as_of,
        }
        (building / _MARKER).write_text(json.dumps(marker), "utf-8")
        shutil.rmtree(final, ignore_errors=True)
        building.rename(final)
    except OSError as error:
        raise WorkFailed(f"The environment could not be written: {error}.", hint="Make room on the disk.") from error
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _sweep(home: Home) -> None:
    """Remove what a killed build left behind, except where one is at work."""
    import filelock

    for folder in home.environments.glob(".*.making"):
        lock = filelock.FileLock(folder.with_suffix(".lock"))
        try:
            with lock.acquire(blocking=False):
                shutil.rmtree(folder, ignore_errors=True)
        except filelock.Timeout:
            continue


def _make_venv(folder: Path, declaration: Declaration, progress: Progress, cancel: CancelToken) -> None:
    asked = declaration.spec.python
    command = ["venv", "--no-project", "--relocatable", "--quiet", str(folder)]
    requests = [asked] if asked else []
    failure = WorkFailed("")
    # An exact patch version that is not here gives way to another of the same minor version.
    if match := re.fullmatch(r"(\d+\.\d+)\.\d+", asked):
        requests.append(match[1])
    for request in requests:
        # uv looks on PATH; pyenv's and conda's interpreters it takes by path. Only then is one fetched.
        for way in (_here, _by_path, _fetched) if request == requests[-1] else (_here, _by_path):
            if (arguments := way(request)) is None:
                continue
            try:
                run_uv([*command, *arguments], cwd=folder.parent, progress=progress, cancel=cancel)
                return
            except WorkFailed as error:
                failure = error
    if requests:
        raise WorkFailed(
            f"Python {asked} is not on this computer and could not be fetched.",
            hint=f"Install Python {asked}, or change it in {declaration.spec.file or '.python-version'}.",
            details=failure.details,
        ) from failure
    run_uv(command, cwd=folder.parent, progress=progress, cancel=cancel)


def interpreter_for(declaration: Declaration) -> str:
    """Give what uv is told of the interpreter that a declaration asks for: a path where one fits; empty: any."""
    asked = declaration.spec.python
    if not asked or os.sep in asked:
        return asked
    found = interpreters.fitting(asked, interpreters.listing())
    return str(found.path) if found else asked


def _here(request: str) -> list[str] | None:
    return ["--python", request, "--no-python-downloads"]


def _by_path(request: str) -> list[str] | None:
    found = interpreters.fitting(request, interpreters.listing())
    return None if found is None else ["--python", str(found.path), "--no-python-downloads"]


def _fetched(request: str) -> list[str] | None:
    return None if os.sep in request else ["--python", request]


def _install(folder: Path, project: Path, declaration: Declaration, progress: Progress, cancel: CancelToken) -> None:
    spec, python = declaration.spec, str(python_of(folder))
    # Tools look for pip beside the interpreter; MLflow warns where it finds none.
    after = ["pip", "install", "--python", python, "pip", *declaration.plus]
    extra = {"UV_PROJECT_ENVIRONMENT": str(folder)} if spec.kind == "uv.lock" else {}
    try:
        if command := _install_command(folder, project, declaration, python):
            run_uv(command, cwd=project, extra=extra, progress=progress, cancel=cancel)
        if command or declaration.plus:
            run_uv(after, cwd=folder, progress=progress, cancel=cancel)
    except WorkFailed as error:
        what = spec.file or " and ".join(declaration.plus) or spec.detail
        raise WorkFailed(
            f"{what} cannot be installed: {error.reason}",
            hint=f"Correct {spec.file} and start again." if spec.file else "Is the package index to be reached?",
            details=error.details,
        ) from error


def _install_command(folder: Path, project: Path, declaration: Declaration, python: str) -> list[str]:
    spec = declaration.spec
    if spec.kind == "none":
        return []
    if spec.kind == "uv.lock":
        command = ["sync", "--frozen", "--python", python]
    elif spec.kind == "pyproject":
        what = ["-e", "."] if declaration.installs_project else ["-r", "pyproject.toml"]
        command = ["pip", "install", "--python", python, *what]
    elif declaration.installs_project:
        command = ["pip", "install", "--python", python, *declaration.requirements, "-e", "."]
    else:
        lines = folder / "requirements.in"
        lines.write_text("\n".join(requirement_lines(project, declaration)) + "\n", "utf-8")
        command = ["pip", "install", "--python", python, "-r", str(lines)]
    if spec.as_of and command[0] == "pip":
        command += ["--exclude-newer", spec.as_of]
    if os.environ.get("PYTHONDONTWRITEBYTECODE"):
        command.append("--compile-bytecode")  # the runs won't do it, and would compile everything each time
    return command
