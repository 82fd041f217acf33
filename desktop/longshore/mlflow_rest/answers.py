"""From an answer that is an error to the error that a person reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from longshore.errors import Conflict, Invalid, LongshoreError, NotAllowed, NotFound, Unavailable

if TYPE_CHECKING:
    import httpx

# MLflow answers 400 to a name that is taken, so its own code is asked before the status.
_BY_CODE: dict[str, type[LongshoreError]] = {
    "RESOURCE_DOES_NOT_EXIST": NotFound,
    "NOT_FOUND": NotFound,
    "RESOURCE_ALREADY_EXISTS": Conflict,
    "ALREADY_EXISTS": Conflict,
    "RESOURCE_CONFLICT": Conflict,
    "PERMISSION_DENIED": NotAllowed,
    "UNAUTHENTICATED": NotAllowed,
    "INVALID_PARAMETER_VALUE": Invalid,
    "BAD_REQUEST": Invalid,
    "INVALID_STATE": Invalid,
}


def error_of(url: str, response: httpx.Response) -> LongshoreError:
    """Give the error that an answer with a status of 300 or more means."""
    code, message = _parts(response)
    status = response.status_code
    if status == 401:
        return NotAllowed(
            f"{url} refuses the sign-in.", hint="Check user name and password, or the token, of this workspace."
        )
    if kind := _BY_CODE.get(code):
        return kind(_told(message), details=message if _told(message) != message else None)
    if status == 403:
        return _forbidden(url, message)
    if status in (404, 405) and not code:
        return NotFound(
            f"{url} does not know {response.request.url.path}.",
            hint="Check the address. The server may also be older than MLflow 3.",
            details=message or None,
        )
    if status == 404:
        return NotFound(message)
    if status == 409:
        return Conflict(message)
    if "disk is full" in message:  # SQLite's words
        return Unavailable(
            f"The disk of the tracking server {url} is full.", hint="Free room on it, then try again.", details=message
        )
    if status == 429 or status >= 500:
        return Unavailable(
            f"The tracking server {url} failed (status {status}).", hint="Try again; its log says why.", details=message
        )
    if status < 400:
        return Unavailable(
            f"{url} sends elsewhere, to {response.headers.get('location', 'an unnamed address')}.",
            hint="Use the address that it names.",
        )
    return Invalid(message or f"{url} refused the request (status {status}).")


def _told(message: str) -> str:
    """Leave out the SQL that MLflow appends to some messages."""
    return message.partition(" Error: (")[0].partition("\n[SQL")[0]


def _forbidden(url: str, message: str) -> LongshoreError:
    if "host header" in message.lower():
        return NotAllowed(
            f"{url} does not serve this host name.", hint="Start that server with --allowed-hosts naming it."
        )
    return NotAllowed(f"Your role on {url} does not allow this.", hint="Ask its administrator.", details=message)


def _parts(response: httpx.Response) -> tuple[str, str]:
    try:
        found = response.json()
        return str(found["error_code"]), str(found.get("message", ""))
    except (ValueError, KeyError, TypeError):
        return "", response.text[:500]
