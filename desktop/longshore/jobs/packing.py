"""A log that is too long to be uploaded as it is: the whole of it, compressed, beside the excerpt that its run holds."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import TYPE_CHECKING

from longshore.jobs import masking
from longshore.settings import Home

if TYPE_CHECKING:
    from longshore.mlflow_rest.client import Client
    from longshore.store.records import Job

PACKED = "longshore/log.txt.gz"
_BESIDE = "log.gz"
_PIECE = 1 << 20


def upload_whole(home: Home, client: Client, job: Job, log: Path, run_id: str) -> None:
    """Give a run the whole log of its job, compressed and masked; needs little memory, and room for the compressed log.

    Raises: Unavailable where the server, or the job's secrets, can't be reached; OSError, such as on a full disk.
    """
    from longshore.mlflow_rest import artifacts

    beside = log.with_name(_BESIDE)
    try:
        _pack(home, job, log, beside)
        artifacts.upload(client, run_id, PACKED, beside)
    finally:
        beside.unlink(missing_ok=True)


def _pack(home: Home, job: Job, log: Path, target: Path) -> None:
    from longshore.secrets.mask import StreamMasker

    stream = StreamMasker(masking.values_for_log(home, log.parent, job.spec))
    with log.open("rb") as source, gzip.open(target, "wb") as packed:
        while piece := source.read(_PIECE):
            packed.write(stream.feed(piece))
        packed.write(stream.flush())
