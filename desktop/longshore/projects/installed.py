"""What is installed in an environment, read from its metadata without starting its interpreter."""

from __future__ import annotations

import json
from pathlib import Path


def site_packages(venv: Path) -> Path | None:
    """Give the folder of an environment's packages."""
    found = [*venv.glob("lib/python*/site-packages"), *venv.glob("Lib/site-packages")]
    return found[0] if found else None


def python_version(venv: Path) -> str:
    """Give the version that an environment was made with, empty where its file doesn't say."""
    try:
        lines = (venv / "pyvenv.cfg").read_text("utf-8").splitlines()
    except OSError:
        return ""
    settings = {key.strip(): value.strip() for key, _, value in (line.partition("=") for line in lines)}
    return settings.get("version_info") or settings.get("version") or ""


def installed_packages(venv: Path) -> str:
    """Give the environment's packages in pip's format, the interpreter's version as a comment first."""
    lines = [f"# Python {python_version(venv)}"]
    folder = site_packages(venv)
    for info in sorted(folder.glob("*.dist-info")) if folder else []:
        name, _, version = info.name.removesuffix(".dist-info").partition("-")
        lines.append(_line(name.replace("_", "-").lower(), version, info))
    return "\n".join(lines) + "\n"


def _line(name: str, version: str, info: Path) -> str:
    """Write one package; where it came from counts more than its version when it is not from an index."""
    try:
        origin = json.loads((info / "direct_url.json").read_text("utf-8"))
    except (OSError, ValueError):
        return f"{name}=={version}"
    url = str(origin.get("url", ""))
    if "vcs_info" in origin:
        vcs = origin["vcs_info"]
        return f"{name} @ {vcs.get('vcs', 'git')}+{url}@{vcs.get('commit_id', '')}"
    if origin.get("dir_info", {}).get("editable"):
        return f"-e {url}  # {name}=={version}"
    return f"{name} @ {url}"
