"""Secrets that are known by their shape: signatures of URLs, tokens, keys, and values that a name gives away."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from preflight.lazy import pattern
from preflight.redact.by_value import MASK

_Put = str | Callable[[re.Match[str]], str]

_SECRET_NAME = (
    r"(?:x-[a-z]{2,5}-)?(?:signature|credential|security-token|session-token)|ossaccesskeyid|awsaccesskeyid|accesskeyid"
    r"|googleaccessid|key-pair-id|policy|sig|sign|hmac|auth_key|_upt|ik-s|q-(?:ak|signature)|(?:access|refresh|auth|id)?"
    r"[-_]?token|__token__|bcdn_token|hdnt[sel]|verify|md5|(?:api|access|secret|private)[-_]?key|secret|password|passwd"
    r"|pwd|jsessionid|phpsessid|sessionid|session|sid|cookie|rlkey"
)
_SECRET_VARIABLE = (  # of an environment, a settings file, a header: AWS_SECRET_ACCESS_KEY, GITHUB_TOKEN, X-Api-Key
    r"(?:[a-z0-9]+[-_])+(?:token|secret|password|passwd|pwd|(?:api|access|account|auth|private|secret|storage)[-_]?key"
    r"|signature|credentials?)|accountkey|sharedaccess(?:key|signature)"
)
_IN_URL = r"""(?:[^\s'"<>`]|['"](?=[\w&=%/]))*(?<![.,;:!)\]}])"""  # a sentence goes on after it
_BEGINS_AS_URL = pattern(r"\s*(?:https?:|[a-z][a-z0-9+.-]{1,30}:[/\\]{1,}|//(?=[^/]))", re.IGNORECASE)
_PARTS = r"\s*([a-z][a-z0-9+.-]*:[/\\]*|[/\\]{2})([^/\\]*)(.*)"
_REDACTED_QUERY = rf"(?=.*={MASK})(?:[\w.~-]+=(?:{MASK}|1|true|download)(?:&|$))+"  # by us: "?rlkey=…&dl=1"
_HOST_AND_PORT = r"(?:\[.*\]|[^:]*)(?::\d+)?"
_PATH_TOKEN = (  # the group is what is kept
    r"(?<=/)(?:(\w+=)(?:\w{2,4}=[^~]*~)+hmac=[0-9a-f]+"  # Akamai
    r"|((?:bcdn_token|hdnt[sela]|__token__|token|verify|signature)=)[^/]*"  # Bunny, and others like it
    r"|(s--)[\w-]{8,}--(?=/)"  # Cloudinary
    r"|(bot\d{4,}:)[\w-]{16,}"  # Telegram
    r"|(\d{12}/)[0-9a-f]{32}(?=/)|()[0-9a-f]{32}(?=/[0-9a-f]{8}/))"  # Alibaba and Tencent Cloud, types B and C
)
_PLAIN = pattern(r"https?://[A-Za-z0-9.-]+(?::[0-9]+)?(?:/[A-Za-z0-9._+%-]{0,31})*")
"""A URL that holds nothing of all that: most do. Its segments are too short for a token."""
_IN_PLAIN = pattern(r"--|k-|eyj|gh[a-z]?[_u]|glpat-|xox|hf_|akia|asia|ltai|aiza", re.IGNORECASE)
"""The marks of what such a URL can hold all the same."""


def hide_shapes(text: str) -> str:
    """``text`` with ``…`` for everything in the shape of a secret; its layout stays."""
    if not _any_mark().search(text) or (_PLAIN.fullmatch(text) and not _IN_PLAIN.search(text)):
        return text
    lower = text.lower()
    for marks, shape, put in _shapes():
        if any(mark in lower for mark in marks):
            hidden = shape.sub(put, text)
            if hidden != text:
                text, lower = hidden, hidden.lower()
    return text


def signing_values(url: str) -> list[str]:
    """The values of those parameters of ``url`` whose names say that they are secret."""
    return re.findall(rf"(?<![\w-])(?:{_SECRET_NAME})=([^&#\s]+)", url, re.IGNORECASE)


@cache
def _any_mark() -> re.Pattern[str]:
    return re.compile("|".join(re.escape(mark) for marks, *_ in _shapes() for mark in marks), re.IGNORECASE)


@cache
def _shapes() -> tuple[tuple[tuple[str, ...], re.Pattern[str], _Put], ...]:
    """Marks in lower case, one of which is in every text that the pattern finds something in; the pattern; what is put.

    Most texts hold few of the marks, and a mark is found much faster than a pattern. Compiled on first use: a check of
    a local file has nothing to hide.
    """
    flags = re.IGNORECASE
    return (
        (
            (":/", ":\\"),
            pattern(rf"\b[a-z][a-z0-9+.-]{{0,30}}:[/\\]{{2,}}{_IN_URL}", flags),
            lambda match: bare_url(match[0]),
        ),
        # The query of a URL whose beginning is somewhere else.
        (
            ("?", "#"),
            pattern(rf"([?#])(?=[\w.~%-]{{1,64}}=){_IN_URL}"),
            lambda match: f"?{MASK}" if match[1] == "?" else "",
        ),
        (
            (";",),
            pattern(r"(;(?:jsessionid|phpsessid|sid|session\w{0,8}|token)=)[^\s;/?#'\"<>]+", flags),
            rf"\1{MASK}",
        ),
        (("@",), pattern(r"(?<![\w.-])[^\s/@:'\"]{1,200}:[^\s/@'\"]{1,200}@(?=[\w\[])"), f"{MASK}@"),
        (
            ("bearer", "ba"),  # the s of "basic" may be a long one, which lower() leaves as it is
            pattern(r"\b(bearer|basic)\s+(?=\S*[\d=]|\S{20})[\w.~+/=-]{6,}", flags),
            rf"\1 {MASK}",
        ),
        (("eyj",), pattern(r"\beyJ[\w-]{6,}\.[\w-]{6,}(?:\.[\w-]*)?"), MASK),
        (("k-",), pattern(r"(?<![\w-])(sk|rk)-(?=[\w-]*\d)[\w-]{16,}", flags), rf"\1-{MASK}"),
        (
            ("gh", "glpat-", "xox", "hf_", "akia", "asia", "ltai", "aiza"),
            pattern(r"\b(?:gh[pousr]_|github_pat_|glpat-|xox[abprs]-|hf_|AKIA|ASIA|LTAI|AIza)[\w-]{16,}"),
            MASK,
        ),
        (
            ("=", ":"),
            pattern(rf"(?<![\w-])({_SECRET_NAME})(\s?=\s?[\"']?|[\"']\s?:\s?[\"'])(?!…)[^\s&;,'\"<>)]+", flags),
            rf"\1\2{MASK}",
        ),
        (
            ("=", ":"),
            pattern(
                rf"(?<![\w-])({_SECRET_VARIABLE})"
                r"(?:(\s?=\s?[\"']?|[\"']\s?:\s?[\"'])(?!…)[^\s&;,'\"<>)]+|(:\s?)(?=\S*\d)[^\s;,'\"<>…]{8,})",
                flags,
            ),
            lambda match: f"{match[1]}{match[2] or match[3]}{MASK}",
        ),
    )


def begins_as_url(text: str) -> bool:
    """Whether ``text`` as a whole is meant as a URL, well-formed or not."""
    return (":" in text or "//" in text) and _BEGINS_AS_URL.match(text) is not None


def bare_url(url: str) -> str:
    """``url`` without user name, password, query, fragment, and the parameters and tokens in its path."""
    if _PLAIN.fullmatch(url) and "--" not in url:
        return url
    head, mark, query = url.partition("#")[0].partition("?")
    kept = query if re.fullmatch(_REDACTED_QUERY, query) else MASK
    parts = re.fullmatch(_PARTS, head, re.IGNORECASE | re.DOTALL)
    if parts is None:
        return head + (f"?{MASK}" if mark else "")
    scheme, authority, path = parts.groups()
    host = authority.rpartition("@")[2]
    # A port that is not a number may be the start of a password with an unescaped "/", "?" or "#" in it.
    if not re.fullmatch(_HOST_AND_PORT, host, re.DOTALL):
        return f"{scheme}{MASK}" + (f"?{MASK}" if mark else "")
    path = re.sub(r";[^/\\]*", f";{MASK}", path)
    path = re.sub(_PATH_TOKEN, lambda token: next(filter(None, token.groups()), "") + MASK, path, flags=re.IGNORECASE)
    return scheme + host + path + (f"?{kept}" if mark else "")
