"""The error tree.

    PreflightError
    ├── ConfigurationError          settings, key, or options that cannot work (exit 2)
    │   ├── InvalidKey
    │   ├── JobUnreadable           a job file that cannot be read at all
    │   ├── SpecError               a model's spec file contradicts itself
    │   ├── LedgerUnusable          the record of what was paid cannot be read or written
    │   ├── RunUnusable             the folder of a run is not this run's, or cannot be used (in runs/run_errors.py)
    │   └── MissingExtra            an optional part is not installed
    ├── MediaError                  the bytes of a file break its format (in model/facts.py: it carries a Defect)
    ├── SourceError                 the bytes could not be read
    │   ├── AddressRefused          the URL, or an address behind it, is not public
    │   ├── Unreachable             no answer, no answer in time, or no answer that can be trusted
    │   ├── HttpStatus              an answer, but not the file
    │   ├── SourceChanged           the object changed while it was read
    │   ├── LocalUnreadable         a local file that cannot be opened or read
    │   └── UploadFailed            a local file that is not at a URL yet (in upload/store_errors.py)
    ├── NotSubmitted                a job that was not sent, and why
    │   ├── AlreadySubmitted        the ledger says that this job is paid for, or another process is sending it
    │   ├── StillUnknown            an earlier submission of this job may have been paid for
    │   ├── OverBudget              it may cost more than the budget leaves
    │   └── BalanceTooLow           it may cost more than the account holds
    ├── TaskFailed                  the service ended the task without a result
    ├── WaitTimeout                 the task had not ended when the time was up
    └── ApiError                    the service's answer to a request of the client
        ├── ApiUnreachable          the connection was never made: nothing was sent
        ├── OutcomeUnknown          a paid request may have been accepted
        ├── UnexpectedResponse      an answer that the API docs do not describe
        └── ApiRefusal              one class for each row of the API's error table
            ├── InvalidRequest      400 invalid_request
            ├── InvalidApiKey       401 invalid_api_key
            ├── InsufficientCredits 402 insufficient_credits
            ├── IpNotAllowed        403 ip_not_allowed
            ├── ModelNotFound       404 model_not_found
            ├── TaskNotFound        404 task_not_found
            ├── RateLimitExceeded   429 rate_limit_exceeded
            ├── SpendLimitExceeded  429 spend_limit_exceeded
            ├── InternalError       500 internal_error
            └── UpstreamError       503 upstream_error

What a program needs is an attribute; the text is for people and holds no query string and no key.
"""

from __future__ import annotations

import sys
from typing import ClassVar


class PreflightError(Exception):
    """The root: catching it catches every error that preflight raises on purpose."""


class ConfigurationError(PreflightError):
    """Settings, options or environment that cannot work."""


class InvalidKey(ConfigurationError):
    """The API key is missing or has a shape that the service never issues. The key is not in the text."""


class JobUnreadable(ConfigurationError):
    """A job file that cannot be read, at ``line`` and ``column`` from 1 (``None``: the error is not at one place)."""

    def __init__(self, message: str, *, path: str, line: int | None = None, column: int | None = None) -> None:
        where = path if line is None else f"{path}:{line}:{column}"
        super().__init__(f"{where}: " + message)  # which stays advice, if it is
        self.path, self.line, self.column = path, line, column


class SpecError(ConfigurationError):
    """A spec file that is missing, unreadable, or contradicts itself, at ``line`` (from 1) and the dotted ``field``."""

    line: int | None = None
    field: str | None = None


class LedgerUnusable(ConfigurationError):
    """The ledger cannot be opened, read or written: preflight submits nothing without it."""


class MissingExtra(ConfigurationError):
    """An optional part of preflight is not installed."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs the extra '{extra}': {install_command(f'media-preflight[{extra}]')}")
        self.extra = extra


def install_command(*requirements: str) -> str:
    """The shell command that installs ``requirements`` where this preflight is installed: by pipx, uv, or pip."""
    import shutil  # only for a missing extra
    from importlib.util import find_spec
    from pathlib import Path
    from shlex import quote

    wanted, prefix = " ".join(map(quote, requirements)), Path(sys.prefix)
    if (prefix / "pipx_metadata.json").exists():
        return f"pipx runpip {quote(prefix.name)} install {wanted}"
    if (prefix / "uv-receipt.toml").exists() or find_spec("pip") is None:
        return f"uv pip install --python {quote(sys.executable)} {wanted}"
    is_ours = Path(shutil.which("pip") or "/").parent == Path(sys.executable).parent
    return f"pip install {wanted}" if is_ours else f"{quote(sys.executable)} -m pip install {wanted}"


class SourceError(PreflightError):
    """The bytes of a source could not be read."""


class AddressRefused(SourceError):
    """The URL breaks the address policy, or its host resolves to an address that is not public."""


class Unreachable(SourceError):
    """No answer, none in time, or none that can be trusted. ``passing``: the connection broke, and another may not."""

    passing = False


class HttpStatus(SourceError):
    """The server answered, but not with the file. ``too_late_s``: it asks for a wait of these, which was too long."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the server answered {status}")
        self.status = status
        self.too_late_s: float | None = None


class SourceChanged(SourceError):
    """Length or validator changed between two ranges of one object, twice."""


class LocalUnreadable(SourceError):
    """A local file that is missing (``missing``), not a regular file, or not readable."""

    def __init__(self, message: str, *, missing: bool = False) -> None:
        super().__init__(message)
        self.missing = missing


class NotSubmitted(PreflightError):
    """A job that was held back before anything was sent."""


class AlreadySubmitted(NotSubmitted):
    """The ledger holds the same job as entry ``entry_id``; preflight sends it again only on request."""

    def __init__(self, message: str, *, entry_id: int) -> None:
        super().__init__(message)
        self.entry_id = entry_id


class StillUnknown(NotSubmitted):
    """Entry ``entry_id``, the same job, may have been paid for: resolve it before sending the job again."""

    def __init__(self, message: str, *, entry_id: int) -> None:
        super().__init__(message)
        self.entry_id = entry_id


class OverBudget(NotSubmitted):
    """The job's highest price, with all pending and unknown ones, is above the budget."""


class BalanceTooLow(NotSubmitted):
    """The account holds less than the job's highest price."""


class ApiError(PreflightError):
    """A request to the service that did not end well.

    ``status`` is the HTTP status, or ``None`` when there was no answer. ``request_id`` is the service's id
    of the request when it sent one, ``retry_after`` the seconds that it asks to wait.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        code: str | None = None,
        type: str | None = None,  # noqa: A002 - the API's own word
        request_id: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.code = code
        self.type = type
        self.request_id = request_id
        self.retry_after = retry_after

    def __str__(self) -> str:
        name = " ".join(str(part) for part in (self.status, self.code) if part is not None)
        text = f"{name}: {self.message}" if name else self.message
        return f"{text} (request {self.request_id})" if self.request_id else text


class ApiUnreachable(ApiError):
    """The connection to the service was never made, so no request was sent."""


class OutcomeUnknown(ApiError):
    """The paid request left, and no answer says whether the service took it. Never send it again blindly.

    ``task_id`` is the task that an unsuccessful answer names; ``None`` when it names none. ``entry_id``
    is the request's entry in the ledger, where there is one.
    """

    task_id: str | None = None
    entry_id: int | None = None


class UnexpectedResponse(ApiError):
    """An answer that the API docs do not describe: another shape, another status, not JSON."""


class ApiRefusal(ApiError):
    """The service's error object. Each subclass is one row of its error table (``docs/client.md``)."""

    row: ClassVar[tuple[int, str]]


class InvalidRequest(ApiRefusal):
    """400: missing or invalid parameters, or a reference video that the service could not probe."""

    row = (400, "invalid_request")


class InvalidApiKey(ApiRefusal):
    """401: the key is invalid, disabled or deleted."""

    row = (401, "invalid_api_key")


class InsufficientCredits(ApiRefusal):
    """402: the balance is too low for the job."""

    row = (402, "insufficient_credits")


class IpNotAllowed(ApiRefusal):
    """403: this machine's address is not on the key's allowlist."""

    row = (403, "ip_not_allowed")


class ModelNotFound(ApiRefusal):
    """404: the model does not exist or is inactive."""

    row = (404, "model_not_found")


class TaskNotFound(ApiRefusal):
    """404: no task has this id."""

    row = (404, "task_not_found")


class RateLimitExceeded(ApiRefusal):
    """429: too many requests. The service started nothing; waiting helps."""

    row = (429, "rate_limit_exceeded")


class SpendLimitExceeded(ApiRefusal):
    """429: the key's hourly, daily or total cap is reached. Waiting a little does not help."""

    row = (429, "spend_limit_exceeded")


class InternalError(ApiRefusal):
    """500: the service failed. For a paid request this does not say whether it was charged."""

    row = (500, "internal_error")


class UpstreamError(ApiRefusal):
    """503: the provider behind the service failed, or refused the content or the parameters."""

    row = (503, "upstream_error")


class TaskFailed(PreflightError):
    """The task ended as ``failed``. ``code`` and the text are the service's, ``request_id`` names the last query."""

    def __init__(self, message: str, *, task_id: str, code: str | None = None, request_id: str | None = None) -> None:
        super().__init__(message)
        self.task_id, self.code, self.request_id = task_id, code, request_id


class WaitTimeout(PreflightError):
    """The task had not ended when the time was up. It goes on; wait for it again by its id."""

    def __init__(self, message: str, *, task_id: str) -> None:
        super().__init__(message)
        self.task_id = task_id
