"""What a container image needs to install the same declaration: the dependency layer alone, never the project's code."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path

from longshore.projects.declarations import Declaration, chosen, requirement_lines
from longshore.projects.installed import installed_packages
from longshore.projects.uv_program import run_uv

_RECIPE = "1"
# uv resolves and installs several times faster than pip, and need not stay in the image.
_INSTALL = (
    "python -m pip install --no-cache-dir --disable-pip-version-check --root-user-action=ignore uv"
    " && uv pip install --system --no-cache --compile-bytecode -r requirements.txt"
    " && python -m pip uninstall -y --root-user-action=ignore uv"
)


@dataclass(frozen=True)
class ContainerPlan:
    """The files to copy into an empty folder of the image, and what to run in it, as root."""

    base_python: str  # "3.11", empty where any version will do
    files: dict[str, bytes] = field(default_factory=dict)
    commands: list[str] = field(default_factory=list)
    # By content; the name of the cached layer.
    hash: str = ""
    # Folders of the project, relative to it, that belong on PYTHONPATH: what an installed project offers.
    python_path: tuple[str, ...] = ()
    kind: str = "none"


def container_plan(path: Path | str, *, python: str = "", as_of: str = "") -> ContainerPlan:
    """Plan the dependency layer of a project; `python` and `as_of` as in `environments.prepare`.

    Raises: Invalid for a declaration that can't be read; WorkFailed if a lock can't be exported.
    """
    project = Path(path)
    declaration = chosen(project, python=python, as_of=as_of)
    lines = [line for line in _lines(project, declaration) if line.strip()]
    files = _as_files(lines) if lines else {}
    install = _INSTALL.replace(" -r ", f" --exclude-newer {as_of} -r ", 1) if as_of else _INSTALL
    commands = [install] if lines else []
    python_path = _python_path(project) if declaration.installs_project else ()
    version = _minor(_version(declaration.spec.python))
    state = hashlib.blake2b(digest_size=8)
    state.update(repr((_RECIPE, version, commands, sorted(files.items()))).encode())
    return ContainerPlan(version, files, commands, state.hexdigest(), python_path, declaration.spec.kind)


def _lines(project: Path, declaration: Declaration) -> list[str]:
    kind = declaration.spec.kind
    if kind == "uv.lock":
        text = run_uv(
            ["export", "--frozen", "--no-emit-project", "--no-editable", "--no-header", "--no-annotate"], cwd=project
        )
        return text.splitlines()
    if kind == "venv":
        # A package that is linked to a folder of this computer is not to be had in a container.
        text = installed_packages(project / declaration.spec.file)
        return [line for line in text.splitlines() if not line.startswith(("#", "-e")) and " @ file:" not in line]
    return [line for line in requirement_lines(project, declaration) if not _is_local(line)]


def _as_files(lines: list[str]) -> dict[str, bytes]:
    """Give the requirements, and beside them the constraint files that they name."""
    files: dict[str, bytes] = {}
    written = []
    for line in lines:
        if line.startswith("-c "):
            name = f"constraints-{len(files) + 1}.txt"
            files[name] = Path(line.removeprefix("-c ")).read_bytes()
            line = f"-c {name}"
        written.append(line)
    return files | {"requirements.txt": ("\n".join(written) + "\n").encode()}


def _is_local(line: str) -> bool:
    return bool(re.match(r"^(-e\b|--editable|\.{0,2}/|\.$|file:)", line)) or " @ file:" in line


def _python_path(project: Path) -> tuple[str, ...]:
    return ("src", ".") if (project / "src").is_dir() else (".",)


def _version(request: str) -> str:
    """Give the version of an interpreter that is given by its path: a container has its own of that version."""
    from longshore.projects import interpreters

    return interpreters.at(request).version if Path(request).is_absolute() else request


def _minor(request: str) -> str:
    """Read 3.11 out of a request; a range names no version."""
    match = re.fullmatch(r"(?:cpython-?|python-?|==)?(\d+\.\d+)(?:\.\d+|\.\*)?", request.strip())
    return match[1] if match else ""
