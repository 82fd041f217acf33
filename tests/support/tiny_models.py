"""Small models written by hand, as MLflow would: they load in the time of MLflow's own import, and break on demand."""

from __future__ import annotations

import contextlib
import json
import uuid
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from longshore.mlflow_rest.client import Client

# The Python of the base image that the tests' machines have.
_MLMODEL = """\
flavors:
  python_function:
    code: code
    data: data
    env: {{virtualenv: python_env.yaml}}
    loader_module: {module}
    python_version: {python}
mlflow_version: 3.17.2
model_uuid: {uuid}
{signature}
"""
_SIGNATURE = """\
signature:
  inputs: '[{"type": "double", "name": "rooms", "required": true}, {"type": "long", "name": "floor", "required": true}]'
  outputs: '[{"type": "double", "name": "price", "required": true}]'
  params: null
"""
_CODE = """\
import os
import time
{imports}


class Tiny:
    def predict(self, rows, params=None):
        time.sleep({slow_s})
        return [{answer} for _ in range(len(rows))]


def _load_pyfunc(path):
    return Tiny()
"""
EXAMPLE = {"dataframe_split": {"columns": ["rooms", "floor"], "data": [[3.0, 1]]}}
REQUIREMENTS = "mlflow-skinny==3.17.2\npandas==3.1.1\n"


def register_tiny(
    client: Client,
    name: str,
    *,
    answer: str = "1.0",
    imports: str = "",
    slow_s: float = 0.0,
    signed: bool = True,
    requirements: str = REQUIREMENTS,
) -> str:
    """Register a model that answers `answer`, a Python expression, for each row, and give NAME/version."""
    from longshore.errors import Conflict
    from longshore.mlflow_rest import artifacts, experiments, registry, runs

    experiment = experiments.ensure(client, "tiny-models", {})
    run = runs.create(client, experiment.id, name=name)
    module = f"tiny_{uuid.uuid4().hex[:8]}"
    code = _CODE.format(imports=imports, answer=answer, slow_s=slow_s)
    model = _MLMODEL.format(
        module=module, python="3.11.2", uuid=uuid.uuid4().hex, signature=_SIGNATURE if signed else ""
    )
    files = {
        "model/MLmodel": model.encode(),
        "model/requirements.txt": requirements.encode(),
        "model/code/" + module + ".py": code.encode(),
        "model/data/weights.txt": b"1",
    }
    if signed:
        files["model/serving_input_example.json"] = json.dumps(EXAMPLE).encode()
    artifacts.upload_many(client, run.id, files)
    runs.update(client, run.id, status="FINISHED")
    with contextlib.suppress(Conflict):
        registry.create(client, name)
    version = registry.create_version(client, name, f"{run.artifact_uri}/model", run_id=run.id)
    return f"{name}/{version.version}"
