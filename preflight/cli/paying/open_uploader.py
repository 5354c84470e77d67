"""Makes the uploader that the options for uploads ask for."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from preflight.cli.printing.terminal import remark
from preflight.client import is_loopback
from preflight.errors import AddressRefused, ConfigurationError, MissingExtra
from preflight.sources.host import is_allowed, split_authority
from preflight.upload.access import StoreAccess, store_access
from preflight.upload.command import CommandUploader
from preflight.upload.life import DEFAULT_LIFE, life_within, parse_life, show_life
from preflight.upload.place import Destination, parse_destination
from preflight.upload.read_back import require_public
from preflight.upload.uploader import OnProgress, Reader, StoreUploader, Uploading

if TYPE_CHECKING:
    from preflight.cli.options.option_groups import NetworkOptions
    from preflight.cli.options.upload_options import UploadOptions
    from preflight.upload.object_store import ObjectStore


def open_uploader(upload: UploadOptions, network: NetworkOptions, *, on_progress: OnProgress) -> Uploading:
    """The uploader that the options ask for. Raises ``UsageError`` and ``ConfigurationError``."""
    reader = Reader(allow=network.allow, proxy=network.proxy, deadline_s=network.deadline_s)
    if upload.upload_command is not None:
        _refuse_beside_a_command(upload)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFLIGHT_API_KEY")}
        return CommandUploader(upload.upload_command, reader, environment=environment, on_progress=on_progress)
    if upload.to is None:
        raise click.UsageError("say where to: give --to s3://BUCKET/PREFIX, or --upload-command")
    destination = parse_destination(upload.to)
    if upload.public_base is not None:
        if upload.url_expires is not None:
            raise click.UsageError("--url-expires is for signed URLs; those below --public-base do not end")
        _require_base(upload.public_base)
        require_public(upload.public_base, network.allow)
    asked = parse_life(upload.url_expires) if upload.url_expires is not None else None
    access = store_access(destination, os.environ, home=Path.home(), endpoint_url=upload.endpoint_url)
    store, life = _store(destination, access, network), DEFAULT_LIFE
    if upload.public_base is None:
        life = life_within(asked, ends_at=access.ends_at, now=datetime.now(UTC))
        store.signed_url("x", life)  # credentials that are missing are known before anything is checked
        _say_when_it_ends(asked, life, access)
    return StoreUploader(
        store,
        reader,
        life=life,
        public_base=upload.public_base,
        on_progress=on_progress,
    )


def _refuse_beside_a_command(upload: UploadOptions) -> None:
    others = {
        "a place": upload.to,
        "--endpoint-url": upload.endpoint_url,
        "--public-base": upload.public_base,
        "--url-expires": upload.url_expires,
    }
    for name, value in others.items():
        if value is not None:
            raise click.UsageError(f"--upload-command does everything by itself: it cannot be used with {name}")


def _require_base(url: str) -> None:
    if not url.startswith(("https://", "http://")) or "?" in url or "#" in url:
        raise click.UsageError("--public-base must be https://HOST/PATH, without a query")


def _say_when_it_ends(asked: timedelta | None, life: timedelta, access: StoreAccess) -> None:
    if access.is_session and access.ends_at is None:
        remark("the credentials are those of a session: signed URLs end with it, at the latest")
    elif life < DEFAULT_LIFE and asked is None:
        remark(f"the credentials end in {show_life(life)}, and signed URLs with them")


def _store(destination: Destination, access: StoreAccess, network: NetworkOptions) -> ObjectStore:
    try:
        from preflight.upload.object_store import ObjectStore  # the extra
    except ModuleNotFoundError as error:
        raise MissingExtra("uploading to a store", "upload") from error
    if access.is_plain and not _is_own(access.endpoint or "", network):
        raise ConfigurationError(
            "the endpoint of the store is not https: one on this machine or on a host of --allow-host may be http"
        )
    return ObjectStore(destination, access.settings, may_be_plain=access.is_plain)


def _is_own(endpoint: str, network: NetworkOptions) -> bool:
    """Whether an endpoint is on this machine, or on a host that may be private: those may be without TLS."""
    parts = urlsplit(endpoint)
    try:
        host, port = split_authority(parts.netloc)
    except AddressRefused as error:
        raise ConfigurationError(f"the endpoint of the store is not valid: {error}") from error
    return is_loopback(host) or is_allowed(host, port or 80, network.allow)
