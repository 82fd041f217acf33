"""Train a model that grades wines, epoch by epoch, and log it to MLflow."""

import argparse
import sys
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
from mlflow.models import infer_signature
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.metrics import mean_absolute_error, root_mean_squared_error

TRAIN = Path("data/processed/train.csv")
VALIDATION = Path("data/processed/validation.csv")
TREES_PER_EPOCH = 5
# What the model needs where it is served. MLflow would find it out by itself, in half a minute.
REQUIREMENTS = [line for line in Path("requirements.txt").read_text().split() if not line.startswith("pillow")]


def read(file: Path) -> tuple[pd.DataFrame, pd.Series]:
    """Give the measurements and the grades."""
    if not file.exists():
        sys.exit(f"{file} does not exist yet. Run the entry point `prepare` first.")
    wines = pd.read_csv(file)
    return wines.drop(columns="quality").astype(float), wines["quality"]


def main() -> None:
    parser = argparse.ArgumentParser(description="Train a model that grades wines.")
    parser.add_argument("--max-depth", type=int, default=4, help="depth of each tree")
    parser.add_argument("--learning-rate", type=float, default=0.08, help="how much each tree counts")
    parser.add_argument("--epochs", type=int, default=30, help=f"rounds of {TREES_PER_EPOCH} trees")
    parser.add_argument("--min-samples-leaf", type=int, default=5, help="fewest wines in a leaf")
    parser.add_argument("--seed", type=int, default=7, help="the same number gives the same model")
    arguments = parser.parse_args()

    wines, grades = read(TRAIN)
    validation_wines, validation_grades = read(VALIDATION)
    model = GradientBoostingRegressor(
        loss="absolute_error",
        max_depth=arguments.max_depth,
        learning_rate=arguments.learning_rate,
        min_samples_leaf=arguments.min_samples_leaf,
        subsample=0.8,
        random_state=arguments.seed,
        warm_start=True,
        n_estimators=TREES_PER_EPOCH,
    )
    with mlflow.start_run():
        mlflow.log_params(vars(arguments))
        mlflow.set_tag("stage", "train")
        for epoch in range(1, arguments.epochs + 1):
            model.n_estimators = epoch * TREES_PER_EPOCH
            model.fit(wines, grades)
            predicted = model.predict(validation_wines)
            metrics = {
                "train_mae": mean_absolute_error(grades, model.predict(wines)),
                "val_mae": mean_absolute_error(validation_grades, predicted),
                "val_rmse": root_mean_squared_error(validation_grades, predicted),
                "val_exact": float(np.mean(np.rint(predicted) == validation_grades)),
            }
            mlflow.log_metrics(metrics, step=epoch)
            print(f"epoch {epoch:3d}  train_mae {metrics['train_mae']:.4f}  val_mae {metrics['val_mae']:.4f}", flush=True)
        example = wines.head(3)
        logged = mlflow.sklearn.log_model(
            model,
            name="model",
            signature=infer_signature(example, model.predict(example)),
            input_example=example,
            pip_requirements=REQUIREMENTS,
            # The model was made here, a moment ago; a tree from a stranger would deserve a second look.
            skops_trusted_types=["sklearn.tree._tree.Tree"],
        )
        mlflow.log_metrics(metrics, step=arguments.epochs, model_id=logged.model_id)
        print(f"logged the model {logged.model_id}")


if __name__ == "__main__":
    main()
