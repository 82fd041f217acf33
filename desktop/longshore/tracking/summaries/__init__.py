"""What a metric was over a run's whole history: its best value by the metric's direction, and its mean. Read on demand.

The index holds the last values alone, as the server gives them with a run. Histories are read for the runs that somebody
looks at or sorts by, from the personal workspace's file or run by run from a server, and kept in a cache beside the
index. The cache is no second truth: an entry counts as long as what it was read for stands (`cache`), and the files may
be deleted at any time, which costs the time to read again.
"""

from longshore.tracking.summaries.summaries import Missing, Summaries, complete, names_of

__all__ = ["Missing", "Summaries", "complete", "names_of"]
