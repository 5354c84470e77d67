"""The page of every rule: it is there, it is whole, what it names exists, and its commands are those of findings."""

from __future__ import annotations

import re
import runpy
import shlex
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path

import click
import pytest

from preflight import __version__
from preflight.cli.app import commands as command_line
from preflight.jobfiles import load_text
from preflight.model import Job
from preflight.rules import RULES, Rule, judge_job
from preflight.rules import shell_commands as repair
from preflight.rules.pages import SECTIONS, RulePage, help_of
from preflight.specs import load_spec
from tests.support.command import FIXTURES, PICTURE, here
from tests.support.terminal import shown

ROOT = Path(__file__).parents[2]
TEXTS = ROOT / "preflight" / "rules" / "pages"
DOCS = ROOT / "docs"

sys.path.append(str(DOCS))  # docs/ is no package
MADE = runpy.run_path(str(DOCS / "rule_pages.py"))

IDS = [rule.id for rule in RULES]
REPAIRS = ("ffmpeg", "magick")
NEIGHBOURS = {"aws", "cat", "cp", "curl", "ffprobe", "git", "preflight", "sha256sum", "wc"}
"""Commands of others that a page may show."""


def pages() -> list[RulePage]:
    return [help_of(rule_id) for rule_id in IDS]


def options_of(command: click.Command) -> set[str]:
    """Every option that ``command``, or a command below it, has."""
    found = {name for param in command.params for name in (*param.opts, *param.secondary_opts) if name[0] == "-"}
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            found |= options_of(inner)
    return found | {"--help"}


def code_of(page: RulePage, language: str) -> list[str]:
    return [
        block
        for section in page.sections
        for block in re.findall(rf"^```{language}\n(.*?)^```$", section.body, re.MULTILINE | re.DOTALL)
    ]


def spoken_code(page: RulePage) -> list[str]:
    """What stands in backquotes within the prose of a page."""
    prose = " ".join(block.text for section in page.sections for block in section.blocks() if block.kind != "code")
    return re.findall(r"`([^`]+)`", prose)


# ── Every rule has its page ───────────────────────────────────────────────────────────────────────────────────────


def test_there_is_a_text_for_every_rule_and_for_nothing_else() -> None:
    assert {path.name for path in TEXTS.iterdir()} == {f"{rule_id}.md" for rule_id in IDS}


@pytest.mark.parametrize("rule", RULES, ids=IDS)
def test_a_rule_has_a_page_and_files_that_pass_and_fail(rule: Rule[object]) -> None:
    page = help_of(rule.id)
    assert (page.id, page.area, page.severity, page.summary) == (rule.id, rule.area, rule.severity, rule.summary)
    assert tuple(map(int, page.since.split("."))) <= tuple(map(int, __version__.split(".")[:3])), page.since
    assert page.url == f"docs/rules/{rule.id}.md"
    for outcome in ("pass", "fail"):
        assert any((FIXTURES / "rules" / rule.id / outcome).iterdir()), outcome


@pytest.mark.parametrize("page", pages(), ids=IDS)
def test_a_page_has_its_sections_in_order_and_says_something_in_each(page: RulePage) -> None:
    assert tuple(section.title for section in page.sections) == SECTIONS
    for section in page.sections:
        assert len(section.body) > 60, section.title
    lines = page.text.splitlines()
    assert 15 <= sum(bool(line.strip()) for line in lines) <= 60
    assert [line for line in lines if len(line) > 80 and not line.startswith("    ")] == []
    assert page.markdown.startswith(page.summary)
    assert page.markdown.count("\n## ") == len(SECTIONS)


@pytest.mark.parametrize("page", pages(), ids=IDS)
def test_a_link_is_followed_in_the_docs_alone(page: RulePage) -> None:
    for text in (here("explain", page.id).out, page.text, page.markdown):
        assert "](" not in text
    for name in re.findall(r"\]\(([^)#]+)", "".join(section.body for section in page.sections)):
        assert (DOCS / "rules" / name).is_file(), name


def test_no_sentence_is_said_on_many_pages() -> None:
    said: Counter[str] = Counter()
    for page in pages():
        prose = " ".join(block.text for section in page.sections for block in section.blocks() if block.kind != "code")
        said.update({sentence for sentence in re.split(r"(?<=[.:!?]) ", prose) if len(sentence) > 50})
    assert [sentence for sentence, count in said.items() if count > 1] == []


def test_a_rule_that_does_not_exist_has_no_page() -> None:
    with pytest.raises(LookupError, match="video-to-long"):
        help_of("video-to-long")


# ── What a page names exists ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("page", pages(), ids=IDS)
def test_every_rule_that_a_page_names_exists(page: RulePage) -> None:
    for code in spoken_code(page):
        if re.fullmatch(r"[a-z]+(-[a-z]+)+", code):
            assert code in IDS, code
        for named in re.findall(r"--(?:select|ignore) (\S+)", code):
            assert named in IDS, code


@pytest.mark.parametrize("page", pages(), ids=IDS)
def test_every_option_that_a_page_names_exists(page: RulePage) -> None:
    shown_lines = [line for block in code_of(page, "sh") for line in block.splitlines()]
    for code in (*spoken_code(page), *shown_lines):
        words = code.split()
        if words[0] == "preflight":
            command: click.Command = command_line
            for word in words[1:]:
                if not isinstance(command, click.Group):
                    break
                inner = command.get_command(click.Context(command), word)
                assert inner is not None, code
                command = inner
            known = options_of(command)
        elif words[0].startswith("--"):
            known = options_of(command_line)
        else:
            continue
        assert {word for word in words if word.startswith("-")} <= known, code


@pytest.mark.parametrize("page", pages(), ids=IDS)
def test_the_jobs_that_a_page_shows_are_parts_of_sound_jobs(page: RulePage) -> None:
    for block in code_of(page, "yaml"):
        job = load_text(block.encode())
        assert isinstance(job, Job)
        broken = {finding.rule for finding in judge_job(job, load_spec(), None)}
        assert broken <= {"field-missing"}, block


@pytest.mark.parametrize("page", pages(), ids=IDS)
def test_every_command_that_a_page_shows_is_one_line_of_a_shell(page: RulePage) -> None:
    for block in code_of(page, "sh"):
        for line in block.splitlines():
            assert shlex.split(line)[0] in {*REPAIRS, *NEIGHBOURS}, line


# ── docs/rules ────────────────────────────────────────────────────────────────────────────────────────────────────


@cache
def made() -> dict[str, str]:
    return dict(MADE["rule_pages"]())


@pytest.mark.parametrize("name", [*(f"{rule_id}.md" for rule_id in IDS), "README.md"])
def test_a_published_page_is_what_is_made_of_its_text_and_of_a_report(name: str) -> None:
    assert (DOCS / "rules" / name).read_text("utf-8") == made()[name], "run: python docs/build.py"


def test_no_page_is_published_about_a_rule_that_is_gone() -> None:
    assert {path.name for path in (DOCS / "rules").iterdir()} == set(made())


@pytest.mark.parametrize("rule", RULES, ids=IDS)
def test_the_example_of_a_rule_shows_what_it_finds(rule: Rule[object]) -> None:
    said = made()[f"{rule.id}.md"].partition("## Example")[2].partition("## How to fix it")[0]
    labels = (rule.severity.label, "indeterminate")
    assert any(f"{label}  {rule.id}" in said for label in labels)
    assert "127.0.0.1" not in said
    assert " ms" not in said


# ── explain and rules ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("page", pages(), ids=IDS)
def test_explain_says_all_of_a_page_and_where_it_stands(page: RulePage) -> None:
    said = " ".join(here("explain", page.id).out.split())
    assert page.summary in said
    assert page.source in said
    assert "docs/rules" not in said  # an installation has no such folder
    for section in page.sections:
        for block in section.blocks():
            assert " ".join(block.text.split()) in said


@pytest.mark.parametrize("columns", [60, 80, 100, 160])
def test_explain_fits_the_terminal_and_leaves_commands_whole(columns: int) -> None:
    text = shown("explain", "video-too-long", env={"COLUMNS": str(columns), "NO_COLOR": "1"})
    assert "\x1b[" not in text
    lines = text.splitlines()
    assert all(len(line) <= min(columns, 100) for line in lines if "ffmpeg " not in line)
    assert any(line.strip() == repair.trim("dance.mp4", load_spec().video.max_seconds.value) for line in lines)


def test_explain_has_colours_on_a_terminal_only() -> None:
    assert "\x1b[" in shown("explain", "url-insecure", env={"COLUMNS": "80"})
    assert "\x1b[" not in here("explain", "url-insecure").out


def test_explain_without_a_rule_says_what_it_takes() -> None:
    ran = here("explain")
    assert ran.code == 2
    assert "preflight explain video-too-long" in ran.err


def test_rules_say_who_asks_for_them() -> None:
    rows = {row["rule"]: row for row in here("rules", "--format", "json").json["rules"]}
    assert list(rows) == IDS
    assert rows["video-too-long"] == {
        "rule": "video-too-long",
        "area": "video",
        "severity": "error",
        "summary": help_of("video-too-long").summary,
        "origin": "API page",
        "source": "the service's API docs, line 26",
        "since": "0.1.0",
        "page": "docs/rules/video-too-long.md",
    }
    assert {row["origin"] for row in rows.values()} == {"API page", "advisory", "preflight"}
    text = here("rules").out
    assert re.search(r"^  video-codec +warning +advisory ", text, re.MULTILINE)
    assert re.search(r"^  video-too-long +error +page:26 ", text, re.MULTILINE)


def test_a_check_reads_no_page() -> None:
    code = (
        "import sys; from preflight.cli.run import run; run(sys.argv[1:]); "
        "print('preflight.rules.pages' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code, "check", PICTURE], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "False"
