"""What Poetry, PDM, Pipenv and setuptools declare, as requirements that pip takes. Read as text; no setup.py is run here.

Where a tool's own lock is beside it, the locked versions are taken: that is what its users run.
"""

from __future__ import annotations

import ast
import configparser
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from longshore.errors import Invalid

# Older Poetry says `category = "main"`, newer `groups = ["main"]`; PDM calls the same "default".
_MAIN = frozenset({"main", "default"})


@dataclass(frozen=True)
class Found:
    """A declaration in one of these forms."""

    kind: str
    file: str  # relative to the project
    requirements: tuple[str, ...]
    python: str = ""
    # What was left out, as a sentence.
    detail: str = ""
    # Only installing the project itself tells what it needs.
    installs_project: bool = False
    files: tuple[Path, ...] = ()


def poetry(path: Path, content: Mapping[str, Any]) -> Found | None:
    """Give what `[tool.poetry]` declares, or what its lock says.

    Raises: Invalid for a lock that can't be read.
    """
    tool = content.get("tool", {}).get("poetry")
    if not isinstance(tool, dict) or not isinstance(tool.get("dependencies"), dict):
        return None
    declared = dict(tool["dependencies"])
    python = _pep440(str(declared.pop("python", "")))
    file, lock = path / "pyproject.toml", path / "poetry.lock"
    if lock.is_file():
        return Found("poetry.lock", "poetry.lock", tuple(_locked(lock)), python, files=(file, lock))
    lines, left = _poetry_lines(declared)
    detail = f"optional and left out: {', '.join(left)}" if left else ""
    return Found("poetry", "pyproject.toml", tuple(lines), python, detail, files=(file,))


def pdm(path: Path, content: Mapping[str, Any]) -> Found | None:
    """Give what PDM's lock says, where there is one; the rest of PDM's declaration is the standard one."""
    lock = path / "pdm.lock"
    if not lock.is_file() or "project" not in content:
        return None
    python = str(content["project"].get("requires-python", ""))
    return Found("pdm.lock", "pdm.lock", tuple(_locked(lock)), python, files=(path / "pyproject.toml", lock))


def pipfile(path: Path) -> Found | None:
    """Give what a Pipfile declares, or what its lock says.

    Raises: Invalid where it can't be read.
    """
    file, lock = path / "Pipfile", path / "Pipfile.lock"
    if not file.is_file():
        return None
    content = _toml(file)
    requires = content.get("requires") or {}
    python = str(requires.get("python_full_version") or requires.get("python_version") or "")
    if lock.is_file():
        return Found("Pipfile.lock", "Pipfile.lock", tuple(_pipenv_locked(lock)), python, files=(file, lock))
    packages = content.get("packages") or {}
    lines = tuple(_requirement(name, one, lambda text: "" if text == "*" else text) for name, one in packages.items())
    return Found("Pipfile", "Pipfile", lines, python, files=(file,))


def setup(path: Path) -> Found | None:
    """Give what setup.cfg or setup.py declares; where code makes the list, installing the project tells.

    Raises: Invalid for a setup.cfg that can't be read.
    """
    config, script = path / "setup.cfg", path / "setup.py"
    if config.is_file() and (found := _setup_cfg(config)):
        return found
    if not script.is_file():
        return None
    try:
        call = _setup_call(script.read_text("utf-8-sig", errors="replace"))
    except (OSError, SyntaxError, ValueError, RecursionError):
        call = None
    lines, python = _constants(call, "install_requires"), _constants(call, "python_requires")
    if isinstance(lines, list) and all(isinstance(line, str) for line in lines):
        version = python if isinstance(python, str) else ""
        return Found("setup.py", "setup.py", tuple(lines), version, installs_project=True, files=(script,))
    detail = "what it needs is known once it is installed"
    return Found("setup.py", "setup.py", (), "", detail, installs_project=True, files=(script,))


# -- Poetry ---------------------------------------------------------------------------------------------------------


def _poetry_lines(declared: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    lines, left = [], []
    for name, one in declared.items():
        for each in one if isinstance(one, list) else [one]:
            if isinstance(each, dict) and each.get("optional"):
                left.append(name)
            else:
                lines.append(_requirement(name, each, _pep440))
    return lines, left


def _requirement(name: str, declared: Any, version: Any) -> str:
    """Write `{version = "^1.2", extras = [...], markers = ...}`, or a version alone, as one requirement."""
    if not isinstance(declared, dict):
        return f"{name}{version(str(declared))}"
    extras = f"[{','.join(map(str, declared['extras']))}]" if declared.get("extras") else ""
    markers = [str(declared["markers"])] if declared.get("markers") else []
    if declared.get("python"):
        markers += _python_marker(_pep440(str(declared["python"])))
    place = _place(declared)
    text = f"{name}{extras} @ {place}" if place else f"{name}{extras}{version(str(declared.get('version', '*')))}"
    return f"{text} ; {' and '.join(f'({one})' for one in markers)}" if markers else text


def _place(declared: Mapping[str, Any]) -> str:
    if git := declared.get("git"):
        revision = declared.get("rev") or declared.get("tag") or declared.get("ref") or declared.get("branch")
        return f"git+{git}{f'@{revision}' if revision else ''}"
    if declared.get("path"):
        return f"./{str(declared['path']).removeprefix('./')}"
    return str(declared.get("url") or declared.get("file") or "")


def _python_marker(specifier: str) -> list[str]:
    return [f"python_version {match[1]} '{match[2]}'" for match in re.finditer(r"([<>=!~]=?)\s*([\d.]+)", specifier)]


def _pep440(constraint: str) -> str:
    """Write Poetry's `^1.2`, `~1.2` and `1.2.*` as pip takes them; of several alternatives the last, the newest."""
    parts = [part.strip() for part in constraint.split("||")[-1].split(",")]
    return ",".join(filter(None, (_one_constraint(part) for part in parts)))


def _one_constraint(text: str) -> str:
    text = text.strip()
    if text in ("", "*"):
        return ""
    if text[0] in "<>!" or text.startswith(("==", "~=")):
        return text.replace(" ", "")
    if text[0] not in "^~":
        number = text.lstrip("= ")
        return f"=={number}"
    numbers = [int(part) for part in re.findall(r"\d+", text)[:4]] or [0]
    return f">={text[1:].strip()},<{_next_after(numbers, caret=text[0] == '^')}"


def _next_after(numbers: list[int], *, caret: bool) -> str:
    """Give the first version that `^` (the first number that is not 0 stays) or `~` (the second stays) leaves out."""
    if caret:
        place = next((place for place, number in enumerate(numbers) if number), len(numbers) - 1)
    else:
        place = min(1, len(numbers) - 1)
    return ".".join(map(str, [*numbers[:place], numbers[place] + 1])) + (".0" if place == 0 else "")


# -- locks ------------------------------------------------------------------------------------------------------------


def _locked(lock: Path) -> Iterator[str]:
    """Give the pinned packages of Poetry's and PDM's locks; they look the same."""
    for one in _toml(lock).get("package") or []:
        groups = one.get("groups") or [one.get("category", "main")]
        if one.get("optional") or _MAIN.isdisjoint(groups):
            continue
        marker = one.get("marker") or one.get("markers") or ""
        if isinstance(marker, dict):  # by group
            marker = marker.get("main", "")
        source = one.get("source") or {}
        name, version = one.get("name"), one.get("version")
        git = one.get("git") or (source.get("url") if source.get("type") == "git" else None)
        revision = one.get("revision") or source.get("resolved_reference") or ""
        pin = f"{name} @ git+{git}{f'@{revision}' if revision else ''}" if git else f"{name}=={version}"
        yield f"{pin} ; {marker}" if marker else pin


def _pipenv_locked(lock: Path) -> Iterator[str]:
    try:
        packages = json.loads(_text(lock)).get("default") or {}
    except (ValueError, AttributeError) as error:
        raise Invalid(f"{lock.name} cannot be read: {error}.", hint="Make it anew with `pipenv lock`.") from error
    for name, one in packages.items():
        yield _requirement(name, one, lambda text: "" if text == "*" else text)


# -- setuptools -------------------------------------------------------------------------------------------------------


def _setup_cfg(file: Path) -> Found | None:
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(_text(file))
    except configparser.Error as error:
        raise Invalid(f"setup.cfg cannot be read: {error.message}.", hint="Correct the file.") from error
    listed = parser.get("options", "install_requires", fallback="")
    if not parser.has_section("metadata") or "file:" in listed:
        return None
    lines = tuple(line.strip() for line in listed.splitlines() if line.strip())
    python = parser.get("options", "python_requires", fallback="")
    return Found("setup.cfg", "setup.cfg", lines, python, installs_project=True, files=(file,))


def _setup_call(source: str) -> ast.Call | None:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "setup":
            return node
    return None


def _constants(call: ast.Call | None, name: str) -> Any:
    """Give a keyword's value where it is written out; [] where there is none, None where code makes it."""
    for keyword in call.keywords if call else []:
        if keyword.arg is None:
            return None
        if keyword.arg == name:
            try:
                return ast.literal_eval(keyword.value)
            except ValueError:
                return None
    return [] if call else None


def _toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(_text(file))
    except tomllib.TOMLDecodeError as error:
        raise Invalid(f"{file.name} cannot be read: {error}.", hint="Correct the file.") from error


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"{file} cannot be read: {error}.", hint="Make it a readable UTF-8 file.") from error
