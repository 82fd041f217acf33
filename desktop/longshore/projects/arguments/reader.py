"""The one door of this folder: a script's text in, its command lines out."""

from __future__ import annotations

import ast
import warnings

from longshore.errors import Invalid
from longshore.projects.arguments.argparse_reader import read_argparse
from longshore.projects.arguments.click_reader import read_click
from longshore.projects.arguments.command_line import CommandLine
from longshore.projects.arguments.fire_reader import read_fire
from longshore.projects.arguments.syntax import Module
from longshore.projects.arguments.typer_reader import read_typer

_READERS = {"typer": read_typer, "click": read_click, "fire": read_fire, "argparse": read_argparse}


def parse(source: str, name: str = "<script>") -> ast.Module:
    """Parse Python without running it.

    Raises: Invalid if it is no Python of this version.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the person's escape sequences are no business of ours
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None)
        raise Invalid(f"{name} is not valid Python{f' (line {line})' if line else ''}: {error}.") from error


def read_arguments(tree: ast.Module) -> list[CommandLine]:
    """Give every command line that a parsed script takes, empty where it reads no arguments."""
    module = Module(tree)
    imported = {name.partition(".")[0] for name in module.imports.values()}
    for library, read in _READERS.items():
        if library in imported and (lines := read(module)):
            return lines
    return []
