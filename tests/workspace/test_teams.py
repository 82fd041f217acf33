"""A team's server: its sign-in is checked before anything is kept, and kept in the keyring alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from longshore.errors import Conflict, Invalid, NotAllowed, NotFound, Unavailable
from longshore.mlflow_rest import experiments
from longshore.secrets import keyring, vault
from longshore.settings import Home, open_home
from longshore.store import processes
from longshore.workspace import connection, teams
from tests.support.closed_port import closed_port
from tests.support.grep_secret import assert_nowhere
from tests.support.secret_service import LOCKED, needs_secret_service, run_with_keyring
from tests.support.team import TeamServer, running_team_server


@pytest.fixture(scope="module")
def team() -> Iterator[TeamServer]:
    with running_team_server() as server:
        yield server


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv(keyring.CHOICE, "vault")
    monkeypatch.setenv(vault.PASSPHRASE, "a passphrase of the tests")
    return open_home(tmp_path / "home")


def names(home: Home) -> list[str]:
    return [workspace.name for workspace in teams.listing(home)]


def test_that_a_password_opens_the_teams_server_and_lies_in_no_file_and_no_command_line(
    home: Home, team: TeamServer
) -> None:
    added = teams.add(home, team.url + "/", name="team", username=team.username, password=team.password)
    assert (added.kind, added.url, added.auth, added.username) == ("team", team.url, "basic", "admin")
    assert not added.current
    with connection.connect(home, "team") as client:
        assert experiments.get_by_name(client, "Default").id == "0"
    assert_nowhere(team.password, home.path)
    assert team.password not in repr(connection.credential(home, "team"))


def test_that_a_token_opens_the_teams_server(home: Home, team: TeamServer) -> None:
    added = teams.add(home, team.url, token=team.token)
    assert (added.name, added.auth) == ("127.0.0.1", "token")
    with connection.connect(home, added.name) as client:
        assert experiments.get_by_name(client, "Default").id == "0"
    assert_nowhere(team.token, home.path)


@pytest.mark.parametrize(
    ("sign_in", "hint"),
    [
        ({"username": "admin", "password": "not-the-password"}, "user name and the password"),
        ({"username": "nobody", "password": "not-the-password"}, "user name and the password"),
        ({"token": "not-the-token"}, "token"),
        ({}, "Give a user name with a password"),
    ],
)
def test_that_a_refused_sign_in_is_told_with_a_next_step_and_nothing_is_kept(
    home: Home, team: TeamServer, sign_in: dict[str, str], hint: str
) -> None:
    with pytest.raises(NotAllowed, match=team.url) as caught:
        teams.add(home, team.url, name="team", **sign_in)
    assert hint in (caught.value.hint or "")
    assert names(home) == ["personal"]
    assert keyring.names(home) == ()
    assert "not-the-" not in str(caught.value.as_dict())


def test_that_a_server_that_cannot_be_reached_is_told_and_nothing_is_kept(home: Home) -> None:
    with closed_port() as port, pytest.raises(Unavailable, match="cannot be reached") as caught:
        teams.add(home, f"http://127.0.0.1:{port}", username="admin", password="some password")
    assert caught.value.hint
    assert names(home) == ["personal"]
    assert keyring.names(home) == ()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"url": "not an address"}, "address"),
        ({"url": "ftp://example.org"}, "address"),
        ({"url": "http://admin:some-password@127.0.0.1:1"}, "password does not belong"),
        ({"username": "admin"}, "password is missing"),
        ({"password": "some password"}, "user name is missing"),
        ({"username": "admin", "password": "x", "token": "y"}, "a token, or a user name"),
        ({"token": "two words"}, "not a token"),
        ({"username": "a:b", "password": "x"}, "colon"),
        ({"name": "no/slash"}, "not a name"),
    ],
)
def test_that_what_cannot_be_a_servers_address_or_sign_in_is_refused_before_anything_is_sent(
    home: Home, arguments: dict[str, str], reason: str
) -> None:
    with pytest.raises(Invalid, match=reason):
        teams.add(home, **{"url": "http://127.0.0.1:1", **arguments})
    assert names(home) == ["personal"]


def test_that_a_taken_name_is_refused_and_the_first_workspace_keeps_its_password(home: Home, team: TeamServer) -> None:
    teams.add(home, team.url, name="team", username=team.username, password=team.password)
    with pytest.raises(Conflict, match="team"):
        teams.add(home, team.url, name="team", token=team.token)
    assert keyring.get(home, "workspace:team:password") == team.password
    assert keyring.names(home) == ("workspace:team:password",)


def test_that_a_page_that_is_no_mlflow_server_is_told(home: Home, team: TeamServer) -> None:
    with pytest.raises((Invalid, Unavailable), match=r"not like an MLflow server|does not answer like"):
        teams.add(home, team.url + "/static-files", username=team.username, password=team.password)
    assert names(home) == ["personal"]


def test_that_using_and_removing_a_workspace_forgets_its_password_and_gives_the_personal_one_back(
    home: Home, team: TeamServer
) -> None:
    teams.add(home, team.url, name="team", username=team.username, password=team.password)
    assert teams.use(home, "team").current
    assert connection.tracking_environment(home) == {"MLFLOW_TRACKING_URI": team.url}
    teams.remove(home, "team")
    assert keyring.names(home) == ()
    assert [workspace.current for workspace in teams.listing(home)] == [True]
    with pytest.raises(NotFound, match="team"):
        connection.connect(home, "team")
    with pytest.raises(Invalid, match="personal"):
        teams.remove(home, "personal")
    with pytest.raises(NotFound):
        teams.remove(home, "never there")


def test_that_a_password_that_the_keyring_lost_is_told(home: Home, team: TeamServer) -> None:
    teams.add(home, team.url, name="team", username=team.username, password=team.password)
    keyring.delete(home, "workspace:team:password")
    with pytest.raises(Unavailable, match="no longer has the sign-in of team"):
        connection.connect(home, "team")


def test_that_the_personal_server_that_is_not_up_is_told_with_its_log(home: Home) -> None:
    with pytest.raises(Unavailable, match="not running") as caught:
        connection.connect(home)
    assert "server.log" in (caught.value.hint or "")
    processes.put_server(home, state="starting", port=25_000)
    with pytest.raises(Unavailable, match="still starting"):
        connection.connect(home, wait_s=0.2)
    processes.put_server(home, state="healthy", port=25_000)
    with connection.connect(home) as client:
        assert client.url == "http://127.0.0.1:25000"


IN_THE_REAL_KEYRING = """
import json, sys
from pathlib import Path
from longshore.errors import LongshoreError
from longshore.mlflow_rest import experiments
from longshore.settings import open_home
from longshore.workspace import connection, teams
home, url, password = open_home(Path(sys.argv[1])), sys.argv[2], Path(sys.argv[3]).read_text()
try:
    teams.add(home, url, name="team", username="admin", password=password)
    connection._credentials.clear()
    with connection.connect(home, "team") as client:
        experiments.get_by_name(client, "Default")
except LongshoreError as error:
    print(json.dumps(error.as_dict()))
else:
    print(json.dumps({"names": [workspace.name for workspace in teams.listing(home)]}))
"""


@needs_secret_service
def test_that_the_password_goes_through_the_systems_own_keyring(home: Home, team: TeamServer, tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text(team.password)
    seen = json.loads(run_with_keyring(IN_THE_REAL_KEYRING, str(home.path), team.url, str(password)))
    assert seen == {"names": ["personal", "team"]}
    assert not vault.exists(home)
    assert_nowhere(team.password, home.path)


@needs_secret_service
def test_that_with_a_locked_keyring_no_workspace_is_kept(home: Home, team: TeamServer, tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text(team.password)
    told = json.loads(run_with_keyring(IN_THE_REAL_KEYRING, str(home.path), team.url, str(password), daemon=LOCKED))
    assert told["code"] == "unavailable"
    assert "Unlock the keyring" in told["hint"]
    assert names(home) == ["personal"]
    assert_nowhere(team.password, home.path)
