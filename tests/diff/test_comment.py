"""The comment on a pull request: created once, then replaced, through the faults of the API and of its artifact."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from preflight.diff.comment_text import LIMIT, MARKER, plain_comment
from preflight.errors import ConfigurationError
from preflight.render.differences.diff_markdown import escaped
from tests.servers.hub import BOT, PERSON, Hub, hub
from tests.support.changed_repository import Changed
from tests.support.command import KEY, Ran, preflight

COMMENT = f"{MARKER}\n### preflight\n\n2 jobs: 2 added; 0 → 450 credits, +450 (+\\$2.25)\n"
COMMENTS = "/repos/owner/name/issues/7/comments"
RUN = {"head_repository": {"owner": {"login": "fork"}}, "head_branch": "dance", "head_sha": "a" * 40}


@pytest.fixture
def github() -> Iterator[Hub]:
    with hub() as state:
        yield state


def post(github: Hub, folder: Path, text: str = COMMENT, *, event: object = None, number: str = "7") -> Ran:
    artifact, described = folder / "diff.md", folder / "event.json"
    artifact.write_text(text, "utf-8", newline="")
    described.write_text(json.dumps({} if event is None else event))
    environment = {
        "GITHUB_TOKEN": KEY,
        "GITHUB_REPOSITORY": "owner/name",
        "GITHUB_API_URL": github.url,
        "GITHUB_EVENT_PATH": str(described),
    }
    more = ["--pull-request", number] if number else []
    return preflight("comment", "--artifact", artifact, *more, env=environment)


def test_it_is_created_once_and_then_replaced(github: Hub, tmp_path: Path) -> None:
    first = post(github, tmp_path)
    second = post(github, tmp_path, COMMENT.replace("450", "600"))
    assert (first.code, second.code) == (0, 0), first.err + second.err
    assert ("created" in first.out, "replaced" in second.out) == (True, True)
    (comment,) = github.comments
    assert "600 credits" in comment["body"]
    assert github.tokens == {f"Bearer {KEY}"}


def test_it_is_found_beyond_the_first_page_and_nobody_else_s_is_touched(github: Hub, tmp_path: Path) -> None:
    for number in range(130):
        github.add(f"comment {number}", PERSON)
    github.add(f"{MARKER}\nquoted by a person", PERSON)
    github.add(f"> {MARKER}", BOT)
    ours = github.add(COMMENT, BOT)
    github.add("the last", PERSON)
    before = [each["body"] for each in github.comments if each["id"] != ours]
    ran = post(github, tmp_path, COMMENT.replace("450", "600"))
    assert "replaced" in ran.out
    assert [each["body"] for each in github.comments if each["id"] != ours] == before
    assert github.requests.count(f"GET {COMMENTS}") == 2


@pytest.mark.parametrize("fault", ["primary-limit", "secondary-limit", "too-many", "unavailable"])
def test_a_limit_is_waited_for(github: Hub, tmp_path: Path, fault: str) -> None:
    github.faults = [fault, "", fault, ""] if fault != "unavailable" else [fault]
    ran = post(github, tmp_path)
    assert ran.code == 0, ran.err
    assert len(github.comments) == 1


@pytest.mark.parametrize("fault", ["lost", "unavailable"])
def test_a_creation_whose_answer_is_lost_is_not_repeated_blindly(github: Hub, tmp_path: Path, fault: str) -> None:
    github.faults = ["", fault]
    ran = post(github, tmp_path)
    assert ran.code == 0, ran.err
    assert len(github.comments) == 1


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("forbidden", "pull-requests: write"),
        ("not-found", "404"),
        ("for-an-hour", "3600 s"),
        ("escapes", "422: Validation [31mFailed ::error::injected"),
    ],
)
def test_a_refusal_is_said(github: Hub, tmp_path: Path, fault: str, said: str) -> None:
    github.faults = [fault]
    ran = post(github, tmp_path)
    assert ran.code != 0
    assert said in ran.err
    assert "\x1b" not in ran.err
    assert github.comments == []


def test_a_fork_s_pull_request_is_found_by_the_commit_of_the_run(github: Hub, tmp_path: Path) -> None:
    pull = {"number": 7, "owner": "fork", "branch": "dance", "head": {"sha": "a" * 40}}
    github.pulls = [{**pull, "number": 6, "head": {"sha": "b" * 40}}, pull]
    event = {"workflow_run": {**RUN, "pull_requests": []}}
    ran = post(github, tmp_path, event=event, number="")
    assert (ran.code, "owner/name#7" in ran.out) == (0, True), ran.err
    github.pulls[1]["head"] = {"sha": "c" * 40}  # pushed to again
    late = post(github, tmp_path, event=event, number="")
    assert (late.code != 0, "no open pull request" in late.err) == (True, True)


@pytest.mark.parametrize(
    "event",
    [{"pull_request": {"number": 7}}, {"workflow_run": {"pull_requests": [{"number": 7}], **RUN}}],
    ids=["pull_request", "workflow_run"],
)
def test_the_event_names_the_pull_request(github: Hub, tmp_path: Path, event: object) -> None:
    assert post(github, tmp_path, event=event, number="").code == 0
    assert f"POST {COMMENTS}" in github.requests


@pytest.mark.parametrize(
    "event", [{}, {"workflow_run": None}, {"workflow_run": {"pull_requests": "7"}}, {"pull_request": {"number": True}}]
)
def test_an_event_without_one_is_refused(github: Hub, tmp_path: Path, event: object) -> None:
    ran = post(github, tmp_path, event=event, number="")
    assert (ran.code, github.requests) == (2, []), ran.err
    assert "--pull-request N" in ran.err


@pytest.mark.parametrize(
    "text",
    ["", "no marker", f" {COMMENT}", COMMENT + "x" * LIMIT, "\ufeff" + COMMENT],
    ids=["empty", "no-marker", "indented", "long", "bom"],
)
def test_an_artifact_that_is_not_our_comment_is_refused(github: Hub, tmp_path: Path, text: str) -> None:
    ran = post(github, tmp_path, text)
    assert (ran.code, github.requests) == (2, []), ran.err


HOSTILE = (
    "@everyone [text](https://evil.example) ![image](https://evil.example/x.png) <https://evil.example>",
    "<img src=x onerror=alert(1)><script>alert(1)</script><a href='https://evil.example'>x</a><br onclick=x>",
    "https://evil.example www.evil.example ftp://evil.example someone@evil.example",
    "# heading\n## heading\n- list\n1. list\n> quote\n```\ncode\n```\n~~~\n    code\n\n***\n---\n",
    "[a]: https://evil.example\n[a] [a][] [b][a]\n\n[^1]\n\n[^1]: note",
    "\\[a](https://evil.example) \\\\[a](https://evil.example) \\\\<b> &lt;img&gt; &#60;img&#62; &#x3c;b&#x3e;",
    "`code` **bold** | cell | #1 owner/name#1 GH-1 a1b2c3d4e5f6a7b8c9d0a1b2c3d4e5f6a7b8c9d0 :tada: $x$ $$x$$",
    "<!-- preflight-diff --> <details open> <summary onclick=x> </details><br/>",
    "<details>\n<summary>x</summary>\n\n<b>\n\n</details>\n<div>",
    "setext\n===\n\nsetext\n---\n\n| a |\n|---|\n| [x](https://evil.example) |",
    "\u202e\u200d\x1b[31m\x07\u2028\u2029\x85\x0b\x0c<b>",
)
_OURS = {"<br>", "<details>", "</details>", "<summary>", "</summary>"}


def assert_plain(text: str) -> None:
    """Rendered as GitHub does, with HTML and links of bare addresses, only text, tables and our tags are left.

    GitHub makes no link of a bare host, as in ``clip.al`` (https://github.github.com/gfm, §6.9): only ``www.`` is one.
    """
    tokens = MarkdownIt("commonmark", {"html": True, "linkify": True}).enable(["table", "linkify", "strikethrough"])
    assert tokens.linkify is not None
    tokens.linkify.set({"fuzzy_link": False})
    parsed = tokens.parse(text.removeprefix(f"{MARKER}\n"))
    flat = [inner for token in parsed for inner in (token, *(token.children or ()))]
    assert not [token for token in flat if token.type in ("link_open", "image", "code_inline", "fence", "code_block")]
    html = "".join(token.content for token in flat if token.type in ("html_inline", "html_block"))
    assert set(re.findall(r"<[^>]*>?", html)) <= _OURS, html
    headings = [parsed[index + 1].content for index, token in enumerate(parsed) if token.type == "heading_open"]
    assert headings in ([], ["preflight"])
    assert not re.search(r"@\w|\bwww\.|[a-z]://|#\d", text, re.IGNORECASE)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_hostile_artifact_posts_plain_text(github: Hub, tmp_path: Path, hostile: str) -> None:
    ran = post(github, tmp_path, f"{COMMENT}\n{hostile}\n")
    assert ran.code == 0, ran.err
    (comment,) = github.comments
    assert_plain(comment["body"])


@given(st.lists(st.sampled_from([*HOSTILE, *"<>[]()!`\\@#&|*_~\n -=:/.$", "a", "1", "<br>", "www", "http"])))
def test_no_text_brings_a_link_a_picture_or_a_tag(parts: list[str]) -> None:
    assert_plain(plain_comment(f"{MARKER}\n{''.join(parts)}".encode()))


@example("0.AL")
@given(st.text() | st.lists(st.sampled_from([*HOSTILE, *"<>[]()!`\\@#&|*_~ "])).map("".join))
def test_a_name_is_text_in_the_comment_that_we_write(name: str) -> None:
    cell = f"{MARKER}\n| a | b |\n|---|---|\n| {escaped(name)} | x |\n"
    assert_plain(cell)
    posted = plain_comment(cell.encode("utf-8", "replace"))
    assert_plain(posted)


@given(st.binary(max_size=200))
def test_no_bytes_break_it(data: bytes) -> None:
    for content in (data, f"{MARKER}\n".encode() + data):
        with suppress(ConfigurationError):
            plain_comment(content)


def test_our_own_comment_comes_through_as_it_is(changed: Changed) -> None:
    written = changed.diff("--format", "markdown").out
    assert plain_comment(written.encode()).rstrip() == written.rstrip()
    assert_plain(written)
    assert len(written) < LIMIT


def test_a_dry_run_prints_it_and_asks_nobody(github: Hub, tmp_path: Path) -> None:
    (tmp_path / "diff.md").write_text(f"{COMMENT}<b>\n", "utf-8")
    ran = preflight("comment", "--artifact", tmp_path / "diff.md", "--dry-run")
    assert (ran.code, ran.out, github.requests) == (0, f"{COMMENT}&lt;b&gt;\n", []), ran.err
