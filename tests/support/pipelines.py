"""Small pipelines of every framework, written for the tests."""

from __future__ import annotations

import json
import textwrap
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from longshore.jobs import launching
from longshore.pipelines import running, state
from longshore.projects.opening import open_project
from longshore.projects.pipeline import WHOLE, Selection
from longshore.settings import Home
from longshore.store import jobs
from longshore.store.database import now
from longshore.store.records import Job
from tests.support.launching import git


class Runner:
    """A project with a pipeline in a home of its own."""

    def __init__(self, home: Home, folder: Path, name: str = "") -> None:
        self.home, self.folder = home, folder
        self.info = open_project(home, folder)
        self.pipeline = next(one for one in self.info.pipelines if name in ("", one.name))

    def run(self, selection: Selection = WHOLE, parameters: Mapping[str, str] | None = None) -> Job:
        job = running.launch(self.home, self.info, self.pipeline, selection, parameters=parameters)
        return launching.wait(self.home, job.id)

    def states(self, job: Job) -> dict[str, str]:
        seen = state.of_job(job)
        return {step.name: seen.of(step.name).state for step in self.pipeline.steps}


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


def kfp_project(folder: Path) -> Path:
    """Prepare, then train once for each of two depths, then a report if it is wanted; `break-2` makes depth 2 fail."""
    return write(
        folder,
        {
            "requirements.txt": "kfp>=2.17,<3\n",
            "flow.py": """
                from kfp import dsl


                @dsl.component(base_image="python:3.11")
                def prepare(rows: int, data: dsl.Output[dsl.Dataset]):
                    \"\"\"Writes rows.\"\"\"
                    print("preparing", rows)
                    open(data.path, "w").write("a row\\n" * rows)


                @dsl.component(base_image="python:3.11", packages_to_install=["pyyaml", "iniconfig==2.0.0"])
                def train(data: dsl.Input[dsl.Dataset], depth: int, scores: dsl.Output[dsl.Metrics]) -> float:
                    import os

                    import iniconfig

                    assert isinstance(depth, int)
                    print("training", depth)
                    if os.path.exists(f"break-{depth}"):
                        raise ValueError("broken by design")
                    scores.log_metric("rmse", 0.5 / depth)
                    return 0.25


                @dsl.component(base_image="python:3.11")
                def report(text: str):
                    print(text)


                @dsl.pipeline(name="small", description="Trains twice.")
                def small(rows: int = 3, tell: bool = False):
                    prepared = prepare(rows=rows).set_retry(1)
                    with dsl.ParallelFor([1, 2]) as depth:
                        train(data=prepared.outputs["data"], depth=depth)
                    with dsl.If(tell == True):
                        report(text="done")
            """,
        },
    )


# What `flow.py`'s like is compiled to, without the code of its steps.
KFP_COMPILED = """
    components:
      comp-condition-2:
        dag:
          outputs:
            parameters:
              Output: {valueFromParameter: {outputParameterKey: Output, producerSubtask: report}}
          tasks:
            report:
              componentRef: {name: comp-report}
              inputs: {parameters: {best: {componentInputParameter: pipelinechannel--train-Output}}}
        inputDefinitions: {parameters: {pipelinechannel--train-Output: {parameterType: NUMBER_DOUBLE}}}
      comp-for-loop-1:
        dag:
          tasks:
            train:
              cachingOptions: {enableCache: true}
              componentRef: {name: comp-train}
              inputs:
                artifacts: {data: {componentInputArtifact: pipelinechannel--prepare-data}}
                parameters: {depth: {componentInputParameter: pipelinechannel--loop-item-param-1}}
        inputDefinitions:
          artifacts: {pipelinechannel--prepare-data: {artifactType: {schemaTitle: system.Dataset}}}
          parameters: {pipelinechannel--loop-item-param-1: {parameterType: NUMBER_INTEGER}}
      comp-prepare:
        executorLabel: exec-prepare
        inputDefinitions: {parameters: {rows: {parameterType: NUMBER_INTEGER}}}
        outputDefinitions: {artifacts: {data: {artifactType: {schemaTitle: system.Dataset}}}}
      comp-report:
        executorLabel: exec-report
        inputDefinitions: {parameters: {best: {parameterType: NUMBER_DOUBLE}}}
      comp-train:
        executorLabel: exec-train
        inputDefinitions:
          artifacts: {data: {artifactType: {schemaTitle: system.Dataset}}}
          parameters: {depth: {parameterType: NUMBER_INTEGER}}
        outputDefinitions:
          artifacts:
            model: {artifactType: {schemaTitle: system.Model}}
            scores: {artifactType: {schemaTitle: system.Metrics}}
    deploymentSpec:
      executors:
        exec-prepare:
          container:
            args: [--executor_input, "{{$}}", --function_to_execute, prepare]
            image: python:3.11
            resources: {cpuLimit: 2.0, resourceCpuLimit: "2", memoryLimit: 1.0, resourceMemoryLimit: 1Gi}
        exec-report:
          container: {command: [echo, hello], image: alpine}
        exec-train:
          container:
            args: [--executor_input, "{{$}}", --function_to_execute, train]
            image: python:3.11
            resources: {accelerator: {count: "1", type: nvidia-l4}}
    pipelineInfo: {description: Trains twice., name: small}
    root:
      dag:
        tasks:
          condition-2:
            componentRef: {name: comp-condition-2}
            dependentTasks: [for-loop-1]
            inputs:
              parameters:
                pipelinechannel--train-Output: {componentInputParameter: limit}
            triggerPolicy: {condition: "inputs.parameter_values['pipelinechannel--train-Output'] > 0.5"}
          for-loop-1:
            componentRef: {name: comp-for-loop-1}
            dependentTasks: [prepare]
            inputs:
              artifacts:
                pipelinechannel--prepare-data:
                  taskOutputArtifact: {outputArtifactKey: data, producerTask: prepare}
            parameterIterator: {itemInput: pipelinechannel--loop-item-param-1, items: {raw: "[1, 2]"}}
            taskInfo: {name: depths}
          prepare:
            componentRef: {name: comp-prepare}
            inputs: {parameters: {rows: {componentInputParameter: rows}}}
            retryPolicy: {maxRetryCount: 2}
          report:
            componentRef: {name: comp-report}
            dependentTasks: [condition-2]
            inputs:
              parameters:
                best: {runtimeValue: {constant: 1.5}}
                text: {taskOutputParameter: {outputParameterKey: Output, producerTask: condition-2}}
            triggerPolicy: {strategy: ALL_UPSTREAM_TASKS_COMPLETED}
      inputDefinitions:
        parameters:
          limit: {defaultValue: 0.5, isOptional: true, parameterType: NUMBER_DOUBLE}
          names: {defaultValue: [a, 2.0], isOptional: true, parameterType: LIST}
          rows: {defaultValue: 3.0, isOptional: true, parameterType: NUMBER_INTEGER}
          who: {parameterType: STRING, description: whom to greet}
    schemaVersion: 2.1.0
    ---
    platforms: {kubernetes: {}}
"""


# The name that Kedro 1 makes for the node that was given none.
KEDRO_COUNT = "count__87c68a69"


def kedro_project(folder: Path) -> Path:
    """Clean, count (kept in memory alone), train; a file `break` makes the training fail."""
    return write(
        folder,
        {
            "pyproject.toml": """
                [project]
                name = "small"
                version = "0.1"
                dependencies = ["kedro>=1,<2", "kedro-datasets>=8"]

                [tool.kedro]
                package_name = "small"
                project_name = "Small"
                kedro_init_version = "1.0.0"
                source_dir = "src"
            """,
            "conf/base/catalog.yml": """
                _text: &text
                  type: text.TextDataset
                raw: {<<: *text, filepath: data/raw.txt}
                clean: {type: json.JSONDataset, filepath: data/clean.json}
                model: {<<: *text, filepath: data/model.txt, versioned: true}
                scores: {type: json.JSONDataset, filepath: data/scores.json}
            """,
            "conf/base/parameters.yml": "rows: 2\n",
            "conf/base/parameters_train.yml": "train: {alpha: 0.5, names: [a, b], title: '12'}\n",
            "conf/big/parameters.yml": "rows: 3\n",
            "conf/local/.gitkeep": "",
            "data/raw.txt": "one\ntwo\nthree\nfour\n",
            "src/small/__init__.py": "",
            "src/small/settings.py": "",
            "src/small/pipeline_registry.py": """
                from kedro.framework.project import find_pipelines


                def register_pipelines():
                    found = find_pipelines(raise_errors=True)
                    found["__default__"] = sum(found.values())
                    return found
            """,
            "src/small/pipelines/__init__.py": "",
            "src/small/pipelines/cleaning/__init__.py": "from .pipeline import create_pipeline\n",
            "src/small/pipelines/cleaning/pipeline.py": """
                from kedro.pipeline import Node, Pipeline

                from .nodes import clean, count


                def create_pipeline(**kwargs):
                    return Pipeline(
                        [
                            Node(clean, ["raw", "params:rows"], "clean", name="clean", tags=["first"]),
                            Node(func=count, inputs="clean", outputs="counted"),
                        ]
                    )
            """,
            "src/small/pipelines/cleaning/nodes.py": """
                def clean(raw, rows):
                    \"\"\"Keeps the first rows.\"\"\"
                    print("cleaning", rows)
                    return raw.split()[:rows]


                def count(rows):
                    return len(rows)
            """,
            "src/small/pipelines/training/__init__.py": "from .pipeline import create_pipeline\n",
            "src/small/pipelines/training/pipeline.py": """
                from kedro.pipeline import node, pipeline

                from .nodes import train


                def create_pipeline(**kwargs):
                    return pipeline([node(train, dict(rows="counted", options="params:train"), ["model", "scores"], name="train")])
            """,
            "src/small/pipelines/training/nodes.py": """
                import os


                def train(rows, options):
                    print("training", rows, options["names"], repr(options["title"]))
                    if os.path.exists("break"):
                        raise ValueError("broken by design")
                    return "a model", {"rmse": options["alpha"] / 2, "by": {"rows": rows}}
            """,
        },
    )


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


def written_run(
    home: Home,
    info: Any,
    told: list[dict[str, Any]],
    *,
    pipeline: str = "dvc.yaml",
    state: str = "running",
    log: str = "",
    **more: Any,
) -> Job:
    """Leave the row and the folder of a pipeline's run, as if it had been run: `told` are its events, times from now on."""
    spec = {"pipeline": pipeline, "entry_point": pipeline, "project_path": info.path, "project_name": info.name,
            "selection": more.pop("selection", {})}  # fmt: skip
    job = jobs.add(home, kind="run", title=f"{info.name} · {pipeline}", spec=spec, workspace="personal",
                   project_id=info.id)  # fmt: skip
    folder = Path(job.folder)
    folder.mkdir(parents=True)
    (folder / "log").write_text(log)
    tell(job, told)
    ended = {"ended_at": now()} if state in ("finished", "failed", "stopped") else {}
    return jobs.update(home, job.id, state=state, started_at=now(), **ended, **more)


def tell(job: Job, told: list[dict[str, Any]]) -> None:
    """Write more events, each like {"step": "train", "state": "done", "time": -3} with the time from now on."""
    with (Path(job.folder) / "events.jsonl").open("a") as file:
        for event in told:
            at = time.time() + event.get("time", 0)
            file.write(json.dumps({"event": "step", **event, "time": at}) + "\n")


def zenml_project(folder: Path) -> Path:
    """Load, train (never cached), tell, and a script that starts it; a file `break` makes the training fail."""
    return write(
        folder,
        {
            "requirements.txt": "zenml[local]>=0.98,<0.99\n",
            "settings.yaml": "enable_cache: true\nparameters: {rows: 5}\n",
            "steps.py": """
                import os
                from typing import Tuple

                from typing_extensions import Annotated
                from zenml import log_metadata, step


                @step
                def load(rows: int = 3) -> Annotated[list, "rows"]:
                    \"\"\"Makes rows.\"\"\"
                    print("loading", rows)
                    return list(range(rows))


                @step(enable_cache=False)
                def train(data: list, alpha: float = 0.5) -> Tuple[Annotated[float, "rmse"], Annotated[dict, "report"]]:
                    print("training", alpha)
                    if os.path.exists("break"):
                        raise ValueError("broken by design")
                    log_metadata({"loss": 0.25})
                    return alpha / 2, {"rows": len(data), "name": "a model"}


                @step
                def tell(score: float) -> None:
                    print("the score is", score)
            """,
            "pipeline.py": """
                from zenml import pipeline

                from steps import load, tell, train


                @pipeline
                def small(rows: int = 3, alpha: float = 0.5):
                    \"\"\"Trains once.\"\"\"
                    data = load(rows)
                    score, _ = train(data, alpha=alpha)
                    tell(score)
            """,
            "main.py": """
                import argparse

                from pipeline import small

                if __name__ == "__main__":
                    parser = argparse.ArgumentParser()
                    parser.add_argument("--rows", type=int, default=3)
                    small(rows=parser.parse_args().rows)
            """,
        },
    )


def mlrun_project(folder: Path) -> Path:
    """Prepare, then train on what that made; a file `break` makes the training fail."""
    return write(
        folder,
        {
            "requirements.txt": "mlrun==1.12.1\n",
            "project.yaml": """
                kind: project
                metadata: {name: small}
                spec:
                  functions:
                  - {url: functions.py, name: prepare, kind: job, image: mlrun/mlrun, handler: prepare}
                  - {url: functions.py, name: train, kind: job, image: mlrun/mlrun, handler: train}
                  workflows:
                  - {name: main, path: ./workflow.py, handler: main}
            """,
            "functions.py": """
                import os

                import mlrun


                def prepare(context, rows: int = 3):
                    \"\"\"Makes rows.\"\"\"
                    print("preparing", rows)
                    context.log_artifact("data", body="a row\\n" * rows, local_path="data.txt")


                def train(context, data: mlrun.DataItem, alpha: float = 0.5):
                    print("training", alpha)
                    if os.path.exists("break"):
                        raise ValueError("broken by design")
                    context.log_result("rmse", alpha / 2)
                    context.log_result("rows", len(data.get().splitlines()))
            """,
            "workflow.py": """
                import mlrun


                def main(rows: int = 3):
                    \"\"\"Trains once.\"\"\"
                    project = mlrun.get_current_project()
                    prepared = project.run_function("prepare", params={"rows": rows})
                    project.run_function("train", params={"alpha": 0.3}, inputs={"data": prepared.outputs["data"]})
            """,
        },
    )


def pachyderm_project(folder: Path) -> Path:
    """Count the letters of each text, then sum over all; a text that holds `break` fails, once for each try."""
    return write(
        folder,
        {
            "count.json": """
                {
                  "pipeline": {"name": "count"},
                  "description": "Counts letters.",
                  "input": {"pfs": {"repo": "texts", "glob": "/*"}},
                  "transform": {
                    "image": "python:3.11-slim",
                    "cmd": ["python3"],
                    "stdin": [
                      "import os, sys",
                      "text = open(os.environ['texts']).read()",
                      "print('counting', text.strip(), os.getuid(), os.environ['WHO'])",
                      "if 'break' in text: sys.exit('broken by design')",
                      "name = os.path.basename(os.environ['texts'])",
                      "open('/pfs/out/' + name, 'w').write(str(len(text.strip())))"
                    ],
                    "env": {"WHO": "tests"}
                  },
                  "parallelism_spec": {"constant": 2},
                  "resource_requests": {"cpu": "500m", "memory": "64Mi"},
                  "datum_tries": 2,
                  "datum_timeout": "2m"
                }
            """,
            "sum.yaml": """
                pipeline:
                  name: sum
                input:
                  pfs: {repo: count, glob: /}
                transform:
                  image: python:3.11-slim
                  cmd: [sh]
                  stdin:
                    - cat /pfs/count/* > /pfs/out/all.txt
                    - echo '{"texts":' $(ls /pfs/count | wc -l)'}' > /pfs/out/metrics.json
                    - touch /pfs/count/new && echo writable || echo read-only
            """,
            "texts/a.txt": "abc\n",
            "texts/b.txt": "hello\n",
        },
    )
