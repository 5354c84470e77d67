"""Help in groups: plain where it is piped, laid out in colour on a terminal, and loaded for nothing else."""

from __future__ import annotations

import re
from io import StringIO

import click
import pytest

from preflight.cli.help.help_layout import lay_out
from preflight.cli.help.help_pages import HelpContext
from preflight.cli.printing.console import TextConsole
from tests.support.command import PICTURE, here, preflight
from tests.support.terminal import shown

LIBRARY = "rich_click"
ESCAPE = "\x1b["
COMMANDS = {"Check": ("check", "fix"), "Pay": ("submit", "ledger"), "Tools": ("doctor", "sandbox")}
OPTIONS = {
    "Input": ("--image", "--column"),
    "Network": ("--allow-host", "--retries", "--offline"),
    "Rules": ("--strict", "--ignore"),
    "Price": ("--max-credits",),
    "Output": ("--format", "--quiet"),
    "Settings": ("--config", "--help"),
}


def groups(text: str) -> dict[str, str]:
    """The text below each title."""
    plain = re.sub(r"\x1b\[[\d;]*m", "", text.replace("\r", ""))
    parts = re.split(r"^(\w+): *$", plain, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize(("words", "members"), [((), COMMANDS), (("check",), OPTIONS)], ids=["commands", "options"])
@pytest.mark.parametrize("on_terminal", [False, True], ids=["piped", "terminal"])
def test_help_is_in_groups(words: tuple[str, ...], members: dict[str, tuple[str, ...]], *, on_terminal: bool) -> None:
    text = shown(*words, "--help", env={"COLUMNS": "100"}) if on_terminal else here(*words, "--help").out
    assert (ESCAPE in text) is on_terminal
    found = groups(text)
    for title, names in members.items():
        for name in names:
            assert re.search(rf"^\s.*{name}\b", found[title], re.MULTILINE), (title, name)


def test_help_without_colours_has_none() -> None:
    text = shown("check", "--help", env={"NO_COLOR": "1"})
    assert ESCAPE not in text
    assert groups(text).keys() >= OPTIONS.keys()


@pytest.mark.parametrize("words", [("diff",), ("check",), ("submit",), ("task", "wait"), ("sandbox",)], ids=" ".join)
def test_help_on_a_terminal_names_a_range_once(words: tuple[str, ...]) -> None:
    text = re.sub(r"\x1b\[[\d;]*m", "", shown(*words, "--help", env={"COLUMNS": "100"}))
    text = " ".join(text.split())
    assert re.search(r"(?:\[|; )between [\d.]+ and [\d.]+\]", text)
    assert "<=x" not in text
    assert "RANGE" not in text


@pytest.mark.parametrize("columns", [60, 100])
def test_help_on_a_terminal_fits_it(columns: int) -> None:
    text = re.sub(r"\x1b\[[\d;]*m", "", shown("check", "--help", env={"COLUMNS": str(columns)}))
    assert [line for line in text.replace("\r", "").splitlines() if len(line) > columns] == []


def test_few_options_need_no_groups() -> None:
    assert list(groups(here("explain", "--help").out)) == ["Options"]


def test_no_text_is_taken_for_markup() -> None:
    hostile = "[red]x[/red] \\\\[link=https://evil.example]y[/link] :smile:"
    option = click.Option(["--url"], default=hostile, show_default=True, help=f"Base {hostile}.")
    command = click.Command("credits", params=[option], help=f"Show {hostile}.\n\n\b\npreflight {hostile}\n")
    written = StringIO()
    console = TextConsole(file=written, force_terminal=True, width=100, color_system="standard")
    lay_out(HelpContext(command, info_name="credits"), console)
    text = written.getvalue()
    assert "\x1b]8" not in text
    plain = " ".join(re.sub(r"\x1b\[[\d;]*m", "", text).split())
    assert plain.count("[red]x[/red]") == 4
    assert plain.count(":smile:") == 4


@pytest.mark.parametrize(
    "words", [("check", PICTURE), ("check", "--help"), ("rules",)], ids=["check", "piped help", "rules"]
)
def test_nothing_else_loads_the_library(words: tuple[str, ...]) -> None:
    ran = preflight(*words, env={"PYTHONPROFILEIMPORTTIME": "1"})
    assert ran.code == 0
    assert LIBRARY not in ran.err


def test_an_option_is_in_the_group_of_its_command() -> None:
    """``--to`` names a place for files of one command, a run of others; ``--budget`` is that of a run, or a line."""
    upload, check, submit = (groups(here(name, "--help").out) for name in ("upload", "check", "submit"))
    assert "--to URL" in upload["Upload"]
    assert "--upload-command" in upload["Upload"]
    assert "Run on disk" not in here("upload", "--help").out
    assert "--to RUN" not in check["Network"].partition("Run on disk")[0]
    assert "--budget N" in here("submit", "--help").out.partition("Run on disk:")[2]
    assert "--budget N" in groups(here("report", "--help").out)["Options"]
    assert "--upload URL" in submit["Upload"]
