"""Facts about a URL that its text alone tells."""

from __future__ import annotations

from datetime import datetime

from preflight.model.frozen import frozen


@frozen
class AddressFacts:
    """Facts in the text of a URL. ``problem`` is why it cannot be a public URL, ``None`` if it can.

    ``length`` is in characters; it is 0 where there is a problem. ``private`` is the HOST[:PORT] of a URL whose only
    problem is that its host is on this machine or in a private network.
    """

    scheme: str
    host: str
    length: int = 0
    problem: str | None = None
    private: str | None = None
    signer: str | None = None
    expires_at: datetime | None = None
    share_service: str | None = None
    direct_url: str | None = None
