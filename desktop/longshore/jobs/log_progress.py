"""How far a script is, where its log shows it: tqdm's bars, Keras' lines, and lines such as `epoch 3/10`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from longshore.jobs.log import without_colours
from longshore.jobs.supervisor import files

# A bar that did not move while so many others came to their end was left behind.
_MOST_MISSES = 2
# What is read of a log that nobody followed yet, and at one go later.
_FIRST_BYTES, _MOST_BYTES = 2 << 20, 4 << 20
_LONGEST = 400
_MOST_BARS = 20
_MOST_PARTS = 20_000
# What a terminal shows is what came last between these.
_ENDS = re.compile(r"[\r\n\x08]+")
_AMOUNT = r"\d{1,18}(?:\.\d{1,9})?[kKMGTP]?"
_TQDM = re.compile(
    rf"^(?P<name>.{{0,200}}?)\s*(?P<percent>\d{{1,3}})%\|.{{0,200}}?\|\s*(?P<done>{_AMOUNT})/(?P<all>{_AMOUNT})\s?\w{{0,12}} "
    r"\[(?P<elapsed>[\d:]{2,12})<(?P<left>[\d:?]{1,12})"
)
_KERAS = re.compile(r"^\s*(?P<done>\d{1,9})/(?P<all>\d{1,9})\s+(?:━+|\[[=>.]+\])")
_EPOCH = re.compile(r"\bepochs?[\s:#\[(]{0,4}(?P<now>\d{1,7})\s*(?:/|of)\s*(?P<all>\d{1,7})(?P<rest>.*)", re.IGNORECASE)
_ONE_EPOCH = re.compile(r"^epoch\s*#?\d+\W*$", re.IGNORECASE)


@dataclass(frozen=True)
class LogProgress:
    """How far a script says it is."""

    fraction: float  # 0 to 1
    words: str  # "Epoch 3 of 10"
    # As the script itself reckons; None where it says nothing of the whole.
    left_s: float | None = None
    # False: of a part, whose share of the whole nobody knows.
    whole: bool = True

    def time_left_s(self, elapsed_s: float) -> float | None:
        """Reckon the time that is left from what the script says, or from the time since it began."""
        if self.left_s is not None or not self.whole:
            return self.left_s
        return elapsed_s * (1 - self.fraction) / self.fraction if self.fraction > 0.01 else None


@dataclass
class _Bar:
    name: str
    done: float
    all: float
    elapsed_s: float
    left_s: float | None
    number: int  # bars are counted as they appear: the outer one comes first
    misses: int = 0

    @property
    def fraction(self) -> float:
        return min(1.0, self.done / self.all) if self.all else 0.0


class Follower:
    """Reads what comes of a log, piece by piece, and knows how far its script is."""

    def __init__(self) -> None:
        self._pending = ""
        self._bars: dict[str, _Bar] = {}
        self._steps: tuple[int, int] | None = None
        # Which epoch of how many, and how much of it is done where its own line says so.
        self._epoch: tuple[int, int] | None = None
        self._epoch_done = 0.0
        self._count = 0

    def feed(self, text: str) -> None:
        """Take the next piece."""
        parts = _ENDS.split(self._pending + text)
        self._pending = parts.pop()[-_LONGEST:]
        for part in (*parts[-_MOST_PARTS:], self._pending):
            self._take(without_colours(part[: 2 * _LONGEST])[:_LONGEST].rstrip())

    def _take(self, line: str) -> None:
        if bar := _TQDM.match(line):
            self._take_bar(bar)
        elif steps := _KERAS.match(line):
            self._steps = (int(steps["done"]), int(steps["all"]))
        elif (epoch := _EPOCH.search(line)) and int(epoch["all"]) > 0:
            # A line with values after it is written when the epoch is over.
            self._set_epoch(epoch, done=1.0 if epoch["rest"].strip(" .:]-") else 0.0)

    def _set_epoch(self, found: re.Match[str], *, done: float) -> None:
        epoch = (int(found["now"]), int(found["all"]))
        if epoch[0] <= epoch[1]:
            if epoch != self._epoch:
                self._steps = None
            self._epoch, self._epoch_done = epoch, done

    def _take_bar(self, found: re.Match[str]) -> None:
        name = found["name"].rstrip(": ")
        if (epoch := _EPOCH.search(name)) and int(epoch["all"]) > 0:
            self._set_epoch(epoch, done=0.0)
        key = re.sub(r"\d+", "#", name)
        known = self._bars.get(key)
        self._count += known is None
        bar = _Bar(name, _amount(found["done"]), _amount(found["all"]), _seconds(found["elapsed"]) or 0.0,
                   _seconds(found["left"]), known.number if known else self._count)  # fmt: skip
        ended = bar.fraction >= 1 and (known is None or known.fraction < 1)
        self._bars[key] = bar
        for other_key, other in list(self._bars.items()):
            other.misses += ended and other is not bar and other.fraction < 1
            gone = other is not bar and (other.fraction >= 1 or other.misses > _MOST_MISSES)
            if gone or (len(self._bars) > _MOST_BARS and other is not bar):
                del self._bars[other_key]

    def now(self) -> LogProgress | None:
        """Tell how far it is, None where the log shows nothing of it."""
        outer = min(self._bars.values(), key=lambda bar: bar.number, default=None)
        epoch = self._epoch
        if epoch is not None and (outer is None or _EPOCH.search(outer.name)):
            inside = outer.fraction if outer is not None else self._inside()
            # Scripts count from 0 or from 1; only a 0 tells.
            before = epoch[0] - 1 if epoch[0] else 0
            fraction = min(1.0, (before + inside) / epoch[1])
            return LogProgress(fraction, f"Epoch {epoch[0]:,} of {epoch[1]:,}")
        if outer is None:
            return _of_steps(self._steps)
        words = f"{outer.done:,.0f} of {outer.all:,.0f}"
        part = bool(_ONE_EPOCH.match(outer.name))
        if part:
            words = f"{outer.name[:40]}: {words}"
        return LogProgress(outer.fraction, words, outer.left_s, not part)

    def _inside(self) -> float:
        if self._steps is None or not self._steps[1]:
            return self._epoch_done
        return min(1.0, self._steps[0] / self._steps[1])


def _of_steps(steps: tuple[int, int] | None) -> LogProgress | None:
    if steps is None or not steps[1]:
        return None
    # Keras evaluates and predicts with the same lines, whose share of the whole nobody knows.
    return LogProgress(min(1.0, steps[0] / steps[1]), f"Step {steps[0]:,} of {steps[1]:,}", None, False)


def _amount(text: str) -> float:
    factor = {"k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15}.get(text[-1], 1.0)
    return float(text.rstrip("kKMGTP")) * factor


def _seconds(text: str) -> float | None:
    """Read 07:35, 1:02:03 or 2:01:02:03; None for what is no time."""
    parts = text.split(":")
    if not all(part.isdigit() for part in parts) or len(parts) > 4:
        return None
    return float(sum(int(part) * each for part, each in zip(reversed(parts), (1, 60, 3600, 86400), strict=False)))


class LogFollower:
    """Follows the log in a job's folder; each look reads what is new. Its text stays in here: it is not masked."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / files.LOG
        self._follower = Follower()
        self._offset: int | None = None
        self._inode = 0

    def look(self) -> LogProgress | None:
        """Read on, and tell how far the script is."""
        try:
            with self._file.open("rb") as log:
                self._start(log.fileno())
                log.seek(self._offset or 0)
                data = log.read(_MOST_BYTES)
        except OSError:
            return self._follower.now()
        self._offset = (self._offset or 0) + len(data)
        self._follower.feed(data.decode("utf-8", "replace"))
        return self._follower.now()

    def _start(self, descriptor: int) -> None:
        import os

        found = os.fstat(descriptor)
        if self._offset is None or found.st_ino != self._inode or found.st_size < self._offset:
            self._inode, self._follower = found.st_ino, Follower()
            self._offset = max(0, found.st_size - _FIRST_BYTES)
