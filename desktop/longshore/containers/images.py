"""Images: building with the user's proxy and certificates, finding by label, pulling, removing."""

from __future__ import annotations

import contextlib
import io
import json
import re
import tarfile
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from longshore.containers import trust
from longshore.containers.engine import Engine
from longshore.containers.translation import GONE_HINT, checked, speaking
from longshore.errors import NotFound, Unavailable, WorkFailed
from longshore.progress import CancelToken

_DOCKERFILE = ".longshore.Dockerfile"
# Lines of a failed build that say why, newest first among them.
_DECISIVE = (
    "error",
    "no matching distribution",
    "could not find",
    "unsatisfiable",
    "failed",
    "not found",
    "denied",
    "no space left",
    "no solution",
)
_KEPT_LINES = 200
_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


@dataclass(frozen=True)
class ImageInfo:
    """An image of the engine. `id` is its content's digest, `tag` one of its names or empty."""

    id: str
    tag: str
    size_bytes: int
    labels: Mapping[str, str]
    env: Mapping[str, str] = field(default_factory=dict)
    user: str = ""
    command: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] = ()
    repo_digests: tuple[str, ...] = ()
    created_at: datetime | None = None


def build(
    engine: Engine,
    files: Mapping[str, bytes | Path],
    dockerfile: str,
    *,
    tag: str = "",
    labels: Mapping[str, str] | None = None,
    buildargs: Mapping[str, str] | None = None,
    progress: Callable[[str], None] | None = None,
    cancel: CancelToken | None = None,
    no_cache: bool = False,
    downloads: bool = True,
) -> ImageInfo:
    """Build an image from files in memory, files or folders; layers are cached by the engine.

    `files` maps a name in the build context to bytes, a file or a folder. `progress` gets each line of the build's log.
    The user's proxy, certificate bundle and package index reach every stage, unless it `downloads` nothing.
    Raises: WorkFailed with the decisive lines; Unavailable if the engine goes away meanwhile; Cancelled.
    """
    tell = progress or (lambda line: None)
    parameters = {
        "t": tag or None,
        "dockerfile": _DOCKERFILE,
        "rm": True,
        "forcerm": True,
        "nocache": no_cache,
        "labels": json.dumps(dict(labels or {})),
        "buildargs": json.dumps({**(trust.build_arguments(engine) if downloads else {}), **(buildargs or {})}),
        "networkmode": "host" if downloads and trust.needs_host_network(engine) else None,
    }
    context = _context(files, trust.with_trust(dockerfile) if downloads else dockerfile)
    with context, _answers(engine, "build", parameters, context, cancel) as answers:
        image_id = _follow(answers, tell)
    return image(engine, image_id, tag=tag)


def _context(files: Mapping[str, bytes | Path], dockerfile: str) -> IO[bytes]:
    """Pack a build context into a temporary file (a model may not fit in memory)."""
    target: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=8 * 1024 * 1024)  # noqa: SIM115
    with tarfile.open(fileobj=target, mode="w") as archive:
        _add_bytes(archive, _DOCKERFILE, dockerfile.encode())
        if bundle := trust.bundle():
            _add_bytes(archive, trust.BUNDLE_IN_CONTEXT, bundle.read_bytes())
        for name, content in files.items():
            if isinstance(content, bytes):
                _add_bytes(archive, name, content)
            else:
                archive.add(content, arcname=name, filter=_anonymous)
    target.seek(0)
    return target


def _add_bytes(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), 0o644
    archive.addfile(entry, io.BytesIO(content))


def _anonymous(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    # Whose files they are here, and how strict a umask was, is nothing the image should depend on.
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mode |= 0o444 | (0o111 if entry.isdir() else 0)
    return entry


@contextlib.contextmanager
def _answers(
    engine: Engine, call: str, parameters: Mapping[str, Any], body: IO[bytes] | None, cancel: CancelToken | None
) -> Iterator[Iterator[dict[str, Any]]]:
    """Call a streaming end point of the engine; the call is cut off, which ends the work there, once cancelled."""
    what = {"build": "build the image", "images/create": "pull the image"}[call]
    url = f"{engine.api.base_url}/v{engine.api.api_version}/{call}"
    headers = {"Content-Type": "application/x-tar"}
    given = {key: value for key, value in parameters.items() if value is not None}
    with speaking(what):
        # No limit on reading: pip may compile for minutes without a word.
        response = engine.api.post(url, params=given, data=body, headers=headers, stream=True, timeout=(10, None))
        checked(response)
    ended = threading.Event()
    watch = threading.Thread(target=_cut_off, args=(response, cancel, ended), name="build cancel", daemon=True)
    watch.start()
    try:
        with speaking(what):
            yield _decoded(response)
    except Unavailable:
        if cancel:
            cancel.check()
        raise
    finally:
        ended.set()
        watch.join()
        response.close()
    if cancel:
        cancel.check()


def _cut_off(response: Any, cancel: CancelToken | None, ended: threading.Event) -> None:
    while cancel is not None and not ended.wait(0.1):
        if cancel.cancelled:
            with contextlib.suppress(Exception):
                response.raw.shutdown()
            return


def _decoded(response: Any) -> Iterator[dict[str, Any]]:
    for line in response.iter_lines(chunk_size=1024):
        if line:
            yield json.loads(line)


def _follow(answers: Iterator[dict[str, Any]], tell: Callable[[str], None]) -> str:
    image_id, lines = "", list[str]()
    for answer in answers:
        if "error" in answer:
            raise _build_failure(str(answer["error"]), lines)
        image_id = (answer.get("aux") or {}).get("ID") or image_id
        for line in _COLOURS.sub("", str(answer.get("stream", ""))).splitlines():
            if line.strip():
                lines = [*lines[-_KEPT_LINES:], line]
                tell(line)
    if not image_id:
        # The stream just ended: neither an image nor an error, so the engine went away.
        raise Unavailable(
            "The Docker engine stopped in the middle of a build.", hint=GONE_HINT, details="\n".join(lines[-5:])
        )
    return image_id


def _build_failure(error: str, lines: list[str]) -> WorkFailed | Unavailable:
    decisive = decisive_lines(lines) or [error]
    if "no space left" in " ".join([error, *lines[-20:]]).lower():
        return Unavailable(
            "The disk of the Docker engine is full: could not build the image.",
            hint="`docker system prune` frees what nothing uses.",
            details=error,
        )
    return WorkFailed(
        f"The image could not be built: {decisive[-1].strip()}",
        hint="Mend what the lines name (often a requirement that does not exist), then try again.",
        details="\n".join([*decisive, error]),
    )


def decisive_lines(lines: Iterable[str], most: int = 6) -> list[str]:
    """Give the lines of a build's log that say why it failed."""
    plain = [line for line in lines if not line.startswith(("Step ", " --->", "Removing intermediate"))]
    found = [
        line
        for line in plain
        if any(word in line.lower() for word in _DECISIVE) and not line.lower().startswith("warning")
    ]
    return (found or plain)[-most:]


def image(engine: Engine, reference: str, *, tag: str = "") -> ImageInfo:
    """Describe an image by its tag or id.

    Raises: NotFound.
    """
    with speaking(f"look at the image {reference}"):
        found = engine.api.inspect_image(reference)
    return _info(found, tag or (reference if not reference.startswith("sha256:") else ""))


def _info(found: Mapping[str, Any], tag: str) -> ImageInfo:
    config = found.get("Config") or {}
    pairs = (str(entry).partition("=") for entry in config.get("Env") or ())
    return ImageInfo(
        id=str(found["Id"]),
        tag=tag or next(iter(found.get("RepoTags") or ()), ""),
        size_bytes=int(found.get("Size") or 0),
        labels=dict(config.get("Labels") or {}),
        env={name: value for name, _, value in pairs},
        user=str(config.get("User") or ""),
        command=tuple(config.get("Cmd") or ()),
        entrypoint=tuple(config.get("Entrypoint") or ()),
        repo_digests=tuple(found.get("RepoDigests") or ()),
        created_at=_time(str(found.get("Created") or "")),
    )


def _time(text: str) -> datetime | None:
    # The engine writes nanoseconds, or no fraction at all.
    try:
        return datetime.fromisoformat(f"{text.partition('.')[0].rstrip('Z')}+00:00")
    except ValueError:
        return None


def find(engine: Engine, labels: Mapping[str, str]) -> ImageInfo | None:
    """Give the newest image that carries all these labels, None where there is none."""
    with speaking("look for an image"):
        found = engine.api.images(filters={"label": [f"{key}={value}" for key, value in labels.items()]})
    newest = max(found, key=lambda entry: int(entry.get("Created") or 0), default=None)
    return None if newest is None else image(engine, str(newest["Id"]))


def listing(engine: Engine, labels: Mapping[str, str]) -> tuple[ImageInfo, ...]:
    """Give all images that carry these labels, newest first."""
    with speaking("list images"):
        found = engine.api.images(filters={"label": [f"{key}={value}" for key, value in labels.items()]})
    ordered = sorted(found, key=lambda entry: int(entry.get("Created") or 0), reverse=True)
    return tuple(image(engine, str(entry["Id"])) for entry in ordered)


def ensure(
    engine: Engine,
    reference: str,
    *,
    progress: Callable[[str], None] | None = None,
    cancel: CancelToken | None = None,
) -> ImageInfo:
    """Give an image, pulled from its registry where the engine does not have it.

    Raises: NotFound if neither has it; Unavailable if the registry can't be reached; Cancelled.
    """
    with contextlib.suppress(NotFound):
        return image(engine, reference)
    name, tag = _split(reference)
    tell = progress or (lambda line: None)
    try:
        with _answers(engine, "images/create", {"fromImage": name, "tag": tag}, None, cancel) as answers:
            for answer in answers:
                if "error" in answer:
                    raise _pull_failure(reference, str(answer["error"]))
                if answer.get("status"):
                    tell(" ".join(str(answer[key]) for key in ("id", "status", "progress") if answer.get(key)))
    except (NotFound, WorkFailed) as error:
        raise _pull_failure(reference, error.details or error.reason) from error
    return image(engine, reference)


def _split(reference: str) -> tuple[str, str | None]:
    if "@" in reference:
        name, _, digest = reference.partition("@")
        return name, digest
    name, separator, tag = reference.rpartition(":")
    return (name, tag) if separator and "/" not in tag else (reference, "latest")


def _pull_failure(reference: str, said: str) -> NotFound | Unavailable:
    absent = ("not found", "manifest unknown", "does not exist", "access denied", "denied")
    if any(word in said.lower() for word in absent):
        return NotFound(
            f"There is no image {reference!r}, here or in its registry.",
            hint="Check the name; for a private registry sign in with `docker login` first.",
            details=said,
        )
    return Unavailable(
        f"The image {reference!r} is not here and its registry does not answer.",
        hint=f"Check the network, or load it with `docker load`; `docker pull {reference}` says more.",
        details=said,
    )


def remove(engine: Engine, reference: str) -> None:
    """Remove an image; one that is gone already is no failure.

    Raises: Conflict while a container uses it.
    """
    with contextlib.suppress(NotFound), speaking(f"remove the image {reference}"):
        engine.api.remove_image(reference)
