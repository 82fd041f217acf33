"""Notebooks: each is an entry point; the cell with the tag "parameters" says what it takes. papermill runs them."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Mapping
from typing import Any

from longshore.projects.folder import Folder
from longshore.projects.model import EntryPoint, Parameter, ParameterType
from longshore.projects.parameters import is_true, list_of
from longshore.projects.pipeline import WHOLE, Described, Selection

NAME = "notebook"
# They join the project's own packages, which the notebook imports.
PLUS = ("papermill>=2.6", "ipykernel>=6")
_TYPES: dict[type, ParameterType] = {bool: "bool", int: "int", float: "float", str: "str", list: "list"}


def detect(folder: Folder) -> bool:
    """Tell whether there is a notebook."""
    return next(folder.ending(".ipynb"), None) is not None


def describe(folder: Folder, problems: list[str]) -> Described:
    """Give one entry point per notebook of Python."""
    return Described(tuple(_entry_points(folder, problems)))


def command(entry: EntryPoint, parameters: Mapping[str, str], python: str, selection: Selection = WHOLE) -> list[str]:
    """Give the argv: papermill with typed parameters, under our run script."""
    del selection  # a notebook is one piece
    typed = {name: _value(entry.parameters.get(name), text) for name, text in parameters.items()}
    return [python, "{frameworks}/notebook/run.py", entry.source, json.dumps(typed)]


def _entry_points(folder: Folder, problems: list[str]) -> Iterator[EntryPoint]:
    for file in folder.ending(".ipynb"):
        try:
            content = json.loads(folder.text(file) or "null")
            cells = content.get("cells")
            language = content.get("metadata", {}).get("kernelspec", {}).get("language", "python")
        except (ValueError, AttributeError, RecursionError):
            problems.append(f"{file} is no notebook that can be read.")
            continue
        if language == "python" and isinstance(cells, list):
            shown = f"papermill {file}"
            yield EntryPoint(file, shown, _parameters(cells), file, NAME, open_ended=True, help=_title(cells))


def _parameters(cells: list[Any]) -> dict[str, Parameter]:
    """Read `alpha = 0.5  # how much` of the cell that is tagged so; what is no constant is left to the notebook."""
    source = next((_source(cell) for cell in cells if "parameters" in _tags(cell)), "")
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return {}
    lines, found = source.splitlines(), {}
    for node in tree.body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        if len(targets) != 1 or not isinstance(targets[0], ast.Name) or getattr(node, "value", None) is None:
            continue
        name, default = targets[0].id, _constant(node.value)  # type: ignore[attr-defined]
        comment = lines[(node.end_lineno or node.lineno) - 1][node.end_col_offset or 0 :].partition("#")[2].strip()
        found[name] = Parameter(name, _TYPES.get(type(default), "str"), default, help=comment)
    return found


def _constant(node: ast.expr) -> Any:
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, MemoryError, RecursionError):
        return None
    return value if type(value) in _TYPES else None


def _value(declared: Parameter | None, text: str) -> Any:
    """Give a parameter's text as the value that the notebook's cell would hold."""
    if declared is None:
        return text
    if declared.type == "bool":
        return is_true(text)
    if declared.type in ("int", "float"):
        return int(text) if declared.type == "int" else float(text)
    return list_of(text) if declared.type == "list" else text


def _tags(cell: Any) -> list[str]:
    tags = cell.get("metadata", {}).get("tags") if isinstance(cell, dict) else None
    return tags if isinstance(tags, list) else []


def _source(cell: Any) -> str:
    source = cell.get("source", "") if isinstance(cell, dict) else ""
    return "".join(map(str, source)) if isinstance(source, list) else str(source)


def _title(cells: list[Any]) -> str:
    """Give the first heading."""
    for cell in cells[:5]:
        if isinstance(cell, dict) and cell.get("cell_type") == "markdown":
            for line in _source(cell).splitlines():
                if line.startswith("#"):
                    return line.lstrip("# ").strip()[:200]
    return ""
