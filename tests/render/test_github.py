"""``--format github``: workflow commands that hold nothing but what they should, and the summary of the step."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from preflight.model import Finding, JobReport, Report, Severity, Verdict
from preflight.render.build_servers.github import SUMMARY_BYTES, step_summary, workflow_commands
from preflight.render.build_servers.locations import SourceTree
from tests.support.command import CLIP, FIXTURES, PICTURE, Ran, preflight
from tests.support.jobs import job, write_job
from tests.support.snapshots import CASES, lay_out

PICTURES = FIXTURES / "pictures"
COMMAND = re.compile(r"::(error|warning|notice) ((?:[a-z]+=[^:,]*,?)+)::([^\r\n]*)")
TREE = SourceTree(root="/tree", folder="/tree")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lay_out(tmp_path_factory.mktemp("tree"))


def github(*arguments: str | Path, cwd: Path, summary: Path | None = None) -> Ran:
    env = {} if summary is None else {"GITHUB_STEP_SUMMARY": str(summary)}
    return preflight("check", *arguments, "--format", "github", cwd=cwd, env=env)


def commands(ran: Ran) -> list[tuple[str, dict[str, str], str]]:
    """Kind, properties and message of every command, as the runner reads them. The last line is none."""
    found = []
    lines = ran.out.splitlines()
    for line in lines[:-1]:
        match = COMMAND.fullmatch(line)
        assert match, line
        properties = dict(part.split("=", 1) for part in match[2].split(","))
        found.append((match[1], {name: unescaped(value) for name, value in properties.items()}, unescaped(match[3])))
    assert lines[-1].startswith("preflight: ")
    return found


def unescaped(text: str) -> str:
    for escape, character in (("%3A", ":"), ("%2C", ","), ("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
        text = text.replace(escape, character)
    return text


def test_a_finding_is_an_annotation_on_the_line_of_its_field(tmp_path: Path) -> None:
    path = write_job(tmp_path, job(mode="4k"))
    line = path.read_text().splitlines().index("  mode: 4k") + 1
    (command,) = commands(github("job.yaml", cwd=tmp_path))
    kind, properties, message = command
    assert kind == "error"
    assert properties == {"file": "job.yaml", "line": str(line), "col": "9", "title": "mode-invalid"}
    assert message == "'input.mode' must be 720p or 1080p, not '4k'\nfix: mode: 720p or mode: 1080p"


@pytest.mark.parametrize("case", CASES)
def test_every_finding_is_a_command_and_nothing_else_is(case: str, shop: Path) -> None:
    said = preflight("check", *CASES[case], "--format", "json", cwd=shop).json
    rules = sorted(finding["rule"] for each in said["jobs"] for finding in each["findings"])
    ran = github(*CASES[case], cwd=shop)
    titles = sorted(properties["title"].removesuffix(" (indeterminate)") for _, properties, _ in commands(ran))
    assert titles == rules
    assert sum("::" in line and not line.startswith("::") for line in ran.out.splitlines()) == 0


def test_a_name_cannot_end_its_property_or_begin_a_command(shop: Path) -> None:
    files = {properties["file"] for _, properties, _ in commands(github("folder", cwd=shop))}
    assert "shop/folder/::error::injected.png" in files
    assert "shop/folder/a,b:c%0A|`*_[x](y).png" in files
    assert "shop/folder/line\\nbreak \\x1b[31m.png" in files


def test_what_makes_the_step_fail_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes((PICTURES / "cmyk.jpg").read_bytes())
    assert [kind for kind, _, _ in commands(github("a.jpg", cwd=tmp_path))] == ["warning"]
    assert [kind for kind, _, _ in commands(github("a.jpg", "--strict", cwd=tmp_path))] == ["error"]


def test_a_url_by_itself_is_an_annotation_of_no_file(tmp_path: Path) -> None:
    ((_, properties, message),) = commands(github("https://127.0.0.1/a.mp4", cwd=tmp_path))
    assert properties == {"title": "url-not-public"}
    assert "file: https://127.0.0.1/a.mp4" in message


class Cells(HTMLParser):
    """The text of the cells of a table; any tag beyond those of the table is an error."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in {"table", "tr", "th", "td", "code", "br"}
        assert dict(attrs) in ({}, {"colspan": "4"})
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"}:
            self.rows[-1].append("")

    def handle_data(self, data: str) -> None:
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data


def table(text: str) -> list[list[str]]:
    """The rows of a summary's table below its head, which no blank line interrupts."""
    inner = text[text.index("<table>") : text.index("</table>")]
    assert "\n\n" not in inner
    cells = Cells()
    cells.feed(inner)
    return cells.rows[1:]


def test_the_summary_holds_every_finding_and_nothing_in_a_name_is_markup(shop: Path, tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    ran = github("folder", cwd=shop, summary=summary)
    rows = table(summary.read_text("utf-8"))
    assert len(rows) == len(commands(ran))
    assert "shop/folder/<img src=x onerror=alert(1)>.png:1:1" in {row[2] for row in rows}
    assert all(len(row) == 4 for row in rows)


def test_the_summary_is_appended_to_what_other_steps_wrote(tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("# before\n\n")
    write_job(tmp_path, job(mode="4k"))
    github("job.yaml", cwd=tmp_path, summary=summary)
    github(PICTURE, cwd=tmp_path, summary=summary)
    text = summary.read_text("utf-8")
    assert text.startswith("# before\n\n### preflight: 1 fail")
    assert text.endswith("### preflight: 1 pass\n\n")


def test_only_this_format_writes_a_summary_and_not_when_quiet(tmp_path: Path) -> None:
    env = {"GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md")}
    preflight("check", PICTURE, "--format", "text", env=env)
    preflight("check", PICTURE, "--format", "github", "-q", env=env)
    assert list(tmp_path.iterdir()) == []


def test_a_summary_that_cannot_be_written_is_said_and_changes_no_verdict(tmp_path: Path) -> None:
    ran = github(PICTURE, CLIP, cwd=tmp_path, summary=tmp_path)
    assert (ran.code, ran.out) == (0, "preflight: 2 pass; total 360 credits ($1.80)\n")
    assert ran.err.startswith("preflight: cannot write the step summary: ")


def many(count: int) -> Report:
    finding = Finding(
        rule="mode-invalid", severity=Severity.ERROR, message="ü" * 200, path="job.yaml", line=1, column=1
    )
    job_report = JobReport(model="m", findings=(finding,) * count, path="job.yaml", verdict=Verdict.FAIL)
    return Report(jobs=(job_report,), verdict=Verdict.FAIL)


def test_a_summary_stays_within_its_bound_and_says_how_many_are_missing() -> None:
    text = step_summary(many(5000), tree=TREE)
    assert SUMMARY_BYTES * 0.9 < len(text.encode()) <= SUMMARY_BYTES
    *rows, last = table(text)
    assert [cell.strip() for cell in last] == [f"and {5000 - len(rows)} more"]


@pytest.mark.parametrize("room", [-1, 0, 100, 300, 1000])
def test_a_summary_takes_no_more_than_the_room_that_is_left(room: int) -> None:
    assert len(step_summary(many(3), tree=TREE, room=room).encode()) <= max(room, 0)


def test_errors_come_first_because_ten_are_shown() -> None:
    kinds = [Severity.NOTE, Severity.WARNING, Severity.ERROR]
    findings = tuple(Finding(rule="mode-invalid", severity=kind, message="x") for kind in kinds)
    report = Report(jobs=(JobReport(model="m", findings=findings, verdict=Verdict.FAIL),), verdict=Verdict.FAIL)
    assert [line.split()[0] for line in workflow_commands(report, tree=TREE)][:3] == [
        "::error",
        "::warning",
        "::notice",
    ]
