"""Small pipelines of every framework, written for the tests."""

from __future__ import annotations

import json
import textwrap
import time
from pathlib import Path
from typing import Any

from longshore.settings import Home
from longshore.store import jobs
from longshore.store.database import now
from longshore.store.records import Job
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
