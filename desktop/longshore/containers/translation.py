"""Turns what the Docker SDK raises into the errors that a person can act on; nothing else leaves the room."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from longshore.errors import Conflict, Invalid, LongshoreError, NotFound, Unavailable, WorkFailed

GONE_HINT = "Start Docker, then try again. `longshore doctor` tells how on this computer."


@contextmanager
def speaking(what: str) -> Iterator[None]:
    """Translate errors of the block; `what` says what was tried, as in "start the container churn-1"."""
    import requests
    import urllib3
    from docker.errors import APIError, DockerException

    try:
        yield
    except APIError as error:
        raise _of_an_answer(
            what, error.response.status_code if error.response is not None else 500, str(error.explanation or error)
        ) from error
    except requests.exceptions.Timeout as error:
        raise Unavailable(
            f"The Docker engine did not answer in time: could not {what}.",
            hint="The engine is busy or hangs. Try again, or restart Docker.",
        ) from error
    except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, DockerException, OSError) as error:
        raise Unavailable(
            f"The Docker engine stopped answering: could not {what}.", hint=GONE_HINT, details=str(error)
        ) from error


def checked(response: Any) -> Any:
    """Give back an answer that says it went well, raise the SDK's own error for one that does not."""
    import requests
    from docker.errors import create_api_error_from_http_exception

    try:
        response.raise_for_status()
    except requests.exceptions.HTTPError as error:
        create_api_error_from_http_exception(error)
    return response


def _of_an_answer(what: str, status: int, explanation: str) -> LongshoreError:
    said = explanation.strip().rstrip(".")
    if port := _taken_port(said):
        return Conflict(
            f"Port {port} is used by another program: could not {what}.",
            hint="Choose another port, or stop what uses it.",
        )
    if "no space left on device" in said.lower():
        return Unavailable(
            f"The disk of the Docker engine is full: could not {what}.",
            hint="`docker system prune` frees what nothing uses.",
            details=said,
        )
    if "address pool" in said.lower():
        return Unavailable(
            f"The Docker engine has no address range left for another network: could not {what}.",
            hint="`docker network prune` removes networks that nothing uses; each deployment needs one. More ranges are "
            "given by `default-address-pools` in the engine's daemon.json.",
            details=said,
        )
    if "cannot connect to the docker daemon" in said.lower() or status in (502, 503, 504):
        return Unavailable(f"The Docker engine is not ready: could not {what}.", hint=GONE_HINT, details=said)
    if status == 404:
        return NotFound(f"Could not {what}: {said}.")
    if status == 409:
        return Conflict(f"Could not {what}: {said}.")
    if status == 400:
        return Invalid(f"Could not {what}: {said}.")
    return WorkFailed(f"Could not {what}: {said}.", hint="The engine's own log says more.", details=said)


def _taken_port(said: str) -> str:
    if "port is already allocated" not in said and "address already in use" not in said:
        return ""
    found = re.search(r":(\d+)(?:/tcp)?(?: failed|: bind|$)", said) or re.search(r"(?:\d+\.){3}\d+:(\d+)", said)
    return found.group(1) if found else "?"
