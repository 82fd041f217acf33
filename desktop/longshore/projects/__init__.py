"""Opening a folder: one adapter per framework, git state, environments, templates."""
