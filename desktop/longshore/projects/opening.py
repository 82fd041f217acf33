"""Opening a folder as a project: what it is, what can be started in it. Reads only; executes nothing of it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

from longshore.errors import Conflict, Invalid, LongshoreError, NotFound, Unavailable
from longshore.projects import adapters, git
from longshore.projects.adapters import ADAPTERS, mlproject, script
from longshore.projects.declarations import declared
from longshore.projects.folder import Folder, scan
from longshore.projects.model import EntryPoint, EnvironmentSpec, GitState, ProjectInfo
from longshore.projects.pipeline import Described, Pipeline
from longshore.settings import Home

_TEMPLATE_HINT = (
    "Open a folder with Python scripts or an MLproject file, or start from the sample project: `longshore new FOLDER`."
)


def inspect(path: Path | str) -> ProjectInfo:
    """Read a folder: frameworks, entry points, git state, environment. No frameworks: the folder is nothing yet.

    Raises: NotFound if there is no such folder; Invalid if it is a file, can't be read, or its declaration is broken.
    """
    folder = _folder(path)
    problems: list[str] = []
    found = _described(scan(folder), problems)
    entries = _entry_points(found)
    used = {entry.framework for entry in entries}
    return ProjectInfo(
        id=project_id(folder),
        name=_name(folder),
        path=str(folder),
        frameworks=tuple(name for name in found if name in used),
        entry_points=entries,
        pipelines=tuple(pipeline for one in found.values() for pipeline in one.pipelines),
        repairs=tuple(repair for one in found.values() for repair in one.repairs),
        git=_git(folder, problems),
        environment=_environment(folder, problems),
        problems=tuple(dict.fromkeys(problems)),  # two frameworks may read one broken file
    )


def _described(folder: Folder, problems: list[str]) -> dict[str, Described]:
    """Ask every adapter; an MLproject file says itself what its scripts are for."""
    found: dict[str, Described] = {}
    for adapter in ADAPTERS:
        if adapter is script and mlproject.NAME in found:
            continue
        if adapter.detect(folder) and (described := adapter.describe(folder, problems)).entry_points:
            found[adapter.NAME] = described
    return found


def _entry_points(found: Mapping[str, Described]) -> tuple[EntryPoint, ...]:
    """Give all entry points, one of a name: a script that is part of a framework's thing is none of its own."""
    taken = {name for one in found.values() for name in one.taken}
    entries: dict[str, EntryPoint] = {}
    for one in found.values():
        for entry in one.entry_points:
            if entry.framework != script.NAME or entry.source not in taken:
                entries.setdefault(entry.name, entry)
    return tuple(entries.values())


def open_project(home: Home, path: Path | str) -> ProjectInfo:
    """Recognise a folder as a project and remember it.

    Raises: as `inspect`, and Invalid if there is nothing in it that can be started.
    """
    from longshore.store import projects as store

    info = inspect(path)
    if not info.frameworks:
        problem = f" {info.problems[0]}" if info.problems else ""
        raise Invalid(f"{info.path} holds no project that Longshore recognises.{problem}", hint=_TEMPLATE_HINT)
    store.remember(home, path=info.path, name=info.name, frameworks=info.frameworks)
    return info


def load(home: Home, reference: str) -> ProjectInfo:
    """Read a project again, by id, name or path; a path that was never opened is opened.

    Raises: NotFound, Conflict (several of that name), Invalid.
    """
    from longshore.store import projects as store

    try:
        return inspect(store.find(home, reference).path)
    except NotFound:
        if not (Path(reference).expanduser().is_dir() or _is_path(reference)):
            raise
    absolute = str(_folder(reference))
    try:
        return inspect(store.find(home, absolute).path)
    except NotFound:
        return open_project(home, absolute)


def listing(home: Home) -> tuple[ProjectInfo, ...]:
    """Give the remembered projects as they were last seen, without reading their folders; the last opened first."""
    from longshore.store import projects as store

    return tuple(ProjectInfo(one.id, one.name, one.path, one.frameworks) for one in store.listing(home))


def close(home: Home, reference: str) -> ProjectInfo:
    """Forget a project; its folder, runs and models stay.

    Raises: NotFound, Conflict.
    """
    from longshore.store import projects as store

    try:
        found = store.find(home, reference)
    except NotFound:
        if not _is_path(reference) and not Path(reference).exists():
            raise
        found = store.find(home, str(Path(reference).expanduser().resolve()))
    store.forget(home, found.id)
    return ProjectInfo(found.id, found.name, found.path, found.frameworks)


def entry_point(info: ProjectInfo, name: str | None = None) -> EntryPoint:
    """Give an entry point by name, or the one to start where none is named: the only one, `main`, or `train`.

    Raises: NotFound naming what there is; Invalid if the choice is the person's.
    """
    import difflib

    by_name = {one.name: one for one in info.entry_points}
    if name is None:
        wanted = [key for key in ("main", "train", "run", "__default__") if key in by_name]
        if len(by_name) != 1 and not wanted:
            raise Invalid(
                f"{info.name} has {len(by_name)} entry points: {_listed(by_name)}.", hint="Say which one to start."
            )
        return by_name[wanted[0]] if wanted else next(iter(by_name.values()))
    found = by_name.get(name) or by_name.get(name.removesuffix(".py").removeprefix("./"))
    if found is None:
        close_ones = difflib.get_close_matches(name, by_name, n=1)
        guess = f"Did you mean {close_ones[0]!r}? " if close_ones else ""
        raise NotFound(f"{info.name} has no entry point {name!r}.", hint=f"{guess}It has {_listed(by_name)}.")
    return found


def pipeline(info: ProjectInfo, name: str | None = None) -> Pipeline | None:
    """Give a pipeline by name, or the first one; None where there is none."""
    return next((one for one in info.pipelines if name is None or one.name == name), None)


def repair(home: Home, reference: str, repair_id: str) -> ProjectInfo:
    """Mend what keeps a project from running, and give the project as it is then.

    Raises: NotFound where there is no such repair, any more or at all; Unavailable where its files can't be written.
    """
    info = load(home, reference)
    if repair_id not in [one.id for one in info.repairs]:
        raise NotFound(f"{info.name} has nothing to mend under {repair_id!r}.", hint="Open the project again.")
    framework, _, what = repair_id.partition(":")
    try:
        adapters.repair(framework, Path(info.path), what)
    except OSError as error:
        raise Unavailable(f"It could not be mended: {error}.", hint="Make the file writable.") from error
    return load(home, info.path)


def project_id(folder: Path) -> str:
    """Give the id that the local database gives to a folder."""
    return hashlib.blake2b(str(folder).encode(), digest_size=6).hexdigest()


def _listed(names: dict[str, EntryPoint]) -> str:
    shown = list(names)
    return ", ".join(shown[:12] + (["..."] if len(shown) > 12 else []))


def _folder(path: Path | str) -> Path:
    given = Path(path).expanduser()
    try:
        folder = given.resolve()
        if not folder.exists():
            raise NotFound(f"The folder {folder} does not exist.", hint="Check the path.")
        if not folder.is_dir():
            raise Invalid(f"{folder} is a file, not a folder.", hint=f"Open the folder that holds it: {folder.parent}.")
        with os.scandir(folder) as entries:
            next(entries, None)
    except PermissionError as error:
        raise Invalid(
            f"The folder {given} cannot be read: permission denied.", hint="Give yourself the right to read it."
        ) from error
    except (OSError, RuntimeError, ValueError) as error:
        raise Invalid(f"The folder {given} cannot be read: {error}.", hint="Check the path.") from error
    return folder


def _is_path(reference: str) -> bool:
    return os.sep in reference or "/" in reference or reference.startswith((".", "~"))


def _name(folder: Path) -> str:
    if mlproject.file_of(folder) is not None:
        name = mlproject.read(folder).get("name")
        if isinstance(name, str) and name.strip():
            return name.strip()
    return folder.name or "root"


def _git(folder: Path, problems: list[str]) -> GitState | None:
    try:
        return git.state(folder)
    except LongshoreError as error:
        problems.append(error.reason)
        return None


def _environment(folder: Path, problems: list[str]) -> EnvironmentSpec:
    try:
        return declared(folder)
    except (Invalid, Conflict, NotFound) as error:
        problems.append(error.reason)
        return EnvironmentSpec("none", detail=error.reason)
