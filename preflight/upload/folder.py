"""Brings files into a folder that a server shows: for a sandbox on the same machine."""

from __future__ import annotations

import shutil
from pathlib import Path
from urllib.parse import quote

from preflight.redact import shown_path
from preflight.upload.content import Content
from preflight.upload.store_errors import UploadFailed
from preflight.upload.uploader import Reader, UploadedFile, difference_at, uploaded


class FolderUploader:
    """Copies files into ``folder``, whose files are at ``base_url``."""

    def __init__(self, folder: Path, base_url: str, reader: Reader) -> None:
        self._folder = folder
        self._base_url = base_url.rstrip("/")
        self._reader = reader

    def url_of(self, content: Content) -> str:
        return f"{self._base_url}/{quote(content.name)}"

    def upload(self, content: Content) -> UploadedFile:
        """Copy ``content``, and read it back. Raises ``UploadFailed``."""
        target, url = self._folder / content.name, self.url_of(content)
        part, shown = target.with_name(f"{target.name}.part"), shown_path(str(content.path))
        try:
            shutil.copyfile(content.path, part)
            part.replace(target)
        except OSError as error:
            raise UploadFailed(f"{shown} cannot be copied: {error.strerror}") from error
        difference = difference_at(url, content, self._reader, lambda _, __, ___: None)
        if difference is not None:
            raise UploadFailed(
                f"{shown_path(str(content.path))} was copied, but its URL does not show it: {difference}"
            )
        return uploaded(content, url)
