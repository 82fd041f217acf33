"""Files out of containers, running or not. The way in is `run.put_files` and `run.put_archive`."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import re
import tarfile
from collections.abc import Iterator
from datetime import datetime

from longshore.containers.engine import Engine
from longshore.containers.translation import checked, speaking
from longshore.errors import NotFound


@contextlib.contextmanager
def get_archive(engine: Engine, reference: str, path: str) -> Iterator[Iterator[bytes]]:
    """Give a folder or file of a container as the chunks of a tar archive.

    Raises: NotFound if the path is not there.
    """
    with speaking(f"copy files out of the container {reference}"):
        chunks, _ = engine.api.get_archive(reference, path)
        yield iter(chunks)


def get_file(engine: Engine, reference: str, path: str) -> bytes:
    """Read one small file of a container, running or not.

    Raises: NotFound if it is not there.
    """
    with get_archive(engine, reference, path) as pieces, tarfile.open(fileobj=io.BytesIO(b"".join(pieces))) as archive:
        member = archive.next()
        content = archive.extractfile(member) if member is not None and member.isreg() else None
        if content is None:
            raise NotFound(f"{path} is no file of the container {reference}.")
        return content.read()


def path_state(engine: Engine, reference: str, path: str) -> tuple[int, int] | None:
    """Give size and time (whole seconds since the epoch) of a path of a container, None where there is none."""
    with contextlib.suppress(NotFound), speaking(f"look at {path} in the container {reference}"):
        url = f"{engine.api.base_url}/v{engine.api.api_version}/containers/{reference}/archive"
        answer = checked(engine.api.head(url, params={"path": path}, timeout=20))
        found = json.loads(base64.b64decode(answer.headers["X-Docker-Container-Path-Stat"]))
        moment = datetime.fromisoformat(_SUBSECONDS.sub("", str(found["mtime"])).replace("Z", "+00:00"))
        return int(found["size"]), int(moment.timestamp())
    return None


_SUBSECONDS = re.compile(r"\.\d+")


def changes(engine: Engine, reference: str) -> tuple[str, ...]:
    """Give the paths that a container added or changed compared to its image; removed ones are left out."""
    with speaking(f"compare the container {reference} with its image"):
        found = engine.api.diff(reference) or ()
    return tuple(str(entry["Path"]) for entry in found if entry.get("Kind") in (0, 1))
