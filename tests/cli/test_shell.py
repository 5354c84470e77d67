"""The command line in a shell: completion as it is typed, help that shows how, hints for what was mistyped, no colour
where none is wanted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from preflight.cli.app import commands
from preflight.rules import RULES
from tests.support.command import FIXTURES, PICTURE, here, preflight
from tests.support.terminal import shown
from tests.support.typing_shell import Shell, bash

SHELLS = {"bash": "complete -o nosort", "zsh": "#compdef preflight", "fish": "complete --no-files --command preflight"}


def walk(group: click.Group, *above: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command, groups too, with the words that call it."""
    yield above, group
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from walk(command, *above, name)
        else:
            yield (*above, name), command


COMMANDS = list(walk(commands))
NAMES = [" ".join(words) or "preflight" for words, _ in COMMANDS]


# ── Completion ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    folder = tmp_path_factory.mktemp("shell")
    for name in ("dance.mp4", "dancer.png"):
        (folder / name).touch()
    (folder / "dances").mkdir()
    with bash(folder) as running:
        running.type('eval "$(_PREFLIGHT_COMPLETE=bash_source preflight)"; echo "rea""dy"\n')
        running.expect("ready")
        yield running


TYPED = {
    "a command": ("preflight expl", "preflight explain "),
    "a command of a group": ("preflight task sh", "preflight task show "),
    "a rule": ("preflight explain video-too-l", "video-too-long"),
    "a rule after an option": ("preflight check --ignore not-f", "not-fetched"),
    "an option": ("preflight check --max", "--max-credits"),
    "a choice": ("preflight check --fail-on warn", "warning"),
    "a file": ("preflight check dancer", "dancer.png"),
    "a file after an option": ("preflight check --video dance.", "dance.mp4"),
    "a folder": ("preflight init danc", "dances"),
}


@pytest.mark.parametrize("what", TYPED)
def test_bash_completes(what: str, shell: Shell) -> None:
    typed, completed = TYPED[what]
    shell.type(f"{typed}\t")
    shell.expect(completed)
    shell.type("\x15echo 'cle''ared'\n")  # Ctrl-U
    shell.expect("cleared")


def test_bash_lists_what_is_possible(shell: Shell) -> None:
    shell.type("preflight explain video-too-\t")
    assert "video-too-short" in shell.expect("video-too-long")
    shell.type("\x15echo 'cle''ared'\n")
    shell.expect("cleared")


@pytest.mark.parametrize("name", SHELLS)
def test_a_script_for_each_shell_is_printed(name: str) -> None:
    ran = preflight_completing(f"{name}_source")
    assert SHELLS[name] in ran
    assert f"{name}_complete" in ran


def preflight_completing(instruction: str, words: str = "", at: str = "0") -> str:
    """What the scripts of a shell are answered; ``at`` is the number of the word, for fish the word."""
    env = {"_PREFLIGHT_COMPLETE": instruction, "COMP_WORDS": words, "COMP_CWORD": at}
    ran = preflight(env=env)
    assert (ran.code, ran.err) == (0, "")
    return ran.out


def test_zsh_is_told_what_each_command_does() -> None:
    lines = preflight_completing("zsh_complete", "preflight ", "1").splitlines()
    assert lines[:3] == ["plain", "check", "Check jobs and media files before you pay for them."]
    assert len(lines) == 3 * len(commands.list_commands(click.Context(commands)))


def test_fish_is_told_what_each_rule_is_about() -> None:
    lines = preflight_completing("fish_complete", "preflight explain image-", "image-").splitlines()
    assert lines == [f"plain,{rule.id}\t{rule.summary}" for rule in RULES if rule.id.startswith("image-")]


def test_completing_a_command_loads_none_of_them() -> None:
    env = {
        "_PREFLIGHT_COMPLETE": "bash_complete",
        "COMP_WORDS": "preflight s",
        "COMP_CWORD": "1",
        "PYTHONPROFILEIMPORTTIME": "1",
    }
    ran = preflight(env=env)
    loaded = {line.rpartition("|")[2].strip() for line in ran.err.splitlines()}
    assert ran.out.split() == ["plain,sheet", "plain,submit", "plain,schema", "plain,settings", "plain,sandbox"]
    assert not loaded & {"preflight.cli.commands.submit", "preflight.checking.engine", "httpx2", "rich", "yaml"}


# ── Help ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("words", "command"), COMMANDS, ids=NAMES)
def test_the_help_of_a_command_shows_how_it_is_used(words: tuple[str, ...], command: click.Command) -> None:
    ran = here(*words, "--help")
    said, _, example = (command.help or "").partition("\b\n")
    assert (ran.code, ran.err) == (0, "")
    assert said.strip()
    assert re.search(rf"^\s*preflight {' '.join(words)}".rstrip(), example, re.MULTILINE)
    for line in filter(None, map(str.strip, example.splitlines())):
        assert line in ran.out


@pytest.mark.parametrize("columns", [60, 80, 100])
def test_help_fits_the_terminal(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    for words, _ in COMMANDS:
        lines = here(*words, "--help").out.splitlines()
        assert [line for line in lines if len(line) > columns] == [], words


def test_a_narrow_terminal_shows_rules_and_reports_whole() -> None:
    narrow = {"COLUMNS": "60", "NO_COLOR": "1"}
    for words in (("rules",), ("check", FIXTURES / "pictures" / "webp-named.png"), ("estimate", "--seconds", "8.5")):
        text = shown(*words, env=narrow).replace("\r", "")
        long = [line for line in text.splitlines() if len(line) > 60]
        assert all("fix: " in line or "fixtures/" in line for line in long), long  # to be copied whole


# ── Mistakes ──────────────────────────────────────────────────────────────────────────────────────────────────────

MISTYPED = {
    "a command": (["chekc"], "check"),
    "a command of a group": (["task", "shwo"], "show"),
    "an option": (["check", "--formt", "json"], "--format"),
    "a rule": (["explain", "video-to-long"], "video-too-long"),
    "a rule to ignore": (["check", PICTURE, "--ignore", "not-fetchd"], "not-fetched"),
}


@pytest.mark.parametrize("what", MISTYPED)
def test_what_was_meant_is_named(what: str) -> None:
    words, meant = MISTYPED[what]
    ran = here(*words)
    assert (ran.code, ran.out) == (2, "")
    assert re.search(rf"[Dd]id you mean .*{meant}", ran.err)


def test_a_field_that_was_meant_is_named(tmp_path: Path) -> None:
    (tmp_path / "job.yaml").write_text("model: kling-v3-motion-control\ninput: {promt: x}\n")
    ran = here("check", "--offline", tmp_path / "job.yaml")
    assert "did you mean 'input.prompt'?" in ran.out


# ── Colour and progress ───────────────────────────────────────────────────────────────────────────────────────────

ESCAPE, HIDE_CURSOR = "\x1b[", "\x1b[?25l"


def test_a_terminal_gets_colour_and_one_that_wants_none_does_not() -> None:
    bad = FIXTURES / "pictures" / "webp-named.png"
    assert ESCAPE in shown("check", bad)
    assert ESCAPE not in shown("check", bad, env={"NO_COLOR": "1"})
    assert ESCAPE not in shown("rules", env={"NO_COLOR": "1"})
    assert ESCAPE not in shown("doctor", "--offline", env={"NO_COLOR": "1"})


@pytest.mark.parametrize(("setting", "coloured"), [("", True), ("NO_COLOR=1 ", False)], ids=["as usual", "NO_COLOR"])
def test_the_demo_is_coloured_where_that_is_wanted(setting: str, shell: Shell, *, coloured: bool) -> None:
    shell.type(f"{setting}preflight demo\n")
    text = shell.expect("bad.yaml")
    shell.type("\x03")
    shell.expect("interrupted")
    assert (ESCAPE in text) is coloured


@pytest.mark.parametrize(
    ("option", "moves"), [("", True), ("--no-progress", False), ("--quiet", False)], ids=["as usual", "not", "quiet"]
)
def test_progress_is_shown_on_a_terminal_unless_it_is_unwanted(option: str, shell: Shell, *, moves: bool) -> None:
    shell.type(f"NO_COLOR=1 TERM=xterm preflight check {PICTURE} {option}; echo 'en''ded'\n")
    assert (HIDE_CURSOR in shell.expect("ended")) is moves


def test_there_is_no_progress_where_nobody_looks() -> None:
    assert preflight("check", PICTURE).err == ""
