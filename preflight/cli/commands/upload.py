"""``preflight upload``."""

from __future__ import annotations

from pathlib import Path

import click

from preflight.cli.options.completion import files
from preflight.cli.options.option_groups import NetworkOptions, OutputOptions
from preflight.cli.options.shared_options import network_options, output_options
from preflight.cli.options.upload_options import UploadOptions, upload_options
from preflight.cli.printing.output import require_writable
from preflight.cli.printing.terminal import progress, remark
from preflight.model.target import is_url
from preflight.redact import redact
from preflight.render.formats import UPLOADS


@click.command("upload")
@click.argument("names", nargs=-1, required=True, metavar="FILE...", shell_complete=files)
@upload_options("--to")
@network_options
@output_options(UPLOADS)
def command(
    *,
    names: tuple[str, ...],
    upload: UploadOptions,
    network: NetworkOptions,
    output: OutputOptions,
) -> int:
    """Upload local files and print a URL for each.

    Files are named by their content, so that the same file is uploaded once. Each URL is read back, and printed only if
    it shows the same bytes. A URL may be signed: whoever has it can read the file until it ends.

    \b
    preflight upload a.png b.mp4 --to s3://bucket/jobs
    preflight upload b.mp4 --upload-command './put {file}'
    """
    from preflight.cli.paying.open_uploader import open_uploader
    from preflight.cli.paying.submit_delivery import about
    from preflight.cli.printing.report_output import emit_as
    from preflight.cli.printing.upload_progress import UploadProgress
    from preflight.cli.targets import require_file
    from preflight.upload.uploader import upload_files

    for name in names:
        if is_url(name):
            raise click.UsageError(f"{redact(name)} is a URL already: only local files are uploaded")
        require_file(name)
    require_writable(output.file)
    shown = UploadProgress()
    uploader = open_uploader(upload, network, on_progress=shown)
    with progress("uploading", hidden=output.hidden) as update:
        shown.show = update
        done = upload_files([Path(name) for name in names], uploader)
    if not output.quiet:
        for file in done:
            remark(about(file))
    emit_as(UPLOADS, done, output)
    return 0
