"""Follows tasks that were paid for, and brings their results here, so that the page can play them.

A watch belongs to an entry of the ledger, not to a tab: all tabs share it, and a new server begins it again.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock, Thread
from urllib.parse import urlsplit

from preflight.client import Task, is_loopback
from preflight.errors import PreflightError
from preflight.ledger import Entry, EntryState
from preflight.redact.advice import for_command
from preflight.sources.download import download
from preflight.sources.host import AllowedHost
from preflight.submit.submit import await_task
from preflight.ui.services import Services

_LOG = logging.getLogger("preflight.ui")
_LIVE = frozenset({EntryState.ACCEPTED, EntryState.COMPLETED, EntryState.FAILED})


@dataclass(slots=True, kw_only=True)
class Watch:
    """What is known of a task. ``files`` are its results; ``trouble`` is why one is missing, or why nobody follows.

    ``over`` is whether nothing more will change here.
    """

    task: Task | None = None
    files: list[Path] = field(default_factory=list)
    trouble: str | None = None
    over: bool = False


class Watches:
    """The watches of one server."""

    def __init__(self, services: Services, folder: Path) -> None:
        self._services = services
        self._folder = folder / "results"
        self._watches: dict[int, Watch] = {}
        self._lock = Lock()

    def of(self, entry: Entry) -> Watch:
        """The watch of an entry, which begins if there is none, or again if the last one ended in trouble."""
        with self._lock:
            watch = self._watches.get(entry.id)
            if watch is None or (watch.over and watch.trouble is not None):
                watch = self._watches[entry.id] = Watch()
                if entry.task_id is None or entry.state not in _LIVE or self._services.client is None:
                    watch.over = True
                elif entry.api != self._services.client.base_url:
                    watch.over, watch.trouble = True, "it was paid for at another address of the API"
                else:
                    Thread(target=self._follow, args=(watch, entry, entry.task_id), daemon=True).start()
            return watch

    def latest(self, entry_id: int) -> Watch | None:
        """The watch of that entry, if there is one; none begins."""
        with self._lock:
            return self._watches.get(entry_id)

    def _follow(self, watch: Watch, entry: Entry, task_id: str) -> None:
        client = self._services.client
        assert client is not None, "nobody follows without a key"

        def update(task: Task) -> None:
            watch.task = task

        try:
            submission = await_task(client, task_id, ledger=self._services.ledger, on_update=update)
            for url in submission.outputs:
                folder = self._folder / str(entry.id) / str(len(watch.files))
                allow = (*self._services.options.allow, *own_host(client.base_url))
                watch.files.append(download(url, folder, allow=allow, proxy=self._services.options.proxy))
        except PreflightError as error:
            watch.trouble = for_command(error)
        except Exception:  # noqa: BLE001 - logged: a bug must not leave a page that waits for ever
            _LOG.exception("following task %s failed", task_id)
            watch.trouble = "internal error: the terminal of 'preflight ui' has the details"
        finally:
            watch.over = True


def own_host(api_url: str) -> tuple[AllowedHost, ...]:
    """An API on this machine serves its results itself."""
    parts = urlsplit(api_url)
    return (AllowedHost.parse(parts.netloc),) if is_loopback(parts.hostname or "") else ()
