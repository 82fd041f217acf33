"""What a supervisor is told: one JSON document on its standard input, so that no secret is in an argument or a file.

Written by the agent, read by the supervisor; this file is all that the two share.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Forward:
    """A way from the job to its workspace's tracking server that shows the job no credential.

    The agent binds the socket, so that the port is known before the container is made, and hands it over by
    descriptor (POSIX) or by a shared socket (Windows).
    """

    target: str  # "http://127.0.0.1:5000", "https://mlflow.example.org/base"
    token: str = field(repr=False)  # lets the job in: `Authorization: Bearer <token>`
    authorization: str = field(default="", repr=False)  # header value to send on; empty: none
    ca_file: str = ""  # certificate bundle for an https target; empty: the system's
    fd: int | None = None  # of the bound and listening socket
    share: str = field(default="", repr=False)  # base64 of socket.share(), on Windows


@dataclass(frozen=True)
class Instructions:
    """One job to start, or to adopt from a supervisor that died."""

    job_id: str
    folder: str  # jobs/<id>
    # {"kind": "process", "command": [...], "cwd": ..., "env": {...}, "cpus": ..., "memory_bytes": ...}
    # {"kind": "container", "endpoint": {...}, "container_id": ..., ...}
    backend: Mapping[str, Any] = field(repr=False)
    forward: Forward | None = None
    grace_s: float = 10.0
    timeout_s: float | None = None
    sample_s: float = 1.0
    # What the dead supervisor's backend gave back from `start`; None: start anew.
    adopt: Mapping[str, Any] | None = None
    # When the job began, for the timeout of an adopted one; seconds since the epoch.
    began_at: float | None = None

    def to_bytes(self) -> bytes:
        """Give the document for the supervisor's standard input."""
        return json.dumps(dataclasses.asdict(self)).encode()

    @classmethod
    def from_bytes(cls, document: bytes) -> Instructions:
        """Read the document."""
        found = json.loads(document)
        forward = found.pop("forward")
        return cls(**found, forward=None if forward is None else Forward(**forward))
