"""Reads a create request the way the API docs describe it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from urllib.parse import urlsplit

from preflight.sandbox.api_responses import Refused
from preflight.sandbox.billing import Tariff
from preflight.specs import Spec

MAX_PROMPT = 2500

# The API docs state no limit; this is what web servers take.
_LONGEST_URL = 8192


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRequest:
    """The requested job, with the defaults of the API docs filled in.

    ``images`` are all pictures, ``seconds`` those that the job requests, and ``spec`` is that of the model: for models
    of spec files alone.
    """

    model: str
    image_url: str
    video_url: str
    mode: str
    orientation: str
    prompt: str
    callback_url: str | None
    images: tuple[str, ...] = ()
    seconds: Fraction | None = None
    spec: Spec | None = None


def read_task_request(body: object, tariff: Tariff) -> TaskRequest:
    """The task that ``body`` asks for. Raises ``Refused``; of several things that are wrong it names the first."""
    if not isinstance(body, dict):
        raise Refused("invalid_request", "The request body must be a JSON object.")
    model = _text(body, "model", required=True)
    if model != tariff.model:
        raise Refused("model_not_found", f"Model '{model[:100]}' does not exist or is inactive.")
    fields = body.get("input")
    if fields is None:
        raise Refused("invalid_request", "'input' is required.")
    if not isinstance(fields, dict):
        raise Refused("invalid_request", "'input' must be an object.")
    if "duration" in body or "duration" in fields:
        raise Refused("invalid_request", "'duration' is not supported: the output follows the reference video.")
    prompt = _text(fields, "prompt")
    if len(prompt) > MAX_PROMPT:
        raise Refused("invalid_request", f"'prompt' must be at most {MAX_PROMPT} characters.")
    callback_url = _text(body, "callback_url")
    return TaskRequest(
        model=model,
        image_url=_media_url(fields, "input_urls"),
        video_url=_media_url(fields, "video_urls"),
        mode=_choice(fields, "mode", tariff.rates, default="720p"),
        orientation=_choice(fields, "character_orientation", tariff.caps, default="video"),
        prompt=prompt,
        callback_url=http_url(callback_url, "callback_url") if callback_url else None,
    )


def _text(fields: Mapping[str, object], name: str, *, required: bool = False) -> str:
    value = fields.get(name)
    if required and not value:
        raise Refused("invalid_request", f"'{name}' is required.")
    if value is not None and not isinstance(value, str):
        raise Refused("invalid_request", f"'{name}' must be a string.")
    return value or ""


def _choice(fields: Mapping[str, object], name: str, choices: Mapping[str, object], *, default: str) -> str:
    value = _text(fields, name) or default
    if value not in choices:
        raise Refused("invalid_request", f"'{name}' must be one of: {', '.join(choices)}.")
    return value


def _media_url(fields: Mapping[str, object], name: str) -> str:
    urls = fields.get(name)
    if not urls:
        raise Refused("invalid_request", f"'{name}' is required.")
    if not isinstance(urls, list) or not all(isinstance(url, str) for url in urls):
        raise Refused("invalid_request", f"'{name}' must be an array of strings.")
    return http_url(urls[0], name)


def http_url(url: str, name: str) -> str:
    """``url``, if it is one that the service can fetch. Raises ``Refused``."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good or len(url) > _LONGEST_URL or not url.isprintable():
        raise Refused("invalid_request", f"'{name}' must hold public HTTP(S) URLs.")
    return url
