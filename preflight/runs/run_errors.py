"""Errors of runs on disk. They belong to the tree in ``errors.py``."""

from __future__ import annotations

from preflight.errors import ConfigurationError


class RunUnusable(ConfigurationError):
    """The folder of a run cannot be read or written, or holds another run. What is complete stays as it is."""


class ManifestChanged(RunUnusable):
    """The manifest is not what it was when the run began."""


class RunPaused(RunUnusable):
    """The run was paused before its end: every part that was begun is complete, and the same command goes on."""
