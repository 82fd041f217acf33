"""Puts the deployment's secrets, handed over in this process's environment, where `serve.py` waits for them.

The folder lies in memory (a tmpfs); the file appears whole, and the server removes it once it was read.
"""

import os
from pathlib import Path

SECRETS = Path("/tmp/longshore-secrets.json")

if __name__ == "__main__":
    part = SECRETS.with_suffix(".part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as output:
        output.write(os.environ["LONGSHORE_SECRETS"])
    part.replace(SECRETS)
