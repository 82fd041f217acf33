"""How a client signs in. The secret shows in no representation, so that it reaches no log or traceback."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Basic:
    """A user name and a password."""

    username: str
    password: str = field(repr=False)

    @property
    def header(self) -> str:
        """The value of the Authorization header."""
        return "Basic " + base64.b64encode(f"{self.username}:{self.password}".encode()).decode("ascii")


@dataclass(frozen=True)
class Token:
    """A bearer token."""

    token: str = field(repr=False)

    @property
    def header(self) -> str:
        """The value of the Authorization header."""
        return f"Bearer {self.token}"


Credential = Basic | Token
