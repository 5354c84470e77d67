"""Options for uploads."""

from __future__ import annotations

import click

from preflight.cli.options.option_groups import Decorator, grouped
from preflight.model.frozen import frozen


@frozen
class UploadOptions:
    """Where local files go, and how the service reads them there."""

    to: str | None
    upload_command: str | None
    endpoint_url: str | None
    public_base: str | None
    url_expires: str | None

    @property
    def is_wanted(self) -> bool:
        return self.to is not None or self.upload_command is not None


def upload_options(spelling: str) -> Decorator:
    """``upload``: the place, which this command calls ``spelling``, and what goes with it."""
    return grouped(
        "upload",
        UploadOptions,
        click.option(
            spelling,
            "to",
            metavar="URL",
            help="Upload local files to s3://BUCKET/PREFIX, gs://BUCKET/PREFIX or az://CONTAINER/PREFIX.",
        ),
        click.option(
            "--upload-command",
            metavar="COMMAND",
            help="Upload each file with this shell command; {file} and {name} stand for its path and its new name,"
            " and the last line of output is the URL.",
        ),
        click.option(
            "--endpoint-url", metavar="URL", help="Address of the store (for S3: R2, MinIO and others; default: AWS)."
        ),
        click.option(
            "--public-base", metavar="URL", help="Public URL of the place, for a store that anybody may read."
        ),
        click.option(
            "--url-expires", metavar="TIME", help="How long signed URLs last, such as 24h (the default), 90m or 7d."
        ),
    )
