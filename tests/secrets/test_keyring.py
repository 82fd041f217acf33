"""Secrets in the system's own keyring, and what is told where it is locked, silent or missing."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from longshore.errors import Invalid, NotAllowed, NotFound, Unavailable
from longshore.secrets import keyring, probe, vault
from longshore.settings import Home, open_home
from tests.support.grep_secret import assert_nowhere, places_of
from tests.support.secret_service import LOCKED, needs_secret_service, run_with_keyring

PLANTED = "planted-Zx81-secret-9Qe"
PASSPHRASE = "a passphrase of the tests"

ROUND_TRIP = """
import json, sys
from pathlib import Path
from longshore.errors import NotFound
from longshore.secrets import keyring
from longshore.settings import open_home
home, other = open_home(Path(sys.argv[1])), open_home(Path(sys.argv[2]))
value = sys.stdin.readline() or "planted-" + "Zx81-secret-9Qe"
found = keyring.backend(home)
keyring.set(home, "secret:HF_TOKEN", value)
keyring.set(home, "secret:SECOND", "another value")
keyring.set(home, "secret:SECOND", "changed value")
seen = {"backend": vars(found), "value": keyring.get(home, "secret:HF_TOKEN") == value, "names": keyring.names(home)}
seen["second"] = keyring.get(home, "secret:SECOND")
seen["others"] = keyring.names(other)
keyring.delete(home, "secret:SECOND")
seen["after"] = keyring.names(home)
try:
    keyring.get(home, "secret:SECOND")
except NotFound as error:
    seen["gone"] = error.reason
print(json.dumps(seen))
"""

LOOK = """
import json, sys, time
from pathlib import Path
from longshore.errors import Unavailable
from longshore.secrets import keyring
from longshore.settings import open_home
home = open_home(Path(sys.argv[1]))
began = time.monotonic()
seen = {"backend": vars(keyring.backend(home)), "took_s": time.monotonic() - began}
try:
    keyring.set(home, "secret:A", "some value")
except Unavailable as error:
    seen["refused"] = [error.reason, error.hint]
print(json.dumps(seen))
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return open_home(tmp_path / "home")


@pytest.fixture
def vault_home(home: Home, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv(keyring.CHOICE, "vault")
    monkeypatch.setenv(vault.PASSPHRASE, PASSPHRASE)
    return home


@needs_secret_service
def test_that_the_systems_keyring_keeps_secrets_by_name_and_home_and_no_file_of_the_home_holds_them(
    home: Home, tmp_path: Path
) -> None:
    seen = json.loads(run_with_keyring(ROUND_TRIP, str(home.path), str(tmp_path / "other")))
    assert seen["backend"] == {"name": "Secret Service", "ok": True, "detail": "", "fix": None}
    assert seen["value"] is True
    assert seen["names"] == ["secret:HF_TOKEN", "secret:SECOND"]
    assert seen["second"] == "changed value"
    assert seen["others"] == []
    assert seen["after"] == ["secret:HF_TOKEN"]
    assert "secret:SECOND" in seen["gone"]
    assert_nowhere(PLANTED, tmp_path)


@needs_secret_service
def test_that_a_locked_keyring_is_told_within_seconds_and_nothing_goes_elsewhere(home: Home) -> None:
    seen = json.loads(run_with_keyring(LOOK, str(home.path), daemon=LOCKED))
    assert seen["backend"]["ok"] is False
    assert "Unlock the keyring" in seen["backend"]["fix"]
    assert seen["took_s"] < probe.LIMIT_S + 4
    assert "Unlock the keyring" in seen["refused"][1]
    assert not vault.exists(home)


def test_that_a_keyring_that_hangs_is_given_up_after_the_limit(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "LIMIT_S", 0.01)
    began = time.monotonic()
    found = probe.probe(home)
    assert found.state == probe.LOCKED
    assert "does not answer" in found.detail
    assert time.monotonic() - began < 5


def test_that_without_a_keyring_the_vault_is_named_with_a_warning_and_a_fix(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(keyring.CHOICE, raising=False)
    monkeypatch.delenv(vault.PASSPHRASE, raising=False)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    keyring.forget_probe()
    found = keyring.backend(home)
    assert (found.name, found.ok) == ("vault", False)
    assert "encrypted file" in found.detail
    assert "Install a keyring" in (found.fix or "")
    with pytest.raises(Unavailable, match="no keyring"):
        keyring.set(home, "secret:A", "a value")
    keyring.unlock(home, PASSPHRASE)
    keyring.set(home, "secret:A", "a value")
    assert keyring.get(home, "secret:A") == "a value"
    assert keyring.backend(home).ok
    vault.lock(home)


def test_that_the_vault_keeps_values_that_only_its_passphrase_opens(vault_home: Home) -> None:
    keyring.set(vault_home, "secret:A", PLANTED)
    keyring.set(vault_home, "secret:B", "second value")
    keyring.delete(vault_home, "secret:B")
    assert keyring.get(vault_home, "secret:A") == PLANTED
    assert keyring.names(vault_home) == ("secret:A",)
    assert_nowhere(PLANTED, vault_home.path)
    assert (vault_home.path / vault.FILE).stat().st_mode & 0o077 == 0


def test_that_a_wrong_passphrase_and_a_locked_vault_are_told(vault_home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    keyring.set(vault_home, "secret:A", PLANTED)
    monkeypatch.delenv(vault.PASSPHRASE)
    vault.lock(vault_home)
    with pytest.raises(Unavailable, match="locked"):
        keyring.get(vault_home, "secret:A")
    with pytest.raises(NotAllowed, match="passphrase is wrong"):
        keyring.unlock(vault_home, "another passphrase")
    with pytest.raises(Unavailable, match="locked"):
        keyring.get(vault_home, "secret:A")
    keyring.unlock(vault_home, PASSPHRASE)
    assert keyring.get(vault_home, "secret:A") == PLANTED
    vault.lock(vault_home)


def test_that_a_damaged_vault_is_told_and_left_alone(vault_home: Home) -> None:
    (vault_home.path / vault.FILE).write_text('{"salt": "zz"')
    with pytest.raises(Unavailable, match="cannot be read"):
        keyring.set(vault_home, "secret:A", "value")
    assert (vault_home.path / vault.FILE).read_text() == '{"salt": "zz"'


def test_that_a_missing_secret_an_empty_value_and_a_bad_name_are_told(vault_home: Home) -> None:
    with pytest.raises(NotFound, match="HF_TOKEN"):
        keyring.get(vault_home, "secret:HF_TOKEN")
    with pytest.raises(NotFound, match="HF_TOKEN"):
        keyring.delete(vault_home, "secret:HF_TOKEN")
    with pytest.raises(Invalid, match="empty"):
        keyring.set(vault_home, "secret:A", "")
    with pytest.raises(Invalid, match="not a name"):
        keyring.set(vault_home, "line\nbreak", "value")


def test_that_the_search_for_a_planted_secret_finds_it_in_files_names_and_bases(tmp_path: Path) -> None:
    import base64

    assert places_of(PLANTED, tmp_path) == []
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "plain.log").write_text(f"password={PLANTED}\n")
    (tmp_path / "coded").write_bytes(b"\0\1" + base64.b64encode(f"admin:{PLANTED}".encode()))
    (tmp_path / f"{PLANTED}.txt").touch()
    found = {Path(place).name for place in places_of(PLANTED, tmp_path)}
    assert found == {"plain.log", "coded", f"{PLANTED}.txt"}
    assert places_of(PLANTED, tmp_path, ignoring=[tmp_path]) == []
