"""Turns names into targets for the engine: job files, manifests, media files, folders, patterns, URLs."""

from preflight.targets.arguments import no_such_file, read_targets, why_empty
from preflight.targets.folders import MEDIA_SUFFIXES, Filters
from preflight.targets.skipped_files import SkippedFiles

__all__ = ["MEDIA_SUFFIXES", "Filters", "SkippedFiles", "no_such_file", "read_targets", "why_empty"]
