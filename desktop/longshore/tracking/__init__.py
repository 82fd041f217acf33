"""Runs: the table, one run, metric histories, artifacts, comparison."""
