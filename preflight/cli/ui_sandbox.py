"""What ``preflight ui --sandbox`` works with: a sandbox, a place for files that it can read, a ledger of its own."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import click

from preflight.cli.options.option_groups import NetworkOptions, PaidOptions
from preflight.cli.options.upload_options import UploadOptions
from preflight.client import DEFAULT_BASE_URL
from preflight.model import Kind
from preflight.sources.host import AllowedHost
from preflight.specs import Spec
from preflight.upload.folder import FolderUploader
from preflight.upload.uploader import Reader

_MEDIA = Path(__file__).parents[1] / "sandbox" / "media"
EXAMPLES = {Kind.IMAGE: _MEDIA / "renamed.png", Kind.VIDEO: _MEDIA / "too-long.mp4"}
"""Two bad files, to try the page with."""
_KEY = "sk-sandbox-ui"
_SPEED = 10.0
"""A task of a minute ends in six seconds: time to see its states, and not to wait."""


@contextmanager
def in_sandbox(
    service: PaidOptions, network: NetworkOptions, upload: UploadOptions, specs: tuple[Spec, ...]
) -> Iterator[tuple[PaidOptions, NetworkOptions, FolderUploader]]:
    """The options of a page whose payments go to a sandbox, which takes jobs for ``specs``, too, as long as the context
    lasts. Raises ``UsageError``.
    """
    if service.api_url != DEFAULT_BASE_URL:
        raise click.UsageError("--sandbox starts a sandbox of its own: leave out --api-url")
    if upload.is_wanted:
        raise click.UsageError("--sandbox serves local files by itself: leave out --upload and --upload-command")
    from preflight.sandbox import Options, serve, serve_media  # an extra
    from preflight.sandbox.measure import probe_image, probe_seconds  # loads asyncio

    options = Options(prober=probe_seconds, image_prober=probe_image, speed=_SPEED, specs=specs)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="preflight-sandbox-")))
        files = folder / "files"
        files.mkdir()
        (folder / "key").write_text(_KEY, "ascii")
        media = stack.enter_context(serve_media(files))
        api = stack.enter_context(serve(options))
        allow = tuple(AllowedHost.parse(urlsplit(url).netloc) for url in (media, api))
        reader = Reader(allow=(*network.allow, *allow), deadline_s=network.deadline_s)
        yield (
            replace(
                service,
                api_url=api,
                key_file=str(folder / "key"),
                ledger_path=service.ledger_path or str(folder / "ledger.db"),
            ),
            replace(network, allow=(*network.allow, *allow)),
            FolderUploader(files, media, reader),
        )
