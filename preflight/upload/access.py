"""How to reach an object store: settings and credentials from the environment, the provider's files, and options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from preflight.errors import ConfigurationError
from preflight.redact import redact, remember
from preflight.upload.aws_profile import AwsAccess, aws_access
from preflight.upload.place import Destination

_ENDPOINTS: Final = {
    "s3": ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"),
    "gs": ("GOOGLE_BASE_URL",),
    "az": ("AZURE_STORAGE_ENDPOINT", "AZURE_ENDPOINT"),
}
_ENDPOINT_SETTINGS: Final = {"s3": "endpoint", "gs": "base_url", "az": "endpoint"}
_SECRET_VARIABLES: Final = (
    "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN", "GOOGLE_SERVICE_ACCOUNT_KEY", "GOOGLE_BEARER_TOKEN",
    "AZURE_STORAGE_ACCOUNT_KEY", "AZURE_STORAGE_ACCESS_KEY", "AZURE_STORAGE_MASTER_KEY", "AZURE_STORAGE_CLIENT_SECRET",
    "AZURE_CLIENT_SECRET", "AZURE_STORAGE_SAS_KEY", "AZURE_STORAGE_SAS_TOKEN", "AZURE_STORAGE_TOKEN",
)  # fmt: skip
"""Variables whose values are hidden in every text from here on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreAccess:
    """``settings`` are for the library, by its names. ``endpoint`` is the store's own address, where one is named.

    ``ends_at`` is when the credentials end; ``is_session`` is whether they end at all, known or not.
    """

    settings: Mapping[str, str] = field(repr=False)
    endpoint: str | None = None
    ends_at: datetime | None = None
    is_session: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether the endpoint is without TLS."""
        return self.endpoint is not None and urlsplit(self.endpoint).scheme == "http"


def store_access(
    destination: Destination, environment: Mapping[str, str], *, home: Path, endpoint_url: str | None = None
) -> StoreAccess:
    """The access to ``destination``. Raises ``ConfigurationError`` where variables, files or options cannot work."""
    remember(*(environment.get(name, "") for name in _SECRET_VARIABLES))
    aws = aws_access(environment, home=home) if destination.scheme == "s3" else AwsAccess(settings={})
    settings = dict(aws.settings)
    named = (environment.get(name) for name in _ENDPOINTS[destination.scheme])
    endpoint = endpoint_url or next(filter(None, named), None) or settings.get("endpoint")
    if endpoint is not None:
        settings[_ENDPOINT_SETTINGS[destination.scheme]] = _checked(endpoint).rstrip("/")
    return StoreAccess(settings=settings, endpoint=endpoint, ends_at=aws.ends_at, is_session=aws.is_session)


def _checked(endpoint: str) -> str:
    parts = urlsplit(endpoint)
    try:
        is_url = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        is_url = False
    if not is_url or parts.query or parts.fragment or parts.username or parts.password or not endpoint.isprintable():
        raise ConfigurationError(f"the endpoint {redact(endpoint)!r} is not a URL: write https://HOST[:PORT]")
    return endpoint
