"""What looks like a secret, by a file's name or by its text. Such files never leave the project's folder."""

from __future__ import annotations

import re
from pathlib import PurePath, PurePosixPath

_EXAMPLES = re.compile(r"(^|[._-])(example|sample|template|dist|defaults?)([._-]|$)")
_NAMES = re.compile(
    r"""^(
      \.env(rc)?(\..*)? | .*\.env | \.netrc | _netrc | \.pgpass | \.pypirc | \.npmrc | \.htpasswd | \.git-credentials
    | \.dockercfg | \.boto | \.s3cfg | kaggle\.json | wallet\.dat
    | id_(rsa|dsa|ecdsa|ed25519)[^.]* | .*\.(pem|key|p12|pfx|jks|keystore|kdbx|ppk|ovpn|token)
    | (.*[._-])?(credentials?|secrets?|passwords?|passwd)([._-].*)?
    | service[-_]?account.*\.json | client_secret.*\.json | .*[._-]?api[-_]?keys?([._-].*)?
    )$""",
    re.VERBOSE,
)
# Code that deals with secrets is not a secret: `secrets.py` is kept unless its text gives one away.
_CODE = (".py", ".ipynb", ".md", ".rst", ".js", ".ts", ".go", ".rs", ".c", ".h", ".cpp", ".java", ".r", ".sh", ".html")
_FOLDERS = {".ssh", ".aws", ".gnupg", ".kube", ".azure", ".gcloud", ".secrets"}
_EXACT = {".dvc/config.local", ".docker/config.json", ".streamlit/secrets.toml"}

_TEXTS = re.compile(
    rb"""
      -----BEGIN[ ](?:[A-Z]+[ ])*PRIVATE[ ]KEY(?:[ ]BLOCK)?-----
    | \b(?:AKIA|ASIA)[0-9A-Z]{16}\b
    | \bgh[pousr]_[A-Za-z0-9]{36,}\b | \bgithub_pat_[A-Za-z0-9_]{40,}
    | \bglpat-[A-Za-z0-9_-]{20,} | \bxox[abposr]-[A-Za-z0-9-]{10,} | \bhf_[A-Za-z0-9]{30,}\b
    | \bsk-[A-Za-z0-9_-]{32,} | \bAIza[0-9A-Za-z_-]{35}\b | \bdapi[0-9a-f]{32}\b
    | ://[^\s/:@'"{}<>$]+:[^\s/:@'"{}<>$]{3,}@
    """,
    re.VERBOSE,
)
_ASSIGNED = re.compile(
    rb"""(?i)(?:password|passwd|pwd|secret(?:[_-]?(?:access[_-]?)?key)?|api[_-]?key|access[_-]?key|private[_-]?key
    |(?:auth|access|api|bearer|refresh)[_-]?token)["']?\s*[:=]\s*["']([^"'\s]{8,})["']""",
    re.VERBOSE,
)
_PLACEHOLDER = re.compile(rb"(?i)^[<$%{*x.]|your|example|changeme|change-me|placeholder|dummy|\.\.\.|^(.)\1+$")


def looks_secret(path: PurePath | str) -> bool:
    """Tell whether a file's name says that it holds a secret. The path is relative to the project."""
    parts = PurePosixPath(str(path).replace("\\", "/")).parts
    if not parts:
        return False
    name = parts[-1].lower()
    folders = {part.lower() for part in parts[:-1]}
    if folders & _FOLDERS or "/".join(parts[-2:]).lower() in _EXACT:
        return True
    if _EXAMPLES.search(name) or name.endswith((".pub", *_CODE)):
        return False
    return "secrets" in folders or bool(_NAMES.match(name))


def holds_secret(text: bytes) -> bool:
    """Tell whether a text gives away a key, a token or a password."""
    if _TEXTS.search(text):
        return True
    return any(not _PLACEHOLDER.search(match[1]) for match in _ASSIGNED.finditer(text))
