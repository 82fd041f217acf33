"""Between numpy and Arrow. Arrow's own ways from and to Python's and numpy's values import pandas: half a second."""

from __future__ import annotations

from collections.abc import Sequence
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


def places(rows: np.ndarray) -> pa.Array:
    """Give row numbers as the kernels take them."""
    import numpy as np
    import pyarrow as pa

    whole = np.ascontiguousarray(rows, np.int64)
    return pa.Array.from_buffers(pa.int64(), len(whole), [None, pa.py_buffer(whole)])


def coded(codes: np.ndarray, values: pa.Array) -> pa.DictionaryArray:
    """Give texts from codes of a dictionary, null where a code is below 0."""
    import numpy as np
    import pyarrow as pa

    bits = np.packbits(codes >= 0, bitorder="little")
    buffers = [pa.py_buffer(bits), pa.py_buffer(np.ascontiguousarray(np.maximum(codes, 0), np.int32))]
    return pa.DictionaryArray.from_arrays(pa.Array.from_buffers(pa.int32(), len(codes), buffers), values)


def strings(values: Sequence[str]) -> pa.Array:
    """Give an array of strings."""
    import numpy as np
    import pyarrow as pa

    encoded = [value.encode("utf-8") for value in values]
    ends = np.cumsum([0, *map(len, encoded)]).astype(np.int32)
    return pa.StringArray.from_buffers(len(encoded), pa.py_buffer(ends), pa.py_buffer(b"".join(encoded)))


def string(value: str) -> pa.Scalar:
    """Give a single string."""
    return strings([value])[0]


def _dtype(kind: pa.DataType) -> str:
    return {"bool": "bool", "double": "f8", "uint64": "u8"}.get(str(kind)) or str(kind)
