"""Decides whether two jobs are the same, so that one video is not paid for twice."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from preflight.model import Job
from preflight.sources.signed_urls import unsigned
from preflight.specs import Spec


def identity_of(job: Job, spec: Spec) -> str:
    """The identity of a job, in hexadecimal: two jobs with the same one ask for the same video.

    The defaults of the spec are filled in; where the callback goes and how a URL is signed make no difference.
    """
    body: Any = json.loads(json.dumps(job.body))
    for field in spec.fields:
        *path, name = field.name.split(".")
        holder = body
        for step in path:
            holder = holder.get(step) if isinstance(holder, dict) else None
        if not isinstance(holder, dict):
            continue
        if field.role == "callback":
            holder.pop(name, None)
        elif field.role in {"image", "video"} and isinstance(holder.get(name), list):
            holder[name] = [_unsigned(url) if isinstance(url, str) else url for url in holder[name]]
        elif field.default is not None:
            holder.setdefault(name, field.default)
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return sha256(canonical.encode("ascii")).hexdigest()


def _unsigned(url: str) -> str:
    try:
        parts = urlsplit(url.strip())
        return parts._replace(query=unsigned(parts.hostname or "", parts.query), fragment="").geturl()
    except ValueError:
        return url
