"""What ``preflight check`` makes of a request body, and how options turn findings into an exit code."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.servers.lying import Server, serving
from tests.support.command import CLIP, FIXTURES, PICTURE, check, here, preflight
from tests.support.jobs import job, write_job
from tests.support.media import picture

CLIPS, PICTURES = FIXTURES / "clips", FIXTURES / "pictures"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving({"a.png": Path(PICTURE), "a.mp4": Path(CLIP), "no-moov.mp4": CLIPS / "no-moov.mp4"}) as running:
        yield running


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A picture that is warned of, and no more."""
    path = tmp_path / "small.png"
    path.write_bytes(picture(320, 320))
    return path


PROMPTS = {
    "2500-letters": ("x" * 2500, 0),
    "2501-letters": ("x" * 2501, 1),
    "2500-characters-of-four-bytes": ("💃" * 2500, 0),
    "2501-characters-of-four-bytes": ("💃" * 2501, 1),
}


@pytest.mark.parametrize("given", ["option", "file"])
@pytest.mark.parametrize(("prompt", "code"), PROMPTS.values(), ids=PROMPTS)
def test_a_prompt_has_at_most_2500_characters(prompt: str, code: int, given: str, tmp_path: Path) -> None:
    if given == "file":
        ran = check(write_job(tmp_path, job(prompt=prompt)))
    else:
        ran = check("--image", PICTURE, "--video", CLIP, "--prompt", prompt)
    assert ran.code == code
    assert ran.severities() == ({"prompt-too-long": "error"} if code else {})


CHOICES = {
    "mode-720p": ({"mode": "720p"}, {}),
    "mode-1080p": ({"mode": "1080p"}, {}),
    "mode-4k": ({"mode": "4k"}, {"mode-invalid": "error"}),
    "mode-in-capitals": ({"mode": "720P"}, {"mode-invalid": "error"}),
    "mode-as-number": ({"mode": 720}, {"field-type": "error"}),
    "mode-empty": ({"mode": ""}, {"mode-invalid": "error"}),
    "orientation-image": ({"character_orientation": "image"}, {"video-over-orientation-cap": "warning"}),
    "orientation-video": ({"character_orientation": "video"}, {}),
    "orientation-portrait": ({"character_orientation": "portrait"}, {"orientation-invalid": "error"}),
}


@pytest.fixture(scope="module")
def chosen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """All of these checked at once, a file each: the job of each case."""
    folder = tmp_path_factory.mktemp("choices")
    paths = {case: write_job(folder, job(**fields), f"{case}.yaml") for case, (fields, _) in CHOICES.items()}
    ran = check(*paths.values())
    return {case: ran.job_of(path) for case, path in paths.items()}


@pytest.mark.parametrize("case", CHOICES)
def test_mode_and_orientation_are_choices(case: str, chosen: dict[str, Any]) -> None:
    expected = CHOICES[case][1]
    found = {finding["rule"]: finding["severity"] for finding in chosen[case]["findings"]}
    found.pop("price-ambiguous", None)
    assert found == expected
    assert chosen[case]["verdict"] == ("fail" if "error" in expected.values() else "pass")


@pytest.mark.parametrize("option", [("--mode", "4k"), ("--orientation", "portrait")], ids=["mode", "orientation"])
def test_an_invalid_choice_on_the_command_line_is_a_usage_error(option: tuple[str, str]) -> None:
    ran = check("--image", PICTURE, "--video", CLIP, *option)
    assert (ran.code, ran.out) == (2, "")
    assert option[1] in ran.err


@pytest.mark.parametrize("field", ["input_urls", "video_urls"])
@pytest.mark.parametrize(("count", "severity"), [(0, "error"), (1, None), (2, "warning"), (3, "warning")])
def test_the_service_uses_one_image_and_one_video(field: str, count: int, severity: str | None, tmp_path: Path) -> None:
    body = job()
    body["input"][field] = [PICTURE if field == "input_urls" else CLIP] * count
    ran = check(write_job(tmp_path, body))
    assert ran.severities() == ({"input-count": severity} if severity else {})
    assert ran.code == (1 if severity == "error" else 0)


def test_exit_code_0_says_pass(tmp_path: Path) -> None:
    ran = preflight("check", write_job(tmp_path), "--format", "json")
    assert (ran.code, ran.json["verdict"], ran.err) == (0, "pass", "")


def test_exit_code_1_says_fail(tmp_path: Path) -> None:
    ran = preflight("check", write_job(tmp_path, job(mode="4k")), "--format", "json")
    assert (ran.code, ran.json["verdict"], ran.err) == (1, "fail", "")


def test_exit_code_2_says_that_there_was_nothing_to_check(tmp_path: Path) -> None:
    assert (preflight("check").code, preflight("check", tmp_path).code) == (2, 2)


def test_exit_code_3_says_that_something_could_not_be_examined(server: Server) -> None:
    url = server.url("refused", "a.mp4")
    ran = preflight("check", "--video", url, "--allow-host", "127.0.0.1", "--format", "json")
    assert (ran.code, ran.json["verdict"], ran.rules) == (3, "indeterminate", {"unreachable", "url-insecure"})


def test_exit_code_5_says_over_budget(tmp_path: Path) -> None:
    ran = preflight("check", write_job(tmp_path), "--max-credits", "359", "--format", "json")
    assert (ran.code, ran.json["verdict"], ran.severities()) == (5, "fail", {"over-budget": "error"})


@pytest.mark.parametrize(
    ("name", "budget", "code"),
    [
        ("12-seconds.mp4", "360", 0),
        ("12-seconds.mp4", "359.9", 5),
        ("12-seconds.mp4", "0", 5),
        ("8.5-seconds.mp4", "270", 0),
        ("8.5-seconds.mp4", "269", 5),
        ("8.5-seconds.mp4", "255", 5),
    ],
)
def test_the_budget_holds_for_all_that_may_be_charged(name: str, budget: str, code: int) -> None:
    assert check("--image", PICTURE, "--video", CLIPS / name, "--max-credits", budget).code == code


# Options, and what becomes of a warning with them.
THRESHOLDS = {
    "": 0,
    "--strict": 1,
    "--fail-on warning": 1,
    "--fail-on error": 0,
    "--fail-on error --strict": 1,
    "--strict --ignore image-too-small": 0,
    "--strict --select image-aspect-ratio": 0,
    "--strict --select image-too-small": 1,
    "--strict --select image-too-small --ignore image-too-small": 0,
}


@pytest.mark.parametrize("options", THRESHOLDS)
def test_a_warning_fails_when_it_is_asked_to(options: str, small: Path) -> None:
    ran = check("--image", small, *options.split())
    code = THRESHOLDS[options]
    assert (ran.code, ran.json["verdict"]) == (code, "fail" if code else "pass")


def test_a_note_fails_when_it_is_asked_to(server: Server) -> None:
    arguments = ["--image", server.url("ok", "a.png"), "--allow-host", server.authority]
    assert [check(*arguments, *more).code for more in ([], ["--strict"], ["--fail-on", "note"])] == [0, 0, 1]


def test_several_jobs_add_up_to_the_most_serious_verdict(server: Server, tmp_path: Path) -> None:
    good, bad = write_job(tmp_path), write_job(tmp_path, job(mode="4k"), "bad.yaml")
    lost = write_job(tmp_path, job(image=server.url("refused", "a.png")), "lost.yaml")
    allowed = ["--allow-host", "127.0.0.1"]
    assert check(good, lost, *allowed).code == 3
    assert check(good, lost, bad, *allowed).code == 1
    assert check(good, lost, bad, *allowed, "--max-credits", "1").code == 5
    assert [job["verdict"] for job in check(good, lost, bad, *allowed).json["jobs"]] == [
        "pass",
        "indeterminate",
        "fail",
    ]


# What kept a file from being examined, and where such a file is.
UNEXAMINED = {
    "unreachable": ("refused", "a.png"),
    "http-status": ("status-404", "a.png"),
    "not-media": ("html", "a.png"),
    "video-incomplete": ("ok", "no-moov.mp4"),
}


@pytest.mark.parametrize("option", ["--ignore", "--select"])
@pytest.mark.parametrize("rule", UNEXAMINED)
def test_a_rule_that_is_not_wanted_does_not_make_an_unexamined_file_good(
    rule: str, option: str, server: Server
) -> None:
    behaviour, name = UNEXAMINED[rule]
    field = "--image" if name.endswith("png") else "--video"
    arguments = [field, server.url(behaviour, name), "--allow-host", "127.0.0.1"]
    assert rule in check(*arguments).rules
    ran = check(*arguments, option, rule if option == "--ignore" else "image-aspect-ratio")
    assert rule not in ran.rules
    assert (ran.code, ran.json["verdict"]) == (3, "indeterminate")


@pytest.mark.parametrize("url", ["http://10.0.0.1/a.png", "htps://example.com/a.png", "file:///etc/passwd"])
def test_a_refused_address_is_not_good_because_its_rule_is_ignored(url: str) -> None:
    ran = check("--image", url, "--ignore", "url-not-public")
    assert (ran.code, ran.json["verdict"]) == (3, "indeterminate")


def test_an_unknown_rule_is_a_usage_error_that_suggests_one() -> None:
    ran = check(PICTURE, "--ignore", "image-to-small")
    assert (ran.code, ran.out) == (2, "")
    assert "image-too-small" in ran.err


def test_quiet_keeps_the_findings_and_twice_says_it_by_the_exit_code_alone(small: Path) -> None:
    ran = here("check", "--image", small, "--strict", "--quiet")
    assert (ran.code, ran.err) == (1, "")
    assert "warning  image-too-small" in ran.out
    assert "read" not in ran.out
    ran = here("check", "--image", small, "--strict", "-qq")
    assert (ran.code, ran.out, ran.err) == (1, "", "")
