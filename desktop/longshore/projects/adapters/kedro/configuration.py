"""A Kedro project's configuration as text: its data catalogue and its parameters, under `conf/base` and `conf/local`.

What OmegaConf resolves at run time (`${...}`, globals) and what dataset factories stand for stays as it is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from longshore.errors import LongshoreError
from longshore.projects.folder import Folder
from longshore.projects.model import Parameter, ParameterType
from longshore.projects.pipeline import Dataset

_BASE, _LOCAL = "base", "local"


def catalog(folder: Folder, source: str, problems: list[str]) -> dict[str, Dataset]:
    """Give the datasets of the catalogue; in what order files are read decides nothing that text could tell."""
    found: dict[str, Dataset] = {}
    for name, entry in _merged(folder, source, "catalog", problems).items():
        if name.startswith("_") or not isinstance(entry, dict):
            continue  # an anchor, or a value that others refer to
        path = entry.get("filepath") or entry.get("path") or entry.get("table_name") or ""
        found[name] = Dataset(name, str(entry.get("type") or ""), str(path), bool(entry.get("versioned")))
    return found


def parameters(folder: Folder, source: str, problems: list[str]) -> dict[str, Parameter]:
    """Give every single parameter under the dotted name that `kedro run --params` takes."""
    try:
        found = dict(_leaves("", _merged(folder, source, "parameters", problems)))
    except RecursionError:
        problems.append(f"The parameters under {source} are nested too deeply to be read.")
        return {}
    return {name: typed(name, value) for name, value in found.items()}


def typed(name: str, value: Any) -> Parameter:
    """Give a parameter with the type that its value has."""
    if isinstance(value, list):
        item = _type_of(value[0]) if value else "str"
        if any(isinstance(one, list | dict) for one in value):
            return Parameter(name, "str", help="a list, as JSON")
        return Parameter(name, "list", value, item=item)
    return Parameter(name, _type_of(value), value if isinstance(value, str | int | float | bool) else None)


def environments(folder: Folder, source: str) -> tuple[str, ...]:
    """Give the configuration environments that a run can choose, without the base of them all."""
    names = {file.split("/")[1] for file in folder.files if file.startswith(f"{source}/") and file.count("/") > 1}
    return tuple(sorted((names | {_LOCAL}) - {_BASE}))  # what is local need not be there


def _type_of(value: Any) -> ParameterType:
    kinds: tuple[tuple[type, ParameterType], ...] = ((bool, "bool"), (int, "int"), (float, "float"))
    return next((name for kind, name in kinds if isinstance(value, kind)), "str")


def _leaves(prefix: str, value: Mapping[Any, Any]) -> Iterator[tuple[str, Any]]:
    for key, one in value.items():
        name = f"{prefix}.{key}" if prefix else str(key)
        if isinstance(one, dict) and one:
            yield from _leaves(name, one)
        elif not isinstance(one, dict):
            yield name, one


def _merged(folder: Folder, source: str, kind: str, problems: list[str]) -> dict[str, Any]:
    """Give the keys of all files of a kind, those of `local` over those of `base`."""
    found: dict[str, Any] = {}
    for environment in (_BASE, _LOCAL):
        for file in folder.ending(".yml", ".yaml"):
            if not _is_of(file, f"{source}/{environment}/", kind):
                continue
            try:
                content = folder.yaml(file)
            except LongshoreError as error:
                problems.append(error.reason)
                continue
            if isinstance(content, dict):
                found |= {str(key): value for key, value in content.items()}
    return found


def _is_of(file: str, place: str, kind: str) -> bool:
    """Tell whether Kedro takes a file for one of a kind: `catalog*`, `catalog*/**`, `**/catalog*`."""
    if not file.startswith(place):
        return False
    parts = file.removeprefix(place).split("/")
    return parts[-1].startswith(kind) or (len(parts) > 1 and parts[0].startswith(kind))
