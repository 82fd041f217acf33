"""Projects to start from: copies of folders that come with the app."""

from __future__ import annotations

import difflib
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from longshore.errors import Conflict, Invalid, NotFound
from longshore.projects import git
from longshore.settings import resources_dir

_NOT_COPIED = shutil.ignore_patterns("__pycache__", "processed", "mlruns", "metrics.json", "*.pyc")


@dataclass(frozen=True)
class Template:
    """One project to start from."""

    name: str
    title: str
    description: str
    path: Path


def listing() -> tuple[Template, ...]:
    """Give the templates, by name."""
    folder = resources_dir() / "templates"
    return tuple(_template(one) for one in sorted(folder.iterdir()) if (one / "README.md").is_file())


def create(template: str, folder: Path | str) -> Path:
    """Copy a template into a folder that is empty or not there yet; whole or not at all.

    Where git is there, the folder begins as a repository with one commit, so that the first run already has a code
    state; inside a repository that somebody has, none is made.

    Raises: NotFound for a name that is none; Conflict if the folder holds something; Invalid if it can't be written.
    """
    source = _find(template).path
    target = Path(folder).expanduser().absolute()
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise Conflict(f"{target} is there already and not empty.", hint="Choose an empty folder or a new name.")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as scratch:
            made = Path(scratch) / "made"
            shutil.copytree(source, made, ignore=_NOT_COPIED, copy_function=shutil.copyfile)
            if target.exists():
                target.rmdir()
            made.rename(target)
    except OSError as error:
        raise Invalid(f"{target} cannot be written: {error}.", hint="Choose another folder.") from error
    _begin_history(target)
    return target


def _begin_history(folder: Path) -> None:
    program = git.program()
    if program is None or git.top_folder(folder) is not None:
        return
    author = ("-c", "user.name=Longshore", "-c", "user.email=longshore@localhost", "-c", "commit.gpgsign=false")
    for arguments in (
        ("init", "--quiet", "--initial-branch=main"),
        ("add", "--all"),
        (*author, "commit", "--quiet", "--no-verify", "--message", "Start from Longshore's sample project"),
    ):
        done = subprocess.run([program, *arguments], cwd=folder, capture_output=True, check=False)
        if done.returncode:
            # The project works without a history; it only has no code state to show.
            return


def _find(name: str) -> Template:
    found = {one.name: one for one in listing()}
    if name not in found:
        close = difflib.get_close_matches(name, found, n=1)
        guess = f"Did you mean {close[0]!r}? " if close else ""
        raise NotFound(f"There is no template {name!r}.", hint=f"{guess}There is {', '.join(found)}.")
    return found[name]


def _template(folder: Path) -> Template:
    """Read the title and the first paragraph of its README."""
    title, _, rest = (folder / "README.md").read_text("utf-8").partition("\n")
    paragraph = " ".join(rest.strip().partition("\n\n")[0].split())
    return Template(folder.name, title.lstrip("# ").strip(), paragraph.partition(" The data")[0], folder)
