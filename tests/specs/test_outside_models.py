"""Models of spec files, from the check to the repair: one with a reference video, one of pictures alone."""

from __future__ import annotations

import json
import shlex
import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

import preflight
from preflight.specs.schema import job_schema
from tests.support.command import CLIP, FIXTURES, PICTURE, here
from tests.support.command import preflight as preflight_process

MOTION = FIXTURES / "specs" / "motion-sibling.toml"
STILLS = FIXTURES / "specs" / "image-to-video.toml"


def stills(**more: Any) -> dict[str, Any]:
    return {"model": "stills-v2-image-to-video", "input": {"image_urls": [PICTURE], "prompt": "walk", **more}}


def motion(**more: Any) -> dict[str, Any]:
    return {"model": "sibling-v1-motion", "input": {"character_url": PICTURE, "motion_url": CLIP, **more}}


def checked(body: dict[str, Any], spec: Path) -> preflight.JobReport:
    return preflight.check(body, options=preflight.Options(spec=spec)).jobs[0]


@pytest.mark.parametrize(
    ("body", "spec", "credits"),
    [
        (stills(), STILLS, 70),
        (stills(duration=10), STILLS, 140),
        (stills(duration=10, mode="pro"), STILLS, 235),
        (motion(), MOTION, 84),
        (motion(quality="1080p", keep_sound=False), MOTION, 150),
    ],
)
def test_a_job_passes_and_has_its_price(body: dict[str, Any], spec: Path, credits: int) -> None:  # noqa: A002
    job = checked(body, spec)
    assert job.verdict is preflight.Verdict.PASS
    assert job.quote is not None
    assert job.quote.exact
    assert job.quote.credits == Decimal(credits)


@pytest.mark.parametrize(
    ("body", "rule", "field"),
    [
        (stills(duration=7), "duration-unsupported", "input.duration"),
        (stills(duration="5"), "field-type", "input.duration"),
        (stills(duration=True), "field-type", "input.duration"),
        (stills(duration=5.5), "field-type", "input.duration"),
        (stills(guidance=1.5), "field-type", "input.guidance"),
        (stills(mode="720p"), "mode-invalid", "input.mode"),
        (stills(image_urls=[]), "input-count", "input.image_urls"),
        (stills(image_urls=[PICTURE] * 3), "input-count", "input.image_urls"),
        (stills(video_urls=[CLIP]), "field-unknown", "input.video_urls"),
        (stills(character_orientation="video"), "field-unknown", "input.character_orientation"),
        (stills(image_urls=[str(FIXTURES / "pictures" / "299-wide.png")]), "image-too-small", "input.image_urls[0]"),
        (stills(image_urls=[PICTURE, CLIP]), "image-format", "input.image_urls[1]"),
    ],
)
def test_a_broken_job_fails_by_the_rule(body: dict[str, Any], rule: str, field: str) -> None:
    found = [(finding.rule, finding.field) for finding in checked(body, STILLS).findings]
    assert found == [(rule, field)]


def test_limits_are_those_of_the_spec() -> None:
    clips = FIXTURES / "clips"
    assert checked(motion(motion_url=str(clips / "2.9-seconds.mp4")), MOTION).verdict is preflight.Verdict.PASS
    long = checked(motion(motion_url=str(clips / "30-seconds.mp4")), MOTION)
    assert [finding.rule for finding in long.findings] == ["video-too-long"]
    assert long.findings[0].allowed == "2–20.5 s"
    mov = checked(motion(motion_url=str(clips / "fast-start.mov")), MOTION)
    assert "video-container" in {finding.rule for finding in mov.findings}


def test_files_by_themselves_are_judged_and_priced() -> None:
    report = preflight.check(PICTURE, options=preflight.Options(spec=STILLS))
    assert report.jobs[0].quote is not None
    clip = preflight.check(CLIP, options=preflight.Options(spec=STILLS)).jobs[0]
    assert [(each.rule, each.message) for each in clip.findings] == [
        ("video-container", "stills-v2-image-to-video takes no video")
    ]


def test_two_specs_of_one_model_do_not_meet_in_one_process(tmp_path: Path) -> None:
    dear = tmp_path / "dear.toml"
    dear.write_text(STILLS.read_text("utf-8").replace("credits = 70", "credits = 700"), "utf-8")
    with preflight.Engine(preflight.Options(spec=STILLS)) as one, preflight.Engine(preflight.Options(spec=dear)) as two:
        job = preflight.load_job(_written(tmp_path, stills()))
        prices = [engine.check([job]).jobs[0].quote for engine in (one, two, one)]
    assert [price and price.credits for price in prices] == [70, 700, 70]


def test_a_keyword_that_the_model_does_not_have_is_refused() -> None:
    options = preflight.Options(spec=STILLS)
    with pytest.raises(preflight.ConfigurationError, match="has no orientation"):
        preflight.check(image=PICTURE, orientation="video", options=options)
    with pytest.raises(preflight.ConfigurationError, match="standard or pro"):
        preflight.check(image=PICTURE, mode="720p", options=options)
    with pytest.raises(preflight.ConfigurationError, match="5 or 10"):
        preflight.estimate(seconds=7, options=options)


def test_the_folder_of_specs_is_named_by_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _written(tmp_path, stills(mode="pro"))
    assert here("check", path, "--format", "json").code == 1
    monkeypatch.setenv("PREFLIGHT_SPECS", str(FIXTURES / "specs"))
    assert here("check", path, "--format", "json").job["quote"]["credits"] == 120
    assert here("check", "--image", PICTURE, "--model", "stills-v2-image-to-video", "--prompt", "x", "-q").code == 0
    assert "sibling-v1-motion" in here("rules", "--model", "sibling-v2-motion").err


def completed(*words: str, specs: Path | None = None) -> list[str]:
    """The words that the shell offers for the last one."""
    env = {"_PREFLIGHT_COMPLETE": "bash_complete", "COMP_WORDS": " ".join(("preflight", *words)),
           "COMP_CWORD": str(len(words))}  # fmt: skip
    more = {} if specs is None else {"PREFLIGHT_SPECS": str(specs)}
    return [line.partition(",")[2] for line in preflight_process(env={**env, **more}).out.splitlines()]


def test_the_shell_offers_models_and_choices_of_the_specs() -> None:
    assert completed("check", "--model", "s", specs=FIXTURES / "specs") == [
        "stills-v2-image-to-video", "sibling-v1-motion"
    ]  # fmt: skip
    assert completed("check", "--spec", str(STILLS), "--mode", "") == ["standard", "pro"]
    assert completed("check", "--spec", str(FIXTURES / "none.toml"), "--mode", "") == ["720p", "1080p"]


def test_a_settings_file_that_was_found_names_no_specs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "preflight.toml").write_text(f"specs = {json.dumps(str(FIXTURES / 'specs'))}\n", "utf-8")
    path = _written(tmp_path, stills())
    monkeypatch.chdir(tmp_path)
    ran = here("check", path)
    assert ran.code == 2
    assert "it would decide limits and prices" in ran.err
    assert here("check", path, "--config", "preflight.toml", "-q").code == 0


def test_the_rules_of_a_model_have_source_and_day() -> None:
    spec = here("rules", "--spec", STILLS, "--format", "json").json["spec"]
    assert spec["since"] == "2026-11-18"
    assert {row["value"] for row in spec["rows"] if row["area"] == "price"} >= {"235 credits a clip of 10 s"}
    assert all(row["source"] for row in spec["rows"])


def test_the_schema_fits_the_model() -> None:
    schema = here("schema", "job", "--spec", STILLS).json
    assert schema == job_schema(preflight.load_spec(STILLS))
    validator = Draft7Validator(schema)
    assert validator.is_valid(stills(duration=10, guidance=0.5))
    for wrong in (stills(duration=7), stills(guidance=2), stills(image_urls=[]), stills(image_urls=["a", "b", "c"])):
        assert not validator.is_valid(wrong)


@pytest.mark.parametrize("spec", [MOTION, STILLS])
def test_a_fresh_job_of_the_model_passes_offline(spec: Path, tmp_path: Path) -> None:
    assert here("init", tmp_path, "--spec", spec).code == 0
    ran = here("check", tmp_path / "job.yaml", "--offline", "--spec", spec, "--format", "json")
    assert ran.job["findings"] == []


def test_a_job_is_repaired_by_its_spec(tmp_path: Path) -> None:
    shutil.copy(FIXTURES / "pictures" / "png-named.jpg", tmp_path / "a.jpg")
    shutil.copy(FIXTURES / "pictures" / "webp-named.png", tmp_path / "b.png")
    path = _written(tmp_path, stills(image_urls=["a.jpg", "b.png"]))
    assert here("fix", path, "--spec", STILLS, "--format", "json").code == 0
    again = here("check", tmp_path / "job.fixed.json", "--spec", STILLS, "--format", "json")
    assert (again.code, again.job["verdict"]) == (0, "pass")


def test_a_package_brings_a_model_by_its_entry_point(tmp_path: Path) -> None:
    about = tmp_path / "my_stills-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: my-stills\nVersion: 1\n", "utf-8")
    (about / "entry_points.txt").write_text(
        "[preflight.specs]\nstills-v2-image-to-video = my_stills:SPEC_FILE\n", "utf-8"
    )
    (tmp_path / "my_stills.py").write_text(f"SPEC_FILE = {str(STILLS)!r}\n", "utf-8")
    path = _written(tmp_path, stills(duration=10))
    ran = preflight_process("check", path, "--format", "json", env={"PYTHONPATH": str(tmp_path)})
    assert (ran.code, ran.job["quote"]["credits"]) == (0, 140)


def test_a_report_says_which_specs_it_misses(tmp_path: Path) -> None:
    saved, page = tmp_path / "report.json", tmp_path / "report.html"
    assert here("check", _written(tmp_path, motion()), "--spec", MOTION, "--format", f"json:{saved}").code == 0
    ran = here("report", saved, "--format", "text", "--format", f"html:{page}")
    assert "no spec for sibling-v1-motion" in ran.err
    assert "in one mode" not in ran.out
    named = here("report", saved, "--spec", MOTION)
    assert (named.err, "480p 84 · 1080p 150 credits" in named.out) == ("", True)
    ran = preflight_process("report", saved, env={"PREFLIGHT_SPECS": str(FIXTURES / "specs")})
    assert (ran.err, "480p 84 · 1080p 150 credits" in ran.out) == ("", True)


def test_the_commands_after_init_name_the_spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(STILLS, tmp_path / "my model.toml")
    ran = here("init", "jobs", "--spec", "my model.toml")
    (line,) = [line for line in ran.out.splitlines() + ran.err.splitlines() if line.startswith("next")]
    words = shlex.split(line)[2:]
    assert here(*words).code == 0
    assert "check job.yaml --spec '../my model.toml'" in (tmp_path / "jobs" / "job.yaml").read_text("utf-8")


@pytest.mark.parametrize(
    ("rule", "spec", "said"),
    [
        ("video-too-long", MOTION, "length: at most 20.5 s (page:10)"),
        ("video-too-long", STILLS, "the model takes no video"),
        ("mode-invalid", STILLS, "input.mode: standard or pro"),
        ("unreachable", STILLS, "the same as for every model"),
    ],
)
def test_a_rule_is_explained_with_the_limits_of_the_model(rule: str, spec: Path, said: str) -> None:
    assert said in here("explain", rule, "--spec", spec).out
    assert "In " not in here("explain", rule).out.split("What it checks")[0]


def test_a_sheet_is_drawn_of_jobs_of_the_model(tmp_path: Path) -> None:
    _written(tmp_path, motion())
    ran = here("sheet", tmp_path / "job.json", "-o", tmp_path / "a.png", "--spec", MOTION, "--only", "pass")
    assert (ran.code, (tmp_path / "a.png").is_file()) == (0, True), ran.err


@pytest.mark.parametrize("words", [[], ["--spec", FIXTURES / "specs" / "motion-sibling.toml"]])
def test_a_model_is_known_by_its_own_field_for_the_name(words: list[Any], tmp_path: Path) -> None:
    path = _written(tmp_path, {"engine": "Odd.Names_1", "parameters": {"firstFrame": PICTURE, "secs": "8"}})
    ran = here("check", path, "--format", "json", "--spec", FIXTURES / "specs" / "odd-names.toml", *words)
    assert (ran.code, ran.job["model"], ran.job["quote"]["credits"]) == (0, "Odd.Names_1", 28)


def _written(folder: Path, body: dict[str, Any]) -> Path:
    path = folder / "job.json"
    path.write_text(json.dumps(body), "utf-8")
    return path
