"""Facts of a sound, from the head of a WAV, FLAC, Ogg or MP3 file, and the outline of a WAV's first seconds."""

from __future__ import annotations

import struct
from dataclasses import dataclass

SUFFIXES = (".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3")
# Columns of the outline.
WIDTH = 600
_MP3_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
_MP3_KBITS = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_MP3_KBITS_LOW = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_TYPES = {(1, 1): "u1", (1, 2): "<i2", (1, 4): "<i4", (3, 4): "<f4", (3, 8): "<f8"}


@dataclass(frozen=True)
class Audio:
    """What a sound file says of itself. `outline`: (lowest, highest) of each moment, from -1 to 1."""

    format: str
    channels: int | None = None
    rate_hz: int | None = None
    bits: int | None = None
    duration_s: float | None = None
    outline: tuple[tuple[float, float], ...] = ()
    # Seconds that the outline covers.
    outlined_s: float | None = None


def read(head: bytes, size_bytes: int | None) -> Audio | None:
    """Read the head of a sound file, None where it is none that is known."""
    try:
        if head[:4] in (b"RIFF", b"RF64") and head[8:12] == b"WAVE":
            return _wav(head, size_bytes)
        if head.startswith(b"fLaC"):
            return _flac(head)
        if head.startswith(b"OggS"):
            return _ogg(head)
        return _mp3(head, size_bytes)
    except (struct.error, IndexError, ValueError):
        return None


def _wav(head: bytes, size_bytes: int | None) -> Audio | None:
    place, form = 12, None
    while place + 8 <= len(head):
        name, length = head[place : place + 4], struct.unpack_from("<I", head, place + 4)[0]
        if name == b"fmt ":
            form = struct.unpack_from("<HHIIHH", head, place + 8)
            if form[0] == 0xFFFE:  # the kind stands in its extension
                form = (struct.unpack_from("<H", head, place + 32)[0], *form[1:])
        elif name == b"data" and form is not None:
            return _samples(head, place + 8, length, form, size_bytes)
        place += 8 + length + (length & 1)
    return None


def _samples(head: bytes, start: int, length: int, form: tuple[int, ...], size_bytes: int | None) -> Audio | None:
    kind, channels, rate, _per_second, _block, bits = form
    frame = channels * ((bits + 7) // 8)
    if not (0 < channels <= 64 and 0 < rate <= 10_000_000 and 0 < bits <= 64 and frame):
        return None
    # A stream that was never finished claims 4 GB, or nothing.
    there = (size_bytes if size_bytes is not None else len(head)) - start
    length = there if length in (0, 0xFFFFFFFF) else min(length, there)
    outline, covered = _outline(head[start : start + length], kind, channels, (bits + 7) // 8)
    name = "WAV" if kind in (1, 3) else "WAV, compressed"
    return Audio(
        name, channels, rate, bits, max(0, length) / frame / rate, outline, covered / rate if outline else None
    )


def _outline(data: bytes, kind: int, channels: int, width: int) -> tuple[tuple[tuple[float, float], ...], int]:
    import numpy as np

    dtype = _TYPES.get((kind, width))
    if dtype is None:
        return (), 0
    frames = len(data) // (width * channels)
    if frames < 2:
        return (), 0
    samples = np.frombuffer(data, dtype, frames * channels).reshape(frames, channels)[:, 0].astype(np.float64)
    if dtype == "u1":
        samples = samples / 128 - 1
    elif kind == 1:
        samples = samples / float(2 ** (8 * width - 1))
    samples = np.clip(np.nan_to_num(samples), -1, 1)
    starts = np.linspace(0, frames, min(WIDTH, frames), endpoint=False, dtype=np.int64)
    low, high = np.minimum.reduceat(samples, starts), np.maximum.reduceat(samples, starts)
    return tuple(zip(low.tolist(), high.tolist(), strict=True)), frames


def _flac(head: bytes) -> Audio | None:
    if head[4] & 0x7F:
        return None
    packed = int.from_bytes(head[18:26], "big")
    rate, channels = packed >> 44, (packed >> 41 & 7) + 1
    bits, samples = (packed >> 36 & 31) + 1, packed & (2**36 - 1)
    return Audio("FLAC", channels, rate, bits, samples / rate if rate and samples else None) if rate else None


def _ogg(head: bytes) -> Audio | None:
    if (place := head.find(b"\x01vorbis", 0, 4096)) >= 0:
        channels, rate = struct.unpack_from("<BI", head, place + 11)
        return Audio("Ogg Vorbis", channels, rate)
    if (place := head.find(b"OpusHead", 0, 4096)) >= 0:
        return Audio("Ogg Opus", head[place + 9], struct.unpack_from("<I", head, place + 12)[0])
    return Audio("Ogg")


def _mp3(head: bytes, size_bytes: int | None) -> Audio | None:
    start = 0
    if head.startswith(b"ID3"):
        start = 10 + sum((byte & 0x7F) << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True))
    if start + 4 > len(head):
        return Audio("MP3")
    if head[start] != 0xFF or head[start + 1] & 0xE6 != 0xE2:
        return None
    version = head[start + 1] >> 3 & 3
    rates, kbits = _MP3_RATES.get(version), _MP3_KBITS if version == 3 else _MP3_KBITS_LOW
    rate_place, kbit_place = head[start + 2] >> 2 & 3, head[start + 2] >> 4
    if rates is None or rate_place == 3 or kbit_place in (0, 15):
        return None
    channels = 1 if head[start + 3] >> 6 == 3 else 2
    # Right for a constant bit rate; with a variable one it is a guess, so it is not given then.
    variable = b"Xing" in head[start : start + 200] or b"VBRI" in head[start : start + 200]
    known = size_bytes is not None and not variable
    seconds = (size_bytes or 0) * 8 / (kbits[kbit_place] * 1000) if known else None
    return Audio("MP3", channels, rates[rate_place], None, seconds)
