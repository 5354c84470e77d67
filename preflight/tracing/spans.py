"""OpenTelemetry spans of checks, files and requests, where the program that embeds preflight has set that up.

Nothing is imported: a program that records spans has loaded the API, and in any other there is nothing to record.
Names are those of the semantic conventions 1.45 for HTTP clients; those that begin with ``preflight.`` are our own.
"""

from __future__ import annotations

import sys

from preflight.redact import redact

TYPE_CHECKING = False  # as in typing, which takes time to load
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Self, TypeAlias

    from opentelemetry.trace import Span, Tracer, TracerProvider
    from opentelemetry.util.types import AttributeValue

    Values: TypeAlias = dict[str, AttributeValue | None]

_SCHEMA = "https://opentelemetry.io/schemas/1.45.0"
_LONGEST = 256
"""Characters of a text in an attribute."""


class traced:  # noqa: N801 - read as a verb: with traced("…") as span
    """A span around a block, a child of the one around it, in this thread and in what it starts in the engine's loop.

    An exception that leaves the block is its ``error.type``, without its text. ``is_request`` is for requests to
    another server. Without a configured OpenTelemetry it does nothing.
    """

    __slots__ = ("_current", "_is_request", "_name", "_span")

    def __init__(self, name: str, *, is_request: bool = False) -> None:
        self._name = name
        self._is_request = is_request
        self._span: Span | None = None

    def __enter__(self) -> Self:
        trace = sys.modules.get("opentelemetry.trace")
        if trace is not None:
            kind = trace.SpanKind.CLIENT if self._is_request else trace.SpanKind.INTERNAL
            span = _tracer(trace).start_span(self._name, kind=kind)
            if span.is_recording():
                self._span = span
                self._current = trace.use_span(span, record_exception=False, set_status_on_exception=False)
                self._current.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        if self._span is None:
            return
        if kind is not None:
            self.failed(kind.__name__)
        self._current.__exit__(None, None, None)
        self._span.end()

    @property
    def is_recording(self) -> bool:
        """Whether anybody will see the attributes: nobody does, in most programs."""
        return self._span is not None

    def set(self, values: Values) -> None:
        """Attributes, but those that are ``None``; texts without secrets, and cut to a bounded length."""
        if self._span is None:
            return
        for name, value in values.items():
            if value is not None:
                text = redact(value, longest=_LONGEST) if isinstance(value, str) else value
                self._span.set_attribute(name, text)

    def failed(self, error_type: str) -> None:
        """The work did not succeed: ``error_type`` is a status or the name of an exception."""
        if self._span is not None:
            trace = sys.modules["opentelemetry.trace"]
            self.set({"error.type": error_type})
            self._span.set_status(trace.StatusCode.ERROR)


_known: tuple[TracerProvider, Tracer] | None = None


def _tracer(trace: ModuleType) -> Tracer:
    """The tracer of the provider that the program has set, which it may set late."""
    global _known  # noqa: PLW0603 - a tracer costs more than a span
    provider = trace.get_tracer_provider()
    if _known is None or _known[0] is not provider:
        version = sys.modules["preflight"].__version__
        _known = provider, trace.get_tracer("preflight", version, provider, _SCHEMA)
    return _known[1]
