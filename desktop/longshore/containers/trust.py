"""The user's way to the internet, for builds and containers: proxy, certificate bundle, package index.

Companies intercept TLS and run package mirrors; what works in the user's terminal must work in a build. A proxy's
password travels in the build's predefined arguments, which Docker keeps out of the image and of its history; an index
whose address holds a password is left out for the same reason.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from longshore.containers.endpoints import configuration

if TYPE_CHECKING:
    from longshore.containers.engine import Engine

BUNDLE_IN_IMAGE = "/etc/longshore/ca-certificates.crt"
BUNDLE_IN_CONTEXT = ".longshore-ca-certificates.crt"
# What pip, uv, requests, httpx and curl read; git has its own.
_BUNDLE_VARIABLES = ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO")
_BUNDLE_SOURCES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "PIP_CERT", "CURL_CA_BUNDLE")
_PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY")
_INDEX_VARIABLES = (
    "PIP_INDEX_URL",
    "PIP_EXTRA_INDEX_URL",
    "PIP_TRUSTED_HOST",
    "PIP_DEFAULT_TIMEOUT",
    "UV_DEFAULT_INDEX",
    "UV_INDEX",
    "UV_INDEX_URL",
    "UV_EXTRA_INDEX_URL",
    "UV_HTTP_TIMEOUT",
)
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def bundle() -> Path | None:
    """Give the certificate bundle that the user's own tools trust, None where nothing special is set."""
    for name in _BUNDLE_SOURCES:
        if (value := os.environ.get(name)) and Path(value).is_file():
            return Path(value)
    return None


def proxies() -> dict[str, str]:
    """Give the user's proxy variables, from the environment or else from Docker's own `config.json`."""
    found: dict[str, str] = {}
    for name in _PROXY_VARIABLES:
        if value := os.environ.get(name) or os.environ.get(name.lower()):
            found[name] = value
    if found:
        return found
    declared = configuration().get("proxies")
    default = declared.get("default") if isinstance(declared, dict) else None
    keys = {"httpProxy": "HTTP_PROXY", "httpsProxy": "HTTPS_PROXY", "ftpProxy": "FTP_PROXY", "noProxy": "NO_PROXY"}
    if isinstance(default, dict):
        found = {variable: str(default[key]) for key, variable in keys.items() if default.get(key)}
    return found


def container_proxies(engine: Engine, *, past: tuple[str, ...] = ()) -> dict[str, str]:
    """Give the proxy variables as a container must see them, in both cases of letters.

    A proxy on this computer's loopback is another address from inside. The hosts of `past` are reached without one.
    """
    given = proxies()
    if past and given:
        given["NO_PROXY"] = ",".join([*filter(None, [given.get("NO_PROXY")]), *past])
    result: dict[str, str] = {}
    for name, value in given.items():
        seen = value if name == "NO_PROXY" else _from_inside(engine, value)
        result[name] = result[name.lower()] = seen
    return result


def _from_inside(engine: Engine, url: str) -> str:
    host = urlsplit(url if "://" in url else f"//{url}").hostname or ""
    if host not in _LOOPBACK or not engine.runs_in_a_machine:
        return url
    return re.sub(rf"(?<=[/@]){re.escape(host)}(?=[:/]|$)", engine.gateway(), url, count=1)


def needs_host_network(engine: Engine) -> bool:
    """Tell whether a build must share this computer's network to reach a proxy that listens on its loopback."""
    hosts = [
        urlsplit(value if "://" in value else f"//{value}").hostname
        for name, value in proxies().items()
        if name != "NO_PROXY"
    ]
    return not engine.runs_in_a_machine and any(host in _LOOPBACK for host in hosts)


def index_arguments() -> dict[str, str]:
    """Give the package index settings that hold no password."""
    found = {name: os.environ[name] for name in _INDEX_VARIABLES if os.environ.get(name)}
    return {name: value for name, value in found.items() if not re.search(r"://[^/\s]*@", value)}


def build_arguments(engine: Engine) -> dict[str, str]:
    """Give the arguments that a build gets beside its own."""
    arguments = {**container_proxies(engine), **index_arguments()}
    if bundle():
        arguments |= dict.fromkeys(_BUNDLE_VARIABLES, BUNDLE_IN_IMAGE)
        arguments["UV_NATIVE_TLS"] = "1"
    return arguments


def with_trust(dockerfile: str) -> str:
    """Add the certificate bundle and the index settings to each stage of a Dockerfile.

    They are build arguments, so the final image's environment holds none of them; the bundle stays as a file.
    """
    names = list(index_arguments())
    lines: list[str] = []
    if bundle():
        lines.append(f"COPY {BUNDLE_IN_CONTEXT} {BUNDLE_IN_IMAGE}")
        names += [*_BUNDLE_VARIABLES, "UV_NATIVE_TLS"]
    if not names:
        return dockerfile
    lines.append(f"ARG {' '.join(names)}")
    addition = "\n".join(lines)
    return re.sub(r"(?im)^(FROM[ \t]+.+)$", lambda match: f"{match.group(1)}\n{addition}", dockerfile)


def runtime_environment(image_environment: dict[str, str]) -> dict[str, str]:
    """Give the variables by which a container made from our images trusts the user's bundle, where it sets none itself."""
    if not bundle():
        return {}
    names = [name for name in _BUNDLE_VARIABLES if name != "PIP_CERT"]
    return {name: BUNDLE_IN_IMAGE for name in names if name not in image_environment}
