"""Passwords and tokens: the system's keyring, and a vault with a passphrase where there is none."""
