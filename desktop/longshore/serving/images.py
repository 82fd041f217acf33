"""The images behind a deployment: requirements (cached by content), one thin image per version, the proxy."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from longshore.errors import LongshoreError, WorkFailed
from longshore.progress import CancelToken
from longshore.serving import names, recipe, source
from longshore.settings import Home, load_settings

if TYPE_CHECKING:
    from longshore.containers.engine import Engine
    from longshore.containers.images import ImageInfo
    from longshore.mlflow_rest.client import Client
    from longshore.mlflow_rest.types import ModelVersion
    from longshore.serving.source import Declaration

Line = Callable[[str], None]
_HAPROXY = """\
FROM {base}
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends haproxy && rm -rf /var/lib/apt/lists/*
"""


def dependencies(engine: Engine, home: Home, declared: Declaration, line: Line, cancel: CancelToken) -> ImageInfo:
    """Give the image with a model's requirements, built only where no model with the same ones was served before.

    Raises: WorkFailed with the resolver's decisive lines; Unavailable; Cancelled.
    """
    from longshore.containers import images

    base = images.ensure(engine, load_settings(home).job_image, progress=line, cancel=cancel)
    complete = recipe.completed(declared.requirements, declared.mlflow_version)
    wanted = recipe.recipe(base.tag, base.id, recipe.python_minor(declared.mlmodel), complete, declared.files)
    labels = names.labels(home, names.DEPENDENCY_IMAGE, content=wanted.content)
    if found := images.find(engine, labels):
        return found
    try:
        return images.build(
            engine,
            wanted.files,
            recipe.labelled(wanted.dockerfile, labels),
            tag=f"longshore/model-requirements:{wanted.content[:12]}-{home.id}",
            progress=line,
            cancel=cancel,
        )
    except WorkFailed as error:
        raise WorkFailed(
            f"The model's requirements could not be installed: {error.reason.partition(': ')[2] or error.reason}",
            hint="Log the model again with pip_requirements that can be installed, then deploy that version.",
            details=error.details,
        ) from error


def version(
    engine: Engine,
    home: Home,
    client: Client,
    wanted: ModelVersion,
    base: ImageInfo,
    folder: Path,
    line: Line,
    cancel: CancelToken,
) -> ImageInfo:
    """Give the thin image of one version over its requirements; `folder` is where its files pass through.

    Raises: WorkFailed; Unavailable; Cancelled.
    """
    from longshore.containers import images

    content = hashlib.sha256(f"{base.id} {source.identity(wanted)}".encode()).hexdigest()[:32]
    reference = names.version_reference(wanted.name, wanted.version)
    labels = names.labels(home, names.MODEL_IMAGE, content=content, model=reference, run=wanted.run_id)
    if found := images.find(engine, {key: labels[key] for key in (names.HOME, names.KIND, names.CONTENT)}):
        return found
    try:
        source.download(client, wanted, folder, cancel=cancel)
        return images.build(
            engine,
            {"model": folder},
            recipe.labelled(recipe.model_dockerfile(base.tag or base.id), labels),
            tag=f"longshore/{names.slug(wanted.name)}:{wanted.version}-{content[:8]}",
            progress=line,
            cancel=cancel,
            downloads=False,
        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def proxy(engine: Engine, home: Home, line: Line, cancel: CancelToken) -> ImageInfo:
    """Give the HAProxy image: the setting's, or one built once from the base image and Debian's package."""
    from longshore.containers import images

    settings = load_settings(home)
    if settings.proxy_image:
        return images.ensure(engine, settings.proxy_image, progress=line, cancel=cancel)
    base = images.ensure(engine, settings.job_image, progress=line, cancel=cancel)
    dockerfile = _HAPROXY.format(base=base.tag)
    content = hashlib.sha256(f"{base.id} {dockerfile}".encode()).hexdigest()[:32]
    labels = names.labels(home, names.PROXY_IMAGE, content=content)
    if found := images.find(engine, labels):
        return found
    try:
        return images.build(
            engine,
            {},
            recipe.labelled(dockerfile, labels),
            tag=f"longshore/proxy:{home.id}",
            progress=line,
            cancel=cancel,
        )
    except WorkFailed as error:
        raise WorkFailed(
            f"The proxy's image could not be built: {error.reason.partition(': ')[2] or error.reason}",
            hint="Name an HAProxy image in the setting proxy_image, or a Debian one in job_image.",
            details=error.details,
        ) from error


def remove_unused(engine: Engine, home: Home, model: str, kept: set[str]) -> None:
    """Remove a model's version images that nothing uses; requirements stay for the next version."""
    from longshore.containers import images

    try:
        found = images.listing(engine, {names.HOME: home.id, names.KIND: names.MODEL_IMAGE})
        for image in found:
            if image.id not in kept and image.labels.get(names.MODEL, "").rpartition("/")[0] == model:
                images.remove(engine, image.tag or image.id)
    except LongshoreError:
        # Tidying only: what a container still uses, or an engine that is gone, is met again next time.
        return
