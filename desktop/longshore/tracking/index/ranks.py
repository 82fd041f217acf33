"""The order of many texts, by the numbers that their first bytes are: some times quicker than comparing them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from longshore.tracking.index import bridge

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

# Fewer are compared at once.
_MANY = 5_000
_BYTES = 8
# What all begin with is looked for up to here: ids that count on begin with zeros.
_LONGEST_BEGINNING = 32


def dense(values: pa.Array) -> np.ndarray:
    """Give the place of each text among all, by its UTF-8 bytes as SQLite compares them; equal ones share one.

    Shape: (n,), int64, from 1 on. `values`: strings, of many with a null all are compared.
    """
    import numpy as np

    keys = None if len(values) < _MANY or values.null_count else _beginnings(values)
    if keys is None:
        return _compared(values)
    order = np.argsort(keys)
    inorder = keys[order]
    differs = _resolved(values, order, inorder[1:] != inorder[:-1])
    ranks = np.empty(len(values), np.int64)
    ranks[order] = np.cumsum(np.append(1, differs))
    return ranks


def _compared(values: pa.Array) -> np.ndarray:
    import numpy as np
    import pyarrow.compute as pc

    result: np.ndarray = bridge.ndarray(pc.rank(values, tiebreaker="dense")).astype(np.int64)
    return result


def _resolved(values: pa.Array, order: np.ndarray, differs: np.ndarray) -> np.ndarray:
    """Put those with one beginning in order, and tell which differ from the one before."""
    import numpy as np

    tied = np.flatnonzero(np.append(~differs, False) | np.append(False, ~differs))
    if not len(tied):
        return differs
    among = _compared(values.take(bridge.places(order[tied])))
    # The beginnings are in order already, so all of these together fall back into their places.
    by_text = np.argsort(among, kind="stable")
    order[tied] = order[tied][by_text]
    placed = np.zeros(len(order), np.int64)
    placed[tied] = among[by_text]
    result: np.ndarray = differs | (placed[1:] != placed[:-1])
    return result


def _beginnings(values: pa.Array) -> np.ndarray | None:
    """Give the first bytes of each text in which they differ, as a number in the same order. Shape: (n,), uint64.

    None where all are empty.
    """
    import numpy as np

    offsets, data = bridge.text_bytes(values)
    if not len(data):
        return None
    starts, lengths = offsets[:-1].astype(np.int64), np.diff(offsets)
    shared, shortest = 0, min(int(lengths.min()), _LONGEST_BEGINNING)
    while shared < shortest and (data[starts + shared] == data[starts[0] + shared]).all():
        shared += 1
    found = np.zeros(len(values), np.uint64)
    for place in range(shared, shared + _BYTES):
        # Behind the end of a text nothing counts, which is as little as its own least byte.
        letters = np.where(place < lengths, data[np.minimum(starts + place, len(data) - 1)], 0)
        found = (found << np.uint64(8)) | letters.astype(np.uint64)
    return found
