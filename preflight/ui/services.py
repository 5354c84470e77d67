"""What a user started ``preflight ui`` with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from preflight.checking.options import Options
    from preflight.client import Client
    from preflight.ledger import Budget, Ledger
    from preflight.model import Kind
    from preflight.upload.uploader import Uploading

Sleep: TypeAlias = Callable[[float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The parts of preflight that the pages work with, made by the command line.

    ``options`` are those of a check. ``client`` is ``None`` without a key, and ``why_no_key`` then says how to give
    one; ``url`` is the API's. ``uploader`` brings local files to a URL; without one only files at URLs can be paid
    for. ``is_sandbox``: nothing costs real credits. ``examples`` are an image
    and a video to try the page with. ``new_client`` makes a client that waits by the function it is
    given. All of them are for any number of threads.
    """

    options: Options
    ledger: Ledger
    url: str
    budget: Budget
    client: Client | None = None
    new_client: Callable[[Sleep], AbstractContextManager[Client]] | None = None
    why_no_key: str = ""
    uploader: Uploading | None = None
    is_sandbox: bool = False
    folders: tuple[Path, ...] = (Path(),)
    examples: Mapping[Kind, Path] = field(default_factory=dict)

    def client_that_sleeps(self, sleep: Sleep) -> AbstractContextManager[Client]:
        """A client that waits by ``sleep``; without ``new_client`` the one that is there."""
        assert self.client is not None, "nothing is asked without a key"
        return nullcontext(self.client) if self.new_client is None else self.new_client(sleep)
