"""Script projects: a folder with Python scripts that can be started, their arguments read without running them."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from longshore.errors import Invalid
from longshore.projects import top_level
from longshore.projects.arguments.command_line import CommandLine
from longshore.projects.arguments.reader import parse, read_arguments
from longshore.projects.argv import script_arguments
from longshore.projects.folder import Folder
from longshore.projects.model import EntryPoint, Parameter
from longshore.projects.pipeline import WHOLE, Described, Selection
from longshore.projects.top_level import Does

NAME = "script"

_SKIPPED_FOLDERS = {"tests", "test", "docs", "doc"}
_SKIPPED_FILES = {"setup.py", "conftest.py", "noxfile.py", "__init__.py", "__main__.py", "versioneer.py"}
_MOST_FILES, _DEEPEST = 500, 3
# So many scripts of the top folder are parsed even where nothing starts in them: it tells which are no Python.
_ALWAYS_PARSED = 30


def detect(folder: Folder) -> bool:
    """Tell whether the folder holds a Python script near its top."""
    return next(_scripts(folder), None) is not None


def describe(folder: Folder, problems: list[str]) -> Described:
    """Give one entry point per script, or per subcommand of a script."""
    return Described(tuple(starts(folder, problems)))


def starts(folder: Folder, problems: list[str]) -> list[EntryPoint]:
    """Give what can be started among the folder's scripts."""
    path = folder.path
    scripts = itertools.islice(_scripts(folder), _MOST_FILES)
    read = [_Read(path / script, folder, problems, index < _ALWAYS_PARSED) for index, script in enumerate(scripts)]
    runnable = [entry for one in read if one.starts(read) for entry in one.entry_points()]
    # Where nothing looks like a start, every script of the top folder may be one.
    return runnable or [
        entry for one in read if one.is_whole and one.script.parent == path for entry in one.entry_points()
    ]


class _Read:
    """One script, as far as it is worth to be read."""

    def __init__(self, script: Path, folder: Folder, problems: list[str], always: bool) -> None:
        self.script, self._project = script, (project := folder.path)
        self.relative = script.relative_to(project).as_posix()
        self.is_whole, self._tree, self._lines = False, ast.Module([], []), list[CommandLine]()
        self.source = ""
        try:
            self.source = folder.text(self.relative)
            if (always and script.parent == project) or top_level.may_start(self.source):
                self._tree = parse(self.source, self.relative)
                self._lines = read_arguments(self._tree) if top_level.may_read_arguments(self.source) else []
        except (Invalid, OSError) as error:
            problems.append(str(error))
            return
        self.is_whole = True

    def starts(self, others: Sequence[_Read]) -> bool:
        """Tell whether it is there to be started, and not only to be imported by the others."""
        if self._lines or top_level.has_main(self._tree):
            return True
        if self.script.parent != self._project and (self.script.parent / "__init__.py").exists():
            return False  # a module of a package, whatever it does when it is imported
        does = top_level.does(self._tree)
        if does == Does.COMPUTES:
            return not any(top_level.imports(one.source, self.script.stem) for one in others if one is not self)
        return does == Does.ACTS

    def entry_points(self) -> list[EntryPoint]:
        """Give what can be started in it."""
        return _entry_points(self.relative, self._lines, ast.get_docstring(self._tree) or "")


def describe_script(path: Path, relative: str) -> list[CommandLine]:
    """Give one script's command lines, empty where it can't be read."""
    try:
        return read_arguments(parse((path / relative).read_text("utf-8-sig", errors="replace"), relative))
    except (Invalid, OSError):
        return []


def command(entry: EntryPoint, parameters: Mapping[str, str], python: str, selection: Selection = WHOLE) -> list[str]:
    """Give the argv."""
    del selection  # a script is one piece
    return [python, entry.source, *script_arguments(entry, parameters)]


def _scripts(folder: Folder) -> Iterator[str]:
    for name in folder.ending(".py"):
        parts = name.split("/")
        if parts[-1] in _SKIPPED_FILES or parts[-1].startswith(("test_", ".")) or parts[-1].endswith("_test.py"):
            continue
        if len(parts) <= _DEEPEST + 1 and _SKIPPED_FOLDERS.isdisjoint(part.lower() for part in parts[:-1]):
            yield name


def _entry_points(relative: str, lines: list[CommandLine], docstring: str) -> list[EntryPoint]:
    name = relative.removesuffix(".py")
    if not lines:
        return [EntryPoint(name, f"python {relative}", {}, relative, NAME, help=docstring.partition("\n")[0])]
    found: dict[str, EntryPoint] = {}
    for line in lines:
        full = ":".join((name, *line.subcommands))
        if full in found:
            continue
        shown = " ".join(["python", relative, *_shown(line)])
        text = line.help or docstring.partition("\n")[0]
        found[full] = EntryPoint(
            full, shown, line.parameters, relative, NAME, line.subcommands, line.open_ended, help=text
        )
    return list(found.values())


def _shown(line: CommandLine) -> list[str]:
    """Write the command for people, with a {place} for each parameter."""
    parts: list[str] = []
    for level in range(len(line.subcommands) + 1):
        for one in line.parameters.values():
            if one.level == level:
                parts.append(_place(one))
        parts += line.subcommands[level : level + 1]
    return parts


def _place(one: Parameter) -> str:
    if one.switch:
        return f"[{one.option or one.negative}]"
    return f"{one.option} {{{one.name}}}" if one.option else f"{{{one.name}}}"
