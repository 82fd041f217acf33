"""A job as a container that the agent made and this starts, follows, measures and stops."""

from __future__ import annotations

import contextlib
import json
import queue
import threading
import time
from pathlib import Path
from typing import Any

from longshore.jobs.supervisor import backend
from longshore.jobs.supervisor.backend import Exit, NotStarted
from longshore.jobs.supervisor.container_log import ContainerLog
from longshore.jobs.supervisor.engine_api import EngineApi, Refused

# How long an engine may be away (a restart, an upgrade) before the job counts as lost.
ENGINE_AWAY_S = 30.0
_AGAIN_S = 0.5


class ContainerBackend:
    """A created container.

    `document`: endpoint, container_id, input (what its launcher reads from standard input: the environment with its
    secrets, so that the engine never sees them), memory_bytes.
    """

    def __init__(self, document: dict[str, Any], folder: Path) -> None:
        self._document, self._folder = document, folder
        self._container = str(document["container_id"])
        self._api = EngineApi(document["endpoint"])
        self._log = ContainerLog(self._api, self._container, folder)
        self._exits: queue.SimpleQueue[Exit] = queue.SimpleQueue()
        self._exit: Exit | None = None
        self._sample: tuple[float, int] | None = None
        self._away_s = float(document.get("engine_away_s") or ENGINE_AWAY_S)

    def start(self) -> dict[str, Any]:
        """Start the container and hand its environment over."""
        try:
            entrance = self._api.attach_input(self._container)
            try:
                self._api.call("POST", f"/containers/{self._container}/start", timeout_s=120.0)
                entrance.send(str(self._document.get("input") or "").encode())
            finally:
                entrance.close()
        except Refused as error:
            raise NotStarted(f"The container could not be started: {error.message.strip().rstrip('.')}.") from error
        except OSError as error:
            raise NotStarted(
                f"The Docker engine is not there any more: {error}. Start Docker, then run it again."
            ) from error
        started_at = time.time()
        self._watch()
        return {"kind": "container", "container_id": self._container, "started_at": started_at}

    def adopt(self, record: dict[str, Any]) -> None:
        """Watch a container that a dead supervisor started."""
        self._watch()

    def _watch(self) -> None:
        self._log.start()
        for work in (self._wait_for_the_end, self._measure):
            threading.Thread(target=work, name=work.__name__, daemon=True).start()

    def wait(self, timeout_s: float) -> Exit | None:
        """Wait for the container's end and for the last line of its log."""
        if self._exit is None:
            try:
                self._exit = self._exits.get(timeout=timeout_s)
            except queue.Empty:
                return None
        if not self._log.end(timeout_s):
            return None
        if self._log.is_whole or self._exit.reason in (backend.ENGINE_GONE, backend.LOST):
            return self._exit
        detail = f"{self._exit.detail} The end of its log could not be written.".strip()
        return Exit(self._exit.code, self._exit.reason, detail)

    def stop(self, *, force: bool) -> None:
        """Send SIGTERM to the job, or kill the whole container."""
        signal = "SIGKILL" if force else "SIGTERM"
        with contextlib.suppress(Refused, OSError):
            self._api.call("POST", f"/containers/{self._container}/kill?signal={signal}", timeout_s=5.0)

    def sample(self) -> tuple[float, int] | None:
        """Give what the engine measured since the last call."""
        found, self._sample = self._sample, None
        return found

    def close(self) -> None:
        """Do nothing more: a container's processes end with it, and the log is whole."""

    def _wait_for_the_end(self) -> None:
        engine_was_away = False
        while True:
            try:
                self._api.call("POST", f"/containers/{self._container}/wait", timeout_s=None)
                found = self._api.call("GET", f"/containers/{self._container}/json")
                self._exits.put(self._ended(found["State"], engine_was_away=engine_was_away))
                return
            except Refused as error:
                if error.status == 404:
                    self._exits.put(Exit(None, backend.LOST, "Its container was removed while it ran."))
                    return
            except OSError:
                engine_was_away = True
                if not self._engine_comes_back():
                    detail = "The Docker engine stopped while the run was under way. Start Docker, then run it again."
                    self._exits.put(Exit(None, backend.ENGINE_GONE, detail))
                    return
            time.sleep(_AGAIN_S)

    def _engine_comes_back(self) -> bool:
        deadline = time.monotonic() + self._away_s
        while time.monotonic() < deadline:
            with contextlib.suppress(Refused, OSError):
                self._api.call("GET", "/_ping", timeout_s=5.0)
                return True
            time.sleep(_AGAIN_S)
        return False

    def _ended(self, state: dict[str, Any], *, engine_was_away: bool) -> Exit:
        if state.get("Status") == "created":
            return Exit(None, backend.NOT_STARTED, "Its supervisor was killed before it could start the container.")
        code = int(state.get("ExitCode") or 0)
        if code and state.get("OOMKilled"):
            return Exit(_signed(code), backend.MEMORY, f"It took more than the {self._limit()} that it may use.")
        if code and engine_was_away:
            detail = "The Docker engine stopped while the run was under way, and the run with it."
            return Exit(_signed(code), backend.ENGINE_GONE, detail)
        if state.get("Error"):
            return Exit(_signed(code), backend.EXITED, str(state["Error"]))
        return Exit(_signed(code), backend.KILLED if _signed(code) < 0 else backend.EXITED)

    def _limit(self) -> str:
        limit = self._document.get("memory_bytes")
        return f"{limit / 1024**2:.0f} MB" if limit else "memory"

    def _measure(self) -> None:
        """Keep the newest of the engine's samples, one a second."""
        with (
            contextlib.suppress(Refused, OSError, ValueError),
            self._api.stream(f"/containers/{self._container}/stats?stream=1") as pieces,
        ):
            buffer = b""
            for piece in pieces:
                *lines, buffer = (buffer + piece).split(b"\n")
                for line in lines:
                    if line.strip():
                        self._sample = usage(json.loads(line)) or self._sample


def _signed(code: int) -> int:
    """Give an exit status of 128 + n, by which shells and engines say that signal n ended it, as -n."""
    return 128 - code if 128 < code <= 128 + 64 else code


def usage(found: dict[str, Any]) -> tuple[float, int] | None:
    """Give CPU use in percent of one core and memory without page cache in bytes; None for a sample without a past."""
    memory = found.get("memory_stats") or {}
    seconds = _seconds(found.get("read")) - _seconds(found.get("preread"))
    if not memory.get("usage") or not 0 < seconds < 60:
        return None
    now, before = ((found.get(key) or {}).get("cpu_usage") or {} for key in ("cpu_stats", "precpu_stats"))
    used = int(now.get("total_usage") or 0) - int(before.get("total_usage") or 0)
    detail = memory.get("stats") or {}
    cache = detail.get("total_inactive_file", detail.get("inactive_file", 0))
    return max(0.0, used / 1e9 / seconds * 100), max(0, int(memory["usage"]) - int(cache or 0))


def _seconds(text: str | None) -> float:
    from datetime import UTC, datetime

    if not text or text.startswith("0001"):
        return 0.0
    whole, _, fraction = text.rstrip("Z").partition(".")
    return datetime.fromisoformat(whole).replace(tzinfo=UTC).timestamp() + float(f"0.{fraction or 0}")
