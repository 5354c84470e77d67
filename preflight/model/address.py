"""Facts about a URL that its text alone tells."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressFacts:
    """What a URL says by itself. ``problem`` is why it can not be a public URL, ``None`` if it can."""

    scheme: str
    host: str
    problem: str | None = None
    signer: str | None = None
    expires_at: datetime | None = None
    share_service: str | None = None
    direct_url: str | None = None
