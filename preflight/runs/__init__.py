"""Runs over many jobs: on disk, continued where they ended, shared out among processes or a cluster."""
