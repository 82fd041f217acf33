"""Layered layout of directed graphs, shared by pipelines and lineage."""
