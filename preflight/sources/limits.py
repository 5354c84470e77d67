"""How much a source may cost. Every bound of the readers is here, with its unit and its reason."""

from __future__ import annotations

from preflight.model.named_tuple import NamedTuple

KIB = 1024
MIB = 1024 * KIB

MAX_SPANS = 4096
"""Spans that a probe may ask of one source: a file that leads its probe in circles ends here."""

MAX_LOCAL_BYTES = 64 * MIB
"""Bytes read of one local file: far beyond any ``moov``, far below any noticeable wait."""

READ_BYTES = 96 * KIB
"""Bytes that wait for the reader before the socket is left alone; one call of the system may add 256 KiB. The first
span may arrive at once, with its head: the socket is not stopped and started for that."""

BACKOFF_S = 1.0
"""Seconds before a request is sent again that was answered 429 or 503 without a Retry-After, less up to a half. So long
the host is left alone; in a run the seconds double."""

DRAINED_BYTES = 128 * KIB
"""Bytes of an answer that are read, though nobody needs them, to send the next request on its connection. Beyond that a
new connection is made, which takes as long at 20 Mbit/s and 50 ms (docs/decisions.md)."""

FILES_A_READING = 2
"""Open files that reading one URL takes: its connection, and a look-up or an address that is raced."""

FILES_KEPT_BACK = 12
"""Open files that readings leave to the rest of the process: modules, isolated processes and what they are sent."""

MAX_ADDRESSES = 16
"""Addresses of one name that are dialled. All of them are judged."""

HEAD_START_S = 0.25
"""Seconds that an address of a name has before the next is dialled beside it (RFC 8305, section 5)."""

LOOKUPS = 64
"""Names looked up at once. Each holds a thread, for as long as the name server takes."""

REMEMBERED = 4096
"""Names whose addresses are kept. Beyond that the oldest is forgotten."""

REMEMBERED_S = 60.0
"""Seconds for which they are kept: the system's resolver does not tell for how long its answer holds, and this is what
services that change their addresses state at least. Every dial is guarded all the same."""

HOSTS_KEPT = 4096
"""Hosts whose state is kept although nobody reads them."""

LONGEST_BACKOFF_S = 30.0
"""Seconds that the doubling leads to."""

LONGEST_PAUSE_S = 120.0
"""Seconds of a host's own wish that are granted."""

LONGEST_PAUSE_OF_A_CHECK_S = 10.0
"""The same where somebody waits for the result, rather than for a run."""

HOST_PATIENCE_S = 180.0
"""Seconds of nothing but 429 and 503 after which requests to a host are not sent again."""


class RemoteLimits(NamedTuple):
    """The most that reading one URL may cost.

    ``deadline_s``: seconds for everything, from the look-up of the name to the last byte, whatever the server drips.
    ``first_span_bytes``: asked for at first; decides 98 % of JPEGs, 99.7 % of PNGs and nearly every fast-start clip.
    ``budget_bytes``: body bytes accepted by range requests; the largest real ``moov`` are a few MiB.
    ``stream_budget_bytes``: how far a body without ranges is read on.
    ``requests``: redirects and retries included; a walk over the fragments of a 30 s clip takes about 30.
    ``redirects``: followed for one answer.
    ``retries``: requests that are sent again after a 429, a 503, or a connection that broke or was silent.
    ``header_bytes``, ``headers``: of the head of one answer, and fields in it; real ones have about 1 KiB and 20.
    """

    deadline_s: float = 20.0
    first_span_bytes: int = 64 * KIB
    budget_bytes: int = 64 * MIB
    stream_budget_bytes: int = 32 * MIB
    requests: int = 64
    redirects: int = 5
    retries: int = 0
    header_bytes: int = 64 * KIB
    headers: int = 128

    @property
    def patience_s(self) -> float:
        """Seconds of silence after which a connection is given up, if it can be made again."""
        return self.deadline_s / 2
