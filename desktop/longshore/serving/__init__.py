"""Serving models from containers on this computer: images, replicas, the proxy in front, predictions.

`deploying` writes the intent, the agent carries it out with `steps.handle` and looks after it with `watching.watch`.
"""
