"""The background process: takes jobs up, watches endpoints, runs the tracking server. It never needs a window."""
