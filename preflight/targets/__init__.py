"""From what a user names to what the engine checks: job files, manifests, media files, folders, patterns, URLs."""

from preflight.targets.folder import MEDIA_SUFFIXES, Filters
from preflight.targets.named import read_targets, why_empty

__all__ = ["MEDIA_SUFFIXES", "Filters", "read_targets", "why_empty"]
