"""Rules about the URL of a file: whether the service can fetch it, now and later."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from preflight.errors import AddressRefused, LocalUnreadable
from preflight.model import Severity
from preflight.model.target import meant_url
from preflight.redact.advice import Advice
from preflight.rules.right_ways import plain_characters
from preflight.rules.rule import Flaw, SubjectCase

if TYPE_CHECKING:
    from preflight.model import AddressFacts

_CARRIED_EVERYWHERE = 2048
_EXPIRES_SOON = timedelta(hours=1)
_PUBLIC = "a public http(s) URL"
_UPLOAD = "upload the file to public storage and use that URL"
_SCHEMES = {
    "file": "a file: URL names a file on one machine",
    "data": "the service takes the address of a file, not the file itself",
    "blob": "a blob: URL exists only in the browser that made it",
    "ftp": "the service reads http and https only",
    "sftp": "the service reads http and https only",
    **dict.fromkeys(
        ("s3", "gs", "az", "r2", "oss", "cos"), "only programs with your credentials can read this address"
    ),
}
"""Why a URL of another scheme cannot work, where more is to be said than that it is not http(s)."""


def url_not_public(case: SubjectCase) -> Iterator[Flaw]:
    subject = case.subject
    if subject.address is not None and (subject.address.problem or isinstance(subject.fault, AddressRefused)):
        yield _not_public(subject.address, subject.address.problem or str(subject.fault), subject.source)
    elif subject.address is None and case.uploaded:
        yield Flaw(message="this is a local path, which the service cannot fetch", allowed=_PUBLIC, fix=_UPLOAD)
    elif isinstance(subject.fault, LocalUnreadable) and subject.fault.missing:
        home = "; '~' is not read as the home folder" if subject.source.startswith("~") else ""
        meant = meant_url(subject.source)
        yield Flaw(
            message=f"this is neither a public URL nor a local file: there is no {subject.source}{home}",
            measured="no such file",
            allowed=_PUBLIC,
            fix=plain_characters(subject.source) or _another_name(meant),
        )


def _another_name(meant: str | None) -> str:
    if meant:
        return f"did you mean {meant!r}? If it is a path, correct it"
    return "correct the path (in a job file, relative to that file), or use a public http(s) URL"


def _not_public(address: AddressFacts, problem: str, source: str) -> Flaw:
    """The flaw of a URL that the service cannot fetch. A user's own server is named, as ``--allow-host`` takes it."""
    fix: str = _UPLOAD
    more = _SCHEMES.get(address.scheme)
    if meant := meant_url(source):
        fix = f"did you mean {meant!r}?"
    elif address.private:
        own = "; to check a file on a server of your own, "
        fix = Advice.of(
            fix,
            library=f"{own}allow the host {address.private}",
            command=f"{own}add --allow-host {address.private}",
        )
    elif address.scheme == "file":
        fix = f"{fix}; to check the file here, name its path, without file://"
    why = f"{problem}; {more}" if more else problem
    return Flaw(message=f"the service cannot fetch this URL: {why}", allowed=_PUBLIC, fix=fix)


def url_insecure(case: SubjectCase) -> Iterator[Flaw]:
    address = case.subject.address
    if address is not None and address.scheme == "http" and not address.problem:
        yield Flaw(
            message="others on the network can read and change a file that is sent over http",
            measured="http",
            allowed="http is allowed, https is better",
            fix="use the https URL if the server has one",
        )


def url_long(case: SubjectCase) -> Iterator[Flaw]:
    address = case.subject.address
    if address is not None and address.length > _CARRIED_EVERYWHERE:
        yield Flaw(
            message=f"the URL has {address.length} characters; the API docs state no limit, but some programs keep "
            f"only {_CARRIED_EVERYWHERE}",
            measured=f"{address.length} characters",
            allowed=f"up to {_CARRIED_EVERYWHERE} characters pass everywhere",
            fix="sign the URL with a key of its own instead of a role, whose session token makes it long",
        )


def url_expiring(case: SubjectCase) -> Iterator[Flaw]:
    address = case.subject.address
    if address is None or address.expires_at is None:
        return
    left = address.expires_at - case.now
    when = address.expires_at.strftime("%Y-%m-%d %H:%M UTC")
    fix = "sign the URL again, for at least a day: the job may wait in a queue"
    if left <= timedelta(0):
        yield Flaw(message=f"the signed URL expired at {when}", measured=f"expired {when}", fix=fix)
    elif left <= _EXPIRES_SOON:
        minutes = max(1, int(left.total_seconds() // 60))
        yield Flaw(
            message=f"the signed URL expires in {minutes} min, at {when}",
            measured=f"{minutes} min",
            allowed="more than an hour",
            fix=fix,
            severity=Severity.WARNING,
        )
