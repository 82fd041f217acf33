"""A column of a frame as the kernels take it: numbers with what is absent, texts as codes of a dictionary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from longshore.tracking.index import bridge, ranks

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa


@dataclass(frozen=True, eq=False)
class Numbers:
    """Shape: (rows,). NaN where nothing is, and where the value itself is none: `present` tells them apart."""

    values: np.ndarray  # float64
    present: np.ndarray | None  # bool; None: everywhere

    @cached_property
    def is_present(self) -> np.ndarray:
        """Tell per row whether a value is there."""
        import numpy as np

        return np.ones(len(self.values), bool) if self.present is None else self.present


@dataclass(frozen=True, eq=False)
class Texts:
    """Shape: (rows,) codes, -1 where nothing is; each code is a place in `values`.

    `values` may hold more than is used. Of what is another text nearly per run it holds some more than once.
    """

    codes: np.ndarray  # int32
    values: pa.Array  # of strings

    @cached_property
    def is_present(self) -> np.ndarray:
        """Tell per row whether a value is there."""
        result: np.ndarray = self.codes >= 0
        return result

    @cached_property
    def ranks(self) -> np.ndarray:
        """The place of each value among all, by its UTF-8 bytes as SQLite compares them; equal values share one."""
        import numpy as np

        return ranks.dense(self.values) if len(self.values) else np.empty(0, np.int64)

    def where(self, chosen: pa.Array) -> np.ndarray:
        """Tell per row whether its value is chosen. `chosen`: a boolean per value; null is no."""
        import numpy as np

        if not len(self.values):
            return np.zeros(len(self.codes), bool)
        # One place more: the code -1 finds it.
        result: np.ndarray = np.append(bridge.flags(chosen), False)[self.codes]
        return result

    def decoded(self, rows: np.ndarray) -> list[str | None]:
        """Give the texts of some rows."""
        import numpy as np

        if not len(self.values):
            return [None] * len(rows)
        codes = self.codes[rows]
        found = self.values.take(bridge.places(np.maximum(codes, 0))).to_pylist()
        return [text if code >= 0 else None for text, code in zip(found, codes, strict=True)]


def numbers(pieces: Sequence[pa.Array]) -> Numbers:
    """Join numeric arrays."""
    import numpy as np

    values = [bridge.ndarray(piece) for piece in pieces]
    whole = values[0] if len(values) == 1 else np.concatenate(values) if values else np.empty(0)
    if not any(piece.null_count for piece in pieces):
        return Numbers(whole.astype(np.float64, copy=False), None)
    present = np.concatenate([bridge.present(piece) for piece in pieces])
    return Numbers(np.where(present, whole, np.nan), present)


def distinct_texts(pieces: Sequence[pa.Array]) -> Texts:
    """Join plain arrays of strings that are mostly different: looking for equal ones would cost more than it saves."""
    import numpy as np
    import pyarrow as pa

    if not pieces:
        return texts(pieces)
    whole = pa.concat_arrays(pieces)
    codes = np.arange(len(whole), dtype=np.int32)
    return Texts(np.where(bridge.present(whole), codes, np.int32(-1)) if whole.null_count else codes, whole)


def texts(pieces: Sequence[pa.Array]) -> Texts:
    """Join arrays of strings, plain or with dictionaries."""
    import numpy as np
    import pyarrow as pa

    coded = [_coded(piece) for piece in pieces]
    if not coded:
        return Texts(np.empty(0, np.int32), bridge.strings([]))
    if len(coded) > 1:
        coded = pa.chunked_array(coded).unify_dictionaries().chunks
    codes = [_codes(piece) for piece in coded]
    return Texts(codes[0] if len(codes) == 1 else np.concatenate(codes), coded[0].dictionary)


def _coded(piece: pa.Array) -> pa.DictionaryArray:
    import pyarrow as pa

    if pa.types.is_dictionary(piece.type):
        return piece
    return piece.dictionary_encode()


def _codes(piece: pa.DictionaryArray) -> np.ndarray:
    import numpy as np

    codes = bridge.ndarray(piece.indices)
    return np.where(bridge.present(piece), codes, np.int32(-1)) if piece.null_count else codes
