"""TLS as the reader of URLs and the API client make it: whose certificates are trusted, and nothing else set by hand.

The system's authorities, where there are any: they are updated with the system, and hold those of a company's own
proxy. Certifi's, where there are none, as in most slim container images.
"""

from __future__ import annotations

import logging
import os
import re
import ssl
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from preflight.errors import ConfigurationError

_LOG = logging.getLogger("preflight.tls")
_FILE, _FOLDER = "SSL_CERT_FILE", "SSL_CERT_DIR"

# As `openssl rehash` names them: a folder without such names holds nothing that OpenSSL finds.
_HASHED = re.compile(r"[0-9a-f]{8}\.[0-9]+", re.ASCII | re.IGNORECASE)

# Where systems keep their authorities, for a Python whose OpenSSL was built to look elsewhere.
_SYSTEM_FILES = (
    "/etc/ssl/cert.pem",  # Alpine, Arch, BSD
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  # Fedora, RHEL
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu
    "/etc/ssl/ca-bundle.pem",  # SUSE
)


def trusted_context() -> ssl.SSLContext:
    """A client's TLS settings, HTTP/1.1 alone on offer. Certificates and host names are verified.

    ``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` replace the system's authorities. Raises ``ConfigurationError`` where one of
    them names nothing usable. ``SSLKEYLOGFILE`` is obeyed where it can be, else ignored with a logged warning.
    """
    file, folders = os.environ.get(_FILE), os.environ.get(_FOLDER)
    if not file and not folders and sys.platform in {"darwin", "win32"}:
        import truststore  # asks the system itself, which keeps its authorities in no file

        context: ssl.SSLContext = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    else:
        # Not create_default_context: it fails on a key log that cannot be opened, and Python 3.13 adds demands to it
        # that the authorities of many companies do not meet.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if file or folders:
            _trust_named(context, file, folders)
        else:
            paths = ssl.get_default_verify_paths()
            _trust_system(context, folder=paths.openssl_capath, files=(paths.openssl_cafile, *_SYSTEM_FILES))
    context.set_alpn_protocols(["http/1.1"])
    _log_keys(context)
    return context


def _trust_named(context: ssl.SSLContext, file: str | None, folders: str | None) -> None:
    """Trust what the variables name, both where both do, as OpenSSL's own programs do."""
    if file:
        try:
            context.load_verify_locations(cafile=file)
        except ssl.SSLError:
            raise ConfigurationError(_unusable(_FILE, file, "which holds no certificates in PEM form")) from None
        except (OSError, ValueError) as exc:
            raise ConfigurationError(_unusable(_FILE, file, f"which cannot be read ({_reason(exc)})")) from exc
    if folders:
        each = [folder for folder in folders.split(os.pathsep) if folder]
        if not any(map(_holds_certificates, each)):
            reason = "which holds no certificates under the names that `openssl rehash` gives"
            raise ConfigurationError(_unusable(_FOLDER, folders, reason))
        context.load_verify_locations(capath=folders)


def _trust_system(context: ssl.SSLContext, *, folder: str, files: Iterable[str]) -> None:
    """Trust what ``folder`` or the first usable of ``files`` holds, certifi's authorities if none does."""
    # A folder of hashed names is read certificate by certificate, when one is needed; a file costs 20 ms at once.
    if _holds_certificates(folder):
        context.load_verify_locations(capath=folder)
        return
    for file in files:
        try:
            context.load_verify_locations(cafile=file)
        except OSError:  # ssl.SSLError is one
            continue
        return
    import certifi  # only where the system has none

    context.load_verify_locations(cafile=certifi.where())


def _holds_certificates(folder: str) -> bool:
    try:
        with os.scandir(folder) as entries:
            return any(_HASHED.fullmatch(entry.name) for entry in entries)
    except (OSError, ValueError):
        return False


def _log_keys(context: ssl.SSLContext) -> None:
    """As ``ssl.create_default_context`` does it; programs that look into traffic set the variable for everybody."""
    path = os.environ.get("SSLKEYLOGFILE")
    if not path or sys.flags.ignore_environment:
        return
    try:
        if Path(path).exists() and not Path(path).is_file():  # a pipe would be waited on
            _warn_of_key_log(path, "it is not a regular file")
        else:
            context.keylog_filename = path
    except (OSError, ValueError) as exc:
        _warn_of_key_log(path, _reason(exc))


@cache
def _warn_of_key_log(path: str, reason: str) -> None:
    """Once, however many contexts are made."""
    _LOG.warning("TLS keys are not logged: SSLKEYLOGFILE names %r: %s", path, reason)


def _unusable(variable: str, value: str, reason: str) -> str:
    return f"{variable} names {value!r}, {reason}; name another, or unset {variable} to trust the system's certificates"


def _reason(exc: Exception) -> str:
    return (exc.strerror if isinstance(exc, OSError) else None) or str(exc)
