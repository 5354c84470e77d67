"""The functions of the Python API: a job in every form a program has it, and keywords beside options."""

from __future__ import annotations

import asyncio
import inspect
import json
import subprocess
import sys
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import preflight
from preflight import AllowedHost, ConfigurationError, Job, JobUnreadable, Options, Report, Verdict
from tests.servers.lying import serving
from tests.support.command import CLIP, FIXTURES, PICTURE

FAST_START = FIXTURES / "clips" / "fast-start.mp4"
BODY: dict[str, Any] = {
    "model": "kling-v3-motion-control",
    "input": {"input_urls": [PICTURE], "video_urls": [CLIP], "mode": "720p"},
}


def credits_of(report: Report) -> int:
    assert report.quote is not None
    return int(report.quote.credits)


@pytest.fixture(name="forms")
def _forms(tmp_path: Path) -> dict[str, Any]:
    file = tmp_path / "job.json"
    file.write_text(json.dumps(BODY))
    path_like = {**BODY, "input": {**BODY["input"], "video_urls": (Path(CLIP),)}}
    return {
        "mapping": BODY,
        "mapping with paths": path_like,
        "job": Job(body=BODY),
        "text": json.dumps(BODY),
        "yaml": f"model: kling-v3-motion-control\ninput: {{input_urls: [{PICTURE}], video_urls: [{CLIP}]}}\n",
        "path": str(file),
        "path-like": file,
    }


@pytest.mark.parametrize("call", ["check", "check_async", "estimate", "probe", "fix"])
@pytest.mark.parametrize("form", ["mapping", "mapping with paths", "job", "text", "yaml", "path", "path-like"])
def test_a_job_is_taken_in_every_form(forms: Mapping[str, Any], form: str, call: str) -> None:
    given = forms[form]
    match call:
        case "check":
            assert preflight.check(given).verdict is Verdict.PASS
        case "check_async":
            assert credits_of(asyncio.run(preflight.check_async(given))) == 360
        case "estimate":
            quotes = preflight.estimate(given).jobs[0].quotes
            assert [int(quote.credits) for quote in quotes] == [360, 480]
        case "probe":
            image, video = preflight.probe(given)
            assert image.image is not None
            assert video.video is not None
        case _:
            found = preflight.fix(given, options=preflight.FixOptions(dry=True))
            assert {outcome.state for outcome in found} == {preflight.FixState.SOUND}


@pytest.mark.parametrize("given", [CLIP, Path(CLIP)], ids=["str", "path-like"])
def test_the_path_of_a_media_file_is_that_file(given: str | Path) -> None:
    report = preflight.check(given, mode="1080p")
    assert (report.jobs[0].bare, credits_of(report)) == (True, 480)


@pytest.mark.parametrize("name", ["gif.gif", "avif.avif", "dds.dds", "plain.tga", "plain"])
def test_a_picture_of_any_suffix_is_a_media_file(tmp_path: Path, name: str) -> None:
    fixture = FIXTURES / "pictures" / name
    path = tmp_path / name
    path.write_bytes(fixture.read_bytes() if fixture.exists() else Path(PICTURE).read_bytes())
    (subject,) = preflight.probe(path)
    assert subject.image is not None


def test_a_url_is_a_file_at_that_url() -> None:
    with serving({"a.mp4": FAST_START}) as server:
        url, options = server.url("ok", "a.mp4"), Options(allow=(AllowedHost.parse(server.authority),))
        report = preflight.check(url, options=options)
        assert report.jobs[0].subjects[0].source == url
        assert report.verdict is Verdict.PASS
        assert preflight.probe(url, options=options)[0].transfer.requests == 1
    with pytest.raises(ConfigurationError, match="a URL is a media file, where a job is expected"):
        preflight.submit_job("https://example.com/a.mp4", report, None, None)  # type: ignore[arg-type]


def test_a_manifest_and_a_folder_give_several_jobs(tmp_path: Path) -> None:
    (tmp_path / "jobs.csv").write_text(f"image,video\n{PICTURE},{CLIP}\n{PICTURE},{FAST_START}\n")
    assert len(preflight.check(tmp_path / "jobs.csv").jobs) == 2
    assert len(preflight.check(tmp_path).jobs) == 2


@pytest.mark.parametrize(
    ("keywords", "credits_expected"),
    [
        ({"mode": "1080p", "options": Options()}, 480),
        ({"mode": "1080p", "options": Options(mode="1080p")}, 480),
        ({"options": Options(mode="1080p")}, 480),
        ({"mode": "720p", "options": Options(max_credits=Decimal(1000))}, 360),
        ({"orientation": "image", "mode": "1080p", "options": Options()}, 400),
        ({"model": "kling-v3-motion-control", "options": Options(mode="1080p")}, 480),
    ],
)
@pytest.mark.parametrize("image", [None, PICTURE], ids=["clip", "job"])
def test_keywords_and_options_add_up(keywords: dict[str, Any], credits_expected: int, image: str | None) -> None:
    assert credits_of(preflight.check(image=image, video=CLIP, **keywords)) == credits_expected
    assert credits_of(asyncio.run(preflight.check_async(image=image, video=Path(CLIP), **keywords))) == credits_expected


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"video": CLIP, "mode": "1080p", "options": Options(mode="720p")}, "mode='1080p' contradicts options"),
        (
            {"video": CLIP, "orientation": "image", "options": Options(orientation="video")},
            "orientation='image' contra",
        ),
        ({"video": CLIP, "mode": "4k"}, "mode must be 720p or 1080p, not '4k'"),
        ({"video": CLIP, "options": Options(mode="4k")}, "mode must be 720p or 1080p"),
        ({"video": CLIP, "orientation": "left"}, "orientation must be"),
        ({"video": CLIP, "model": "kling-v9"}, "no spec for the model 'kling-v9'"),
        ({"job": BODY, "mode": "1080p"}, "the job says input.mode: 720p"),
        ({"job": BODY, "video": CLIP}, "a job names its own image, video and prompt"),
        ({"job": BODY, "prompt": "dance"}, "a job names its own image, video and prompt"),
        ({"video": CLIP, "prompt": "dance"}, "a prompt belongs to a job"),
        ({}, "nothing to check"),
        ({"job": 7}, "a job is a mapping, a Job, a path or text, not int"),
        ({"job": ""}, "an empty name"),
        ({"job": {"input": {"video_urls": {1, 2}}}}, "input.video_urls: JSON has no set"),
        ({"job": {"input": {"mode": float("nan")}}}, "input.mode: JSON has no nan"),
        ({"job": {7: "x"}}, "the name of a field is text"),
    ],
)
def test_contradictions_and_nonsense_raise(keywords: dict[str, Any], message: str) -> None:
    for call in (preflight.check, preflight.estimate, lambda **each: asyncio.run(preflight.check_async(**each))):
        with pytest.raises(ConfigurationError, match=message):
            call(**keywords)


def test_a_mapping_that_contains_itself_is_refused() -> None:
    body: dict[str, Any] = {}
    body["input"] = body
    with pytest.raises(ConfigurationError, match="contains itself"):
        preflight.check(body)


def test_a_keyword_may_repeat_what_the_job_says() -> None:
    assert credits_of(preflight.check(BODY, mode="720p", orientation="video", model="kling-v3-motion-control")) == 360


def test_findings_of_a_job_from_code_have_fields_and_no_line() -> None:
    report = preflight.check({**BODY, "input": {**BODY["input"], "mode": "4k", "promt": "x"}})
    found = {finding.rule: finding for finding in report.jobs[0].findings}
    assert found["mode-invalid"].field == "input.mode"
    assert found["field-unknown"].field == "input.promt"
    assert {(each.path, each.line, each.column) for each in found.values()} == {(None, None, None)}


def test_findings_of_a_text_have_its_lines() -> None:
    report = preflight.check(f"model: kling-v3-motion-control\ninput:\n  video_urls: [{CLIP}]\n  mode: 4k\n")
    assert {(finding.path, finding.line) for finding in report.jobs[0].findings if finding.field == "input.mode"} == {
        (None, 4)
    }


def test_a_job_that_cannot_be_read_raises() -> None:
    with pytest.raises(JobUnreadable, match="no such file"):
        preflight.check("missing.yaml")
    with pytest.raises(JobUnreadable, match="<text>"):
        preflight.check("{\n")


def test_the_body_is_copied() -> None:
    body = json.loads(json.dumps(BODY))
    job = preflight.check(body)
    body["input"]["mode"] = "1080p"
    assert preflight.check(BODY).jobs[0].identity == job.jobs[0].identity


@pytest.mark.parametrize("seconds", [12, "12.5", Decimal("12.5"), Fraction(25, 2)])
def test_a_length_is_priced_without_a_file(seconds: int | str | Decimal | Fraction) -> None:
    quotes = {quote.mode: quote for quote in preflight.estimate(seconds=seconds, mode="1080p").jobs[0].quotes}
    assert quotes["1080p"].seconds == Fraction(seconds)
    assert set(quotes) == {"720p", "1080p"}


@pytest.mark.parametrize("seconds", ["x", 0, "-3", float("inf")])
def test_a_length_that_is_none_is_refused(seconds: Any) -> None:
    with pytest.raises(ConfigurationError, match="a length is"):
        preflight.estimate(seconds=seconds)


@pytest.mark.parametrize("name", ["check", "check_async", "estimate", "probe", "fix", "submit_job", "submit_job_async"])
def test_help_lists_real_keywords(name: str) -> None:
    parameters = inspect.signature(getattr(preflight, name)).parameters
    assert not [each for each in parameters.values() if each.kind is each.VAR_KEYWORD]


def test_fix_is_the_function_whatever_was_loaded_before() -> None:
    code = (
        "import preflight.fix.plan, preflight; from preflight.fix import outcome; from preflight import fix;"
        "print(callable(fix), callable(preflight.fix), outcome.__name__)"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).split() == [
        "True",
        "True",
        "preflight.fix.outcome",
    ]


def test_every_error_class_is_exported() -> None:
    classes = {
        name for name, each in vars(preflight.errors).items() if isinstance(each, type) and issubclass(each, Exception)
    }
    assert classes <= set(preflight.__all__)


def test_an_error_of_a_thread_reaches_the_event_loop() -> None:
    async def run() -> None:
        with pytest.raises(ConfigurationError, match="2 jobs"):
            await preflight.submit_job_async(
                BODY,
                Report(jobs=(preflight.check(BODY).jobs[0],) * 2, verdict=Verdict.PASS),
                None,
                None,  # type: ignore[arg-type]
            )

    asyncio.run(run())


def test_a_ledger_is_a_context_manager_of_both_kinds(tmp_path: Path) -> None:
    async def run() -> None:
        async with preflight.Ledger(tmp_path / "ledger.sqlite3") as ledger:
            assert ledger.entries() == ()

    asyncio.run(run())
    with preflight.Ledger(tmp_path / "ledger.sqlite3") as ledger:
        assert ledger.entries() == ()
