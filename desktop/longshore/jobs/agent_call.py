"""Having the agent at hand before something is queued: running, and able to read the secrets that it will need."""

from __future__ import annotations

from longshore.settings import Home
from longshore.store import processes


def prepare(home: Home) -> None:
    """Start the agent where none runs, and hand it the vault's passphrase where this process knows it.

    It travels through the wake-up alone, whose both ends prove that they have the home's key.
    Raises: Unavailable if the agent can't be started.
    """
    from longshore.secrets import keyring

    processes.ensure_agent(home)
    if passphrase := keyring.to_hand_over(home):
        processes.wake(home, processes.UNLOCK + passphrase)
