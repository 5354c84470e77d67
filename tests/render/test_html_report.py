"""Reports as pages: text from outside is text, the figures are those of ``summary.json``, and nothing is loaded."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from base64 import b64encode
from collections import Counter
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import pytest

from preflight.model import Kind
from preflight.render.html.report_figures import Figures
from preflight.runs.on_disk.histogram import histograms
from preflight.runs.reports.report_jobs import job_of
from tests.support.command import CLIP, FIXTURES, PICTURE, here
from tests.support.hostile_report import PAYLOADS, hostile_job, hostile_report

LONG = str(FIXTURES / "clips" / "30.1-seconds.mp4")
CUT = str(FIXTURES / "clips" / "no-moov.mp4")
SMALL = str(FIXTURES / "pictures" / "299-wide.png")


class Page(HTMLParser):
    """The elements, attributes and figures of a page."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: Counter[str] = Counter()
        self.attributes: dict[str, list[str]] = {}
        self.inline: dict[str, list[str]] = {"style": [], "script": []}
        self.rows: list[dict[str, str | None]] = []
        self.texts: list[str] = []
        self._in: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        for name, value in attrs:
            self.attributes.setdefault(name, []).append(value or "")
        if tag == "tr" and "data-verdict" in dict(attrs):
            self.rows.append(dict(attrs))
        self._in = [tag]

    def handle_endtag(self, tag: str) -> None:
        self._in = [each for each in self._in if each != tag]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)
        if self._in and self._in[0] in self.inline:
            self.inline[self._in[0]].append(data)

    @property
    def text(self) -> str:
        return "".join(self.texts)


def page_of(path: Path) -> Page:
    return Page(path.read_text("utf-8"))


def tile(path: Path, label: str) -> str:
    """The number in the large figure with this label."""
    (value,) = re.findall(rf'<dt>{label}</dt><dd><data class="figure" value="([^"]*)"', path.read_text("utf-8"))
    return str(value)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of 24 jobs on disk."""
    folder = tmp_path_factory.mktemp("run")
    pairs = [(PICTURE, CLIP), (SMALL, CLIP), (PICTURE, LONG), (PICTURE, CUT)]
    with (folder / "rows.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "image", "video", "mode", "character"])
        for number in range(24):
            rows.writerow(
                [f"s{number}", *pairs[number % 4], ("720p", "1080p")[number % 3 > 1], ("Ann", "Bob")[number % 2]]
            )
    assert here("check", folder / "rows.csv", "--to", folder / "run", "--workers", "1", "-q").code == 1
    return folder / "run"


def test_the_figures_of_a_run_are_those_of_its_summary(run: Path, tmp_path: Path) -> None:
    summary = json.loads((run / "summary.json").read_text())
    path = tmp_path / "run.html"
    assert here("report", run, "--budget", "2000", "--format", f"html:{path}").code == 0
    assert "the budget of 2,000 credits pays for the first 3 jobs, even at the high end" in page_of(path).text
    for verdict, count in summary["verdicts"].items():
        assert tile(path, verdict) == str(count)
    assert tile(path, "credits") == str(summary["quote"]["credits"])
    assert tile(path, "at most") == summary["quote"]["high"]
    page = page_of(path)
    assert f"${summary['quote']['usd']}" in page.text
    assert f"{summary['quote']['unpriced']} without a price" in page.text
    assert len(page.rows) == summary["rows"]
    assert Counter(row["data-verdict"] for row in page.rows) == Counter(
        {verdict: count for verdict, count in summary["verdicts"].items() if count}
    )
    rules = Counter(rule for row in page.rows for rule in (row.get("data-rules") or "").split())
    assert rules == summary["rules"]
    assert sum(int(row.get("data-credits") or 0) for row in page.rows) == summary["quote"]["credits"]
    for title, name in (("Length of the clips", "seconds"), ("Size of the images", "image_bytes")):
        (body,) = re.findall(rf"<caption>{title}.*?<tbody>(.*?)</tbody>", path.read_text("utf-8"), re.DOTALL)
        counted = [int(cells) for cells in re.findall(r'</th><td class="number">(\d+)</td>', body)]
        assert counted == [count for count in summary["histograms"][name]["counts"] if count]
    in_mode = {"720p": 0, "1080p": 0}
    for row in page.rows:
        if row.get("data-credits"):
            per_second = int(row["data-credits"] or 0) // (30 if row["data-mode"] == "720p" else 40)
            in_mode["720p"] += 30 * per_second
            in_mode["1080p"] += 40 * per_second
    assert {mode: int(tile(path, f"all in {mode}")) for mode in in_mode} == in_mode


def test_a_check_and_an_estimate_are_pages_too(tmp_path: Path) -> None:
    check, estimate = tmp_path / "check.html", tmp_path / "estimate.html"
    assert here("check", "--image", PICTURE, "--video", LONG, "--format", f"html:{check}").code == 1
    told = page_of(check).text
    assert "the clip lasts 30.1 s; at most 30 s are allowed" in told
    assert f"ffmpeg -i {LONG}" in told
    assert "in 1080p: 1,200" in told
    here("estimate", "--seconds", "12.5", "--format", f"html:{estimate}")
    assert "in 1080p: 520" in page_of(estimate).text
    assert tile(estimate, "credits") == "390"


def test_a_file_by_itself_costs_nothing_beside_a_job_in_any_mode(tmp_path: Path) -> None:
    page, manifest = tmp_path / "check.html", tmp_path / "jobs.csv"
    manifest.write_text(f"image,video\n{PICTURE},{CLIP}\n")
    here("check", manifest, CLIP, "--format", f"html:{page}")
    assert [tile(page, label) for label in ("credits", "all in 720p", "all in 1080p")] == ["360", "360", "480"]
    here("check", CLIP, "--format", f"html:{page}")
    assert [tile(page, label) for label in ("credits", "all in 1080p")] == ["360", "480"]


def cells_of(path: Path, title: str) -> list[list[str]]:
    """The rows of the table with the figures of a plot."""
    (body,) = re.findall(rf"<caption>{title}.*?<tbody>(.*?)</tbody>", path.read_text("utf-8"), re.DOTALL)
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in re.findall(r"<tr>.*?</tr>", body)]


def test_a_file_by_itself_is_in_no_sum_beside_jobs(tmp_path: Path) -> None:
    page, manifest = tmp_path / "check.html", tmp_path / "jobs.csv"
    manifest.write_text(f"image,video\n{PICTURE},{CLIP}\n{PICTURE},{CLIP}\n")
    here("check", CLIP, manifest, CLIP, "--format", f"html:{page}")
    assert cells_of(page, "Credits, added up job by job")[-1] == ["2", "720", "720"]
    assert len(cells_of(page, "Price of each job with its range")) == 2
    here("check", CLIP, PICTURE, LONG, "--format", f"html:{page}")
    assert cells_of(page, "Credits, added up job by job")[-1][0] == "3"


def test_a_size_beyond_the_last_bin_of_a_run_is_in_the_same_bin_of_a_report() -> None:
    figures, run = Figures(), histograms()["video_bytes"]
    job = hostile_job("clip.mp4")
    for size in (0, 1023, 1024, (1 << 30) - 1, 1 << 30, 1 << 31, 1 << 45):
        job["subjects"][1]["facts"]["size_bytes"] = size
        figures.add(job_of(job), "job")
        run.add(size)
    assert sorted(figures.sizes[Kind.VIDEO].items()) == [(lower, count) for lower, _, count in run.bins()]


def test_the_frames_of_a_local_clip_are_in_its_row(tmp_path: Path) -> None:
    path = tmp_path / "check.html"
    here("check", "--image", PICTURE, "--video", CLIP, "--thumbnails", "--format", f"html:{path}")
    page = page_of(path)
    frames = [each for each in page.attributes["class"] if each.startswith("frame ")]
    assert len(frames) == 5
    pictures = dict(re.findall(r"\.(p\d+)\{([^}]*)\}", path.read_text("utf-8")))
    assert all("data:image/" in pictures[each.removeprefix("frame ")] for each in frames)
    assert f"frames of {CLIP}, from " in " ".join(page.attributes["aria-label"])


def test_the_policy_allows_the_page_its_own_styles_and_scripts_and_nothing_else(run: Path, tmp_path: Path) -> None:
    path = tmp_path / "run.html"
    here("report", run, "--format", f"html:{path}")
    page = page_of(path)
    (policy,) = [value for value in page.attributes["content"] if "default-src" in value]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert (rules.pop("default-src"), rules.pop("img-src")) == ("'none'", "data:")
    for name in ("style", "script"):
        hashes = {f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'" for text in page.inline[name]}
        assert set(rules.pop(f"{name}-src").split()) == hashes
    assert rules == {"base-uri": "'none'", "form-action": "'none'"}
    assert not {"src", "style", "action", "formaction"} & page.attributes.keys()
    assert all(href.startswith("#") for href in page.attributes["href"])


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_no_text_becomes_an_element_or_an_attribute(payload: str, tmp_path: Path) -> None:
    made = []
    for name, text in (("benign", "plain text"), ("hostile", payload)):
        (tmp_path / f"{name}.jsonl").write_text(hostile_report((text, text)), "utf-8")
        ran = here("report", tmp_path / f"{name}.jsonl", "--format", f"html:{tmp_path / name}.html")
        assert (ran.code, ran.err.count("\n"), ran.err[:13]) == (0, 1, "preflight: no")  # of a spec for that model
        made.append(page_of(tmp_path / f"{name}.html"))
    benign, hostile = made
    # Commands stand in <code>; apart from that, the text decides nothing.
    ours = {"code", "p", "div", "text"}
    assert {tag: count for tag, count in hostile.tags.items() if tag not in ours} == {
        tag: count for tag, count in benign.tags.items() if tag not in ours
    }
    assert hostile.attributes.keys() <= benign.attributes.keys() | {"class"}
    assert hostile.attributes["href"] == benign.attributes["href"]
    assert hostile.inline["script"] == benign.inline["script"]
    assert hostile.inline["style"] == benign.inline["style"]


def test_all_attacks_together_make_one_page(tmp_path: Path) -> None:
    (tmp_path / "all.jsonl").write_text(hostile_report(), "utf-8")
    path = tmp_path / "all.html"
    assert here("report", tmp_path / "all.jsonl", "--format", f"html:{path}").code == 0
    assert len(page_of(path).rows) == len(PAYLOADS)


def test_a_row_is_bounded_whatever_is_found_in_it(tmp_path: Path) -> None:
    job = hostile_job("w" * 20_000)
    job["meta"] = {f"column {number}": "v" * 1000 for number in range(3000)}
    finding = hostile_job("w" * 500)["findings"][0]
    job["findings"] = [{**finding, "message": f"track {number}"} for number in range(1000)]
    (tmp_path / "wide.jsonl").write_text(f"{json.dumps(job)}\n")
    path = tmp_path / "wide.html"
    assert here("report", tmp_path / "wide.jsonl", "--format", f"html:{path}").code == 0
    assert path.stat().st_size < 250_000
    assert "and 960 more, which are not shown" in page_of(path).text
    assert "and 2960 more columns" in page_of(path).text


def test_many_jobs_are_split_over_files_with_an_index(tmp_path: Path) -> None:
    job = json.dumps(hostile_job("a"))
    (tmp_path / "many.jsonl").write_text(f"{job}\n" * 6500)
    path = tmp_path / "report.html"
    assert here("report", tmp_path / "many.jsonl", "--format", f"html:{path}").code == 0
    assert {each.name for each in tmp_path.glob("*.html")} == {
        "report.html", "report-1.html", "report-2.html", "report-3.html",
    }  # fmt: skip
    index = page_of(path)
    assert [href for href in index.attributes["href"] if href.endswith("html")] == [
        "report-1.html", "report-2.html", "report-3.html",
    ]  # fmt: skip
    assert index.rows == []
    assert tile(path, "fail") == "6500"
    rows = [len(page_of(tmp_path / f"report-{number}.html").rows) for number in (1, 2, 3)]
    assert rows == [3000, 3000, 500]
    assert page_of(tmp_path / "report-2.html").attributes["href"] == ["report.html", "report-1.html", "report-3.html"]
    piped = here("report", tmp_path / "many.jsonl", "--format", "html")
    assert (piped.code, piped.out) == (2, "")
    assert "--format html:report.html" in piped.err


def test_a_build_server_reads_the_same_page(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [tmp_path / name for name in ("here.html", "there.html")]
    for path, value in zip(paths, ("", "true"), strict=True):
        monkeypatch.setenv("CI", value)
        here("report", run, "--format", f"html:{path}")
    assert paths[0].read_bytes() == paths[1].read_bytes()


_WITHOUT = """
import sys
sys.modules[{name!r}] = None
from preflight.cli.run import run
sys.exit(run(["check", {picture!r}, "--format", "html:{page}"]))
"""


@pytest.mark.parametrize("name", ["jinja2", "pygal"])
def test_without_its_extra_a_page_names_the_command_that_installs_it(name: str, tmp_path: Path) -> None:
    code = _WITHOUT.format(name=name, picture=PICTURE, page=tmp_path / "a.html")
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "needs the extra 'html'" in ran.stderr
    assert "media-preflight[html]" in ran.stderr
    assert "Traceback" not in ran.stderr
