"""Whether a folder's code may run. Until a person trusts it, a folder is shown from text alone.

Asked once per folder, kept in the local database, and taken back at any time. The setting `trust`, or LONGSHORE_TRUST in a
CI job, says "always" where nobody shall be asked.
"""

from __future__ import annotations

import os
from pathlib import Path

from longshore.errors import NotAllowed
from longshore.settings import Home, load_settings
from longshore.store.records import TrustedFolder


def is_trusted(home: Home, path: Path | str) -> bool:
    """Tell whether the folder's code may run."""
    from longshore.store import trusted_folders

    if not asks(home):
        return True
    return trusted_folders.holds(home, _key(path))


def trust(home: Home, path: Path | str) -> None:
    """Let the folder's code run from now on."""
    from longshore.store import trusted_folders

    trusted_folders.add(home, _key(path))


def distrust(home: Home, path: Path | str) -> None:
    """Show the folder from text alone again; what runs already runs on."""
    from longshore.store import trusted_folders

    trusted_folders.remove(home, _key(path))


def listing(home: Home) -> tuple[TrustedFolder, ...]:
    """Give the folders that are trusted, by path."""
    from longshore.store import trusted_folders

    return trusted_folders.listing(home)


def asks(home: Home) -> bool:
    """Tell whether a person is asked at all."""
    return load_settings(home).trust != "always" and os.environ.get("LONGSHORE_TRUST") != "always"


def require(home: Home, path: Path | str) -> None:
    """Raise NotAllowed unless the folder is trusted."""
    if not is_trusted(home, path):
        raise NotAllowed(
            f"The code in {path} is not trusted, so nothing of it runs.",
            hint="Look at it first; then trust the folder: `longshore trust PATH`, or the button on its overview.",
        )


def _key(path: Path | str) -> str:
    return str(Path(path).expanduser().resolve())
