"""What went wrong with an object store, from the text of its answer: in our words, without its own."""

from __future__ import annotations

import re
from typing import NamedTuple

from preflight.errors import SourceError

_CODE = re.compile(r"<Code>\s*([A-Za-z0-9_.-]{1,64})\s*</Code>|\"(?:code|reason|error)\":\s*\"([A-Za-z0-9_.-]{1,64})\"")
_STATUS = re.compile(r"status code: (\d{3})")

_CLOCK = "the clock of this machine is wrong for signing: set it (the store allows 15 minutes)"
_KEY = "the store does not know the access key, or it was disabled: check the credentials"
_SECRET = "the signature is wrong: check the secret key, and that it belongs to the access key"
_ENDED = "the credentials have ended: renew them"
_DENIED = "the credentials may not write there: they need the right to put objects"
_BUCKET = "there is no such bucket, or no such container: create it, or check its name and the endpoint"
_REGION = "the bucket is in another region: set AWS_REGION, or --endpoint-url"
_NONE_FOUND = "no credentials were found: set the variables of the provider, or sign in with its tool"


_CODES = {
    "NoSuchBucket": _BUCKET,
    "ContainerNotFound": _BUCKET,
    "InvalidBucketName": _BUCKET,
    "InvalidAccessKeyId": _KEY,
    "InvalidClientTokenId": _KEY,
    "InvalidToken": _ENDED,
    "ExpiredToken": _ENDED,
    "TokenRefreshRequired": _ENDED,
    "SignatureDoesNotMatch": _SECRET,
    "RequestTimeTooSkewed": _CLOCK,
    "RequestExpired": _CLOCK,
    "AuthorizationHeaderMalformed": _REGION,
    "PermanentRedirect": _REGION,
    "IllegalLocationConstraintException": _REGION,
    "AccessDenied": _DENIED,
    "AllAccessDisabled": _DENIED,
    "AuthorizationPermissionMismatch": _DENIED,
    "AuthorizationFailure": _DENIED,
    "AuthenticationFailed": "the store does not accept the credentials, or the clock of this machine is wrong",
    "invalid_grant": "the credentials are not accepted: sign in again, and check the clock of this machine",
    "QuotaExceeded": "the store is full, or its quota is used up",
    "InsufficientStorage": "the store is full, or its quota is used up",
    "EntityTooLarge": "the store refuses files of this size",
}
# Words of the library itself, for what never reached a store. They hold nothing of the user's.
_WORDS = (
    ("169.254.169.254", _NONE_FOUND),
    ("metadata.google.internal", _NONE_FOUND),
    ("metadata server", _NONE_FOUND),
    ("Received redirect without LOCATION", _REGION),
    ("Request date header too old", _CLOCK),
    ("private_key", "the service account's key cannot be read"),
    ("Invalid Access Key", "the account key is not valid: it is base64"),
    ("Account must be specified", "set AZURE_STORAGE_ACCOUNT_NAME to the name of the storage account"),
    ("MissingAccount", "set AZURE_STORAGE_ACCOUNT_NAME to the name of the storage account"),
    ("Unable parse source url", "the endpoint is not a URL"),
    ("No such file or directory", "a file of credentials that the variables name does not exist"),
)
_UNREACHED = (
    ("ConnectionRefused", "the connection to the store was refused: check the endpoint"),
    ("dns error", "the name of the store cannot be resolved: check the endpoint and the region"),
    ("certificate", "the store's certificate is not valid"),
    ("kind: Timeout", "the store did not answer in time"),
    ("timed out", "the store did not answer in time"),
    ("kind: Connect", "the store cannot be reached"),
    ("kind: Request", "the connection to the store broke off"),
    ("kind: Interrupted", "the connection to the store broke off"),
)


class UploadFailed(SourceError):
    """A file is not at a URL that shows its bytes. Trying again is safe: its name there is that of its bytes."""


class Why(NamedTuple):
    """``is_final``: trying again helps only once the user has changed something. ``is_denied``: no reason is given."""

    text: str
    is_final: bool
    is_denied: bool = False


def why_failed(said: str) -> Why:
    """The reason in the text of an error of the library."""
    codes = [first or second for first, second in _CODE.findall(said)]
    for code in codes:
        if code in _CODES:
            return Why(_CODES[code], is_final=True)
    for word, text in _WORDS:
        if word in said:
            return Why(text, is_final=True)
    for word, text in _UNREACHED:
        if word in said:
            return Why(text, is_final=False)
    status = _STATUS.search(said)
    if status is None:
        return Why("the store cannot be used as it is configured", is_final=True)
    shown = f"the store answered {status[1]}" + (f" {codes[0]}" if codes else "")
    if status[1] in ("401", "403"):
        return Why(_DENIED, is_final=True, is_denied=True)
    return Why(shown, is_final=status[1][0] == "4")
