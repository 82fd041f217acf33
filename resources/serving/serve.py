"""Serves the model of this image by MLflow's own protocol: /invocations, /ping, /health, /version.

Copied into each model image; it runs on the model's own requirements and knows nothing of Longshore.
"""

import gc
import json
import os
import sys
import time
from pathlib import Path

MODEL = Path("/opt/longshore/model")
SECRETS = Path("/tmp/longshore-secrets.json")
PORT = 8080


def take_secrets():
    """Wait for the deployment's secrets, put into memory only, and make them environment variables."""
    while not SECRETS.exists():
        time.sleep(0.02)
    os.environ.update(json.loads(SECRETS.read_text("utf-8")))
    SECRETS.unlink()


def warm_up(scoring_server, model):
    """Answer the model's own input example once, so that the first request is as fast as the second."""
    example = MODEL / "serving_input_example.json"
    if not example.is_file():
        return
    try:
        schema = model.metadata.get_input_schema()
        answer = scoring_server.invocations(example.read_text("utf-8"), "application/json", model, schema)
        if getattr(answer, "status", 200) != 200:
            say(f"the model's own input example is answered {answer.status}: {answer.response}")
    except Exception as error:  # noqa: BLE001 - the model's code may raise anything; it is served all the same
        say(f"the model's own input example fails: {error}")


def say(what):
    """Write a line to the container's log."""
    sys.stderr.write(f"longshore: {what}\n")


def main():
    """Load the model, then listen: whoever gets an answer from /ping can send rows."""
    if os.environ.get("LONGSHORE_AWAITS_SECRETS") == "1":
        take_secrets()
    # Importing makes hundreds of thousands of objects that live for good: looking for garbage among them takes a
    # fifth of the start, and later a part of each request.
    gc.disable()
    import uvicorn
    from mlflow.pyfunc import scoring_server

    model = scoring_server.load_model_with_mlflow_config(str(MODEL))
    app = scoring_server.init(model)
    warm_up(scoring_server, model)
    gc.freeze()
    gc.enable()
    # MLflow before 2.22 gives a Flask application.
    interface = "wsgi" if type(app).__module__.startswith("flask") else "auto"
    uvicorn.run(
        app,
        host="0.0.0.0",
        port=PORT,
        interface=interface,
        access_log=False,
        # Longer than the proxy keeps a connection, so that none is closed under a request.
        timeout_keep_alive=75,
        timeout_graceful_shutdown=60,
    )


if __name__ == "__main__":
    sys.exit(main())
