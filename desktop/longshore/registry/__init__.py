"""Registered models, versions, aliases, and the audit trail."""
