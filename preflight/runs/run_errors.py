"""Errors of runs on disk. They belong to the tree in ``errors.py``."""

from __future__ import annotations

from preflight.errors import ConfigurationError


class RunUnusable(ConfigurationError):
    """The folder of a run cannot be read or written, or holds another run. What is complete stays as it is."""


class ManifestChanged(RunUnusable):
    """The manifest is not what it was when the run began."""
