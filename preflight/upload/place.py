"""Where files go: ``s3://bucket/prefix`` and its kin, and the name that a file gets there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

from preflight.errors import ConfigurationError
from preflight.redact import redact

Scheme: TypeAlias = Literal["s3", "gs", "az"]

_SCHEMES: dict[str, Scheme] = {"s3": "s3", "s3a": "s3", "gs": "gs", "gcs": "gs", "az": "az", "azure": "az"}
_FORM = re.compile(r"([a-z0-9]+)://([^/]*)(/.*)?", re.IGNORECASE | re.DOTALL)
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,221}[A-Za-z0-9]", re.ASCII)
"""S3: 3 to 63 characters (old buckets: 255), Google: up to 222, Azure: up to 63. The store has the last word."""
_MOST_PREFIX = 512
_EXPECTED = "write s3://BUCKET/PREFIX, gs://BUCKET/PREFIX or az://CONTAINER/PREFIX"


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """A place in an object store. ``prefix`` has no slash at either end, and may be empty."""

    scheme: Scheme
    bucket: str
    prefix: str

    def __str__(self) -> str:
        return f"{self.scheme}://{self.bucket}/{self.prefix}".rstrip("/")

    def key(self, name: str) -> str:
        """The key of the object called ``name``."""
        return f"{self.prefix}/{name}" if self.prefix else name


def parse_destination(text: str) -> Destination:
    """The place that ``text`` names. Raises ``ConfigurationError``."""
    form = _FORM.fullmatch(text.strip())
    scheme = _SCHEMES.get(form[1].lower()) if form else None
    if form is None or scheme is None:
        hint = (
            "; for a store of your own add --endpoint-url https://HOST" if form and form[1] in ("http", "https") else ""
        )
        raise ConfigurationError(f"{redact(text)!r} is not a place for uploads: {_EXPECTED}{hint}")
    if not _BUCKET.fullmatch(form[2]):
        raise ConfigurationError(f"{redact(form[2])!r} is not the name of a bucket: {_EXPECTED}")
    prefix = (form[3] or "").strip("/")
    if trouble := _trouble(prefix):
        raise ConfigurationError(f"the prefix {redact(prefix)!r} {trouble}")
    return Destination(scheme=scheme, bucket=form[2], prefix=prefix)


def _trouble(prefix: str) -> str | None:
    if len(prefix) > _MOST_PREFIX:
        return f"has more than {_MOST_PREFIX} characters"
    if not prefix.isprintable() or not prefix.isascii() or any(sign in prefix for sign in "\\?#%*"):
        return (
            "holds a character that stores and URLs write in several ways: use letters, digits, '-', '_', '.' and '/'"
        )
    if any(part in ("", ".", "..") for part in prefix.split("/") if prefix):
        return "has an empty part or a dot as a part"
    return None
