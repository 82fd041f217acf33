"""The connection to one MLflow server: sign-in, time limits, retries, and errors in our words."""

from __future__ import annotations

import contextlib
import os
import ssl
import time
from collections.abc import Iterator, Mapping
from typing import Any, Self

import httpx

from longshore.errors import Invalid, LongshoreError, Unavailable
from longshore.mlflow_rest.answers import error_of
from longshore.mlflow_rest.credential import Credential

API = "/api/2.0/mlflow/"
# Pauses before a read is tried again; a write is never sent twice.
_RETRY_AFTER_S = (0.1, 0.3)
_RETRIED_STATUS = frozenset({502, 503, 504})
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class Client:
    """Speaks to one MLflow server. Safe from any thread; close it, or use it in a `with` block.

    Every call raises: NotFound, Conflict, NotAllowed (sign-in or role), Invalid (the server refuses a value) or
    Unavailable (no answer, or the server failed).
    """

    def __init__(self, url: str, *, credential: Credential | None = None, timeout_s: float = 10.0) -> None:
        self.url, host = _checked(url)
        self.credential = credential
        loopback = host in _LOOPBACK
        # Loopback never goes through a company's proxy; plain http needs no certificates (loading them takes 20 ms).
        self._http = httpx.Client(
            headers={"Authorization": credential.header} if credential else {},
            timeout=httpx.Timeout(timeout_s, connect=min(timeout_s, 5.0)),
            verify=_certificates() if self.url.startswith("https:") else False,
            trust_env=not loopback,
            # A redirect to another host must not see the credential.
            follow_redirects=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __del__(self) -> None:
        # One that nobody closed leaves no connection open: a window that stays up for days makes many.
        with contextlib.suppress(Exception):
            self._http.close()

    def healthy(self) -> bool:
        """Tell whether the server answers; never raises."""
        try:
            return self._http.get(self.url + "/health").status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    def version(self) -> str:
        """Give the server's MLflow version."""
        return self.send("GET", "/version", retried=True).text.strip()

    def check_sign_in(self) -> None:
        """Raise NotAllowed where the credential is wrong, Unavailable where this is no MLflow server."""
        self.read("experiments/search", max_results=1)

    def read(self, call: str, *, root: str = API, **query: Any) -> dict[str, Any]:
        """Call a GET of the REST API; a query value of None is left out."""
        known = {key: value for key, value in query.items() if value is not None}
        return self._json(self.send("GET", root + call, query=known, retried=True))

    def find(self, call: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Call a search of the REST API that is a POST, though it changes nothing."""
        return self._json(self.send("POST", API + call, body=body, retried=True))

    def write(self, call: str, body: Mapping[str, Any], *, method: str = "POST") -> dict[str, Any]:
        """Call what changes something; never sent twice."""
        return self._json(self.send(method, API + call, body=body))

    def send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        content: bytes | Iterator[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        retried: bool = False,
    ) -> httpx.Response:
        """Send one request below the server's address and give the answer, read whole."""
        for pause_s in (*(_RETRY_AFTER_S if retried else ()), None):
            try:
                response = self._http.request(
                    method, self.url + path, params=query, json=body, content=content, headers=headers
                )
            except httpx.TransportError as error:
                if pause_s is None or isinstance(error, httpx.TimeoutException):
                    raise self._unreachable(error) from error
            else:
                if pause_s is None or response.status_code not in _RETRIED_STATUS:
                    return self._checked(response)
            time.sleep(pause_s)
        raise AssertionError("the last attempt always returns or raises")

    @contextlib.contextmanager
    def stream(
        self, path: str, *, query: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None
    ) -> Iterator[httpx.Response]:
        """Open a GET whose body is read piece by piece."""
        try:
            with self._http.stream("GET", self.url + path, params=query, headers=headers) as response:
                if response.is_error:
                    response.read()
                yield self._checked(response)
        except httpx.TransportError as error:
            raise self._unreachable(error) from error

    def _checked(self, response: httpx.Response) -> httpx.Response:
        # 416: a range was asked of an empty file.
        if response.status_code < 300 or response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            return response
        raise error_of(self.url, response)

    def _json(self, response: httpx.Response) -> dict[str, Any]:
        try:
            found = response.json()
        except ValueError:
            found = None
        if isinstance(found, dict):
            return found
        raise Unavailable(
            f"{self.url} does not answer like an MLflow server.",
            hint="Check the address; a path before /api belongs to it.",
            details=response.text[:500],
        )

    def _unreachable(self, error: httpx.TransportError) -> LongshoreError:
        if isinstance(error, httpx.TimeoutException):
            reason = f"The tracking server {self.url} did not answer in time."
        elif "CERTIFICATE_VERIFY_FAILED" in str(error):
            return Unavailable(
                f"The certificate of {self.url} is not trusted here.",
                hint="Set SSL_CERT_FILE to your organisation's certificate bundle.",
                details=str(error),
            )
        else:
            reason = f"The tracking server {self.url} cannot be reached."
        return Unavailable(reason, hint="Check that it runs: `longshore doctor`.", details=str(error))


def _checked(url: str) -> tuple[str, str]:
    try:
        parsed = httpx.URL(url.strip())
    except httpx.InvalidURL as error:
        raise Invalid(f"{url!r} is not an address.", hint="An example: https://mlflow.example.org") from error
    if parsed.userinfo:
        raise Invalid(
            "A password does not belong into a server's address.", hint="Give user name and password separately."
        )
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise Invalid(f"{url!r} is not the address of a server.", hint="It begins with http:// or https://.")
    return str(parsed.copy_with(query=None, fragment=None)).rstrip("/"), parsed.host


def _certificates() -> ssl.SSLContext:
    bundle = os.environ.get("SSL_CERT_FILE") or os.environ.get("REQUESTS_CA_BUNDLE") or None
    try:
        if bundle:
            return ssl.create_default_context(cafile=bundle)
        import certifi

        # The system's store holds a company's own certificates, certifi's what a bare Python build lacks.
        context = ssl.create_default_context()
        context.load_verify_locations(certifi.where())
        return context
    except OSError as error:
        raise Unavailable(
            f"The certificate bundle {bundle} cannot be read: {error}.", hint="Mend or unset SSL_CERT_FILE."
        ) from error
