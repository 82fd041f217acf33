"""The Docker engine: finding it, images, containers, networks, logs, stats."""
