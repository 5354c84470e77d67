"""Reads spec files. A faulty one raises ``SpecError``; those that ship with the package are compiled already."""

from __future__ import annotations

import tomllib
from decimal import Decimal
from pathlib import Path

from preflight.bounded_file import NotRead, read_bounded
from preflight.errors import SpecError
from preflight.redact import printable, shown_path
from preflight.specs.consistency import require_consistent
from preflight.specs.limits import SPEC_BYTES
from preflight.specs.sections import spec_of_table
from preflight.specs.shipped import model_names
from preflight.specs.spec import Spec
from preflight.specs.table_reader import SpecText, Table


def read_spec(path: Path) -> Spec:
    """The spec in a file from outside. Raises ``SpecError``."""
    name = shown_path(str(path))
    try:
        data = read_bounded(path, SPEC_BYTES)
    except NotRead as error:
        raise SpecError(f"{name}: the spec cannot be read: {error.reason}") from error
    try:
        text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8")
    except UnicodeDecodeError as error:
        raise SpecError(f"{name}: byte {error.start} is not UTF-8") from error
    spec = parse_spec(text, name)
    if spec.model in model_names() and not spec.replaces_built_in:
        raise SpecText(name, text).error(
            f"'{spec.model}' ships with preflight: use another name, or add 'replaces_built_in = true' to judge "
            "and price it by this file",
            ("model",),
        )
    return spec._replace(path=name)


def parse_spec(text: str, name: str = "spec file") -> Spec:
    """A spec from the text of its file, which messages call ``name``. Raises ``SpecError``."""
    try:
        values = tomllib.loads(text, parse_float=Decimal)
    except (tomllib.TOMLDecodeError, ValueError, ArithmeticError) as error:
        fault = SpecError(f"{name}: not TOML: {printable(str(error))[:200]}")
        fault.line = _line_in(str(error))
        raise fault from error
    except RecursionError as error:
        raise SpecError(f"{name}: not a spec: its values are nested too deeply") from error
    file = SpecText(name, text)
    spec = spec_of_table(Table(file, values))
    require_consistent(spec, file)
    return spec


def _line_in(message: str) -> int | None:
    """The line that an error of ``tomllib`` ends with."""
    _, _, rest = message.rpartition("(at line ")
    digits = rest.partition(",")[0]
    return int(digits) if digits.isdigit() else None
