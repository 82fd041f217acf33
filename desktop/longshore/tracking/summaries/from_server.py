"""Summaries of histories from a server, run by run: MLflow gives no other exact answer."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from longshore.mlflow_rest import metrics
from longshore.progress import CancelToken

if TYPE_CHECKING:
    import numpy as np

    from longshore.mlflow_rest.client import Client
    from longshore.tracking.summaries.from_database import Values

# After each request the server is left alone for as long as it took, at most so long.
_LONGEST_REST_S = 0.25
_SMALLER = 2.0**-60


def summed(client: Client, run_id: str, key: str, cancel: CancelToken) -> Values | None:
    """Give least, greatest and mean value of one history, None where it is empty.

    Raises: NotFound for a run that is gone; Unavailable; NotAllowed; Cancelled.
    """
    import numpy as np

    parts: list[np.ndarray] = []
    began = time.monotonic()
    for page in metrics.pages(client, run_id, key):
        parts.append(np.fromiter((point.value for point in page), np.float64, len(page)))
        cancel.wait(min(time.monotonic() - began, _LONGEST_REST_S))
        cancel.check()
        began = time.monotonic()
    values = np.concatenate(parts)
    return values_of(values) if len(values) else None


def values_of(values: np.ndarray) -> Values:
    """Give least, greatest and mean of some values. NaN is no number, an infinity is one. Shape: (n,), n > 0."""
    import numpy as np

    numbers = values[~np.isnan(values)]
    if not len(numbers):
        return float("nan"), float("nan"), float("nan")
    with np.errstate(over="ignore", invalid="ignore"):
        mean = float(numbers.mean())
        if not np.isfinite(mean) and np.isfinite(numbers).all():
            mean = float((numbers * _SMALLER).mean() / _SMALLER)
    return float(numbers.min()), float(numbers.max()), mean
