"""Checks the arguments of a call against the schema of its tool, and says what is wrong without quoting much."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from preflight.errors import ConfigurationError
from preflight.redact import redact
from preflight.redact.suggestion import suggestion

_MOST_NAMES = 5


class ArgumentsCheck:
    """The schema of one tool."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._known = tuple(schema["properties"])
        self._validator = Draft202012Validator(schema)

    def require(self, arguments: Mapping[str, Any]) -> None:
        """Raise ``ConfigurationError`` for the first thing that the schema does not allow."""
        unknown = [name for name in arguments if name not in self._known]
        if unknown:
            named = ", ".join(redact(name, longest=60) for name in unknown[:_MOST_NAMES])
            known = ", ".join(self._known) or "none"
            hint = suggestion(unknown[0][:60], self._known)
            raise ConfigurationError(f"unknown argument {named}{hint}; the arguments are: {known}")
        error = next(iter(self._validator.iter_errors(arguments)), None)
        if error is not None:
            raise ConfigurationError(_said(error))


def _said(error: ValidationError) -> str:
    name = ".".join(map(str, error.absolute_path))[:100]
    allowed: Any = error.validator_value
    given: Any = error.instance
    match error.validator:
        case "required":
            missing = next(each for each in allowed if each not in given)
            return f"the argument {missing} is missing"
        case "type":
            kinds = allowed
            return f"{name} must be {kinds if isinstance(kinds, str) else ' or '.join(kinds)}"
        case "enum":
            return f"{name} must be one of {', '.join(map(str, allowed))}"
        case "maxLength":
            return f"{name} is longer than {allowed} characters"
        case "minLength":
            return f"{name} is empty"
        case _:
            return f"{name} does not have the form that the tool's schema describes"
