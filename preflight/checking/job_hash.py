"""Decides whether two jobs are the same, so that one video is not paid for twice."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from preflight.model import Job
from preflight.sources.url import canonical_url
from preflight.specs import Spec

_SCHEME = "2"
"""Part of the hash, so that hashes of two schemes never match by accident."""
_FIRST_SIGNERS: tuple[tuple[str, str], ...] = (  # parameters, all required; domains
    *((f"x-{vendor}-date x-{vendor}-expires", "") for vendor in ("amz", "goog", "tos", "oss", "obs")),
    ("policy signature key-pair-id", ""),
    ("expires signature", ""),
    ("se sig", ""),
    ("q-sign-time q-signature", ""),
    ("x-expires x-signature", ""),
    ("ex hm", "discordapp.com discordapp.net"),
    ("oe oh", "fbcdn.net cdninstagram.com"),
    ("token", "supabase.co supabase.in"),
)
_FIRST_SIGNING = re.compile(
    r"x-(amz|goog|tos|oss|obs)-.*|q-.*|x-expires|x-signature|policy|signature|expires|key-pair-id|hash-algorithm"
    r"|(aws|google|oss)?accesskeyid|googleaccessid|(x-.*)?security-token|s[vrpetisg]|ss|srt|spr|sip|sig|sk[oe]id|sk[tesv]|sktid"
    r"|ex|is|hm|oe|oh|token",
    re.IGNORECASE,
)


def job_hash(job: Job, spec: Spec) -> str:
    """The identity of a job, in hexadecimal: two jobs with the same one ask for the same video.

    The defaults of the spec are filled in; where the callback goes, how a URL is written and how it is signed make no
    difference.
    """
    return _hashed(f"{_SCHEME}\n{_canonical(job, spec, canonical_url)}")


def content_hash(job: Job, spec: Spec, hashes: Mapping[str, str]) -> str:
    """The identity of a job by the bytes of its files: ``hashes`` has the SHA-256 of each uploaded one, by field.

    Files that were not uploaded count by their URL, as in ``job_hash``.
    """
    by_url = {str(job.value(field)): f"sha256:{digest}" for field, digest in hashes.items()}
    return _hashed(f"bytes 1\n{_canonical(job, spec, lambda url: by_url.get(url) or canonical_url(url))}")


def identities_of(job: Job, spec: Spec) -> tuple[str, ...]:
    """Every identity that a ledger may hold of ``job``, the one of today (``job_hash``) first.

    The others are those of earlier versions: a job that one of them paid for is still the same job. New entries get
    only the first, because earlier versions gave some different jobs the same identity.
    """
    return job_hash(job, spec), _hashed(_canonical(job, spec, _first_unsigned))


def _canonical(job: Job, spec: Spec, one_spelling: Callable[[str], str]) -> str:
    """The body of ``job`` as JSON, with its defaults, without its callback, every media URL in ``one_spelling``."""
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
            holder[name] = [one_spelling(url) if isinstance(url, str) else url for url in holder[name]]
        elif field.default is not None:
            holder.setdefault(name, field.default)
    return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def _hashed(text: str) -> str:
    return sha256(text.encode("ascii")).hexdigest()


# ── The first scheme, in ledgers of version 0.1. It is frozen: a change would lose their entries. ──────────────────


def _first_unsigned(url: str) -> str:
    try:
        parts = urlsplit(url.strip())
        host, query = parts.hostname or "", parts.query
        if _first_is_signed(host, query):
            kept = [part for part in query.split("&") if not _FIRST_SIGNING.fullmatch(unquote(part.partition("=")[0]))]
            query = "&".join(kept)
        return parts._replace(query=query, fragment="").geturl()
    except ValueError:
        return url


def _first_is_signed(host: str, query: str) -> bool:
    names = {name.lower() for name, _ in parse_qsl(query, keep_blank_values=True, errors="replace")}
    return any(
        names.issuperset(needs.split()) and (not ends or any(f".{host}".endswith(f".{end}") for end in ends.split()))
        for needs, ends in _FIRST_SIGNERS
    )
