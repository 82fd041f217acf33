"""The Python files of a folder as syntax trees, and where a name that one file imports from another stands."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from longshore.errors import Invalid
from longshore.projects.arguments.reader import parse
from longshore.projects.arguments.syntax import Module
from longshore.projects.folder import Folder

_MOST_FILES, _DEEPEST = 500, 8


@dataclass(frozen=True)
class Place:
    """Where something stands: a file, and its name in there."""

    file: str
    module: Module
    name: str


class Sources:
    """Parses each file at most once, and only those that are asked for."""

    def __init__(self, folder: Folder, problems: list[str]) -> None:
        self._folder, self._problems = folder, problems
        self._modules: dict[str, Module | None] = {}
        self._relative: dict[str, dict[str, str]] = {}

    def mentioning(self, *words: str) -> Iterator[tuple[str, Module]]:
        """Give the files whose text holds all these words, the ones nearest to the top first."""
        found = 0
        for file in self._folder.ending(".py"):
            text = self._folder.text(file)
            if all(word in text for word in words) and (module := self.module(file)):
                yield file, module
                found += 1
                if found >= _MOST_FILES:
                    return

    def module(self, file: str) -> Module | None:
        """Give a file's module; None where it is no Python, which is noted as a problem."""
        if file not in self._modules:
            try:
                self._modules[file] = Module(parse(self._folder.text(file), file))
            except Invalid as error:
                self._problems.append(error.reason)
                self._modules[file] = None
        return self._modules[file]

    def find(self, file: str, name: str, depth: int = 0) -> Place | None:
        """Give where the thing stands that a file knows under a (dotted) name; None where it is not in the folder."""
        module = self.module(file)
        if module is None or depth > _DEEPEST:
            return None
        first, _, rest = name.partition(".")
        if not rest and (first in module.classes or first in module.functions or first in module.constants):
            return Place(file, module, first)
        dotted = self._relative_imports(file, module).get(first) or module.imports.get(first)
        if dotted is None:
            return None
        return self._imported(file, f"{dotted}.{rest}" if rest else dotted, depth)

    def _imported(self, file: str, dotted: str, depth: int) -> Place | None:
        parts = dotted.lstrip("/").replace("/", ".").split(".")
        roots = [""] if dotted.startswith("/") else _roots(file)
        for length in range(len(parts) - 1, 0, -1):
            for root in roots:
                base = "/".join(filter(None, [root, *parts[:length]]))
                for candidate in (f"{base}.py", f"{base}/__init__.py"):
                    if candidate in self._folder and (
                        found := self.find(candidate, ".".join(parts[length:]), depth + 1)
                    ):
                        return found
        return None

    def _relative_imports(self, file: str, module: Module) -> dict[str, str]:
        """Give what `from .x import y` brings, as `/folder/x.y` from the project's top."""
        if file not in self._relative:
            found: dict[str, str] = {}
            for node in ast.walk(module.tree):
                if isinstance(node, ast.ImportFrom) and node.level:
                    above = file.split("/")[: -node.level]
                    for alias in node.names:
                        parts = [*above, *(node.module or "").split("."), alias.name]
                        found[alias.asname or alias.name] = "/" + "/".join(filter(None, parts))
            self._relative[file] = found
        return self._relative[file]


def _roots(file: str) -> list[str]:
    """Give the folders that may be on the path: the file's own, those above it, and `src`."""
    parts = file.split("/")[:-1]
    return ["/".join(parts[:length]) for length in range(len(parts), -1, -1)] + ["src"]
