"""The person's pip settings, said in uv's words, so that a company's index is used without being set up twice."""

from __future__ import annotations

import configparser
import os
import sys
from collections.abc import Mapping
from pathlib import Path

_NAMES = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
}
# Older names of the same settings of uv.
_OLD_NAMES = {"UV_DEFAULT_INDEX": "UV_INDEX_URL", "UV_INDEX": "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS": "UV_FIND_LINKS"}


def as_uv_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """Give pip's index settings as uv's variables, except where uv has settings of its own."""
    settings = _pip_settings(environment)
    found: dict[str, str] = {}
    for name, variable in _NAMES.items():
        value = " ".join(settings.get(name, "").split())
        if value and variable not in environment and _OLD_NAMES[variable] not in environment:
            found[variable] = ",".join(value.split()) if variable == "UV_FIND_LINKS" else value
    if "UV_INDEX" in found and "UV_INDEX_STRATEGY" not in environment:
        # pip takes the best version of all indexes, and these were chosen with pip in mind.
        found["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    certificate = settings.get("cert", "")
    if certificate and "SSL_CERT_FILE" not in environment and Path(certificate).is_file():
        found["SSL_CERT_FILE"] = certificate
    return found


def _pip_settings(environment: Mapping[str, str]) -> dict[str, str]:
    settings: dict[str, str] = {}
    for file in _files(environment):
        settings |= _read(file)
    for name in (*_NAMES, "cert"):
        if value := environment.get("PIP_" + name.upper().replace("-", "_")):
            settings[name] = value
    return settings


def _files(environment: Mapping[str, str]) -> list[Path]:
    """Give pip's files, the weakest first."""
    chosen = environment.get("PIP_CONFIG_FILE", "")
    if chosen == os.devnull:
        return []
    home = Path.home()
    if sys.platform == "win32":
        folders = [Path(environment.get("PROGRAMDATA", "C:/ProgramData")), Path(environment.get("APPDATA", home))]
        files = [folder / "pip" / "pip.ini" for folder in folders] + [home / "pip" / "pip.ini"]
    else:
        files = [Path("/etc/pip.conf"), home / ".pip" / "pip.conf", home / ".config" / "pip" / "pip.conf"]
        if sys.platform == "darwin":
            files.insert(1, home / "Library" / "Application Support" / "pip" / "pip.conf")
    return files + ([Path(chosen)] if chosen else [])


def _read(file: Path) -> dict[str, str]:
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, configparser.Error):
        return {}
    found: dict[str, str] = {}
    for section in ("global", "install"):
        if parser.has_section(section):
            found |= {key.replace("_", "-"): value for key, value in parser.items(section)}
    return found
