"""Rules about fetching a file, and about responses that are not the file."""

from __future__ import annotations

from collections.abc import Iterator
from math import isinf
from pathlib import PurePosixPath

from preflight.errors import HttpStatus, LocalUnreadable, SourceChanged, Unreachable
from preflight.model import Family, Kind
from preflight.model.file_types import fits_name, promised_container, promised_kind
from preflight.model.pointers import APPLE_DOUBLE_NAME, fetch_command, original_name
from preflight.model.wrapped_tables import wrapping_named
from preflight.rules.rule import Flaw, SubjectCase

_NO_ANSWER_OF_THE_FILE = frozenset({408, 425, 429})
_STATUS_HINTS = {
    401: "the file is behind a login; make it public or sign the URL",
    403: "the file is private, or its signed URL has expired or is for another method; make it public or sign it again",
    404: "check the path; nothing is there",
    410: "the file was removed; upload it again",
}
_NAMES = {Kind.IMAGE: "a picture", Kind.VIDEO: "a video"}
_NOT_MEDIA = frozenset({Family.DOCUMENT, Family.ARCHIVE, Family.EMPTY, Family.POINTER})
_SWITCHES = frozenset({"1", "true", "download"})
"""Values in the query of a file's own URL that are not secret."""
_TYPES = {
    "JPEG": ("image/jpeg", "image/jpg", "image/pjpeg"),
    "PNG": ("image/png", "image/x-png", "image/apng"),
    "WebP": ("image/webp",),
    "GIF": ("image/gif",),
    "MP4": ("video/mp4", "application/mp4", "video/x-m4v", "video/3gpp"),
    "MOV": ("video/quicktime",),
    "Matroska": ("video/x-matroska", "video/matroska"),
    "WebM": ("video/webm",),
    "AVI": ("video/x-msvideo", "video/avi"),
    "MPEG-TS": ("video/mp2t",),
}
_MEDIA_TYPES = ("image/", "video/", "audio/", "text/", "application/json", "application/xml", "application/pdf")


def unreachable(case: SubjectCase) -> Iterator[Flaw]:
    fault = case.subject.fault
    if isinstance(fault, Unreachable) or (isinstance(fault, LocalUnreadable) and not fault.missing):
        yield Flaw(message=f"the file could not be read: {fault}", indeterminate=True)


def http_status(case: SubjectCase) -> Iterator[Flaw]:
    fault = case.subject.fault
    if isinstance(fault, HttpStatus):
        passing = fault.status >= 500 or fault.status in _NO_ANSWER_OF_THE_FILE
        wait = fault.too_late_s
        when = "later" if wait is None or isinf(wait) else f"in {wait:.0f} s"
        too_late = ""
        if wait is not None:
            why = "at a time that cannot be read" if isinf(wait) else f"{when}, which is longer than preflight waits"
            too_late = f"; it asks to try again {why}"
        yield Flaw(
            message=f"{fault} instead of sending the file{too_late}",
            measured=f"HTTP {fault.status}",
            allowed="HTTP 200 or 206",
            fix=f"try again {when}"
            if passing
            else _STATUS_HINTS.get(fault.status, "check that the URL leads to the file itself"),
            indeterminate=passing,
        )


def not_media(case: SubjectCase) -> Iterator[Flaw]:
    facts, address = case.subject.facts, case.subject.address
    if facts is None and address is not None and address.share_service:
        yield Flaw(
            message=f"{address.share_service} links open a page, not the file",
            measured=f"a link to {address.share_service}",
            fix=_use(address.direct_url, case.subject.source),
        )
    if facts is None or facts.family not in _NOT_MEDIA or facts.family is Family.POINTER:
        return
    if facts.family is Family.EMPTY:
        message, fix = "the file is empty: 0 bytes", f"export or {'upload' if address else 'copy'} it again"
    else:
        wanted = _NAMES[case.subject.kind]
        message, fix = f"this is {facts.container}, not {wanted}", "use the URL of the file itself"
        if address is None:
            fix = "download the file itself" if facts.container == "HTML" else f"use {wanted} instead"
        if facts.container == APPLE_DOUBLE_NAME:
            message = "this is an AppleDouble file: attributes that macOS keeps beside a file, not the file itself"
            fix = f"use {original_name(case.subject.source) or 'the file that it belongs to'}"
        elif address is None and case.subject.field is None and promised_kind(case.subject.source) is None:
            message = f"this is {facts.container or facts.family.value}: neither a job nor media"
            fix = "name a job or manifest (.yaml, .json, .jsonl, .csv), a picture or a clip"
            if (wrapping := wrapping_named(case.subject.source)) is not None:
                message, fix = f"this is {wrapping.name}: jobs in it are not read", wrapping.advice
    if address is not None and address.share_service:
        message += f"; {address.share_service} links open a page, not the file"
        fix = _use(address.direct_url, case.subject.source)
    elif facts.container == "HTML":
        message += ": a login, preview or error page"
    yield Flaw(message=message, measured=facts.container or facts.family.value, fix=fix)


def _use(direct_url: str | None, source: str) -> str:
    """The fix for a share link. Of the file's own URL it shows the values in ``source`` and the added switches. The
    other values give access to the file, so the user copies them from the link."""
    if direct_url is None:
        return "download the file and upload it to public storage"
    head, mark, query = direct_url.partition("?")
    pairs = [part.partition("=") for part in query.split("&")] if mark else []
    secret = [name for name, _, value in pairs if value not in _SWITCHES and value not in source.split("/")]
    shown = "&".join(f"{name}={'…' if name in secret else value}" for name, _, value in pairs)
    own = f", with the link's own {' and '.join(secret)} for …" if secret else ""
    return f"use {head}{mark}{shown}{own}"


def not_fetched(case: SubjectCase) -> Iterator[Flaw]:
    """A local pointer says nothing about its file, which is elsewhere; a pointer at a URL is all the service gets."""
    facts = case.subject.facts
    if facts is None or facts.family is not Family.POINTER:
        return
    pointer, fix = facts.container, fetch_command(facts.container, case.subject.source)
    if case.subject.address is None:
        message = f"not fetched: this is a {pointer}; the file itself is elsewhere"
    else:
        message = f"the server has a {pointer}, not the file that it points to"
        fix = f"{fix}, then upload the file itself"
    yield Flaw(message=message, measured=facts.container, fix=fix, indeterminate=case.subject.address is None)


def size_unknown(case: SubjectCase) -> Iterator[Flaw]:
    facts = case.subject.facts
    if facts is not None and facts.size_bytes is None and facts.family not in _NOT_MEDIA:
        yield Flaw(
            message="the server does not say how large the file is, so its size limit could not be checked",
            fix="serve it with Content-Length",
            indeterminate=True,
        )


def range_unsupported(case: SubjectCase) -> Iterator[Flaw]:
    facts = case.subject.facts
    if case.subject.transfer.ranges is False and facts is not None and facts.family not in _NOT_MEDIA:
        yield Flaw(message="the server does not support range requests; preflight read the file from its start instead")


def source_unstable(case: SubjectCase) -> Iterator[Flaw]:
    if isinstance(case.subject.fault, SourceChanged):
        yield Flaw(
            message=str(case.subject.fault),
            fix="wait until the upload is complete, then check again",
            indeterminate=True,
        )


def type_mismatch(case: SubjectCase) -> Iterator[Flaw]:
    facts = case.subject.facts
    if facts is None or facts.container is None or facts.family in _NOT_MEDIA:
        return
    claims = []
    name = case.subject.source.removesuffix("?…")
    if not fits_name(facts.container, name):
        claims.append(f"is named {PurePosixPath(name).suffix.lower()}")
    declared = case.subject.transfer.declared_type
    fitting = _TYPES.get(facts.container, ())
    if declared and declared.startswith(_MEDIA_TYPES) and fitting and declared not in fitting:
        claims.append(f"is declared as {declared}")
    if claims:
        promised = promised_container(name)
        fix = f"serve it with Content-Type: {fitting[0]}" if fitting else None
        if claims[0].startswith("is named"):
            fix = f"name it by its container, or convert it to {promised}; renaming alone does not convert a file"
        yield Flaw(
            message=f"the file {' and '.join(claims)}, but its bytes are {facts.container}",
            measured=facts.container,
            allowed=promised if claims[0].startswith("is named") else fitting[0],
            fix=fix,
        )
