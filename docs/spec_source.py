"""Writes the specs that ship as Python, so that a start need not read TOML: ``preflight/specs/compiled.py``."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from preflight.specs import parse_spec, spec
from preflight.specs.shipped import FOLDER, SUFFIX

COMPILED = FOLDER / "compiled.py"

_HEAD = '''\
"""The specs that ship with the package. ``python docs/build.py`` makes this file of the TOML files: change those."""

# ruff: noqa: E501 - a text of a TOML file is one line

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Final

from preflight.specs.spec import {names}

SPECS: Final[dict[str, Spec]] = {specs}
"""The spec of each model."""
'''


def write_specs() -> None:
    """Write the file, in the layout of all code."""
    specs = {path.stem: parse_spec(path.read_text("utf-8")) for path in sorted(FOLDER.glob(f"*{SUFFIX}"))}
    said = source_of(specs)
    names = sorted(name for name in vars(spec) if f"{name}(" in said and name not in ("Decimal", "Fraction"))
    COMPILED.write_text(_HEAD.format(names=", ".join(names), specs=said), "utf-8")
    subprocess.run([Path(sys.executable).with_name("ruff"), "format", "--quiet", COMPILED], check=True)


def source_of(value: object) -> str:
    """The expression that makes ``value``; fields of a named tuple that have their default are left out."""
    match value:
        case tuple() if hasattr(value, "_fields"):
            given = (f"{name}={source_of(each)}" for name, each in _given(value))
            return f"{type(value).__name__}({', '.join(given)})"
        case tuple():
            return f"({''.join(f'{source_of(each)}, ' for each in value)})"
        case dict():
            return f"{{{', '.join(f'{source_of(key)}: {source_of(each)}' for key, each in value.items())}}}"
        case Fraction():
            return f"Fraction({value.numerator})" if value.denominator == 1 else f"Fraction{value.as_integer_ratio()}"
        case Decimal():
            return f"Decimal({value})" if value == int(value) else f'Decimal("{value}")'
        case _:
            return repr(value)


def _given(value: Any) -> list[tuple[str, object]]:
    """The fields of a named tuple that do not have their default."""
    defaults = value._field_defaults
    return [(name, each) for name, each in value._asdict().items() if name not in defaults or each != defaults[name]]
