"""Results in a file while standard error is a terminal, as ``preflight check … > FILE`` is typed on one."""

from __future__ import annotations

from pathlib import Path

import pytest

from preflight.render.formats import STREAMS
from tests.cli.test_streams import table
from tests.support.command import PICTURE, preflight
from tests.support.terminal import beside_a_terminal

FORMATS = sorted(set(STREAMS) - {"html"})
"""``html`` is written into files that the option names."""


@pytest.mark.parametrize("name", FORMATS)
def test_the_file_gets_the_result_and_the_terminal_none_of_it(name: str, tmp_path: Path) -> None:
    arguments = ("check", table(tmp_path, 40, bad=2), "--offline", "--format", name)
    beside, piped = beside_a_terminal(*arguments), preflight(*arguments)
    assert beside.code == piped.code == 1
    assert len(beside.out.splitlines()) == len(piped.out.splitlines()) > 1 or name in (
        "json",
        "sarif",
        "junit",
        "gitlab",
    )
    assert abs(len(beside.out) - len(piped.out)) < 100  # times
    assert "field-missing" in beside.out
    assert "field-missing" not in beside.err


@pytest.mark.parametrize("name", ["text", "jsonl", "concise"])
def test_a_report_of_a_run_is_no_other_thing(name: str, tmp_path: Path) -> None:
    preflight("check", table(tmp_path, 40, bad=2), "--offline", "--to", tmp_path / "run")
    arguments = ("report", tmp_path / "run", "--format", name)
    beside = beside_a_terminal(*arguments)
    assert beside.out == preflight(*arguments).out
    assert "field-missing" not in beside.err


def test_facts_are_in_the_file() -> None:
    beside = beside_a_terminal("probe", PICTURE)
    assert beside.out == preflight("probe", PICTURE).out
    assert "PNG" not in beside.err
