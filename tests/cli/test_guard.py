"""The guard of the standard streams, by itself."""

from __future__ import annotations

import io
import sys
from contextlib import redirect_stderr, redirect_stdout

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preflight.cli.printing.guard import Guard, guarded_streams, is_ci, without_commands, write_text
from preflight.cli.printing.terminal import progress

COMMANDS = [
    "::error::x",
    "  ::add-mask::x",
    "\t::x",
    "##vso[task.x]y",
    "##[error]x",
    "##teamcity[x]",
    "a ##[b]",
    ":::x",
]
PLAIN = ["a::b", "a: :b", "## heading", "#[x]", ":x", "Foo::bar", "[x]", "# # [", "\x1b[31mred\x1b[0m"]
ESCAPED = {
    "\x1b[2J": "\\x1b[2J",
    "a\rb": "a\\rb",
    "\u202e": "\\u202e",
    "\x9b": "\\x9b",
    "\u2028": "\\u2028",
    "é漢💃": "é漢💃",
}


def commands(text: str) -> bool:
    """Whether a build server finds a command, by the rules of GitHub's and Azure's runners."""
    return any(line.strip().startswith("::") or "##[" in line or "##vso[" in line for line in text.split("\n"))


@pytest.mark.parametrize("text", COMMANDS)
@pytest.mark.parametrize("before", ["", "first\n", "first\n\n"])
def test_a_command_is_escaped_where_a_line_begins(text: str, before: str) -> None:
    shown = without_commands(before + text)
    assert not commands(shown)
    assert shown.startswith(before)
    assert without_commands(f"{before}\x1b[1m{text}") != f"{before}\x1b[1m{text}"


@pytest.mark.parametrize("text", PLAIN)
def test_what_is_no_command_stays(text: str) -> None:
    assert without_commands(text) == text


@given(st.lists(st.text(alphabet=":#[] \nvso", max_size=5), max_size=12))
def test_no_way_to_write_in_pieces_makes_a_command(pieces: list[str]) -> None:
    written = io.StringIO()
    stream = Guard(written, ci=True)
    for piece in pieces:
        stream.write(piece)
    assert not commands(written.getvalue())


@pytest.mark.parametrize(("text", "shown"), ESCAPED.items())
def test_a_control_character_becomes_an_escape(text: str, shown: str) -> None:
    written = io.StringIO()
    Guard(written, ci=False).write(f"{text}\n")
    assert written.getvalue() == f"{shown}\n"


def test_both_streams_are_guarded_and_given_back() -> None:
    with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as err:
        before = sys.stdout, sys.stderr
        with guarded_streams():
            sys.stdout.write("a\x07")
            sys.stderr.writelines(["b\x07"])
            assert not hasattr(sys.stderr, "buffer"), "a way around the guard"
        assert (sys.stdout, sys.stderr) == before
    assert (out.getvalue(), err.getvalue()) == ("a\\x07", "b\\x07")


def test_a_stream_without_a_character_gets_a_plain_sign_or_its_escape() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii", write_through=True)
    write_text(stream, "5 × 3 → tänze\n")
    assert raw.getvalue() == b"5 x 3 -> t\\xe4nze\n"


@pytest.mark.parametrize(
    ("environment", "seen"),
    [({}, False), ({"CI": "true"}, True), ({"CI": "false"}, False), ({"TF_BUILD": "True"}, True), ({"CI": ""}, False)],
)
def test_a_build_server_is_seen_by_its_variables(environment: dict[str, str], *, seen: bool) -> None:
    assert is_ci(environment) is seen


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_spinner_takes_no_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    with redirect_stderr(Terminal()) as err, progress("[bold]one[/data/0]") as update:
        update("[bold]two\x1b[2J[/data/0]")
        sys.stderr.write("said\x1b[2J\n")
    assert "[bold]two\\x1b[2J[/data/0]" in err.getvalue()
    assert "said\\x1b[2J" in err.getvalue()
