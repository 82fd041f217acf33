"""Masking: nothing of a secret is left, in whatever form or pieces it comes, and nothing else is touched."""

from __future__ import annotations

import base64
import json
import urllib.parse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longshore.secrets.mask import StreamMasker, masker, text_masker

SECRET = 'p@ss/w+rd "x"&é'


@pytest.mark.parametrize(
    "written",
    [
        SECRET,
        urllib.parse.quote(SECRET),
        urllib.parse.quote_plus(SECRET),
        json.dumps(SECRET)[1:-1],
        repr(SECRET)[1:-1],
        SECRET.encode().hex(),
        base64.b64encode(SECRET.encode()).decode().rstrip("="),
        base64.urlsafe_b64encode(SECRET.encode()).decode().rstrip("="),
    ],
)
def test_that_a_secret_is_masked_in_every_form_that_programs_print(written: str) -> None:
    masked = text_masker([SECRET])(f"before {written} after")
    assert masked.startswith("before ***")
    assert masked.endswith(" after")
    assert written[:-2] not in masked


@pytest.mark.parametrize("user", ["a", "ab", "abc", "someone@example.org"])
def test_that_a_password_inside_a_basic_authorization_header_is_masked(user: str) -> None:
    password = "correct-horse-battery"
    header = base64.b64encode(f"{user}:{password}".encode()).decode()
    masked = text_masker([password])(f"Authorization: Basic {header}")
    kept = masked.removeprefix("Authorization: Basic ").replace("***", "")
    assert "***" in masked
    # A character or two at the borders hold bits of the neighbours; none of the password's can be read from them.
    assert len(kept) < len(base64.b64encode(f"{user}:".encode())) + 5


def test_that_text_without_a_secret_stays_byte_for_byte() -> None:
    data = bytes(range(256)) * 3
    assert masker(["hunter2222"])(data) == data
    assert masker([])(data) == data


def test_that_values_of_three_characters_are_not_masked() -> None:
    assert text_masker(["abc", "yes"])("abc yes") == "abc yes"


def test_that_each_line_of_a_private_key_is_masked_alone() -> None:
    key = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\nAQEFAASCBKcwggSjAgEAAoIB\n-----END KEY-----\n"
    assert "MIIE" not in text_masker([key])("  MIIEvQIBADANBgkqhkiG9w0B  ")


def test_that_overlapping_secrets_leave_nothing_of_either() -> None:
    assert text_masker(["xyab", "abcd"])("..xyabcd..") == "..***.."
    assert text_masker(["abcd", "abcdefgh"])("..abcdefgh..") == "..***.."


def test_that_a_line_without_the_beginning_of_a_secret_is_not_held_back() -> None:
    stream = StreamMasker(["hunter2222"])
    assert stream.feed(b"epoch 1 loss 0.5\n") == b"epoch 1 loss 0.5\n"
    assert stream.feed(b"password is hunt") == b"password is "
    assert stream.feed(b"ing season\n") == b"hunting season\n"
    assert stream.feed(b"hunter") == b""
    assert stream.flush() == b"hunter"


alphabet = st.text("abx", min_size=4, max_size=7)


@given(
    secrets=st.lists(alphabet, min_size=1, max_size=3),
    pieces=st.lists(st.text("abxy", max_size=9), max_size=8),
    planted=st.integers(0, 8),
)
def test_that_no_way_of_cutting_a_stream_lets_a_secret_through(
    secrets: list[str], pieces: list[str], planted: int
) -> None:
    pieces.insert(min(planted, len(pieces)), secrets[0])
    stream = StreamMasker(secrets)
    out = b"".join(stream.feed(piece.encode()) for piece in pieces) + stream.flush()
    assert out == masker(secrets)("".join(pieces).encode())
    assert not any(secret.encode() in out for secret in secrets)
    assert b"***" in out
