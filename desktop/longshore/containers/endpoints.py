"""Where a Docker engine may listen: the setting, DOCKER_HOST, the current context, the known sockets.

The SDK's own `from_env()` ignores contexts, so Docker Desktop, Colima, Rancher Desktop, rootless engines and Podman
would be missed. Standard library alone.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from longshore.errors import Invalid

_LOOPBACK = ("localhost", "127.0.0.1", "::1", "")


@dataclass(frozen=True)
class Endpoint:
    """An engine's address. `kind` is unix, tcp, npipe or ssh."""

    kind: str
    address: str  # a socket's path, host:port, a pipe's path, user@host[:port]
    source: str  # where it was found, as a person would say it
    ca: str = ""  # TLS files of a tcp endpoint; empty for none
    cert: str = ""
    key: str = ""
    verify: bool = True

    @property
    def tls(self) -> bool:
        """Tell whether the engine is spoken to through TLS."""
        return bool(self.ca or self.cert)

    @property
    def url(self) -> str:
        """The address as DOCKER_HOST writes it."""
        return f"{self.kind}://{self.address}"

    @property
    def is_local(self) -> bool:
        """Tell whether the engine is on this computer, as far as the address says."""
        if self.kind == "ssh":
            return False
        return self.kind != "tcp" or (urlsplit(f"tcp://{self.address}").hostname or "") in _LOOPBACK

    def as_dict(self) -> dict[str, Any]:
        """Give what a job's supervisor needs to find the engine again."""
        return {
            "kind": self.kind,
            "address": self.address,
            "ca": self.ca,
            "cert": self.cert,
            "key": self.key,
            "verify": self.verify,
        }


def candidates(docker_host: str = "") -> tuple[Endpoint, ...]:
    """Give the endpoints to try, in order. One that somebody chose stands alone: nothing else is used in its place."""
    if docker_host:
        return (parse(docker_host, "the setting docker_host"),)
    if host := os.environ.get("DOCKER_HOST"):
        return (_with_environment_tls(parse(host, "DOCKER_HOST")),)
    if chosen := _current_context():
        return (chosen,)
    return tuple(_known())


def parse(url: str, source: str) -> Endpoint:
    """Read an address as DOCKER_HOST writes it.

    Raises: Invalid if it is not one.
    """
    kind, separator, address = url.strip().partition("://")
    kind = {"http": "tcp", "https": "tcp", "http+unix": "unix"}.get(kind, kind)
    if not separator or kind not in ("unix", "tcp", "npipe", "ssh") or not address:
        raise Invalid(
            f"{url!r} ({source}) is not the address of a Docker engine.",
            hint="It looks like unix:///var/run/docker.sock, tcp://host:2375, ssh://user@host or npipe:////./pipe/docker_engine.",
        )
    if kind == "tcp":
        address = address.rstrip("/")
        if urlsplit(f"tcp://{address}").port is None:
            address += ":2375"
    return Endpoint(kind, address, source)


def _with_environment_tls(endpoint: Endpoint) -> Endpoint:
    verify = os.environ.get("DOCKER_TLS_VERIFY", "") not in ("", "0")
    folder = os.environ.get("DOCKER_CERT_PATH", "")
    if endpoint.kind != "tcp" or not (verify or folder):
        return endpoint
    return _with_tls_files(endpoint, Path(folder) if folder else _configuration_folder(), verify=verify)


def _with_tls_files(endpoint: Endpoint, folder: Path, *, verify: bool) -> Endpoint:
    files = {name: str(folder / f"{name}.pem") if (folder / f"{name}.pem").is_file() else "" for name in _TLS_FILES}
    return Endpoint(endpoint.kind, endpoint.address, endpoint.source, verify=verify, **files)


_TLS_FILES = ("ca", "cert", "key")


def _configuration_folder() -> Path:
    return Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")


def configuration() -> dict[str, Any]:
    """Read the Docker client's own `config.json`; empty where there is none."""
    try:
        found = json.loads((_configuration_folder() / "config.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _current_context() -> Endpoint | None:
    name = os.environ.get("DOCKER_CONTEXT") or configuration().get("currentContext") or "default"
    if name == "default":
        return None
    digest = hashlib.sha256(str(name).encode()).hexdigest()
    folder = _configuration_folder() / "contexts"
    try:
        found = json.loads((folder / "meta" / digest / "meta.json").read_text("utf-8"))["Endpoints"]["docker"]
        host = str(found["Host"])
    except (OSError, ValueError, KeyError, TypeError):
        raise Invalid(
            f"The Docker context {name!r} is chosen but its description cannot be read.",
            hint="`docker context ls` lists the contexts, `docker context use default` goes back.",
        ) from None
    endpoint = parse(host, f"the Docker context {name}")
    tls = folder / "tls" / digest / "docker"
    if endpoint.kind == "tcp" and tls.is_dir():
        return _with_tls_files(endpoint, tls, verify=not found.get("SkipTLSVerify", False))
    return endpoint


def _known() -> list[Endpoint]:
    if sys.platform == "win32":
        pipes = (
            ("docker_engine", "Docker"),
            ("dockerDesktopLinuxEngine", "Docker Desktop"),
            ("podman-machine-default", "Podman"),
        )
        return [Endpoint("npipe", f"//./pipe/{pipe}", name) for pipe, name in pipes]
    home = Path.home()
    runtime = Path(os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}")
    places = [
        (Path("/var/run/docker.sock"), "Docker"),
        (runtime / "docker.sock", "rootless Docker"),
        (home / ".docker/run/docker.sock", "Docker Desktop"),
        (home / ".docker/desktop/docker.sock", "Docker Desktop"),
        (home / ".colima/default/docker.sock", "Colima"),
        (home / ".config/colima/default/docker.sock", "Colima"),
        (home / ".rd/docker.sock", "Rancher Desktop"),
        (home / ".orbstack/run/docker.sock", "OrbStack"),
        (runtime / "podman/podman.sock", "Podman"),
        (home / ".local/share/containers/podman/machine/podman.sock", "Podman"),
        (Path("/run/podman/podman.sock"), "Podman"),
    ]
    return [Endpoint("unix", str(path), name) for path, name in places if path.exists()]
