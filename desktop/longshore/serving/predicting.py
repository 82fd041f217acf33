"""Sending rows to a deployment, by MLflow's own protocol."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import PurePath
from urllib.parse import unquote

from longshore.errors import NotFound, Unavailable
from longshore.settings import Home
from longshore.store import deployments as rows

CSV, JSON = "text/csv", "application/json"
TIMEOUT_S = 300.0


@dataclass(frozen=True)
class Prediction:
    """What the endpoint answered, as it is: 4xx and 5xx too."""

    status: int
    body: str
    content_type: str
    latency_ms: float
    version: str  # NAME/3 that answered; empty where none did

    @property
    def ok(self) -> bool:
        """Tell whether these are predictions."""
        return self.status < 400


def content_type_of(data: bytes, name: str = "") -> str:
    """Tell CSV from JSON by the file's name, or else by how the data begins."""
    suffix = PurePath(name).suffix.lower()
    if suffix in (".csv", ".json"):
        return CSV if suffix == ".csv" else JSON
    return JSON if data.lstrip()[:1] in (b"{", b"[") else CSV


def predict(home: Home, name: str, data: bytes, content_type: str = JSON) -> Prediction:
    """Send CSV or JSON (`dataframe_split`, `dataframe_records`, `instances`, `inputs`) and give the answer.

    Raises: NotFound; Unavailable if nothing answers at the deployment's port.
    """
    import httpx

    row = rows.get(home, name)
    if not row.serving_version:
        raise NotFound(f"{name} serves nothing ({row.state}).", hint=row.detail or "Deploy a version first.")
    began = time.perf_counter()
    try:
        answer = httpx.post(
            f"{row.url}/invocations",
            content=data,
            headers={"Content-Type": content_type},
            timeout=httpx.Timeout(TIMEOUT_S, connect=5.0),
            trust_env=False,
        )
    except httpx.TimeoutException as error:
        raise Unavailable(
            f"{name} did not answer within {TIMEOUT_S:.0f} seconds.", hint="Send fewer rows at once."
        ) from error
    except httpx.HTTPError as error:
        raise Unavailable(
            f"Nothing answers for {name} at {row.url}.",
            hint="See that Docker runs: `longshore doctor`; the agent brings the deployment back then.",
            details=str(error),
        ) from error
    return Prediction(
        status=answer.status_code,
        body=answer.text,
        content_type=answer.headers.get("Content-Type", ""),
        latency_ms=(time.perf_counter() - began) * 1000,
        version=unquote(answer.headers.get("X-Longshore-Version", "")),
    )
