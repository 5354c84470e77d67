"""Groups of options, each handed to a command as one frozen object."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from decimal import Decimal
from functools import wraps
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple, TypeAlias

from preflight.model.frozen import frozen
from preflight.specs import DEFAULT_MODEL

if TYPE_CHECKING:
    from preflight.sources.host import AllowedHost
    from preflight.sources.proxy import Proxy

Decorator: TypeAlias = Callable[[Callable[..., Any]], Callable[..., Any]]


@frozen
class JobOptions:
    """A job in options, and the values for files that no job names."""

    image: str | None = None
    video: str | None = None
    mode: str | None = None
    orientation: str | None = None
    prompt: str | None = None
    model: str = DEFAULT_MODEL


@frozen
class NetworkOptions:
    """Hosts that may have a private address, the seconds and tries for one URL, and the proxy to read through."""

    allow: tuple[AllowedHost, ...] = ()
    deadline_s: float | None = None
    retries: int | None = None
    proxy: Proxy | None = None


@frozen
class ServiceOptions:
    """Where the service is, and the file with the key for it."""

    api_url: str
    key_file: str | None


@frozen
class PaidOptions(ServiceOptions):
    """The same, and the file in which payments are recorded."""

    ledger_path: str | None


@frozen
class MannerOptions:
    """How hosts are read: URLs at a time, those of one host, requests a second to one host, the User-Agent."""

    concurrency: int
    per_host: int
    host_rate: float | None
    user_agent: str | None


@frozen
class RunOptions:
    """A run on disk: its folder, and who works on it. ``to`` is ``None`` for a check that is only printed."""

    to: str | None
    workers: int | None
    part_rows: int | None
    results: Literal["jsonl", "parquet"]
    retry: Literal["fail", "indeterminate"] | None
    engine: Literal["local", "ray"]
    address: str | None


@frozen
class PayRunOptions:
    """How a run is paid for: its budget, how many jobs at once, its manifest, its folder. ``None`` where not given."""

    budget: Decimal | None
    at_once: int | None
    manifest: str | None
    run_folder: str | None


@frozen
class VerdictOptions:
    """The findings that fail. ``None`` takes the value from the settings."""

    strict: bool | None = None
    fail_on: str | None = None
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] | None = None
    baseline: str | None = None
    max_credits: Decimal | None = None
    deep: bool = False


@frozen
class PlaceOptions:
    """A file that lists the targets, and the columns of tables that have other names than those of a job."""

    files_from: str | None = None
    null: bool = False
    column: tuple[tuple[str, str], ...] = ()


@frozen
class PlainOutputOptions:
    """The single result of a command: its format and its output file."""

    format: str
    file: str | None
    quiet: ClassVar[bool] = False


@frozen
class _Spoken:
    """The file that a result goes to, and the messages beside it."""

    file: str | None
    quiet: bool
    no_progress: bool

    @property
    def hidden(self) -> bool:
        """Whether progress is hidden."""
        return self.quiet or self.no_progress


@frozen
class OutputOptions(_Spoken):
    """The one result of a command: its format, its file, and the messages beside it."""

    format: str


class Result(NamedTuple):
    """A format and its output file; ``None`` is standard output."""

    format: str
    file: str | None = None


@frozen
class ResultOptions(_Spoken):
    """The results of a command, each in its own format, and the messages beside them."""

    formats: tuple[Result, ...]


@frozen
class StreamOptions:
    """The same for a command that writes jobs as they come. ``quiet`` is 1 for findings alone, 2 for nothing."""

    file: str | None
    quiet: int
    no_progress: bool
    formats: tuple[Result, ...]

    @property
    def hidden(self) -> bool:
        """Whether progress is hidden."""
        return self.quiet > 0 or self.no_progress


def grouped(name: str, group: type, *options: Decorator) -> Decorator:
    """``options`` for a command, which gets them as one ``group`` by ``name``. Each has the name of a field."""
    members = [field.name for field in fields(group)]

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(command)
        def with_group(**given: Any) -> Any:
            rest = {each: value for each, value in given.items() if each not in members}
            return command(**rest, **{name: group(**{each: given[each] for each in members})})

        return stacked(*options)(with_group)

    return decorate


def stacked(*options: Decorator) -> Decorator:
    """``options`` in the order in which help lists them."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate
