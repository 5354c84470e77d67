"""The requests of a call to its driver, and the driver's replies: the seam between deciding and doing.

A call is a generator. It yields ``Request``, ``Sleep``, ``Update`` and ``Attempt``, is sent the reply to each request,
and returns its result or raises an error of ``preflight.errors``. A driver advances it with ``step``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import Generic, Literal, TypeAlias, TypeVar

from preflight.client.models import Task

MAX_ANSWER_BYTES = 1 << 20
_NOTHING: Mapping[str, object] = MappingProxyType({})
_LARGEST = 10**15
_MOST_PLACES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request to ``path`` below the base URL, to be sent once and answered whole ``within`` seconds."""

    method: Literal["GET", "POST"]
    path: str
    within: float
    content: bytes | None = field(default=None, repr=False)
    """The body. Not in the ``repr``: the URLs of a job may be signed."""


@dataclass(frozen=True, slots=True)
class Sleep:
    """Wait this long before going on."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Update:
    """Tell the caller the task's state."""

    task: Task


@dataclass(frozen=True, slots=True)
class Attempt:
    """Tell the caller that the paid request is about to be sent again, for the ``number``-th time in all."""

    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiResponse:
    """A whole HTTP answer. Header names are in lower case; ``body`` is ``None`` past ``MAX_ANSWER_BYTES``."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """No whole answer. ``sent`` is false only where it is certain that no byte of the request left.

    ``request_id`` is the service's name of the request, where the head of an answer had come.
    """

    sent: bool
    reason: str
    cause: Exception | None = None
    request_id: str | None = None


_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Done(Generic[_Result]):
    """The call has ended with this result."""

    result: _Result


Command: TypeAlias = Request | Sleep | Update | Attempt
Reply: TypeAlias = ApiResponse | Lost
Call: TypeAlias = Generator[Command, Reply | None, _Result]

OnUpdate: TypeAlias = Callable[[Task], object] | None
OnAttempt: TypeAlias = Callable[[int], object] | None


def step(call: Call[_Result], reply: Reply | None) -> Command | Done[_Result]:
    """What ``call`` asks for next, once it has the ``reply`` to its last request."""
    try:
        return call.send(reply)
    except StopIteration as stop:
        return Done(stop.value)


def ask(request: Request) -> Call[Reply]:
    """The reply to ``request``."""
    reply = yield request
    if reply is None:
        raise TypeError("a driver must send the reply to a request")
    return reply


def fields_of(answer: ApiResponse) -> Mapping[str, object] | None:
    """The JSON object in the body of ``answer``; ``None`` if it holds something else. Fractions are ``Decimal``.

    An object that says two things under one name says nothing (RFC 8259 §4 leaves open which of them counts).
    """
    if answer.body is None:
        return None
    try:
        value = json.loads(answer.body, parse_float=Decimal, parse_constant=_refuse, object_pairs_hook=_unambiguous)
    except (ValueError, ArithmeticError, RecursionError):
        return None
    return MappingProxyType(value) if isinstance(value, dict) else None


def member(fields: Mapping[str, object], name: str) -> Mapping[str, object]:
    """The object at ``name``, empty where there is none."""
    value = fields.get(name)
    return value if isinstance(value, dict) else _NOTHING


def number(value: object) -> Decimal | None:
    """``value`` if it is a number that a balance or a time can have, else ``None``."""
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        return None
    exact = Decimal(value)
    # Compared before anything prints it: 1e-999999 is one short token and a megabyte of digits.
    if not -_LARGEST < exact < _LARGEST or int(exact.as_tuple().exponent) < -_MOST_PLACES:
        return None
    return exact


def _unambiguous(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs) and any(found[name] != value for name, value in pairs):
        raise ValueError("one name, two values")
    return found


def _refuse(constant: str) -> object:
    raise ValueError(f"{constant} is not JSON")
