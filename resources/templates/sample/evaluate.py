"""Grade the test wines with a trained model, and log what came out: metrics, a table, a picture."""

import argparse
import json
import sys
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
from PIL import Image, ImageDraw, ImageFont
from sklearn.metrics import mean_absolute_error, root_mean_squared_error

TEST = Path("data/processed/test.csv")


def find_run(run_id: str) -> mlflow.entities.Run:
    """Give a training run: the one that was named, or the best of this experiment."""
    client = mlflow.MlflowClient()
    if run_id != "best":
        return client.get_run(run_id)
    experiment = mlflow.active_run().info.experiment_id
    finished = "tags.stage = 'train' AND attributes.status = 'FINISHED'"
    found = client.search_runs([experiment], finished, max_results=1, order_by=["metrics.val_mae ASC"])
    if not found:
        sys.exit("This experiment has no finished training run yet. Run the entry point `train` first.")
    return found[0]


def confusion(truth: pd.Series, predicted: np.ndarray) -> pd.DataFrame:
    """Count the wines by the tasters' grade (rows) and the model's (columns)."""
    grades = range(3, 9)
    counts = pd.crosstab(truth, np.rint(predicted).clip(3, 8).astype(int))
    return counts.reindex(index=grades, columns=grades, fill_value=0)


def draw(counts: pd.DataFrame) -> Image.Image:
    """Draw the counts as a heat map."""
    cell, left, top = 88, 120, 96
    size = (left + cell * len(counts) + 32, top + cell * len(counts) + 32)
    picture = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(picture)
    small, large = ImageFont.load_default(20), ImageFont.load_default(24)
    pen.text((left + cell * len(counts) / 2, 28), "the model's grade", "#44506a", small, "mm")
    pen.text((14, top - 24), "tasters", "#44506a", small, "lm")
    shares = counts.div(counts.sum(axis=1).clip(lower=1), axis=0)
    for row, grade in enumerate(counts.index):
        middle = top + cell * row + cell / 2
        pen.text((left - 24, middle), str(grade), "#44506a", large, "rm")
        pen.text((left + cell * row + cell / 2, top - 24), str(grade), "#44506a", large, "mm")
        for column, count in enumerate(counts.loc[grade]):
            share = shares.iat[row, column]
            colour = tuple(round(255 - share * (255 - end)) for end in (42, 92, 230))
            corner = (left + cell * column, top + cell * row)
            pen.rounded_rectangle((*corner, corner[0] + cell - 6, corner[1] + cell - 6), 10, colour, "#e2e6ee")
            if count:
                centre = (corner[0] + cell / 2 - 3, corner[1] + cell / 2 - 3)
                pen.text(centre, str(count), "white" if share > 0.45 else "#1c2434", large, "mm")
    return picture


def main() -> None:
    parser = argparse.ArgumentParser(description="Grade the test wines with a trained model.")
    parser.add_argument("--run-id", default="best", help="a training run's id, or `best`")
    arguments = parser.parse_args()
    if not TEST.exists():
        sys.exit(f"{TEST} does not exist yet. Run the entry point `prepare` first.")
    wines = pd.read_csv(TEST)
    truth = wines.pop("quality")

    with mlflow.start_run():
        trained = find_run(arguments.run_id)
        models = trained.outputs.model_outputs if trained.outputs else []
        if not models:
            sys.exit(f"The run {trained.info.run_id} logged no model.")
        model_id = models[-1].model_id
        mlflow.log_params({"run_id": trained.info.run_id, "model_id": model_id})
        mlflow.set_tag("stage", "evaluate")
        predicted = mlflow.sklearn.load_model(f"models:/{model_id}").predict(wines.astype(float))

        metrics = {
            "test_mae": mean_absolute_error(truth, predicted),
            "test_rmse": root_mean_squared_error(truth, predicted),
            "test_exact": float(np.mean(np.rint(predicted) == truth)),
        }
        mlflow.log_metrics(metrics, model_id=model_id)
        counts = confusion(truth, predicted)
        mlflow.log_image(draw(counts), "grades.png")
        mlflow.log_text(json.dumps({str(grade): row for grade, row in counts.to_dict("index").items()}, indent=2), "grades.json")
        table = wines.assign(quality=truth, predicted=predicted.round(3))
        mlflow.log_text(table.to_csv(index=False), "predictions.csv")
        print("  ".join(f"{name} {value:.4f}" for name, value in metrics.items()))


if __name__ == "__main__":
    main()
