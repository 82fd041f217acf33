"""The small process beside each job. Standard library alone: it starts in 30 ms and needs nothing of the app."""
