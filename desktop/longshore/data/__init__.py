"""Data files: which ones a run reads, and their hashes as DVC writes them."""
