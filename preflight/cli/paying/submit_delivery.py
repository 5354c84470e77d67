"""Brings the local files of a job to URLs, so that it can be paid for."""

from __future__ import annotations

from preflight.cli.printing.terminal import progress, remark
from preflight.cli.printing.upload_progress import UploadProgress
from preflight.model import Job
from preflight.redact import redact, shown_path
from preflight.render.texts import phrases
from preflight.upload.job_media import DeliveredJob, LocalFile, deliver, with_values
from preflight.upload.uploader import UploadedFile, Uploading

_UNKNOWN_URL = "(the URL that the upload command prints)"


def planned(job: Job, files: tuple[LocalFile, ...], uploader: Uploading) -> Job:
    """``job`` as it would be sent, with nothing uploaded. Raises where the service could not read its files."""
    return with_values(job, {file.field: uploader.url_of(file.content) or _UNKNOWN_URL for file in files})


def delivered(
    job: Job, files: tuple[LocalFile, ...], uploader: Uploading, shown: UploadProgress, *, hidden: bool
) -> DeliveredJob:
    """``job`` with its files uploaded, each of them named on standard error."""
    with progress("uploading", hidden=hidden) as update:
        shown.show = update
        result = deliver(job, files, uploader)
    for file in result.files.values():
        remark(about(file))
    return result


def about(file: UploadedFile) -> str:
    """``clip.mp4: uploaded 9.04 MB to https://…``"""
    done = "already at" if file.was_there else f"uploaded {phrases.size(file.size_bytes)} to"
    until = f"; the URL ends on {file.expires_at:%Y-%m-%d %H:%M} UTC" if file.expires_at else ""
    return f"{shown_path(file.path)}: {done} {redact(file.url)}{until}"
