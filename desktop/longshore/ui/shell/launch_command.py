"""The exact command line that does what the launch dialog would do, and how its fields are read."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from longshore.errors import Invalid
from longshore.jobs.presets import Preset


@dataclass(frozen=True)
class LaunchRequest:
    """What the dialog asks for. Secrets by name alone."""

    project: str
    entry: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    target: str = "local"
    experiment: str = ""
    run_name: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    cpus: float | None = None
    memory: str = ""
    timeout_s: float | None = None
    # A run or job whose code it starts from; empty: the folder as it is.
    code_of: str = ""
    # Another Python than the project's, by version or path; a day of which no package may be newer.
    python: str = ""
    as_of: str = ""


def command_line(request: LaunchRequest) -> str:
    """Give the `longshore run` line, one option group a line, as a shell takes it."""
    parts = [f"longshore run {shlex.quote(request.project)} {shlex.quote(request.entry)}"]
    parts += [f"-P {shlex.quote(f'{name}={value}')}" for name, value in request.parameters.items()]
    options = {
        "--target": request.target if request.target != "local" else "",
        "--experiment": request.experiment,
        "--name": request.run_name,
        "--cpus": f"{request.cpus:g}" if request.cpus else "",
        "--memory": request.memory,
        "--timeout": f"{request.timeout_s:g}" if request.timeout_s else "",
        "--code-of": request.code_of,
        "--python": request.python,
        "--as-of": request.as_of,
    }
    parts += [f"{option} {shlex.quote(value)}" for option, value in options.items() if value]
    parts += [f"--env {shlex.quote(f'{name}={value}')}" for name, value in request.env.items()]
    parts += [f"--secret {shlex.quote(name)}" for name in request.secrets]
    return " \\\n  ".join(parts)


def positive(text: str) -> float:
    """Read a number above 0. Raises: Invalid."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1e9:
        raise Invalid(f"{text!r} is not a number above 0.", hint="Use a number above 0")
    return value


def pairs(text: str) -> dict[str, str]:
    """Read KEY=value pairs as a shell splits them. Raises: Invalid."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise Invalid("A quotation mark is not closed.", hint="Close the quotation mark") from error
    found = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise Invalid(f"{word!r} is not KEY=value.", hint="Write KEY=value, split by spaces")
        found[name] = value
    return found


def as_pairs(values: Mapping[str, str]) -> str:
    """Write pairs the way `pairs` reads them."""
    return " ".join(shlex.quote(f"{name}={value}") for name, value in values.items())


def as_preset(given: Mapping[str, Any]) -> Preset:
    """Give what the dialog was opened with, as a preset without a name."""
    texts: dict[str, Any] = {
        key: str(given.get(key) or "") for key in ("entry_point", "target", "experiment", "python", "as_of")
    }
    parameters = {str(name): str(value) for name, value in (given.get("parameters") or {}).items()}
    return replace(Preset(), parameters=parameters, **texts)
