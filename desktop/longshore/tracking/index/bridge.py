"""Between numpy and Arrow. Arrow's own ways from and to Python's and numpy's values import pandas: half a second."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa


def ndarray(found: pa.Array | pa.ChunkedArray) -> np.ndarray:
    """Give numbers or booleans, one chunk of numbers without a copy; what stands at a null means nothing."""
    import numpy as np
    import pyarrow as pa

    if isinstance(found, pa.ChunkedArray):
        chunks = [ndarray(chunk) for chunk in found.chunks]
        if len(chunks) == 1:
            return chunks[0]
        return np.concatenate(chunks) if chunks else np.empty(0, _dtype(found.type))
    if pa.types.is_boolean(found.type):
        return ndarray(found.cast(pa.uint8())).astype(bool)
    dtype = np.dtype(_dtype(found.type))
    if not len(found):
        return np.empty(0, dtype)
    return np.frombuffer(found.buffers()[1], dtype, len(found), found.offset * dtype.itemsize)


def present(found: pa.Array | pa.ChunkedArray) -> np.ndarray:
    """Tell where something else than null is."""
    import numpy as np

    return np.ones(len(found), bool) if not found.null_count else ndarray(found.is_valid())


def flags(found: pa.Array | pa.ChunkedArray) -> np.ndarray:
    """Give booleans, null as no."""
    return ndarray(found) & present(found) if found.null_count else ndarray(found)


def array(values: np.ndarray, is_present: np.ndarray | None = None) -> pa.Array:
    """Give numbers of the array's own type, null where none is present; NaN is a value."""
    import numpy as np
    import pyarrow as pa

    whole = np.ascontiguousarray(values)
    bits = None if is_present is None else _bits(is_present)
    return pa.Array.from_buffers(pa.from_numpy_dtype(whole.dtype), len(whole), [bits, pa.py_buffer(whole)])


def places(rows: np.ndarray) -> pa.Array:
    """Give row numbers as the kernels take them."""
    import numpy as np

    return array(rows.astype(np.int64, copy=False))


def integers(values: Sequence[int | None]) -> pa.Array:
    """Give integers of 64 bits, null for None. Raises: OverflowError, TypeError, ValueError for what is none."""
    import numpy as np

    found = np.array([0 if value is None else value for value in values], np.int64)
    return array(found, _is_present(values) if None in values else None)


def coded(codes: np.ndarray, values: pa.Array) -> pa.DictionaryArray:
    """Give texts from codes of a dictionary, null where a code is below 0."""
    import numpy as np
    import pyarrow as pa

    indices = array(np.maximum(codes, 0).astype(np.int32, copy=False), codes >= 0)
    return pa.DictionaryArray.from_arrays(indices, values)


def strings(values: Sequence[str | None]) -> pa.Array:
    """Give an array of strings, null for None.

    Raises: TypeError for what is no text; UnicodeEncodeError; OverflowError beyond 2 GB.
    """
    import pyarrow as pa

    bits = _bits(_is_present(values)) if None in values else None
    texts: list[str] = ["" if value is None else value for value in values]
    # Joined first: to encode each by itself takes four times as long.
    joined = "".join(texts)
    encoded = joined.encode("utf-8")
    lengths = map(len, texts) if len(encoded) == len(joined) else (len(text.encode("utf-8")) for text in texts)
    return pa.StringArray.from_buffers(len(texts), _ends(lengths, len(texts)), pa.py_buffer(encoded), bits)


def string(value: str) -> pa.Scalar:
    """Give a single string."""
    return strings([value])[0]


def text_bytes(found: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Give where each string begins, and the last one ends, in the bytes of all. Shape: (n + 1,) int32; bytes."""
    import numpy as np

    _valid, ends, data = found.buffers()
    offsets = np.frombuffer(ends, np.int32, len(found) + 1, found.offset * 4)
    return offsets, np.frombuffer(data, np.uint8) if data is not None else np.empty(0, np.uint8)


def split(text: bytes, separator: str) -> pa.Array:
    """Give the pieces of a text as strings. Raises: pa.ArrowInvalid for what is no UTF-8."""
    import pyarrow as pa
    import pyarrow.compute as pc

    whole = pa.Array.from_buffers(pa.binary(), 1, [None, _ends([len(text)], 1), pa.py_buffer(text)])
    return pc.split_pattern(whole.cast(pa.string()), separator).flatten()


def lists(counts: Sequence[int], items: pa.Array) -> pa.ListArray:
    """Give a list per count, of as many items each; null for none. Shape: items (sum(counts),)."""
    import numpy as np
    import pyarrow as pa

    ends = np.cumsum([0, *counts]).astype(np.int32)
    return pa.ListArray.from_arrays(array(ends, np.append(np.diff(ends) > 0, True)), items)


def _is_present(values: Sequence[object]) -> np.ndarray:
    import numpy as np

    return np.array([value is not None for value in values], bool)


def _bits(is_present: np.ndarray) -> pa.Buffer:
    import numpy as np
    import pyarrow as pa

    return pa.py_buffer(np.packbits(is_present, bitorder="little"))


def _ends(lengths: Iterable[int], count: int) -> pa.Buffer:
    """Give where each text ends, after the 0 with which the first begins."""
    import numpy as np
    import pyarrow as pa

    ends = np.zeros(count + 1, np.int64)
    np.cumsum(np.fromiter(lengths, np.int64, count), out=ends[1:])
    if ends[-1] > np.iinfo(np.int32).max:
        raise OverflowError("more than 2 GB of text in one column")
    return pa.py_buffer(ends.astype(np.int32))


def _dtype(kind: pa.DataType) -> str:
    return {"bool": "bool", "double": "f8", "uint64": "u8"}.get(str(kind)) or str(kind)
