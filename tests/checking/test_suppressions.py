"""Which findings are shown and counted: rules and areas, severities, paths, comments in job files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from preflight import ConfigurationError, Engine, Options, Severity
from preflight.checking.suppressions import rules_named
from preflight.jobfiles import load_text
from tests.servers.lying import Server, serving
from tests.support.command import CLIP, FIXTURES, PICTURE, Ran, check, preflight
from tests.support.jobs import MODEL, job, write_job
from tests.support.media import picture

LONG = FIXTURES.parent / "preflight" / "sandbox" / "media" / "too-long.mp4"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving({"a.png": Path(PICTURE)}) as running:
        yield running


def configured(folder: Path, text: str, *arguments: str | Path) -> Ran:
    (folder / "preflight.toml").write_text(text, "utf-8")
    return preflight("check", "--format", "json", *arguments, cwd=folder)


# ── Rules and areas ───────────────────────────────────────────────────────────────────────────────────────────────


def test_an_area_stands_for_its_rules(tmp_path: Path) -> None:
    (tmp_path / "small.png").write_bytes(picture(200, 200))
    path = write_job(tmp_path, job(image="small.png", video=LONG, prompt="x" * 2501))
    assert check(path).rules >= {"image-too-small", "video-too-long", "prompt-too-long"}
    assert check(path, "--select", "image").rules == {"image-too-small"}
    assert check(path, "--select", "image", "--select", "prompt-too-long").rules == {
        "image-too-small",
        "prompt-too-long",
    }
    assert check(path, "--select", "video", "--ignore", "video-too-long").code == 0
    assert not check(path, "--ignore", "image", "--ignore", "video").rules & {"image-too-small", "video-too-long"}


def test_areas_and_ids_do_not_clash() -> None:
    assert rules_named(["price"]) == {"price-ambiguous", "over-budget"}
    assert rules_named(["image", "image-format"]) == rules_named(["image"])
    with pytest.raises(ConfigurationError, match="did you mean 'image'"):
        rules_named(["imag"])


def test_a_rule_that_does_not_exist_is_refused_by_the_library_too() -> None:
    with pytest.raises(ConfigurationError, match="unknown rule 'nothing'"):
        Engine(Options(select=frozenset({"nothing"})))
    with pytest.raises(ConfigurationError, match="unknown rule 'video'"):
        Engine(Options(severities={"video": Severity.NOTE}))


# ── Severities and paths ──────────────────────────────────────────────────────────────────────────────────────────


def test_a_severity_can_be_raised_and_lowered(tmp_path: Path) -> None:
    (tmp_path / "small.png").write_bytes(picture(320, 320))
    raised = configured(tmp_path, '[severity]\nimage-too-small = "error"', "small.png")
    assert (raised.code, raised.severities("image-too-small")) == (1, {"image-too-small": "error"})
    lowered = configured(tmp_path, '[severity]\nvideo-too-long = "note"', LONG)
    assert (lowered.code, lowered.severities("video-too-long")) == (0, {"video-too-long": "note"})


def test_paths_are_patterns_relative_to_the_settings_file(tmp_path: Path) -> None:
    for name in ("drafts/deep/a.png", "final/a.png"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_bytes(picture(200, 200))
    text = '[per-path-ignores]\n"drafts/" = ["image"]\n"*.mp4" = ["video-too-long"]'
    ran = configured(tmp_path, text, "drafts", "final", str(LONG))
    assert {job["path"]: job["verdict"] for job in ran.json["jobs"]} == {
        "drafts/deep/a.png": "pass",
        "final/a.png": "fail",
        str(LONG): "fail",  # outside of the folder that the patterns speak of
    }
    below = preflight("check", "a.png", cwd=tmp_path / "drafts" / "deep")
    assert below.code == 0


def test_a_pattern_may_fit_the_job_or_the_file_that_it_names(tmp_path: Path) -> None:
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs" / "small.png").write_bytes(picture(200, 200))
    write_job(tmp_path / "jobs", job(image="small.png"))
    for pattern in ("jobs/job.yaml", "jobs/small.png", "small.png"):
        assert configured(tmp_path, f'[per-path-ignores]\n"{pattern}" = ["image"]', "jobs/job.yaml").code == 0, pattern
    assert configured(tmp_path, '[per-path-ignores]\n"/small.png" = ["image"]', "jobs/job.yaml").code == 1


# ── What could not be examined ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("how", ["option", "path", "comment", "severity"])
def test_nothing_makes_a_pass_of_what_could_not_be_examined(how: str, tmp_path: Path) -> None:
    path = tmp_path / "job.yaml"
    (tmp_path / "gone.png").mkdir()
    comment = "  # preflight: ignore[transfer]" if how == "comment" else ""
    path.write_text(
        f"model: {MODEL}\ninput:\n  input_urls: [gone.png]{comment}\n  video_urls: [{CLIP}]\n", encoding="utf-8"
    )
    settings = {
        "option": 'ignore = ["transfer"]',
        "path": '[per-path-ignores]\n"job.yaml" = ["transfer"]',
        "comment": "",
        "severity": '[severity]\nunreachable = "note"',
    }
    ran = configured(tmp_path, settings[how], "job.yaml")
    assert (ran.code, ran.json["verdict"]) == (3, "indeterminate")
    assert {subject["verdict"] for subject in ran.job["subjects"]} == {"indeterminate", "pass"}


# ── Comments ──────────────────────────────────────────────────────────────────────────────────────────────────────

COMMENTS = {
    "behind": (f"input:\n  input_urls: [a.png]\n  video_urls: [{LONG}]  # preflight: ignore[video-too-long]\n", 0, ""),
    "area": (f"input:\n  input_urls: [a.png]\n  video_urls: [{LONG}]  #preflight:ignore [video]\n", 0, ""),
    "above": (f"input:\n  input_urls: [a.png]\n  # preflight: ignore[video-too-long]\n  video_urls: [{LONG}]\n", 0, ""),
    "above-with-space-between": (
        f"input:\n  input_urls: [a.png]\n  # preflight: ignore[video]\n\n  # why\n  video_urls: [{LONG}]\n", 0, "",
    ),
    "behind-a-key-with-a-list-below": (
        f"input:\n  input_urls: [a.png]\n  video_urls:  # preflight: ignore[video-too-long]\n  - {LONG}\n", 0, "",
    ),
    "behind-an-item": (
        f"input:\n  input_urls: [a.png]\n  video_urls:\n    - {LONG} # preflight: ignore[video-too-long]\n", 0, "",
    ),
    "above-everything": (
        f"# preflight: ignore[video-too-long]\ninput:\n  input_urls: [a.png]\n  video_urls: [{LONG}]\n", 0, "",
    ),
    "above-another-field": (
        f"input:\n  # preflight: ignore[video-too-long]\n  input_urls: [a.png]\n  video_urls: [{LONG}]\n", 1,
        ":2: unused comment: video-too-long finds nothing here",
    ),
    "several": (
        f"input:\n  input_urls: [a.png]\n  video_urls: [{LONG}] # preflight: ignore[video-codec, video-too-long]\n", 0,
        ":3: unused comment: video-codec finds nothing here",
    ),
    "unknown-rule": (
        f"input:\n  input_urls: [a.png]\n  video_urls: [{LONG}] # preflight: ignore[video-to-long]\n", 1,
        ":3: unknown rule 'video-to-long'; did you mean 'video-too-long'?",
    ),
    "no-rule": (
        f"input:\n  input_urls: [a.png]\n  video_urls: [{LONG}] # preflight: ignore\n", 1,
        ":3: this comment names no rule and has no effect",
    ),
    "in-a-prompt": (
        f'input:\n  input_urls: [a.png]\n  video_urls: [{LONG}]\n  prompt: "# preflight: ignore[video]"\n', 1, "",
    ),
    "in-a-block": (
        f"input:\n  prompt: |\n    # preflight: ignore[video]\n  input_urls: [a.png]\n  video_urls: [{LONG}]\n", 1, "",
    ),
    "behind-a-prompt-like-it": (
        f"input:\n  input_urls: [a.png]\n  video_urls: [{LONG}]\n  prompt: '# preflight: x' # preflight: ignore[job]",
        1, ":4: unused comment: job",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "code", "said"), COMMENTS.values(), ids=COMMENTS)
def test_a_comment_ignores_rules_for_its_field(text: str, code: int, said: str, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(picture(400, 400))
    (tmp_path / "job.yaml").write_text(f"model: {MODEL}\n{text}", "utf-8")
    ran = preflight("check", "--format", "json", "job.yaml", cwd=tmp_path)
    assert ran.code == code, ran.err
    place, _, rest = said.partition(": ")
    shifted = f":{int(place[1:]) + 1}: {rest}" if said else ""
    assert (shifted in ran.err) if said else not ran.err
    assert ("video-too-long" in ran.rules) == (code == 1)


def test_json_has_no_comments(tmp_path: Path) -> None:
    (tmp_path / "job.json").write_text('{"model": "x"}  # preflight: ignore[model-unknown]\n', "utf-8")
    ran = preflight("check", "job.json", cwd=tmp_path)
    assert (ran.code, "JSON has no comments" in ran.err) == (2, True)


def test_comments_are_read_within_bounds() -> None:
    """Each comment looks for the lines of its field: many of them over many lines must not take their product."""
    many = "".join("# preflight: ignore[video]\n" + "\n" * 1000 for _ in range(2000))
    comments = load_text(f"model: x\n{many}input: {{}}\n").comments
    assert len(comments) == 100
    long = load_text("# preflight: ignore[video]\nmodel: x\ninput:\n" + " \n" * 1_000_000 + "  prompt: x\n").comments
    assert (long[0].first, long[0].last) == (2, 2)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def test_lines_of_comments_are_those_of_findings(end: str) -> None:
    text = end.join(["model: x", "# preflight: ignore[image]", "input:", "  prompt: a", "  mode: b", "other: c", ""])
    read = load_text(text)
    (comment,) = read.comments
    assert (comment.line, comment.first, comment.last) == (2, 3, 5)
    assert read.places["input.mode"].line == 5
