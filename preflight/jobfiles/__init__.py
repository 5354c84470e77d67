"""Reads job files (YAML, JSON, JSON Lines, CSV) into jobs whose every field knows its line and column."""

from preflight.jobfiles.detect import document_jobs, manifest_jobs
from preflight.jobfiles.fields import job_from_fields
from preflight.jobfiles.load import load_job, load_manifest, load_text, read_manifest
from preflight.jobfiles.mapping import job_from_mapping

__all__ = [
    "document_jobs",
    "job_from_fields",
    "job_from_mapping",
    "load_job",
    "load_manifest",
    "load_text",
    "manifest_jobs",
    "read_manifest",
]
