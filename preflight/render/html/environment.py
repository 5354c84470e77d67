"""The Jinja environment of reports and differences, their style sheet and script, and the policy that allows no more.

The local page has its own, in ``ui/templating.py``.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from functools import cache
from hashlib import sha256
from pathlib import Path

from preflight.errors import MissingExtra
from preflight.redact import printable

try:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup
except ImportError as exc:
    raise MissingExtra("a page", "html") from exc

__all__ = ["Markup", "asset", "environment", "policy"]

_FOLDER = Path(__file__).parent


@cache
def environment() -> Environment:
    """Every value is escaped for HTML, and control characters become escapes that can be read.

    A value is one line. ``None`` shows nothing; a name that a template misspells is an error.
    """
    return Environment(
        loader=FileSystemLoader(_FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )


@cache
def asset(name: str) -> Markup:
    """A style sheet or a script of ours, as it stands in a page."""
    return Markup((_FOLDER / "assets" / name).read_text("utf-8").strip())  # noqa: S704 - a file of the package


def policy(*, styles: Iterable[str] = (), scripts: Iterable[str] = ()) -> str:
    """A Content-Security-Policy: these styles and scripts, pictures within the page, and nothing else."""
    return "; ".join(
        (
            "default-src 'none'",
            f"style-src {_hashes(styles)}",
            f"script-src {_hashes(scripts)}",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def _hashes(texts: Iterable[str]) -> str:
    digests = (b64encode(sha256(text.encode("utf-8", "replace")).digest()).decode("ascii") for text in texts if text)
    return " ".join(f"'sha256-{digest}'" for digest in digests) or "'none'"


def _shown(value: object) -> object:
    if value is None:
        return ""
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value
