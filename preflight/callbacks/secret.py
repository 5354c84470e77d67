"""The secret in the path of a callback URL: made once, kept in a file, and never shown. ``asgi.py`` compares it."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from preflight.errors import ConfigurationError
from preflight.redact import remember

_SHORTEST, _LONGEST = 16, 200


def secret_beside(ledger: Path) -> str:
    """The secret of the callbacks of the ledger at that path. Raises ``ConfigurationError``."""
    return secret_of(ledger.with_name(f"{ledger.name}-callback-secret"))


def secret_of(path: Path) -> str:
    """The secret in the file ``path``, made on the first call: jobs keep their callback URLs from one run to the next.

    Raises ``ConfigurationError``.
    """
    try:
        try:
            file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            secret = path.read_text("ascii").strip()
        else:
            secret = secrets.token_urlsafe(24)
            with os.fdopen(file, "w") as new:
                new.write(secret + "\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"the secret of the callbacks in {path} cannot be read or made: {error}") from error
    return sound_secret(secret, hint=f"remove {path}, and preflight makes a new one")


def sound_secret(secret: str, *, hint: str) -> str:
    """``secret``, which is not shown from now on. Raises ``ConfigurationError`` for one that is easy to guess."""
    word = secret.replace("-", "").replace("_", "")
    if not (_SHORTEST <= len(secret) <= _LONGEST and word.isascii() and word.isalnum()):
        raise ConfigurationError(
            f"a secret of the callbacks has {_SHORTEST} to {_LONGEST} letters, digits, hyphens and underscores: {hint}"
        )
    remember(secret)
    return secret
