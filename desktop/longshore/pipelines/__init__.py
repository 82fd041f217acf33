"""Pipelines: what their steps do, read from events that come from inside the framework, and told to MLflow."""
