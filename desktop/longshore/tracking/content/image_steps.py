"""The images of one folder in the order of their steps, as MLflow's `log_image` and people name them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

# What a preview shows as a picture.
SUFFIXES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".svg")
# key, step, time, id: with + since MLflow 3.10, with % before.
_LOGGED = re.compile(
    r"(?P<key>.+?)(?P<sign>[+%])step(?P=sign)(?P<step>\d{1,18})(?P=sign)timestamp(?P=sign)(?P<time>\d+)(?P=sign)(?P<rest>.*)"
)
_NUMBERED = re.compile(r"(?P<key>.*?)(?P<sign>[-_=. ]?)(?P<step>\d{1,18})$")


@dataclass(frozen=True)
class StepImage:
    """An image with its name and its step, None where its name has no number."""

    path: str
    name: str
    step: int | None
    size_bytes: int | None = None


def in_order(files: Iterable[tuple[str, int | None]]) -> tuple[StepImage, ...]:
    """Give the images among files (path, size) by name and step; the small copies that MLflow adds are left out."""
    found = [image for path, size in files if (image := _image(path, size)) is not None]
    return tuple(
        sorted(found, key=lambda image: (image.name.lower(), image.step if image.step is not None else -1, image.path))
    )


def is_logged(path: str) -> bool:
    """Tell whether `log_image` gave a file its name, with step and time in it, or that of the small copy beside it."""
    return _LOGGED.fullmatch(posixpath.splitext(posixpath.basename(path))[0]) is not None


def at_step(images: Sequence[StepImage], step: int) -> StepImage | None:
    """Give the image that shows a series at a step: the latest one up to it, None before the first."""
    found = [image for image in images if image.step is None or image.step <= step]
    return max(found, key=lambda image: image.step if image.step is not None else -1, default=None)


def _image(path: str, size_bytes: int | None) -> StepImage | None:
    stem, suffix = posixpath.splitext(posixpath.basename(path))
    if suffix.lower() not in SUFFIXES:
        return None
    if match := _LOGGED.fullmatch(stem):
        if match["rest"].endswith(f"{match['sign']}compressed"):
            return None
        return StepImage(path, match["key"].replace("~", "/").replace("#", "/"), int(match["step"]), size_bytes)
    if (match := _NUMBERED.fullmatch(stem)) and match["step"]:
        key = match["key"]
        short = key.removesuffix("step").removesuffix("epoch").rstrip("-_=. ")
        return StepImage(path, short or key or stem, int(match["step"]), size_bytes)
    return StepImage(path, stem, None, size_bytes)
