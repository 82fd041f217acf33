"""A team's MLflow server: stock, with basic-auth, and a bearer token as an authorisation function of its own."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.tracking import running_server

ADMIN, ADMIN_PASSWORD = "admin", "Team-Pa55word-of-the-admin"
TOKEN = "tok-3f9a7c51e2d84b06a1"

# What an organisation plugs in before MLflow's own check: a token stands for the administrator.
_AUTHORISATION = """
import os
from flask import request
from werkzeug.datastructures import Authorization
from mlflow.server.auth import authenticate_request_basic_auth

def authenticate():
    if request.headers.get("Authorization") == "Bearer " + os.environ["TEAM_TOKEN"]:
        return Authorization("basic", {"username": "admin", "password": ""})
    return authenticate_request_basic_auth()
"""
_CONFIGURATION = """
[mlflow]
default_permission = READ
database_uri = sqlite:///{folder}/auth.db
admin_username = admin
authorization_function = team_authorisation:authenticate
grant_default_workspace_access = false
"""


@dataclass(frozen=True)
class TeamServer:
    """A server that asks for a sign-in."""

    url: str
    username: str = ADMIN
    password: str = ADMIN_PASSWORD
    token: str = TOKEN


@contextlib.contextmanager
def running_team_server() -> Iterator[TeamServer]:
    """Start one and give it once it is healthy."""
    folder = Path(tempfile.mkdtemp(prefix="ls-team-"))
    (folder / "team_authorisation.py").write_text(_AUTHORISATION)
    (folder / "auth.ini").write_text(_CONFIGURATION.format(folder=folder.as_posix()))
    environment = {
        "PYTHONPATH": str(folder),
        "MLFLOW_AUTH_CONFIG_PATH": str(folder / "auth.ini"),
        "MLFLOW_AUTH_ADMIN_PASSWORD": ADMIN_PASSWORD,
        "MLFLOW_FLASK_SERVER_SECRET_KEY": "a key of the tests alone",
        "TEAM_TOKEN": TOKEN,
    }
    try:
        with running_server("--app-name", "basic-auth", environment=environment) as url:
            yield TeamServer(url)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
