"""Which parameters a metric goes with, one at a time, and how likely chance alone would show as much.

The measure is the share of the variance of the metric's ranks that one parameter explains: for numbers the square of
Spearman's rank correlation, for texts the correlation ratio of the ranks (eta squared). A permutation test says how often
shuffled values explain as much. It knows nothing of parameters that work together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from longshore.errors import Invalid
from longshore.tracking.comparing.fields import Field

if TYPE_CHECKING:
    import numpy as np

# Fewer runs let nearly anything look important.
LEAST_RUNS = 8
# The parameters are looked at with so many runs, drawn evenly, and shuffled so often.
MOST_RUNS, SHUFFLES = 5_000, 199
METHOD = "Rank correlation, one parameter at a time"
EXPLAINED = (
    "Share of the variance of the metric's ranks that the parameter alone explains: Spearman's correlation squared for "
    "numbers, eta squared for texts. The test shuffles the values 199 times. Parameters that only matter together are "
    "not found."
)


@dataclass(frozen=True)
class Importance:
    """One parameter."""

    field: str
    # From 0 to 1.
    share: float
    # Spearman's correlation, from -1 to 1; None for texts.
    correlation: float | None
    # How often chance explains as much, from 1/200 to 1.
    chance: float
    runs: int


@dataclass(frozen=True)
class Ranking:
    """All parameters that could be looked at, the most important first."""

    metric: str
    found: tuple[Importance, ...]
    # Those that are the same in all runs, or another text in nearly each.
    left_out: tuple[str, ...]
    # That were looked at, of those that have the metric.
    runs: int
    of_runs: int


def importance(metric: Field, params: Sequence[Field]) -> Ranking:
    """Rank parameters by what they tell about a metric.

    Raises: Invalid where fewer than `LEAST_RUNS` runs have the metric, or it is the same in all.
    """
    import numpy as np

    known = np.flatnonzero(np.isfinite(metric.numbers))
    if len(known) < LEAST_RUNS:
        raise Invalid(
            f"{len(known)} {'run has' if len(known) == 1 else 'runs have'} {metric.title}: too few to tell what matters.",
            hint=f"It takes {LEAST_RUNS} runs or more; twenty times as many as parameters are better.",
        )
    values = metric.numbers[known]
    if values.min() == values.max():
        raise Invalid(f"{metric.title} is the same in all runs.", hint="Choose another metric.")
    chosen = known[np.linspace(0, len(known) - 1, MOST_RUNS).astype(int)] if len(known) > MOST_RUNS else known
    chance = np.random.default_rng(0)
    found, left_out = [], []
    for param in params:
        one = _one(param, metric.numbers[chosen], param.numbers[chosen], chance)
        if one is None:
            left_out.append(param.id)
        else:
            found.append(one)
    found.sort(key=lambda each: (-each.share, each.field))
    return Ranking(metric.id, tuple(found), tuple(left_out), len(chosen), len(known))


def _one(param: Field, y: np.ndarray, x: np.ndarray, chance: np.random.Generator) -> Importance | None:
    import numpy as np

    there = np.isfinite(x)
    x, y = x[there], y[there]
    count = len(x)
    if count < LEAST_RUNS or (levels := len(np.unique(x))) < 2 or (param.is_text and levels > count // 2):
        return None
    ranks = _centred_ranks(y)
    total = float(ranks @ ranks)
    if total == 0:
        return None
    shuffled = np.stack([ranks, *(chance.permutation(ranks) for _ in range(SHUFFLES))])
    if param.is_text:
        shares, correlation = _explained_by_texts(shuffled, x, total), None
    else:
        other = _centred_ranks(x)
        products = shuffled @ other / np.sqrt(total * float(other @ other))
        shares, correlation = products**2, float(products[0])
    as_much = int((shares[1:] >= shares[0] - 1e-12).sum())
    return Importance(param.id, float(min(shares[0], 1.0)), correlation, (as_much + 1) / (SHUFFLES + 1), count)


def _explained_by_texts(ranks: np.ndarray, x: np.ndarray, total: float) -> np.ndarray:
    """Give eta squared of each row of centred ranks. Shape: (m, n) and (n,) in, (m,) out."""
    import numpy as np

    _levels, groups = np.unique(x, return_inverse=True)
    member = np.eye(int(groups.max()) + 1)[groups]
    sums = ranks @ member
    shares: np.ndarray = (sums**2 / member.sum(axis=0)).sum(axis=1) / total
    return shares


def _centred_ranks(values: np.ndarray) -> np.ndarray:
    """Rank values, equal ones alike, around zero."""
    import numpy as np

    _distinct, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[places]
    centred: np.ndarray = ranks - ranks.mean()
    return centred
