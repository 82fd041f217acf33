"""Split the raw wines into training, validation and test data.

It uses no MLflow: Longshore makes a run for it, and takes the metrics from metrics.json.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd

RAW = Path("data/winequality-red.csv")
PROCESSED = Path("data/processed")


def clean(wines: pd.DataFrame) -> pd.DataFrame:
    """Drop copies of the same wine, and give the columns names that a program can use."""
    wines = wines.drop_duplicates(ignore_index=True)
    return wines.rename(columns=lambda name: name.replace(" ", "_"))


def split(wines: pd.DataFrame, test_fraction: float, seed: int) -> dict[str, pd.DataFrame]:
    """Part the wines by chance, each grade in the same proportions."""
    chance = np.random.default_rng(seed)
    place = np.empty(len(wines))
    for _, rows in wines.groupby("quality"):
        place[rows.index] = chance.permutation(len(rows)) / len(rows)
    return {
        "test": wines[place < test_fraction],
        "validation": wines[(place >= test_fraction) & (place < 2 * test_fraction)],
        "train": wines[place >= 2 * test_fraction],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Split the raw wines into training, validation and test data.")
    parser.add_argument("--test-fraction", type=float, default=0.2, help="part of the wines kept for the test, and as much for validation")
    parser.add_argument("--seed", type=int, default=7, help="the same number gives the same split")
    arguments = parser.parse_args()
    if not 0 < arguments.test_fraction < 0.5:
        parser.error("--test-fraction must lie between 0 and 0.5")

    raw = pd.read_csv(RAW)
    wines = clean(raw)
    PROCESSED.mkdir(parents=True, exist_ok=True)
    metrics = {"rows_raw": len(raw), "rows_dropped": len(raw) - len(wines)}
    for name, part in split(wines, arguments.test_fraction, arguments.seed).items():
        part.to_csv(PROCESSED / f"{name}.csv", index=False)
        metrics[f"rows_{name}"] = len(part)
        print(f"{PROCESSED / name}.csv: {len(part)} wines, mean grade {part['quality'].mean():.2f}")
    Path("metrics.json").write_text(json.dumps(metrics, indent=2))


if __name__ == "__main__":
    main()
