"""Until when a signed URL may be read, as its query says. Nothing is verified: only the signer could."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TypeAlias
from urllib.parse import parse_qsl, unquote

Query: TypeAlias = Mapping[str, str]
"""Parameters by lower-case name. Of a name that stands twice the first is kept."""

_BASIC_TIME = re.compile(r"\d{8}T\d{6}Z", re.ASCII)
_DIGITS = re.compile(r"\d{1,12}", re.ASCII)
_SIGNING = re.compile(
    r"x-(amz|goog|tos|oss|obs)-.*|q-.*|x-expires|x-signature|policy|signature|expires|key-pair-id|hash-algorithm"
    r"|(aws|google|oss)?accesskeyid|googleaccessid|(x-.*)?security-token|s[vrpetisg]|ss|srt|spr|sip|sig|sk[oe]id|sk[tesv]|sktid"
    r"|ex|is|hm|oe|oh|token",
    re.IGNORECASE,
)
"""Parameters of the schemes below, in a URL that is signed by one of them."""
_HEX_DIGITS = re.compile(r"[0-9a-fA-F]{1,9}", re.ASCII)


def signature_of(host: str, query: str) -> tuple[str | None, datetime | None]:
    """Who signed the URL and when that ends (UTC): ``(None, None)`` if nobody did, no time if none can be read."""
    parameters: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True, errors="replace"):
        parameters.setdefault(name.lower(), value)
    for signer, domains, marks, expiry in _SIGNERS:
        if marks <= parameters.keys() and (not domains or any(f".{host}".endswith(f".{end}") for end in domains)):
            return signer, expiry(parameters)
    return None, None


def unsigned(host: str, query: str) -> str:
    """``query`` without the parameters that sign it; as it is where nobody signed it."""
    if signature_of(host, query)[0] is None:
        return query
    return "&".join(part for part in query.split("&") if not _SIGNING.fullmatch(unquote(part.partition("=")[0])))


def _epoch(text: str) -> datetime | None:
    """Seconds since 1970. A value in milliseconds has no place in any of these schemes and is out of range."""
    return _after(datetime.fromtimestamp(0, UTC), int(text)) if _DIGITS.fullmatch(text) else None


def _hex_epoch(text: str) -> datetime | None:
    return _after(datetime.fromtimestamp(0, UTC), int(text, 16)) if _HEX_DIGITS.fullmatch(text) else None


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


def _window(vendor: str) -> Callable[[Query], datetime | None]:
    """The scheme of AWS Signature V4 and its kin: ``X-…-Date`` (``20260131T120000Z``) and ``X-…-Expires`` seconds."""

    def expiry(query: Query) -> datetime | None:
        date, seconds = query[f"x-{vendor}-date"], query[f"x-{vendor}-expires"]
        start = _iso(date) if _BASIC_TIME.fullmatch(date) else None
        return _after(start, int(seconds)) if start and _DIGITS.fullmatch(seconds) else None

    return expiry


def _epoch_in(name: str) -> Callable[[Query], datetime | None]:
    return lambda query: _epoch(query[name])


def _hex_epoch_in(name: str) -> Callable[[Query], datetime | None]:
    return lambda query: _hex_epoch(query[name])


def _policy(query: Query) -> datetime | None:
    """CloudFront's custom policy: JSON in base64, with ``-_~`` for ``+=/``."""
    text = query["policy"].translate(str.maketrans("-_~", "+=/"))
    try:
        policy = json.loads(base64.b64decode(text, validate=True))
        return _epoch(str(policy["Statement"][0]["Condition"]["DateLessThan"]["AWS:EpochTime"]))
    except (ValueError, LookupError, TypeError, RecursionError):
        return None


def _azure(query: Query) -> datetime | None:
    """A shared access signature ends with its own ``se``, or with the delegated key it was made with (``ske``)."""
    times = [time for name in ("se", "ske") if (time := _iso(query.get(name, "")))]
    return min(times, default=None)


def _tencent(query: Query) -> datetime | None:
    return _epoch(query["q-sign-time"].partition(";")[2])


def _json_web_token(query: Query) -> datetime | None:
    """The ``exp`` claim (RFC 7519 §4.1.4)."""
    try:
        claims = query["token"].split(".")[1]
        return _epoch(str(json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["exp"]))
    except (ValueError, LookupError, TypeError, RecursionError):
        return None


# Signer, its domains (none: any), the parameters that give it away, where its end stands. More specific ones first.
_SIGNERS: tuple[tuple[str, tuple[str, ...], frozenset[str], Callable[[Query], datetime | None]], ...] = (
    ("S3", (), frozenset({"x-amz-date", "x-amz-expires"}), _window("amz")),
    ("Google Cloud Storage", (), frozenset({"x-goog-date", "x-goog-expires"}), _window("goog")),
    ("Volcengine TOS", (), frozenset({"x-tos-date", "x-tos-expires"}), _window("tos")),
    ("Alibaba Cloud OSS", (), frozenset({"x-oss-date", "x-oss-expires"}), _window("oss")),
    ("Huawei Cloud OBS", (), frozenset({"x-obs-date", "x-obs-expires"}), _window("obs")),
    ("CloudFront", (), frozenset({"policy", "signature", "key-pair-id"}), _policy),
    ("CloudFront", (), frozenset({"expires", "signature", "key-pair-id"}), _epoch_in("expires")),
    ("Alibaba Cloud OSS", (), frozenset({"expires", "signature", "ossaccesskeyid"}), _epoch_in("expires")),
    ("Google Cloud Storage", (), frozenset({"expires", "signature", "googleaccessid"}), _epoch_in("expires")),
    ("S3", (), frozenset({"expires", "signature", "awsaccesskeyid"}), _epoch_in("expires")),
    ("Huawei Cloud OBS", (), frozenset({"expires", "signature", "accesskeyid"}), _epoch_in("expires")),
    ("Azure Storage", (), frozenset({"se", "sig"}), _azure),
    ("Tencent Cloud COS", (), frozenset({"q-sign-time", "q-signature"}), _tencent),
    ("TikTok", (), frozenset({"x-expires", "x-signature"}), _epoch_in("x-expires")),
    ("Discord", ("discordapp.com", "discordapp.net"), frozenset({"ex", "hm"}), _hex_epoch_in("ex")),
    ("Meta", ("fbcdn.net", "cdninstagram.com"), frozenset({"oe", "oh"}), _hex_epoch_in("oe")),
    ("Supabase", ("supabase.co", "supabase.in"), frozenset({"token"}), _json_web_token),
    ("the server", (), frozenset({"expires", "signature"}), _epoch_in("expires")),
)
