"""The specs that ship are read as Python: it must say what their TOML files say."""

from __future__ import annotations

from preflight.specs import parse_spec
from preflight.specs.compiled import SPECS
from preflight.specs.shipped import FOLDER, model_names


def test_every_spec_that_ships_is_compiled_as_it_is() -> None:
    read = {name: parse_spec((FOLDER / f"{name}.toml").read_text("utf-8")) for name in model_names()}

    assert read == SPECS, "run: python docs/build.py"
    assert {name: repr(spec) for name, spec in read.items()} == {name: repr(spec) for name, spec in SPECS.items()}
