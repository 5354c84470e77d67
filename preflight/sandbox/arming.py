"""Faults as they are asked for: as JSON over HTTP, in a word on the command line, or in the prompt of a job."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches

from preflight.sandbox.faults import FAULTS, Armed, Operation
from preflight.sandbox.refusals import Refused

MAX_LATE_SECONDS = 3600.0

_IN_PROMPT = re.compile(r"\bsandbox:([\w-]+)")
_SEE = "docs/sandbox.md lists them."
_TEXTS = frozenset({"operation", "retry_after"})


def fault_in_prompt(prompt: str) -> Armed | None:
    """The fault that ``prompt`` asks for with ``sandbox:NAME``, for its own job; ``fail`` is short for ``task-fails``.

    Raises ``Refused`` for a name that is none, or that strikes neither creates nor work.
    """
    asked = _IN_PROMPT.search(prompt)
    if asked is None:
        return None
    name = "task-fails" if asked[1] == "fail" else asked[1]
    fault = read_fault({"name": name})
    if fault.operation is Operation.CALLBACK:
        raise Refused("invalid_request", f"A prompt cannot ask for '{name}': it strikes callbacks.")
    return fault


def fault_from_text(text: str) -> Armed:
    """The fault in ``NAME[:RATE][,SETTING=VALUE]...``. With a rate it has no end, unless ``count`` gives one.

    Raises ``Refused``.
    """
    head, *settings = text.split(",")
    name, colon, rate = head.partition(":")
    body: dict[str, object] = {"name": name}
    if colon:
        body |= {"rate": _number("rate", rate), "count": None}
    for setting in settings:
        key, _, value = setting.partition("=")
        body[key] = value if key in _TEXTS else _number(key, value)
    return read_fault(body)


def read_fault(body: object) -> Armed:
    """The fault that ``body`` asks for, as in ``{"name": "late-answer", "seconds": 3}``. Raises ``Refused``."""
    fields = body if isinstance(body, dict) else {}
    unknown = fields.keys() - {"name", "operation", "rate", "count", "seconds", "retry_after"}
    kind = FAULTS.get(str(fields.get("name")))
    if kind is None:
        close = get_close_matches(str(fields.get("name"))[:40], FAULTS, n=1)
        hint = f"did you mean '{close[0]}'?" if close else _SEE
        raise Refused("invalid_request", f"There is no fault {_quoted(fields.get('name'))}; {hint}")
    if unknown:
        raise Refused("invalid_request", f"A fault has no setting {_quoted(min(unknown))}; {_SEE}")
    operations = {operation.value: operation for operation in kind.operations}
    operation = operations.get(str(fields.get("operation", kind.operations[0].value)))
    if operation is None:
        raise Refused("invalid_request", f"This fault's 'operation' is one of: {', '.join(operations)}.")
    count = fields.get("count", 1)
    if count is not None and not (isinstance(count, int) and count >= 1):
        raise Refused("invalid_request", "'count' is a number from 1, or null for no end.")
    retry_after = fields.get("retry_after")
    if retry_after is not None and not (
        isinstance(retry_after, str) and retry_after.isascii() and retry_after.isprintable()
    ):
        raise Refused("invalid_request", "'retry_after' is the text of the header.")
    return Armed(
        name=fields["name"],
        operation=operation,
        rate=_between(fields, "rate", 1.0, largest=1.0),
        count=count,
        seconds=_between(fields, "seconds", 5.0, largest=MAX_LATE_SECONDS),
        retry_after=retry_after,
    )


def _between(fields: Mapping[str, object], name: str, default: float, *, largest: float) -> float:
    value = fields.get(name, default)
    if not isinstance(value, (int, float)) or not 0 <= value <= largest:
        raise Refused("invalid_request", f"'{name}' is a number from 0 to {largest:g}.")
    return value


def _number(name: str, text: str) -> float:
    try:
        return int(text) if text.isdecimal() else float(text)
    except ValueError as exc:
        raise Refused("invalid_request", f"'{name[:40]}' is a number, not {_quoted(text)}.") from exc


def _quoted(value: object) -> str:
    return repr(value)[:60]
