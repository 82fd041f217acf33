"""From a model's own declaration to the image that serves it: pure text, no engine.

Two images: one with the requirements, found again by the hash of its content, and a thin one per version with the
model copied last. So a new version with the same requirements costs one small layer.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from longshore.serving.names import PORT, USER
from longshore.settings import resources_dir

# Raised when the Dockerfile changes in a way that its text does not show.
_RECIPE = 1
_SCRIPTS = ("serve.py", "health.py", "receive.py")
# What MLflow's scoring server needs beside MLflow; a model that pins them keeps its pins.
_SERVER = ("fastapi", "uvicorn", "pandas")
_NAME = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)")


@dataclass(frozen=True)
class Recipe:
    """What the dependency image is built from."""

    python: str  # minor version, as 3.11; empty for the base image's
    requirements: str
    dockerfile: str
    files: Mapping[str, bytes] = field(repr=False)
    content: str = ""  # hash of all of it and of the base image


def python_minor(mlmodel: Mapping[str, Any]) -> str:
    """Give the Python that the model was saved with, as 3.11; empty where it does not say."""
    flavor = (mlmodel.get("flavors") or {}).get("python_function") or {}
    found = re.match(r"(\d+\.\d+)", str(flavor.get("python_version") or ""))
    return found.group(1) if found else ""


def conda_requirements(conda: Mapping[str, Any]) -> str:
    """Give the pip part of a conda.yaml, for models that carry no requirements.txt."""
    found: list[str] = []
    for entry in conda.get("dependencies") or ():
        if isinstance(entry, dict):
            found += [str(line) for line in entry.get("pip") or ()]
    return "\n".join(found)


def local_files(requirements: str) -> tuple[str, ...]:
    """Give the files beside the model that its requirements name: constraints, other lists, wheels."""
    found: list[str] = []
    for line in _lines(requirements):
        option = re.match(r"(?:-r|-c|--requirement|--constraint)[ =]+(\S+)", line)
        path = option.group(1) if option else line.split(" ")[0].split(";")[0]
        if "://" not in path and (option or path.endswith((".whl", ".tar.gz", ".zip"))):
            found.append(path.removeprefix("./"))
    return tuple(dict.fromkeys(path for path in found if not path.startswith("/") and ".." not in path.split("/")))


def _lines(requirements: str) -> list[str]:
    return [line.strip() for line in requirements.splitlines() if line.strip() and not line.strip().startswith("#")]


def completed(requirements: str, mlflow_version: str) -> str:
    """Add what the scoring server needs to a model's requirements, and nothing that they name already."""
    lines = _lines(requirements)
    named = {match.group(1).lower().replace("_", "-") for line in lines if (match := _NAME.match(line))}
    extra = [name for name in _SERVER if name not in named]
    if not named & {"mlflow", "mlflow-skinny"}:
        extra.insert(0, f"mlflow-skinny=={mlflow_version}" if mlflow_version else "mlflow-skinny")
    return "\n".join([*lines, *extra]) + "\n"


def recipe(base: str, base_id: str, python: str, requirements: str, files: Mapping[str, bytes]) -> Recipe:
    """Write the dependency image: `requirements` complete, `files` those that they name."""
    folder = resources_dir() / "serving"
    context = {f"requirements/{name}": content for name, content in files.items()}
    context["requirements/requirements.txt"] = requirements.encode()
    context |= {name: (folder / name).read_bytes() for name in _SCRIPTS}
    dockerfile = _dockerfile(base, python, needs_git="git+" in requirements)
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in sorted(context.items())}
    identity = json.dumps([_RECIPE, base_id, dockerfile, digests])
    return Recipe(python, requirements, dockerfile, context, hashlib.sha256(identity.encode()).hexdigest()[:32])


def _dockerfile(base: str, python: str, *, needs_git: bool) -> str:
    git = "RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends git\n" if needs_git else ""
    # uv takes the base image's Python where it fits and brings another one where it does not.
    asked = f"--python {python} " if python else ""
    # One layer: what installs is gone from it, and nothing has to be copied between stages.
    return f"""\
FROM {base}
{git}COPY requirements /tmp/requirements
RUN python3 -m venv /opt/uv && /opt/uv/bin/pip install --quiet --no-cache-dir uv \\
 && export UV_PYTHON_INSTALL_DIR=/opt/python UV_NO_CACHE=1 UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1 UV_NO_PROGRESS=1 \\
 && /opt/uv/bin/uv venv --no-project {asked}/opt/model \\
 && cd /tmp/requirements && /opt/uv/bin/uv pip install --python /opt/model -r requirements.txt \\
 && rm -rf /opt/uv
COPY {" ".join(_SCRIPTS)} /opt/longshore/
ENV PATH=/opt/model/bin:$PATH HOME=/tmp LONGSHORE_MODEL=/opt/longshore/model \\
 PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 MLFLOW_DISABLE_TELEMETRY=true
USER {USER}
EXPOSE {PORT}
HEALTHCHECK --interval=10s --timeout=5s --start-period=180s --retries=3 \\
 CMD ["/opt/model/bin/python", "-I", "-S", "/opt/longshore/health.py"]
ENTRYPOINT []
CMD ["/opt/model/bin/python", "/opt/longshore/serve.py"]
"""


def model_dockerfile(dependencies: str) -> str:
    """Write the thin image of one version."""
    return f"FROM {dependencies}\nCOPY model /opt/longshore/model\n"


def labelled(dockerfile: str, labels: Mapping[str, str]) -> str:
    """Add labels in one instruction: each of its own would cost a layer and the time to make it."""
    pairs = (f"{key}={json.dumps(value).replace('$', chr(92) + '$')}" for key, value in sorted(labels.items()))
    return f"{dockerfile}LABEL {' '.join(pairs)}\n"
