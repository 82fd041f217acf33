"""Gates and their evidence: what may be promoted."""
