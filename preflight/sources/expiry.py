"""Until when a signed URL may be read: one reader a notation. Nothing is verified: only the signer could.

Each takes the text in the URL and returns a time in UTC, ``None`` where it cannot read one. None of them raises.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

from preflight.lazy import pattern

Query: TypeAlias = Mapping[str, str]
"""Parameters by lower-case name. Of a repeated name the first is kept."""

Expiry: TypeAlias = Callable[[Query], datetime | None]

_BASIC_TIME = pattern(r"\d{8}T\d{6}Z", re.ASCII)
_DIGITS = pattern(r"\d{1,12}", re.ASCII)
_HEX_DIGITS = pattern(r"[0-9a-f]{1,9}", re.ASCII | re.IGNORECASE)
_EDGE_END = pattern(r"(?:^|~)exp=(\d{1,12})~", re.ASCII)
_START = datetime.fromtimestamp(0, UTC)
_MOST_CLAIMS = 8192


def never(_: Query) -> datetime | None:
    """For URLs that do not say when they end."""
    return None


def epoch(name: str) -> Expiry:
    """Seconds since 1970. A value in milliseconds has no place in these schemes and is out of range."""
    return lambda query: _epoch(query.get(name, ""))


def hex_epoch(name: str) -> Expiry:
    return lambda query: _after(_START, int(text, 16)) if _HEX_DIGITS.fullmatch(text := query.get(name, "")) else None


def milliseconds(name: str) -> Expiry:
    return lambda query: _epoch(query.get(name, "")[:-3])


def leading_epoch(name: str) -> Expiry:
    """Fastly: ``1536399430_a6cb…``."""
    return lambda query: _epoch(query.get(name, "").partition("_")[0])


def trailing_epoch(name: str) -> Expiry:
    """Upyun: eight characters of an MD5 and the time behind them."""
    return lambda query: _epoch(query.get(name, "")[8:])


def iso_or_epoch(name: str) -> Expiry:
    return lambda query: _epoch(query.get(name, "")) or _iso(query.get(name, ""))


def window(vendor: str) -> Expiry:
    """AWS Signature V4 and its kin: ``X-…-Date`` (``20260131T120000Z``) and ``X-…-Expires`` seconds."""

    def expiry(query: Query) -> datetime | None:
        date, seconds = query[f"x-{vendor}-date"], query[f"x-{vendor}-expires"]
        start = _iso(date) if _BASIC_TIME.fullmatch(date) else None
        return _after(start, int(seconds)) if start and _DIGITS.fullmatch(seconds) else None

    return expiry


def cloudfront_policy(query: Query) -> datetime | None:
    """A custom policy: JSON in base64, with ``-_~`` for ``+=/``."""
    policy = _json(query["policy"].translate(str.maketrans("-_~", "+=/")))
    try:
        return _epoch(str(policy["Statement"][0]["Condition"]["DateLessThan"]["AWS:EpochTime"]))
    except (LookupError, TypeError):
        return None


def filestack(query: Query) -> datetime | None:
    """``expiry`` of a policy in base64url."""
    policy = _json(query["policy"].translate(str.maketrans("-_", "+/")))
    return _epoch(str(policy.get("expiry"))) if isinstance(policy, dict) else None


def azure(query: Query) -> datetime | None:
    """A shared access signature ends with its own ``se``, or with the delegated key it was made with (``ske``)."""
    times = [time for name in ("se", "ske") if (time := _iso(query.get(name, "")))]
    return min(times, default=None)


def cos(query: Query) -> datetime | None:
    """``q-sign-time=start;end``."""
    return _epoch(query.get("q-sign-time", "").partition(";")[2])


def cos_in_sign(query: Query) -> datetime | None:
    """The same, all of it encoded in the one parameter ``sign``."""
    return cos(dict(parse_qsl(query["sign"], errors="replace")))


def bce(query: Query) -> datetime | None:
    """``bce-auth-v1/KEY/2026-01-31T11:00:00Z/1800/host/…``; -1 seconds are for ever."""
    parts = query["authorization"].split("/")
    start = _iso(parts[2]) if len(parts) > 3 else None
    return _after(start, int(parts[3])) if start and _DIGITS.fullmatch(parts[3]) else None


def backblaze(query: Query) -> datetime | None:
    """``3_20160803004041_…_000_20160804004041_0006_dnld``: made, and ends. The API's example shows it, no text does."""
    times = re.findall(r"_(\d{14})(?=_)", query["authorization"], re.ASCII)
    return _iso(f"{times[1][:8]}T{times[1][8:]}Z") if len(times) > 1 else None


def edge_token(query: Query) -> datetime | None:
    """``st=…~exp=1562609231~acl=/*~hmac=…``, as the value of any parameter."""
    ends = [found[1] for value in query.values() if (found := _EDGE_END.search(value))]
    return min((time for end in ends if (time := _epoch(end))), default=None)


def json_web_token(name: str) -> Expiry:
    """The ``exp`` claim (RFC 7519 §4.1.4)."""
    return lambda query: claims_end(claims_of(query.get(name, "")))


def claims_of(token: str) -> dict[str, Any] | None:
    """The claims of a JSON Web Token; ``None`` for any other text."""
    parts = token.split(".")
    if len(parts) != 3 or not parts[0] or len(token) > _MOST_CLAIMS:
        return None
    claims = _json(parts[1].translate(str.maketrans("-_", "+/")))
    return claims if isinstance(claims, dict) else None


def claims_end(claims: Mapping[str, Any] | None) -> datetime | None:
    """When claims end. ``exp`` is a number and may have a fraction."""
    end = (claims or {}).get("exp")
    return _epoch(str(end).partition(".")[0]) if isinstance(end, int | float | str) else None


def _json(text: str) -> Any:
    """The value of JSON in base64, with or without its padding; ``None`` for any other text."""
    try:
        return json.loads(base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), validate=True))
    except (ValueError, RecursionError):
        return None


def _epoch(text: str) -> datetime | None:
    return _after(_START, int(text)) if _DIGITS.fullmatch(text) else None


def _iso(text: str) -> datetime | None:
    """A time or a day by ISO 8601; without a zone it is UTC (Azure: "Specify time in SAS")."""
    try:
        time = datetime.fromisoformat(text)
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _after(start: datetime, seconds: int) -> datetime | None:
    try:
        return start + timedelta(seconds=seconds)
    except OverflowError:
        return None
