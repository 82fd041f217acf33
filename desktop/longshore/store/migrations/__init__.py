"""The local database's migrations."""
