"""The pages of runs on disk."""
