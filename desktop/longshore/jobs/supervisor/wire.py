"""Just enough HTTP/1.1 over any socket, for the engine's API and for the forwarder.

`http.client` and `http.server` cost 25 ms to import, as much as the rest of the supervisor; this costs 1 ms and lets
bodies of any size stream through.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

PIECE = 1 << 16
_MOST_HEAD = 1 << 17


class Broken(OSError):
    """The other side closed in the middle, or does not speak HTTP."""


class Line(Protocol):
    """What is needed of a socket; a Windows pipe can give it too."""

    def recv(self, size: int, /) -> bytes:
        """Give what is there, at most `size` bytes; empty at the end."""
        ...

    def sendall(self, data: bytes, /) -> None:
        """Send all of it."""
        ...

    def settimeout(self, seconds: float | None, /) -> None:
        """Let each call take at most so long."""
        ...

    def close(self) -> None:
        """Close it."""
        ...


@dataclass
class Head:
    """The first line and the fields of a request or an answer, in their order."""

    first: str
    fields: list[tuple[str, str]] = field(default_factory=list)

    def get(self, name: str) -> str:
        """Give a field's value, joined by commas where it stands several times; empty where it is missing."""
        return ", ".join(value for key, value in self.fields if key.lower() == name)

    def has_token(self, name: str, token: str) -> bool:
        """Tell whether a list field, as Connection, holds a word."""
        return token in [word.strip().lower() for word in self.get(name).split(",")]

    @property
    def status(self) -> int:
        """The status of an answer."""
        parts = self.first.split(" ", 2)
        if len(parts) < 2 or not parts[1].isdigit():
            raise Broken(f"not an HTTP answer: {self.first[:60]!r}")
        return int(parts[1])

    def encode(self) -> bytes:
        """Give the bytes with the empty line at their end."""
        lines = [self.first, *(f"{name}: {value}" for name, value in self.fields), "", ""]
        return "\r\n".join(lines).encode("latin-1")


class Wire:
    """A connection that is read by lines, by counted bytes, or as it comes."""

    def __init__(self, line: Line) -> None:
        self.line = line
        # What was received; before `_at` it has been given out. Cut only when more is received: cutting off each of a
        # thousand small chunks would move the rest a thousand times.
        self._buffer = bytearray()
        self._at = 0

    @property
    def has_unread(self) -> bool:
        """Tell whether something was received and not yet asked for."""
        return self._at < len(self._buffer)

    def send(self, data: bytes) -> None:
        """Send all of it."""
        self.line.sendall(data)

    def some(self, most: int = PIECE) -> bytes:
        """Give what is there, at least one byte; empty at the end."""
        return self._take(most) if self.has_unread else self.line.recv(most)

    def _take(self, most: int) -> bytes:
        piece = bytes(self._buffer[self._at : self._at + most])
        self._at += len(piece)
        return piece

    def text_line(self) -> str:
        """Give the next line without its end."""
        while (end := self._buffer.find(b"\n", self._at)) < 0:
            if len(self._buffer) - self._at > _MOST_HEAD:
                raise Broken("a line is too long")
            self._fill()
        line = self._take(end + 1 - self._at)
        return line.rstrip(b"\r\n").decode("latin-1")

    def chunks(self) -> Iterator[bytes]:
        """Give the content of a chunked body; many small chunks that came together are given together."""
        ready = bytearray()
        while True:
            if ready and self._buffer.find(b"\n", self._at) < 0:
                yield bytes(ready)
                ready.clear()
            left = _chunk_size(self.text_line())
            if not left:
                break
            while left:
                if not self.has_unread:
                    if ready:
                        yield bytes(ready)
                        ready.clear()
                    self._fill()
                piece = self._take(left)
                left -= len(piece)
                ready += piece
            if ready and self._buffer.find(b"\n", self._at) < 0:
                yield bytes(ready)
                ready.clear()
            self.text_line()
        if ready:
            yield bytes(ready)
        while self.text_line():  # trailers
            pass

    def head(self) -> Head | None:
        """Read a head; None if the connection ended before one began."""
        if not self.has_unread:
            try:
                self._fill()
            except Broken:
                return None
        found = Head(self.text_line())
        size = 0
        while line := self.text_line():
            size += len(line)
            name, colon, value = line.partition(":")
            # Space around a field's name, folded lines among it, is read in two ways by two servers (RFC 9112, 5.1).
            if not colon or not name or name != name.strip() or size > _MOST_HEAD:
                raise Broken("a damaged head")
            found.fields.append((name, value.strip()))
        return found

    def _fill(self) -> None:
        piece = self.line.recv(PIECE)
        if not piece:
            raise Broken("the connection ended in the middle")
        del self._buffer[: self._at]
        self._at = 0
        self._buffer += piece

    def close(self) -> None:
        """Close the connection."""
        with contextlib.suppress(OSError):
            self.line.close()


def framing(head: Head, *, answer_to: str = "") -> str:
    """Tell how a body is delimited: "none", "chunked", "counted" or "until close".

    `answer_to` is the method of the request that `head` answers; empty for a request.
    Raises: Broken for a head that two programs could read in two ways.
    """
    if answer_to and (answer_to == "HEAD" or head.status in (204, 304) or head.status < 200):
        return "none"
    coding, length = head.get("transfer-encoding"), head.get("content-length")
    if coding:
        if length or coding.lower() != "chunked":
            raise Broken("a body with two lengths, or in an unknown coding")
        return "chunked"
    if length:
        if not length.isascii() or not length.isdigit():
            raise Broken("a body of unclear length")
        return "counted" if int(length) else "none"
    return "until close" if answer_to else "none"


def body(wire: Wire, head: Head, *, answer_to: str = "") -> Iterator[bytes]:
    """Give a body's bytes as they come. Raises: Broken if it ends before it should."""
    how = framing(head, answer_to=answer_to)
    if how == "counted":
        yield from _counted(wire, int(head.get("content-length")))
    elif how == "chunked":
        yield from wire.chunks()
    elif how == "until close":
        while piece := wire.some():
            yield piece


def _chunk_size(line: str) -> int:
    digits = line.partition(";")[0].strip()
    try:
        return int(digits, 16)
    except ValueError:
        raise Broken(f"not a chunk's size: {line[:20]!r}") from None


def _counted(wire: Wire, left: int) -> Iterator[bytes]:
    while left:
        piece = wire.some(min(left, PIECE))
        if not piece:
            raise Broken("the connection ended in the middle of a body")
        left -= len(piece)
        yield piece


def send_body(wire: Wire, pieces: Iterator[bytes], *, chunked: bool) -> None:
    """Send a body on, piece by piece."""
    for piece in pieces:
        wire.send(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
    if chunked:
        wire.send(b"0\r\n\r\n")
