"""A project's folder as every adapter sees it: walked once, each file read at most once, nothing of it run."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from longshore.errors import Invalid

# What tools make, keep or install; nobody's project begins there.
SKIPPED = frozenset(
    {"__pycache__", "node_modules", "site-packages", "venv", "env", "build", "dist", "mlruns", "mlartifacts", "data"}
    | {"local_outputs", "outputs"}
)
_KINDS = (".py", ".yaml", ".yml", ".json", ".toml", ".ipynb", ".dvc", ".cfg", ".lock")
_NAMES = frozenset({"MLproject", "MLProject", "mlproject", "Pipfile", "MLmodel"})
_DEEPEST, _MOST_FILES, _MOST_BYTES = 4, 2000, 10_000_000


@dataclass(frozen=True)
class Folder:
    """The files that can say what a project is."""

    path: Path
    # Relative, with forward slashes; the ones nearest to the top first, then by name.
    files: tuple[str, ...] = ()
    # There are more than were looked at.
    cut: bool = False
    _texts: dict[str, str] = field(default_factory=dict, compare=False, repr=False)

    def __contains__(self, relative: str) -> bool:
        return relative in self.files

    def ending(self, *suffixes: str) -> Iterator[str]:
        """Give the files whose names end so."""
        return (name for name in self.files if name.endswith(suffixes))

    def named(self, *names: str) -> Iterator[str]:
        """Give the files of these names, in whatever folder."""
        return (name for name in self.files if name.rpartition("/")[2] in names)

    def text(self, relative: str) -> str:
        """Give a file's text, empty where it can't be read or is larger than 10 MB; bytes that are no UTF-8 are marked."""
        if relative not in self._texts:
            file = self.path / relative
            try:
                small = file.stat().st_size <= _MOST_BYTES
                self._texts[relative] = file.read_text("utf-8-sig", errors="replace") if small else ""
            except OSError:
                self._texts[relative] = ""
        return self._texts[relative]

    def yaml(self, relative: str) -> Any:
        """Give a YAML file's content.

        Raises: Invalid where it is none, or larger than 10 MB.
        """
        import yaml

        file = self.path / relative
        try:
            if file.stat().st_size > _MOST_BYTES:
                raise Invalid(
                    f"{relative} is larger than 10 MB and was not read.", hint="Take out what is no declaration."
                )
            return yaml.load(self.text(relative), Loader=_loader())
        except (yaml.YAMLError, RecursionError, ValueError) as error:
            raise Invalid(f"{relative} is not YAML: {yaml_problem(error)}.", hint="Correct the file.") from error
        except OSError as error:
            raise Invalid(f"{relative} cannot be read: {error.strerror}.", hint="Make it readable.") from error

    def toml(self, relative: str) -> dict[str, Any]:
        """Give a TOML file's content, empty where it is none."""
        try:
            return tomllib.loads(self.text(relative))
        except tomllib.TOMLDecodeError:
            return {}


def scan(path: Path) -> Folder:
    """Walk a project's folder: four levels, 2,000 files at most, without what tools keep in it."""
    found: list[str] = []
    for folder, folders, files in os.walk(path):
        here = Path(folder).relative_to(path)
        folders[:] = sorted(name for name in folders if _is_looked_into(Path(folder) / name, len(here.parts)))
        found += [(here / name).as_posix() for name in sorted(files) if name.endswith(_KINDS) or name in _NAMES]
        if len(found) > _MOST_FILES:
            break
    found.sort(key=lambda name: (name.count("/"), name))
    return Folder(path, tuple(found[:_MOST_FILES]), cut=len(found) > _MOST_FILES)


def yaml_problem(error: Exception) -> str:
    """Say in one line what is wrong with a YAML text, and where."""
    mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None) or str(error)
    return f"{problem}, line {mark.line + 1}" if mark else str(problem).splitlines()[0] if str(problem) else "too deep"


def _is_looked_into(folder: Path, depth: int) -> bool:
    name = folder.name
    if name.startswith(".") or name.lower() in SKIPPED or name.endswith(".egg-info") or depth >= _DEEPEST:
        return False
    return not (folder / "pyvenv.cfg").exists()


def _loader() -> Any:
    """Give libyaml's safe loader where it is there: ten times faster."""
    import yaml

    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)
