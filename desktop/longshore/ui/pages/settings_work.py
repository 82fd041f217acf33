"""What the settings page does off the UI thread; each function gives work that holds plain values alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from longshore.errors import Conflict, Invalid, LongshoreError, NotAllowed, Unavailable
from longshore.progress import CancelToken, Progress
from longshore.settings import Home
from longshore.store.records import DATABASE, Workspace
from longshore.ui.shell.tasks import Work

if TYPE_CHECKING:
    from longshore.containers.engine import EngineStatus
    from longshore.doctor import Check


@dataclass(frozen=True)
class SecretsState:
    """Where secrets are kept, and their names."""

    backend: str
    ok: bool
    detail: str
    fix: str
    is_vault: bool
    vault_exists: bool
    names: tuple[str, ...]


@dataclass(frozen=True)
class NewTeam:
    """What the form for a team's server holds."""

    url: str
    name: str
    sign_in: str  # none, password, token
    username: str
    secret: str

    def __repr__(self) -> str:
        """Leave the secret out."""
        return f"NewTeam({self.url!r}, {self.name!r}, {self.sign_in!r}, {self.username!r})"


@dataclass(frozen=True)
class Listed:
    """The workspaces, the name of the one that the window shows, and what is wrong with a database, by name."""

    workspaces: tuple[Workspace, ...]
    current: str
    troubles: Mapping[str, str]


def read_workspaces(home: Home, chosen: str | None) -> Work[Listed]:
    """Give the work that lists the workspaces."""

    def work(_progress: Progress, _cancel: CancelToken) -> Listed:
        from longshore.store import processes, workspaces

        listed, servers = workspaces.listing(home), processes.servers(home)
        troubles = {
            each.name: servers[each.name].detail
            for each in listed
            if each.kind == DATABASE and each.name in servers and servers[each.name].state == "failed"
        }
        return Listed(listed, workspaces.get(home, chosen).name, troubles)

    return work


def open_database(home: Home, file: str) -> Work[Workspace]:
    """Give the work that opens a database in place as a workspace."""

    def work(_progress: Progress, _cancel: CancelToken) -> Workspace:
        from longshore.workspace import databases

        return databases.add(home, file)

    return work


def go_to_database(home: Home, file: str, chosen: str | None) -> Work[tuple[str, str]]:
    """Give the work that opens a database and makes it the current workspace; gives its name and the earlier one's."""

    def work(_progress: Progress, _cancel: CancelToken) -> tuple[str, str]:
        from longshore.store import workspaces
        from longshore.workspace import databases, teams

        before = workspaces.get(home, chosen).name
        return teams.use(home, databases.add(home, file).name).name, before

    return work


def leave_database(home: Home, name: str, before: str) -> Work[None]:
    """Give the work that takes `go_to_database` back."""

    def work(_progress: Progress, _cancel: CancelToken) -> None:
        from longshore.workspace import teams

        teams.use(home, before)
        teams.remove(home, name)

    return work


def add_team(home: Home, team: NewTeam) -> Work[Workspace]:
    """Give the work that tries a team's server and remembers it."""

    def work(_progress: Progress, _cancel: CancelToken) -> Workspace:
        from longshore.workspace import teams

        by_password = team.sign_in == "password"
        return teams.add(
            home,
            team.url,
            name=team.name or None,
            username=team.username if by_password else None,
            password=team.secret if by_password else None,
            token=team.secret if team.sign_in == "token" else None,
        )

    return work


def wrong_field(error: LongshoreError, sign_in: str) -> str:
    """Tell beside which field an error of `add_team` belongs: url, name, username, secret; empty for none."""
    words = f"{error.reason} {error.hint or ''}".lower()
    if isinstance(error, Conflict) or "name for a workspace" in words:
        return "name"
    if isinstance(error, NotAllowed):
        return "secret" if sign_in != "none" else "sign_in"
    if "keyring" in words or "vault" in words:
        return ""
    if isinstance(error, Invalid):
        reason = error.reason.lower()
        if "user name" in reason:
            return "username"
        return "secret" if "password" in reason or "token" in reason else "url"
    return "url" if isinstance(error, Unavailable) else ""


def use_workspace(home: Home, name: str) -> Work[None]:
    """Give the work that makes a workspace the current one."""

    def work(_progress: Progress, _cancel: CancelToken) -> None:
        from longshore.workspace import teams

        teams.use(home, name)

    return work


def remove_workspace(home: Home, name: str) -> Work[None]:
    """Give the work that forgets a workspace."""

    def work(_progress: Progress, _cancel: CancelToken) -> None:
        from longshore.workspace import teams

        teams.remove(home, name)

    return work


def read_secrets(home: Home) -> Work[SecretsState]:
    """Give the work that asks where secrets are kept and how they are called."""

    def work(_progress: Progress, _cancel: CancelToken) -> SecretsState:
        from longshore.secrets import keyring, named, vault

        found = keyring.backend(home)
        names = named.names(home) if found.ok else ()
        return SecretsState(
            backend=found.name,
            ok=found.ok,
            detail=found.detail,
            fix=found.fix or "",
            is_vault=found.name == "vault",
            vault_exists=vault.exists(home),
            names=names,
        )

    return work


def keep_secret(home: Home, name: str, value: str) -> Work[None]:
    """Give the work that keeps a secret."""

    def work(_progress: Progress, _cancel: CancelToken) -> None:
        from longshore.secrets import named

        named.set(home, name, value)

    return work


def delete_secret(home: Home, name: str) -> Work[None]:
    """Give the work that deletes a secret."""

    def work(_progress: Progress, _cancel: CancelToken) -> None:
        from longshore.secrets import named

        named.delete(home, name)

    return work


def unlock_vault(home: Home, passphrase: str) -> Work[None]:
    """Give the work that opens the vault for this window."""

    def work(_progress: Progress, _cancel: CancelToken) -> None:
        from longshore.secrets import keyring

        keyring.unlock(home, passphrase)

    return work


def read_engine(home: Home) -> Work[EngineStatus]:
    """Give the work that looks for the Docker engine anew."""

    def work(_progress: Progress, _cancel: CancelToken) -> EngineStatus:
        import contextlib

        from longshore.containers import engine

        with contextlib.suppress(LongshoreError):
            engine.find(home, fresh=True)
        return engine.status(home)

    return work


def read_checks(home: Home) -> Work[tuple[Check, ...]]:
    """Give the work that asks what this computer offers."""

    def work(_progress: Progress, _cancel: CancelToken) -> tuple[Check, ...]:
        from longshore import doctor

        return doctor.check_all(home)

    return work
