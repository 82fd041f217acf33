"""Pachyderm pipelines without Pachyderm: repos are folders, datums are containers, what was done is kept by its hash."""
