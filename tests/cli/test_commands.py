"""Every command: what its help shows, what a mistake suggests, what it loads; and the demo, the whole way."""

from __future__ import annotations

import re
import shlex
import signal
import subprocess
import sys
from importlib.metadata import version

import click
import pytest
from jsonschema import Draft202012Validator

from preflight.cli.app import commands
from tests.support.command import FIXTURES, KEY, PICTURE, Ran, checked, command, environment, here, preflight
from tests.support.jobs import job

_CONTEXT = click.Context(commands, info_name="preflight")


def command_of(*names: str) -> click.Command:
    """The command of that name, and of that name below it."""
    found: click.Command | None = commands
    for name in names:
        assert isinstance(found, click.Group)
        found = found.get_command(_CONTEXT, name)
    assert found is not None, names
    return found


def every_name() -> list[tuple[str, ...]]:
    """The names of all commands, of groups and what is in them."""
    names: list[tuple[str, ...]] = []
    for name in commands.list_commands(_CONTEXT):
        names.append((name,))
        found = command_of(name)
        if isinstance(found, click.Group):
            names += [(name, inner) for inner in found.list_commands(_CONTEXT)]
    return names


def examples(text: str) -> list[list[str]]:
    """The commands that a help text shows, as a shell would read them."""
    lines = (re.sub(r"^\s*(\w+=\S+\s+)*", "", line) for line in text.splitlines())
    return [shlex.split(line)[1:] for line in lines if line.startswith("preflight ")]


@pytest.mark.parametrize("names", [(), *every_name()], ids=" ".join)
def test_help_shows_an_example_that_works(names: tuple[str, ...]) -> None:
    ran = here(*names, "--help")
    assert (ran.code, ran.err) == (0, "")
    shown = examples(ran.out)
    assert any(tuple(example[: len(names)]) == names for example in shown), "no example"
    for example in shown:
        found, depth = command_of(example[0]), 1
        while isinstance(found, click.Group):
            found, depth = command_of(*example[: depth + 1]), depth + 1
        found.make_context("preflight", example[depth:]).close()


def test_real_processes_show_help_and_version() -> None:
    for arguments in (["-h"], ["check", "--help"]):
        ran = preflight(*arguments)
        assert (ran.code, ran.err) == (0, "")
        assert "preflight check" in ran.out
    ran = preflight("--version")
    assert (ran.code, ran.out, ran.err) == (0, f"preflight {version('media-preflight')}\n", "")


def test_without_a_command_the_commands_are_listed() -> None:
    ran = here()
    assert ran.code in {0, 2}
    assert all(f"  {name} " in ran.out + ran.err for (name,) in (names for names in every_name() if len(names) == 1))


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("chekc", "check"), ("estimat", "estimate"), ("Submit", "submit"), ("tasks", "task"), ("credit", "credits")],
)
def test_an_unknown_command_suggests_the_one_that_was_meant(typed: str, meant: str) -> None:
    ran = here(typed)
    assert (ran.code, ran.out) == (2, "")
    assert f"did you mean '{meant}'" in ran.err


def test_a_real_process_says_so_too() -> None:
    ran = preflight("chekc", PICTURE)
    assert (ran.code, ran.out) == (2, "")
    assert "did you mean 'check'" in ran.err
    assert preflight("nonsense").code == 2


@pytest.mark.parametrize("arguments", [["--formt", "json"], ["--format", "xml"], ["--max-credits"]], ids=" ".join)
def test_an_unknown_option_is_a_usage_error(arguments: list[str]) -> None:
    ran = here("check", PICTURE, *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert arguments[0] in ran.err


def test_every_rule_is_listed_and_explained() -> None:
    listed = here("rules", "--format", "json").json["rules"]
    text = here("rules").out
    assert len(listed) > 40
    for rule in listed:
        assert rule["rule"] in text
        explained = here("explain", rule["rule"])
        assert (explained.code, rule["rule"] in explained.out) == (0, True)
    unknown = here("explain", "video-to-long")
    assert (unknown.code, "video-too-long" in unknown.err) == (2, True)


def test_the_schema_is_one_that_a_good_job_fits() -> None:
    schema = preflight("schema").json
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    url = "https://example.com/a"
    assert list(validator.iter_errors(job(image=f"{url}.png", video=f"{url}.mp4", mode="1080p"))) == []
    assert list(validator.iter_errors(job(image=f"{url}.png", video=f"{url}.mp4", mode="4k")))


SLOW_TO_LOAD = {"httpx2", "h11", "pymediainfo", "asyncio", "rich", "yaml"}


@pytest.mark.parametrize(("option", "format_"), [(["--image"], "json"), ([], "text")], ids=["as-image", "by-name"])
def test_checking_a_local_picture_loads_no_more_than_it_needs(option: list[str], format_: str) -> None:
    arguments = ["check", *option, PICTURE, "--format", format_]
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "preflight", *arguments],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert "preflight" in loaded
    assert loaded & SLOW_TO_LOAD == set()


def test_a_picture_that_fails_loads_no_more_for_json_either() -> None:
    script = (
        "import sys; from preflight.cli.run import run;"
        "code = run(sys.argv[1:]); print(code, *sys.modules, file=sys.stderr)"
    )
    bad = FIXTURES / "pictures" / "299-wide.png"
    done = subprocess.run(
        [sys.executable, "-c", script, "check", str(bad), "--format", "json"],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    code, *loaded = done.stderr.split()
    assert code == "1"
    assert {name.partition(".")[0] for name in loaded} & SLOW_TO_LOAD == set()


def test_the_sandbox_says_where_it_is_and_ends_with_an_interrupt() -> None:
    with subprocess.Popen(
        command("sandbox", "--port", "0"),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        found = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
        assert found
        ran = preflight("credits", "--api-url", found[0], env={"PREFLIGHT_API_KEY": KEY})
        assert (ran.code, ran.out) == (0, "10000 credits\n")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    checked(["sandbox"], Ran(code=process.returncode, out=out, err=err))
    assert process.returncode in {0, 130}


def test_the_demo_goes_the_whole_way() -> None:
    done = subprocess.run(
        command("demo"),
        env=environment(measured=True),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    ran = checked(["demo"], Ran(code=done.returncode, out=done.stdout, err=done.stderr))
    assert ran.code == 0, ran.out + ran.err
    assert "\x1b" not in ran.out
    for said in (
        "image-format",
        "video-too-long",
        "360 credits ($1.80)",
        "1080p",
        "completed",
        "360 were charged",
        ".mp4",
    ):
        assert said in ran.out
