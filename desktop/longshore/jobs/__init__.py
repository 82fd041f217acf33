"""Executions: what to run, the queue, the supervisor, and the targets that they run on."""
