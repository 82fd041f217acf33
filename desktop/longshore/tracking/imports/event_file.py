"""TensorBoard's event files: records with checksums (TFRecord), each a small protobuf message.

A reader of our own: the one that is kept up comes with TensorBoard itself, which is many times this app's size. Source:
TensorFlow's `record_writer.h`, `event.proto`, `summary.proto`, `tensor.proto`; TensorBoard's `plugins/hparams/*.proto`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

# Larger records hold pictures and graphs; they are passed over unread.
_LARGEST_READ = 4 << 20
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
# What a tensor's numbers are kept as, by `dtype`: struct code, field of the message.
_TENSORS = {1: ("f", 5), 2: ("d", 6), 3: ("i", 7), 9: ("q", 10), 10: ("?", 11)}


class Damaged(Exception):
    """The rest of the file can't be read."""


@dataclass
class Event:
    """What one record tells."""

    wall_time_s: float = 0.0
    step: int = 0
    scalars: list[tuple[str, float]] = field(default_factory=list)
    params: dict[str, str] = field(default_factory=dict)


def _crc_table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = (byte >> 1) ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return tuple(table)


_TABLE = _crc_table()


def masked_crc(content: bytes) -> int:
    """Give the checksum that TFRecord writes: CRC-32C, rotated and shifted."""
    crc, table = 0xFFFFFFFF, _TABLE
    for byte in content:
        crc = table[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    crc ^= 0xFFFFFFFF
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def events(file: Path) -> Iterator[Event]:
    """Give the events of a file one by one. Raises: Damaged after the last whole one; OSError."""
    for record in _records(file):
        try:
            yield _event(record)
        except (struct.error, IndexError, ValueError) as error:
            raise Damaged(f"a record is not an event: {error}") from error


def _records(file: Path) -> Iterator[bytes]:
    with file.open("rb") as opened:
        while head := opened.read(12):
            if len(head) < 12 or masked_crc(head[:8]) != struct.unpack("<I", head[8:])[0]:
                raise Damaged("cut off or damaged")
            length = struct.unpack("<Q", head[:8])[0]
            if length > _LARGEST_READ:
                opened.seek(length + 4, 1)
                continue
            content, tail = opened.read(length), opened.read(4)
            if len(content) < length or len(tail) < 4:
                raise Damaged("cut off")
            if masked_crc(content) != struct.unpack("<I", tail)[0]:
                raise Damaged("a checksum is wrong")
            yield content


def _fields(content: bytes) -> Iterator[tuple[int, int, int | bytes]]:
    """Give the number, wire type and value of each field of a message."""
    place, end = 0, len(content)
    while place < end:
        key, place = _varint(content, place)
        number, wire = key >> 3, key & 7
        if wire == _VARINT:
            value, place = _varint(content, place)
            yield number, wire, value
            continue
        if wire == _BYTES:
            size, place = _varint(content, place)
        elif wire in (_FIXED64, _FIXED32):
            size = 8 if wire == _FIXED64 else 4
        else:
            raise ValueError(f"wire type {wire}")
        if place + size > end:
            raise ValueError("a field ends after its message")
        yield number, wire, content[place : place + size]
        place += size


def _varint(content: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = content[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
        shift += 7
        if shift > 63:
            raise ValueError("a number is too long")


def _event(content: bytes) -> Event:
    found = Event()
    for number, _, value in _fields(content):
        if number == 1 and isinstance(value, bytes):
            found.wall_time_s = struct.unpack("<d", value)[0]
        elif number == 2 and isinstance(value, int):
            found.step = value - (1 << 64) if value >> 63 else value
        elif number == 5 and isinstance(value, bytes):
            for inner, _, part in _fields(value):
                if inner == 1 and isinstance(part, bytes):
                    _read_value(part, found)
    return found


def _read_value(content: bytes, event: Event) -> None:
    tag, plugin = "", b""
    number: float | None = None
    tensor: bytes | None = None
    for key, _, value in _fields(content):
        if key == 1 and isinstance(value, bytes):
            tag = value.decode("utf-8", "replace")
        elif key == 2 and isinstance(value, bytes):
            number = struct.unpack("<f", value)[0]
        elif key == 8 and isinstance(value, bytes):
            tensor = value
        elif key == 9 and isinstance(value, bytes):
            plugin = next((part for inner, _, part in _fields(value) if inner == 1 and isinstance(part, bytes)), b"")
    if plugin:
        _read_plugin(plugin, event)
    if number is None and tensor is not None:
        number = _scalar(tensor)
    if number is not None and tag and not tag.startswith("_hparams_/"):
        event.scalars.append((tag, number))


def _scalar(content: bytes) -> float | None:
    """Give the number of a tensor without dimensions, None for any other."""
    parts = {key: value for key, _, value in _fields(content)}
    dtype = parts.get(1, 0)
    shape = parts.get(2, b"")
    if not isinstance(dtype, int) or dtype not in _TENSORS or shape:
        return None
    code, key = _TENSORS[dtype]
    raw = parts.get(4)
    if isinstance(raw, bytes) and len(raw) == struct.calcsize(code):
        return float(struct.unpack(f"<{code}", raw)[0])
    value = parts.get(key)
    if isinstance(value, int):
        return float(value)
    if isinstance(value, bytes) and code in "fd" and len(value) == struct.calcsize(code):
        return float(struct.unpack(f"<{code}", value)[0])
    if isinstance(value, bytes) and value:
        return float(_varint(value, 0)[0])
    return None


def _read_plugin(content: bytes, event: Event) -> None:
    parts = {key: value for key, _, value in _fields(content)}
    data = parts.get(2)
    if parts.get(1) != b"hparams" or not isinstance(data, bytes):
        return
    for key, _, session in _fields(data):
        if key != 3 or not isinstance(session, bytes):  # session_start_info
            continue
        for inner, _, entry in _fields(session):
            if inner == 1 and isinstance(entry, bytes):
                pair = {number: value for number, _, value in _fields(entry)}
                name, value = pair.get(1, b""), pair.get(2, b"")
                if isinstance(name, bytes) and isinstance(value, bytes):
                    event.params[name.decode("utf-8", "replace")] = _param(value)


def _param(content: bytes) -> str:
    for key, _, value in _fields(content):
        if key == 2 and isinstance(value, bytes):
            found = struct.unpack("<d", value)[0]
            return str(int(found)) if found.is_integer() else str(found)
        if key == 3 and isinstance(value, bytes):
            return value.decode("utf-8", "replace")
        if key == 4:
            return "True" if value else "False"
    return ""
