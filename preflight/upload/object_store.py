"""Object stores, by ``obstore``: S3 and everything that speaks it, Google Cloud Storage, Azure. Its only user.

The store's own texts are never shown: they hold requests, keys and signatures. They are read for what went wrong.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import timedelta
from typing import Any, Final

import obstore
from obstore.exceptions import BaseError
from obstore.store import AzureStore, GCSStore, S3Store

from preflight.errors import ConfigurationError
from preflight.upload.content import PART_BYTES, Content, parts_of
from preflight.upload.place import Destination
from preflight.upload.store_errors import UploadFailed, why_failed

_AT_ONCE: Final = 2
"""Parts under way: more would be faster on a long line, and progress would run ahead of what has arrived."""
_RETRY: Any = {"max_retries": 4, "retry_timeout": timedelta(seconds=60)}
_PART_SECONDS: Final = 300
"""For one request, the sending of one part among them: 5 MiB at 17 KB a second."""
_REGION_R2: Final = "auto"


class ObjectStore:
    """One bucket. Raises ``ConfigurationError`` where it, or the access to it, is wrong, else ``UploadFailed``."""

    def __init__(
        self,
        destination: Destination,
        settings: Mapping[str, str],
        *,
        may_be_plain: bool = False,
    ) -> None:
        """``may_be_plain`` allows an endpoint without TLS: one on this machine."""
        self.destination = destination
        client: Any = {
            "allow_http": may_be_plain,
            "connect_timeout": timedelta(seconds=10),
            "timeout": timedelta(seconds=_PART_SECONDS),
            "user_agent": "media-preflight",
        }
        given: Any = dict(settings)
        try:
            match destination.scheme:
                case "s3":
                    if ".r2.cloudflarestorage.com" in given.get("endpoint", ""):
                        given.setdefault("region", _REGION_R2)
                    self._store: S3Store | GCSStore | AzureStore = S3Store(
                        destination.bucket, config=given, client_options=client, retry_config=_RETRY
                    )
                case "gs":
                    self._store = GCSStore(destination.bucket, config=given, client_options=client, retry_config=_RETRY)
                case "az":
                    self._store = AzureStore(
                        destination.bucket, config=given, client_options=client, retry_config=_RETRY
                    )
        except (BaseError, ValueError, TypeError, OSError) as error:
            raise ConfigurationError(f"{destination}: {why_failed(str(error)).text}") from error

    def signed_url(self, name: str, life: timedelta) -> str:
        """The URL by which anybody can read the object for ``life``."""
        try:
            return obstore.sign(self._store, "GET", self.destination.key(name), life)
        except (BaseError, ValueError, OSError) as error:
            raise self._translated(error, "no URL can be signed") from error

    def size_of(self, name: str) -> int | None:
        """The size of the object; ``None`` where there is none, or none that these credentials may see."""
        try:
            return int(obstore.head(self._store, self.destination.key(name))["size"])
        except FileNotFoundError:
            return None
        except (BaseError, OSError) as error:
            # A HEAD is refused without a reason, and S3 refuses one of nothing where it may not be listed.
            if why_failed(str(error)).is_denied:
                return None
            raise self._translated(error, "nothing was uploaded") from error

    def put(self, content: Content, on_progress: Callable[[int], object]) -> None:
        """Upload ``content`` under its name: the object is there whole, or not at all.

        ``on_progress`` is called with the bytes handed over so far. Raises ``SourceChanged`` and ``LocalUnreadable``
        as ``parts_of``, too.
        """
        try:
            asyncio.run(self._put(content, on_progress))
        except (BaseError, FileNotFoundError) as error:
            raise self._translated(error, "nothing was uploaded") from error

    async def _put(self, content: Content, on_progress: Callable[[int], object]) -> None:
        attributes: Any = {"Content-Type": content.media_type}
        key = self.destination.key(content.name)
        if content.size_bytes <= PART_BYTES:
            data = b"".join(parts_of(content))
            await obstore.put_async(self._store, key, data, attributes=attributes, use_multipart=False)
            on_progress(len(data))
            return

        async def parts() -> AsyncIterator[bytes]:
            done = 0
            for part in parts_of(content):
                yield part
                done += len(part)
                on_progress(max(0, done - _AT_ONCE * PART_BYTES))

        await obstore.put_async(
            self._store, key, parts(), attributes=attributes, chunk_size=PART_BYTES, max_concurrency=_AT_ONCE
        )
        on_progress(content.size_bytes)

    def _translated(self, error: Exception, outcome: str) -> ConfigurationError | UploadFailed:
        why = why_failed(str(error))
        text = f"{self.destination}: {why.text}; {outcome}"
        return ConfigurationError(text) if why.is_final else UploadFailed(text)
