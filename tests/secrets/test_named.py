"""A person's own secrets by name."""

from __future__ import annotations

import pytest

from longshore.errors import Invalid, NotFound
from longshore.secrets import keyring, named, vault
from longshore.settings import Home


@pytest.fixture(autouse=True)
def open_vault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(keyring.CHOICE, "vault")
    monkeypatch.setenv(vault.PASSPHRASE, "a passphrase of the tests")


def test_that_sign_ins_kept_in_the_same_place_are_no_secrets_of_the_person(home: Home) -> None:
    keyring.set(home, "workspace:team:password", "pa55word")
    named.set(home, "TOKEN", "swordfish")
    assert named.names(home) == ("TOKEN",)
    assert named.values(home, ["TOKEN"]) == {"TOKEN": "swordfish"}
    with pytest.raises(NotFound):
        named.values(home, ["workspace:team:password"])
    named.delete(home, "TOKEN")
    assert named.names(home) == ()
    assert keyring.get(home, "workspace:team:password") == "pa55word"


def test_that_a_secret_that_is_missing_is_named_as_the_person_knows_it(home: Home) -> None:
    for ask in (lambda: named.values(home, ["NOPE"]), lambda: named.delete(home, "NOPE")):
        with pytest.raises(NotFound, match="There is no secret 'NOPE'") as caught:
            ask()
        assert "longshore secret set NOPE" in (caught.value.hint or "")


@pytest.mark.parametrize("name", ["", "A B", "1ST", "A=B", "PATH\n"])
def test_that_a_name_that_no_variable_can_have_is_refused(home: Home, name: str) -> None:
    with pytest.raises(Invalid, match="environment variable"):
        named.set(home, name, "value")
