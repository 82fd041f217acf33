"""Runs that exist already: found in a project's folder, and copied into the workspace's server."""
