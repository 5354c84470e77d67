"""The store that a name stands for: a folder, or a URL that fsspec knows."""

from __future__ import annotations

from preflight.errors import ConfigurationError
from preflight.runs.on_disk.store import FolderStore, Store


def open_store(name: str) -> Store:
    """The store called ``name``. Nothing is made or read yet."""
    if not name.strip() or "\0" in name:
        raise ConfigurationError("--to: an empty name instead of a folder")
    if "://" in name:
        from preflight.runs.on_disk.url_store import UrlStore  # an extra

        return UrlStore.at(name)
    return FolderStore(name)
