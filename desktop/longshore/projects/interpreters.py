"""Which Pythons are on this computer, and which one fits what a project asks for.

uv finds those on PATH and its own. People's others lie with pyenv, conda, Homebrew or Windows' installer: uv takes them by path.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from longshore.errors import Invalid

_ASK = "import sys; print('.'.join(map(str, sys.version_info[:3])))"
_TIME_LIMIT_S = 10.0
_OLDEST = (3, 7)  # uv makes no environments of older ones
_CONDA = ("miniconda3", "anaconda3", "miniforge3", "mambaforge", "micromamba", "opt/miniconda3", "opt/anaconda3")


@dataclass(frozen=True)
class Interpreter:
    """A Python that can make environments."""

    path: Path
    version: str  # "3.11.7"
    origin: str  # pyenv, uv, conda, system, chosen

    @property
    def number(self) -> tuple[int, ...]:
        """The version to be compared by."""
        return tuple(int(part) for part in re.findall(r"\d+", self.version)[:3])


def listing() -> tuple[Interpreter, ...]:
    """Give the interpreters of this computer, the newest first; each is asked for its version, all at once."""
    places = dict.fromkeys(_places())
    with ThreadPoolExecutor(2, thread_name_prefix="interpreters") as pool:
        found = [one for one in pool.map(lambda place: _asked(*place), places) if one is not None]
    real: dict[Path, Interpreter] = {}
    for one in found:
        real.setdefault(one.path.resolve(), one)
    kept = [one for one in real.values() if one.number >= _OLDEST]
    return tuple(sorted(kept, key=lambda one: (one.number, one.origin == "system"), reverse=True))


def at(path: Path | str) -> Interpreter:
    """Give the interpreter at a path, or in the environment whose folder it is.

    Raises: Invalid where there is none.
    """
    given = Path(path).expanduser()
    inside = ("bin/python", "Scripts/python.exe", "python.exe")
    candidates = [given / name for name in inside] if given.is_dir() else [given]
    for candidate in candidates:
        if candidate.is_file() and (found := _asked(candidate, "chosen")):
            return found
    raise Invalid(
        f"{given} is no Python interpreter.", hint="Give the path of a `python` program, or of an environment."
    )


def fitting(request: str, among: Iterable[Interpreter]) -> Interpreter | None:
    """Give the newest interpreter that fits "3.10", "3.10.2" or ">=3.9,<3.12"; None where none does."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    text = request.strip()
    if re.fullmatch(r"\d+(\.\d+)*", text):
        text = f"=={text}" if text.count(".") >= 2 else f"=={text}.*"
    try:
        allowed = SpecifierSet(text)
    except InvalidSpecifier:
        return None
    fits = [one for one in among if allowed.contains(one.version)]
    return max(fits, key=lambda one: one.number, default=None)


def _asked(path: Path, origin: str) -> Interpreter | None:
    try:
        key = (str(path), path.stat().st_mtime_ns)
    except OSError:
        return None
    if key not in _known:
        _known[key] = _version(path)
    version = _known[key]
    return Interpreter(path, version, origin) if version else None


# What each interpreter said, as long as its file is the same.
_known: dict[tuple[str, int], str] = {}


def _version(path: Path) -> str:
    try:
        done = subprocess.run(
            [str(path), "-I", "-S", "-c", _ASK],
            capture_output=True,
            text=True,
            timeout=_TIME_LIMIT_S,
            stdin=subprocess.DEVNULL,
            check=False,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    version = done.stdout.strip()
    return version if re.fullmatch(r"\d+\.\d+\.\d+", version) else ""


def _places() -> Iterator[tuple[Path, str]]:
    home = Path.home()
    pyenv = Path(os.environ.get("PYENV_ROOT") or home / ".pyenv")
    program = "python.exe" if sys.platform == "win32" else "bin/python"
    yield from ((path, "pyenv") for path in sorted(pyenv.glob(f"versions/*/{program}")))
    uv = Path(os.environ.get("UV_PYTHON_INSTALL_DIR") or home / ".local/share/uv/python")
    yield from ((path, "uv") for path in sorted(uv.glob(f"*/{program}")))
    conda = [home / name for name in _CONDA] + [Path(root) for root in [os.environ.get("CONDA_PREFIX")] if root]
    for root in conda:
        yield from (
            (path, "conda") for path in (root / program, *sorted(root.glob(f"envs/*/{program}"))) if path.is_file()
        )
    if sys.platform == "win32":
        yield from ((path, "system") for path in _registered())
    names = re.compile(r"python(3(\.\d+)?)?(\.exe)?")
    folders = [*os.environ.get("PATH", "").split(os.pathsep), "/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"]
    for folder in map(Path, filter(None, folders)):
        # A shim is none itself: it asks pyenv, which may say that there is none. The app's own is nobody's choice.
        if folder.name == "shims" or folder.is_relative_to(sys.prefix):
            continue
        try:
            found = sorted(entry.name for entry in os.scandir(folder) if names.fullmatch(entry.name))
        except OSError:
            continue
        yield from ((folder / name, "system") for name in found)


def _registered() -> list[Path]:
    """Give what Windows' registry knows (PEP 514)."""
    if sys.platform != "win32":
        return []
    import winreg

    found = []
    for top in (winreg.HKEY_CURRENT_USER, winreg.HKEY_LOCAL_MACHINE):
        try:
            with winreg.OpenKey(top, r"Software\Python\PythonCore") as core:
                for index in range(winreg.QueryInfoKey(core)[0]):
                    with winreg.OpenKey(core, rf"{winreg.EnumKey(core, index)}\InstallPath") as place:
                        found.append(Path(winreg.QueryValueEx(place, "ExecutablePath")[0]))
        except OSError:
            continue
    return found
