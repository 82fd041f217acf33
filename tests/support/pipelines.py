"""Small pipelines of every framework, written for the tests."""

from __future__ import annotations

import textwrap
from pathlib import Path

from tests.support.launching import git


def write(folder: Path, files: dict[str, str]) -> Path:
    """Write files, each text without its indentation."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(textwrap.dedent(text).lstrip("\n"), "utf-8")
    return folder


def dvc_project(folder: Path) -> Path:
    """Prepare, then a `foreach` over two models; a file `break-MODEL` makes that one's training fail."""
    write(
        folder,
        {
            ".dvc/config": "",
            ".gitignore": "data/clean.csv\n/models\n",
            "params.yaml": """
                prepare: {rows: 5}
                train: {alpha: 0.5}
            """,
            "dvc.yaml": """
                stages:
                  prepare:
                    cmd: python prepare.py
                    deps: [prepare.py, data/raw.csv]
                    params: [prepare.rows]
                    outs: [data/clean.csv]
                  train:
                    foreach: [ridge, lasso]
                    do:
                      cmd: python train.py ${item}
                      deps: [train.py, data/clean.csv]
                      params: [train.alpha]
                      outs: ["models/${item}.txt"]
                      metrics:
                        - metrics/${item}.json:
                            cache: false
            """,
            "data/raw.csv": "a,b\n1,2\n",
            "prepare.py": """
                print("preparing")
                open("data/clean.csv", "w").write(open("data/raw.csv").read())
            """,
            "train.py": """
                import json, os, sys
                model = sys.argv[1]
                print("training", model)
                if os.path.exists("break-" + model):
                    sys.exit("broken by design")
                for folder in ("models", "metrics"):
                    os.makedirs(folder, exist_ok=True)
                open(f"models/{model}.txt", "w").write("a model")
                json.dump({"rmse": 0.5, "by": {"fold": 1}}, open(f"metrics/{model}.json", "w"))
            """,
        },
    )
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "a pipeline")
    return folder


def metaflow_project(folder: Path) -> Path:
    """A `foreach` over two models with a join; a file `break-MODEL` makes that one's training fail."""
    write(
        folder,
        {
            "requirements.txt": "metaflow>=2.19,<3\n",
            "flow.py": '''
                import os

                from metaflow import FlowSpec, Parameter, resources, step

                class TrainFlow(FlowSpec):
                    """Trains two models and keeps the better one."""

                    alpha = Parameter("alpha", default=0.5, help="strength")
                    name_of_it = Parameter("label", default="a label", type=str)

                    @step
                    def start(self):
                        self.models = ["ridge", "lasso"]
                        self.next(self.train, foreach="models")

                    @resources(cpu=2, memory=512)
                    @step
                    def train(self):
                        """Fits one model."""
                        self.model = self.input
                        print("training", self.model)
                        if os.path.exists("break-" + self.model):
                            raise ValueError("broken by design")
                        self.score = self.alpha + self.index
                        self.next(self.choose)

                    @step
                    def choose(self, inputs):
                        self.best = max(one.score for one in inputs)
                        self.report = {"best": self.best, "kinds": {"linear": 2}}
                        self.next(self.end)

                    @step
                    def end(self):
                        print("the best is", self.best)

                if __name__ == "__main__":
                    TrainFlow()
            ''',
        },
    )
    return folder


def flytekit_project(folder: Path, version: str) -> Path:
    """A workflow with one within it, a map, a dynamic task and a decision; a file `break` makes its report fail.

    `version` is that of the cache, which flytekit keeps for all projects of a person.
    """
    write(
        folder,
        {
            "requirements.txt": "flytekit>=1.16,<2\n",
            "flow.py": f'''
                import os

                from flytekit import Resources, conditional, dynamic, map_task, task, workflow

                VERSION = "{version}"

                @task(cache=True, cache_version=VERSION, requests=Resources(cpu="500m", mem="1Gi"), retries=2)
                def load(rows: int) -> list[int]:
                    """Makes rows."""
                    print("loading", rows)
                    return list(range(rows))

                @task
                def double(x: int) -> int:
                    return 2 * x

                @task(cache=True, cache_version=VERSION)
                def train(data: list[int], alpha: float = 0.5) -> float:
                    print("training with", alpha)
                    return sum(data) * alpha

                @dynamic
                def many(data: list[int]) -> int:
                    last = 0
                    for one in data:
                        last = double(x=one)
                    return last

                @task
                def report(score: float) -> str:
                    if os.path.exists("break"):
                        raise ValueError("broken by design")
                    return f"score {{score}}"

                @task
                def poor() -> str:
                    return "poor"

                @workflow
                def prepare(rows: int) -> list[int]:
                    data = load(rows=rows)
                    return map_task(double)(x=data)

                @workflow
                def main(rows: int = 3, alpha: float = 0.5) -> str:
                    """Trains twice, and reports what is good enough."""
                    data = prepare(rows=rows)
                    last = many(data=data)
                    score = train(data=data, alpha=alpha)
                    last >> score
                    train(data=data)
                    return conditional("good enough").if_(score > 1.0).then(report(score=score)).else_().then(poor())
            ''',
        },
    )
    return folder


def flyte_project(folder: Path, name: str) -> Path:
    """A task of Flyte 2 that calls others; a file `break` makes one fail. `name` is the environment's, for the cache."""
    write(
        folder,
        {
            "requirements.txt": "flyte>=2,<3\n",
            "tasks.py": f'''
                import os

                import flyte

                env = flyte.TaskEnvironment(name="{name}", resources=flyte.Resources(cpu=1, memory="500Mi"))

                @env.task(cache="auto")
                def double(x: int) -> int:
                    print("doubling", x)
                    return 2 * x

                @env.task(retries=0)
                def report(total: int, loud: bool) -> str:
                    if os.path.exists("break"):
                        raise ValueError("broken by design")
                    return "!" * total if loud else "quiet"

                @env.task
                def main(n: int = 3, loud: bool = True) -> str:
                    """Doubles some, and reports their sum."""
                    total = 0
                    for i in range(n):
                        total += double(i)
                    return report(total=total, loud=loud)
            ''',
        },
    )
    return folder
