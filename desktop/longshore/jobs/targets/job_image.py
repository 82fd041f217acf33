"""The image that a project's runs start from: what the project declares, installed once per content, nothing of its code."""

from __future__ import annotations

import contextlib
import hashlib
import re
import tarfile
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from longshore.errors import LongshoreError, WorkFailed
from longshore.jobs.spec import RunSpec
from longshore.jobs.targets.packing import folder_entry
from longshore.progress import CancelToken, Progress
from longshore.settings import Home, load_settings

if TYPE_CHECKING:
    from longshore.containers.engine import Engine
    from longshore.containers.images import ImageInfo
    from longshore.projects.container_plan import ContainerPlan

# The run's user. A number, since an image that somebody brings along knows no name of ours.
USER_ID = 10001
PROJECT, HOME_FOLDER = "/project", "/home/longshore"
_FOLDER, _LOCK = "/opt/longshore", "environment.lock"
_RECIPE = "1"
_building: dict[str, threading.Lock] = {}
_guard = threading.Lock()
_looking = threading.Lock()


@dataclass(frozen=True)
class JobImage:
    """An image that is ready, and what is known of the environment in it."""

    info: ImageInfo
    environment_hash: str
    lock_text: str
    python_path: tuple[str, ...] = ()
    # Made by us, with the person's certificates in it.
    is_ours: bool = True


def given(engine: Engine, reference: str, progress: Progress, cancel: CancelToken) -> JobImage:
    """Give an image that the person chose: it is taken as it is, with its own Python and packages.

    Raises: NotFound, Unavailable, Cancelled.
    """
    from longshore.containers import images

    info = images.ensure(engine, reference, progress=lambda line: progress(None, line), cancel=cancel)
    digest = info.repo_digests[0] if info.repo_digests else info.id
    content = info.id.removeprefix("sha256:")[:16]
    return JobImage(info, content, f"# The image {reference}, {digest}\n", is_ours=False)


def made(home: Home, engine: Engine, spec: RunSpec, progress: Progress, cancel: CancelToken) -> JobImage:
    """Give the image of what the project declares, built first where its content is new.

    Raises: Invalid for a declaration that can't be read; WorkFailed with the build's decisive lines; Unavailable;
    Cancelled.
    """
    from longshore.containers import images
    from longshore.projects.container_plan import container_plan

    plan = container_plan(spec.folder, python=spec.python, as_of=spec.as_of)
    base = images.ensure(engine, _base(home, plan), progress=lambda line: progress(None, line), cancel=cancel)
    content = hashlib.blake2b(repr((_RECIPE, base.id, plan.hash)).encode(), digest_size=8).hexdigest()
    labels = {**_labels(home), "longshore.content": content}
    with _alone(f"{home.id}/{content}"):
        info = images.find(engine, labels)
        if info is None:
            progress(None, "Building the image of the project's environment")
            info = _build(engine, plan, base.tag or base.id, content, labels, progress, cancel)
        _note_use(home, content)
    return JobImage(info, content, _lock_text(home, engine, info, content), plan.python_path)


def _alone(key: str) -> threading.Lock:
    """Give the lock under which one content is built once, however many runs ask for it."""
    with _guard:
        return _building.setdefault(key, threading.Lock())


def _base(home: Home, plan: ContainerPlan) -> str:
    """Choose the base: the setting, in the Python version that the project asks for."""
    chosen = load_settings(home).job_image
    match = re.fullmatch(r"(.*\bpython:)(\d+\.\d+)(.*)", chosen)
    if match and plan.base_python and plan.base_python != match[2]:
        return f"{match[1]}{plan.base_python}{match[3]}"
    return chosen


def _build(
    engine: Engine,
    plan: ContainerPlan,
    base: str,
    content: str,
    labels: dict[str, str],
    progress: Progress,
    cancel: CancelToken,
) -> ImageInfo:
    from longshore.containers import images

    try:
        return images.build(
            engine,
            dict(plan.files),
            dockerfile(base, plan, labels),
            tag=f"longshore/environment:{content}",
            progress=lambda line: progress(None, line),
            cancel=cancel,
            downloads=bool(plan.commands),
        )
    except WorkFailed as error:
        raise WorkFailed(
            error.reason.replace("The image", "The image of the project's environment", 1),
            hint=error.hint,
            details=error.details,
        ) from error


def dockerfile(base: str, plan: ContainerPlan, labels: dict[str, str]) -> str:
    """Write the recipe: the user first, which all projects share, then what this one declares."""
    account = f"longshore:x:{USER_ID}:{USER_ID}::{HOME_FOLDER}:/bin/sh"
    lines = [
        f"FROM {base}",
        f"RUN echo '{account}' >> /etc/passwd && echo 'longshore:x:{USER_ID}:' >> /etc/group"
        f" && mkdir -p {HOME_FOLDER} {PROJECT} {_FOLDER} && chown {USER_ID}:{USER_ID} {HOME_FOLDER} {PROJECT}",
        f"WORKDIR {_FOLDER}",
    ]
    if plan.files:
        lines.append(f"COPY {' '.join(sorted(plan.files))} {_FOLDER}/")
    installs = " && ".join([*plan.commands, f"(python -m pip freeze > {_LOCK} || true)"])
    lines += [f"RUN {installs}", f"WORKDIR {PROJECT}", f"USER {USER_ID}:{USER_ID}"]
    # In one instruction: each of the engine's own label steps would start a container.
    lines.append("LABEL " + " ".join(f'{name}="{value}"' for name, value in labels.items()))
    return "\n".join(lines) + "\n"


def _lock_text(home: Home, engine: Engine, info: ImageInfo, content: str) -> str:
    """Give what is installed in the image, read out of it once."""
    kept = _kept(home, content)
    try:
        return kept.read_text("utf-8")
    except OSError:
        pass
    try:
        text = _read_lock(home, engine, info)
    except LongshoreError:
        return ""  # it tells nothing that a run needs
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(text, "utf-8")
    return text


def _labels(home: Home) -> dict[str, str]:
    return {"longshore.home": home.id, "longshore.kind": "job-image"}


def _kept(home: Home, content: str, suffix: str = ".lock") -> Path:
    return home.index / "images" / f"{content}{suffix}"


def _note_use(home: Home, content: str) -> None:
    """Note that a run starts from this image now."""
    mark = _kept(home, content, ".used")
    with contextlib.suppress(OSError):  # then the image may be made again one day
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()


def prune(home: Home, engine: Engine, before: datetime) -> tuple[str, ...]:
    """Remove this home's images that no run started from since then; gives their ids. Containers keep theirs."""
    from longshore.containers import images

    removed = []
    for info in images.listing(engine, _labels(home)):
        content = info.labels.get("longshore.content", "")
        with _alone(f"{home.id}/{content}"), contextlib.suppress(LongshoreError):
            if max(_used_at(home, content), info.created_at or before) < before:
                images.remove(engine, info.id)
                removed.append(info.id)
                for suffix in (".used", ".lock"):
                    _kept(home, content, suffix).unlink(missing_ok=True)
    _remove_looks(home, engine)
    return tuple(removed)


def _used_at(home: Home, content: str) -> datetime:
    try:
        return datetime.fromtimestamp(_kept(home, content, ".used").stat().st_mtime, UTC)
    except OSError:
        return datetime.min.replace(tzinfo=UTC)


def _remove_looks(home: Home, engine: Engine) -> None:
    """Remove containers by which an agent that was killed meanwhile looked into an image."""
    from longshore.containers import run

    with _looking, contextlib.suppress(LongshoreError):
        for container in run.listing(engine, home, {"longshore.kind": "look"}):
            run.remove(engine, container.id)


def _read_lock(home: Home, engine: Engine, info: ImageInfo) -> str:
    from longshore.containers import copying, run

    # Files can be read out of containers alone; this one is never started.
    labels = {"longshore.home": home.id, "longshore.kind": "look"}
    with _looking:
        container = run.create(engine, run.ContainerSpec(info.id, labels=labels, network="none"))
        try:
            return copying.get_file(engine, container.id, f"{_FOLDER}/{_LOCK}").decode("utf-8", "replace")
        finally:
            run.remove(engine, container.id)


def folders() -> list[tarfile.TarInfo]:
    """Give the folders that the run's user needs, also in an image that we did not make."""
    return [folder_entry(name.lstrip("/"), USER_ID) for name in (HOME_FOLDER, PROJECT)]
