"""One page per capability."""
