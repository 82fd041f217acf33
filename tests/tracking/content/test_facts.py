"""Sounds, model folders, image series, bytes: the facts that their files give."""

from __future__ import annotations

import io
import json
import math
import struct
import wave

import pytest

from longshore.tracking.content import audio, hex_dump, image_steps, model_folder


def sound(*, seconds: float = 1.0, rate: int = 8000, channels: int = 2, width: int = 2) -> bytes:
    target = io.BytesIO()
    with wave.open(target, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        values = (int(20_000 * math.sin(n / 9)) for n in range(int(seconds * rate)))
        file.writeframes(b"".join(struct.pack("<h", value) * channels for value in values))
    return target.getvalue()


def test_that_a_wav_file_tells_its_length_and_shows_its_outline() -> None:
    data = sound(seconds=2)
    found = audio.read(data, len(data))
    assert found is not None
    assert (found.format, found.channels, found.rate_hz, found.bits, found.duration_s) == ("WAV", 2, 8000, 16, 2.0)
    assert len(found.outline) == audio.WIDTH
    assert max(high for _, high in found.outline) == pytest.approx(20_000 / 32768, abs=0.01)


def test_that_the_head_of_a_wav_file_tells_the_length_of_the_whole() -> None:
    data = sound(seconds=10)
    found = audio.read(data[: len(data) // 10], len(data))
    assert found is not None
    assert (found.duration_s, round(found.outlined_s or 0)) == (10.0, 1)


@pytest.mark.parametrize("claim", [0, 0xFFFFFFFF])
def test_that_a_stream_that_was_never_finished_is_as_long_as_it_is(claim: int) -> None:
    data = bytearray(sound(seconds=1))
    struct.pack_into("<I", data, data.index(b"data") + 4, claim)
    found = audio.read(bytes(data), len(data))
    assert found is not None
    assert found.duration_s == pytest.approx(1.0)


def test_that_other_sounds_tell_what_their_heads_hold() -> None:
    flac = b"fLaC\0\0\0\x22" + bytes(10) + ((44100 << 44) | (1 << 41) | (15 << 36) | 441_000).to_bytes(8, "big")
    assert audio.read(flac, 99) == audio.Audio("FLAC", 2, 44100, 16, 10.0)
    vorbis = b"OggS" + bytes(24) + b"\x01vorbis" + bytes(4) + struct.pack("<BI", 1, 22050) + bytes(20)
    assert audio.read(vorbis, 99) == audio.Audio("Ogg Vorbis", 1, 22050)
    mp3 = b"ID3\4\0\0\0\0\0\0" + b"\xff\xfb\x90\xc4" + bytes(400)
    assert audio.read(mp3, 160_000) == audio.Audio("MP3", 1, 44100, None, 10.0)


@pytest.mark.parametrize(
    "name", [b"RIFF\0\0\0\0WAVE", b"fLaC", b"OggS", b"ID3", b"\xff\xfb", b"RIFF\0\0\0\0WAVEdata\xff\xff\xff\xff"]
)
def test_that_a_damaged_sound_is_no_sound_or_has_no_facts(name: bytes) -> None:
    for end in (b"", b"\0" * 30, b"\xff" * 30, b"fmt \x10\0\0\0" + b"\xff" * 40, b"fmt \x10\0\0\0" + b"\0" * 40):
        found = audio.read(name + end, 100)
        assert found is None or (not found.outline and (found.duration_s or 0) < 1)


MLMODEL = """\
artifact_path: model
flavors:
  python_function:
    loader_module: mlflow.sklearn
    python_version: 3.11.7
  sklearn:
    pickled_model: model.skops
    sklearn_version: 1.7.2
mlflow_version: 3.17.2
model_id: m-123
signature:
  inputs: '[{"type": "long", "name": "age", "required": true}, {"type": "double", "name": "fare", "required": false}]'
  outputs: '[{"type": "tensor", "tensor-spec": {"dtype": "int64", "shape": [-1]}}]'
  params: '[{"name": "threshold", "type": "double", "default": 0.5, "shape": null}]'
utc_time_created: '2026-11-28 10:00:00.123456'
"""


def test_that_a_model_folder_tells_flavors_signature_and_requirements() -> None:
    found = model_folder.read(MLMODEL, "# comment\nscikit-learn==1.7.2\n\nskops\n")
    assert found == model_folder.ModelFolder(
        flavors=("python_function", "sklearn 1.7.2"),
        inputs=("age: long", "fare: double, optional"),
        outputs=("int64 [-1]",),
        params=("threshold: double = 0.5",),
        python="3.11.7",
        mlflow="3.17.2",
        created="2026-11-28 10:00:00",
        requirements=("scikit-learn==1.7.2", "skops"),
        model_id="m-123",
    )


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    "text",
    ["", "x", "flavors: 7", "[" * 20_000, BOMB + "flavors: {x: *i}", "!!python/object/apply:os.system ['true']", "{a: b",
     "flavors: &a {x: *a}", "\0", "flavors: !!binary x"],
)  # fmt: skip
def test_that_a_hostile_model_file_is_none(text: str) -> None:
    assert model_folder.read(text, "") is None


def test_that_a_signature_of_wrong_types_is_empty_or_short() -> None:
    deep = json.dumps([{"type": "array", "items": {"type": "array"}}])
    for signature in ("7", "'[7]'", f"'{deep}'", "'[[[['", "{inputs: [1]}", "'" + '{"a":' * 500 + "'"):
        found = model_folder.read(f"flavors: {{x: {{}}}}\nsignature: {{inputs: {signature}}}\n", "")
        assert found is not None
        assert all(len(each) < 300 for each in found.inputs)


def test_that_images_of_a_folder_are_in_the_order_of_their_steps() -> None:
    names = ["plots/loss_10.png", "plots/loss_2.png", "plots/epoch=3.jpg", "plots/a.txt", "plots/final.png"]
    assert [(image.name, image.step) for image in image_steps.in_order((name, 1) for name in names)] == [
        ("epoch", 3), ("final", None), ("loss", 2), ("loss", 10),
    ]  # fmt: skip


def test_that_images_that_mlflow_logged_have_their_key_and_step_and_no_copies() -> None:
    names = [
        "images/val~sample+step+7+timestamp+1700000000001+0b9e.png",
        "images/val~sample+step+7+timestamp+1700000000001+0b9e+compressed.webp",
        "images/old%step%2%timestamp%1700000000000%aa.png",
    ]
    assert [(image.name, image.step) for image in image_steps.in_order((name, None) for name in names)] == [
        ("old", 2), ("val/sample", 7),
    ]  # fmt: skip


def test_that_bytes_are_shown_with_their_place_and_letters() -> None:
    assert hex_dump.lines(b"\x89PNG\r\n\x1a\n0123456789") == (
        "00000000  89 50 4e 47 0d 0a 1a 0a  30 31 32 33 34 35 36 37  .PNG....01234567\n"
        "00000010  38 39                                             89"
    )
    assert hex_dump.lines(bytes(100_000)).count("\n") == 4096 // 16 - 1
