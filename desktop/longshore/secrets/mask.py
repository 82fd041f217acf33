"""Replacing secret values in logs by `***`, in every form in which programs print them, across chunk borders."""

from __future__ import annotations

import base64
import json
import urllib.parse
from collections.abc import Callable, Iterable

MASK = b"***"
# Shorter values would black out half of a log and are no secrets anyway.
SHORTEST = 4
# A line of a secret of many lines (a private key) is masked alone from this length.
_SHORTEST_LINE = 16
_SHORTEST_BASE64 = 8


def masker(values: Iterable[str]) -> Callable[[bytes], bytes]:
    """Give a function that masks a whole piece of bytes."""
    forms = forms_of(values)

    def mask(data: bytes) -> bytes:
        stream = StreamMasker.of_forms(forms)
        return stream.feed(data) + stream.flush()

    return mask


def text_masker(values: Iterable[str]) -> Callable[[str], str]:
    """Give a function that masks a whole piece of text."""
    mask = masker(values)
    return lambda text: mask(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")


class StreamMasker:
    """Masks a stream: what could be the beginning of a secret is held back until the next piece tells.

    Secrets that overlap in the text are masked as one; nothing of either is left.
    """

    def __init__(self, values: Iterable[str]) -> None:
        self._forms = forms_of(values)
        self._held = b""
        # So many held bytes belong to a secret whose beginning was masked already.
        self._covered = 0

    @classmethod
    def of_forms(cls, forms: tuple[bytes, ...]) -> StreamMasker:
        """Make one from forms that were worked out before."""
        made = cls(())
        made._forms = forms
        return made

    def feed(self, data: bytes) -> bytes:
        """Take the next piece and give what is sure by now."""
        if not self._forms:
            return data
        text = self._held + data
        return self._emit(text, len(text) - self._undecided(text))

    def flush(self) -> bytes:
        """Give the rest, at the end of the stream alone: half a secret would pass."""
        return self._emit(self._held, len(self._held))

    def _undecided(self, text: bytes) -> int:
        """Count the bytes at the end that a secret could begin with."""
        longest = 0
        for form in self._forms:
            for length in range(min(len(form) - 1, len(text)), longest, -1):
                if text.endswith(form[:length]):
                    longest = length
                    break
        return longest

    def _emit(self, text: bytes, end: int) -> bytes:
        """Give `text` up to `end`, masked, and hold the rest."""
        if end == 0:
            self._held = text
            return b""
        pieces: list[bytes] = []
        position = covered = 0
        for start, stop in self._secrets(text):
            if start >= end:
                break
            if start > 0 or not self._covered:
                pieces += [text[position:start], MASK]
            position = min(stop, end)
            covered = max(stop - end, 0)
        pieces.append(text[position:end])
        self._held, self._covered = text[end:], covered
        return b"".join(pieces)

    def _secrets(self, text: bytes) -> list[tuple[int, int]]:
        """Give the places of all secrets in order, those that overlap as one."""
        found = [(0, self._covered)] if self._covered else []
        for form in self._forms:
            start = text.find(form)
            while start >= 0:
                found.append((start, start + len(form)))
                start = text.find(form, start + 1)
        merged: list[tuple[int, int]] = []
        for start, stop in sorted(found):
            if merged and start < merged[-1][1]:
                merged[-1] = (merged[-1][0], max(stop, merged[-1][1]))
            else:
                merged.append((start, stop))
        return merged


def forms_of(values: Iterable[str]) -> tuple[bytes, ...]:
    """Give every byte string that gives a secret away: plain, URL-quoted, base64, JSON, hexadecimal; longest first."""
    forms: set[bytes] = set()
    for value in values:
        for part in _parts(value):
            forms |= _text_forms(part) | _base64_forms(part.encode("utf-8", "surrogatepass"))
    return tuple(sorted(forms, key=lambda form: (-len(form), form)))


def _parts(value: str) -> list[str]:
    lines = [line.strip() for line in value.splitlines()]
    several = lines if len(lines) > 1 else []
    whole = [part for part in {value, value.strip()} if len(part) >= SHORTEST]
    return whole + [line for line in several if len(line) >= _SHORTEST_LINE]


def _text_forms(value: str) -> set[bytes]:
    data = value.encode("utf-8", "surrogatepass")
    texts = {
        value,
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        repr(value)[1:-1],
        urllib.parse.quote(data, safe=""),
        urllib.parse.quote(data),
        urllib.parse.quote_plus(data),
        data.hex(),
    }
    return {text.encode("utf-8", "surrogatepass") for text in texts}


def _base64_forms(data: bytes) -> set[bytes]:
    """Give what of the value shows in base64, alone or behind something else (`user:password`)."""
    forms = set()
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + data)
        # Characters that hold bits of the neighbours too are not the value's own.
        first = -(-before * 8 // 6)
        last = (before + len(data)) * 8 // 6
        for variant in (encoded, encoded.replace(b"+", b"-").replace(b"/", b"_")):
            if last - first >= _SHORTEST_BASE64:
                forms.add(variant[first:last])
    return forms
