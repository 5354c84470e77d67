"""The local files of a job, and the job with their URLs in their places."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from preflight.checking.named_media import named_media, spec_of
from preflight.model import Job
from preflight.model.target import is_url
from preflight.specs import BUILT_IN, DEFAULT_MODEL, Specs
from preflight.upload.content import Content, read_content
from preflight.upload.uploader import UploadedFile, Uploading


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalFile:
    """A file that a job names in ``field``, as it was read."""

    field: str
    content: Content


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveredJob:
    """``job`` as it can be paid for: every file at a URL. ``files`` are the uploaded ones, by field."""

    job: Job
    files: Mapping[str, UploadedFile]

    @property
    def hashes(self) -> dict[str, str]:
        """The SHA-256 of each uploaded file, by field."""
        return {field: file.sha256 for field, file in self.files.items()}


def local_paths(job: Job, specs: Specs = BUILT_IN) -> dict[str, Path]:
    """The local files that ``job`` names, by field; relative ones begin at the job's own folder."""
    base = Path(job.path).parent if job.path else Path()
    media = named_media(job, spec_of(job, DEFAULT_MODEL, specs))
    return {
        each.field: base / each.source
        for each in media
        if each.field and each.source.strip() and not is_url(each.source)
    }


def read_local_files(job: Job, specs: Specs = BUILT_IN) -> tuple[LocalFile, ...]:
    """The local files of ``job`` with what they hold. Raises ``SourceError``."""
    return tuple(LocalFile(field=field, content=read_content(path)) for field, path in local_paths(job, specs).items())


def deliver(job: Job, files: tuple[LocalFile, ...], uploader: Uploading) -> DeliveredJob:
    """Upload ``files``, the same bytes once, and put their URLs into ``job``. Raises as ``Uploading.upload``."""
    done: dict[str, UploadedFile] = {}
    for file in files:
        if file.content.name not in done:
            done[file.content.name] = uploader.upload(file.content)
    uploaded = {file.field: replace(done[file.content.name], path=str(file.content.path)) for file in files}
    return DeliveredJob(job=with_values(job, {field: file.url for field, file in uploaded.items()}), files=uploaded)


def with_values(job: Job, values: Mapping[str, str]) -> Job:
    """``job`` with other values of some fields, such as ``input.input_urls[0]``, which it must have."""
    body: Any = json.loads(json.dumps(job.body))
    for field, value in values.items():
        *path, last = field.replace("[", ".[").split(".")
        holder = body
        for step in path:
            holder = holder[_key(step)]
        holder[_key(last)] = value
    return replace(job, body=body)


def _key(step: str) -> str | int:
    return int(step[1:-1]) if step.startswith("[") else step
