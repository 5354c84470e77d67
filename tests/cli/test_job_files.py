"""Job files, manifests and standard input as users get them wrong: the right code, and the place of the mistake."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import CLIP, FIXTURES, PICTURE, check, here, preflight
from tests.support.jobs import MODEL, job, write_job

CLIPS, PICTURES = FIXTURES / "clips", FIXTURES / "pictures"
GOOD = f"model: {MODEL}\ninput:\n  input_urls: [{PICTURE}]\n  video_urls: [{CLIP}]\n"
BAD_YAML = f"model: {MODEL}\ninput:\n  input_urls: [a.png\n  video_urls: b.mp4\n"
BAD_JSON = f'{{"model": "{MODEL}",\n "input": {{"input_urls": ["a.png"],}}\n}}\n'

# Nine lists of nine, nine deep: 387 million strings.
BOMB = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9)
)

# What no loader can make a job of, and where the mistake is said to be, if it is at one place.
UNREADABLE = {
    "bad.yaml": (BAD_YAML.encode(), "bad.yaml:3:"),
    "tab.yaml": (b"model: x\n\tinput: y\n", "tab.yaml:2:"),
    "bad.json": (BAD_JSON.encode(), "bad.json:2:"),
    "cut.json": (b'{"model": "x", "input"', "cut.json:1:"),
    "binary.yaml": (Path(PICTURE).read_bytes(), "binary.yaml"),
    "zeros.yaml": (bytes(1000), "zeros.yaml"),
    "latin-1.yaml": ("prompt: Schöne Grüße\n".encode("latin-1"), "latin-1.yaml:1:"),
    "bomb.yaml": (BOMB.encode(), "bomb.yaml"),
    "deep.json": (b"[" * 100_000, "deep.json"),
    "two.yaml": (b"model: x\n---\nmodel: y\n", "two.yaml:"),
    "python.yaml": (b"!!python/object/apply:os.system ['true']\n", "python.yaml:1:"),
    "large.yaml": (b"# " + b"x" * (17 << 20), "large.yaml"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_is_no_job_file_is_a_usage_error_at_its_place(name: str, tmp_path: Path) -> None:
    data, place = UNREADABLE[name]
    (tmp_path / name).write_bytes(data)
    ran = check(tmp_path / name)
    assert (ran.code, ran.out) == (2, "")
    assert place in ran.err
    assert len(ran.err.splitlines()) <= 3
    assert len(ran.err) < 1000


@pytest.mark.parametrize("name", ["bad.yaml", "bomb.yaml"])
def test_a_real_process_says_so_on_standard_error(name: str, tmp_path: Path) -> None:
    data, place = UNREADABLE[name]
    (tmp_path / name).write_bytes(data)
    ran = preflight("check", name, cwd=tmp_path)
    assert (ran.code, ran.out) == (2, "")
    assert place in ran.err


# Bodies that can be read and are no job, and the findings about them.
NO_JOBS = {
    "empty": ("", {"field-missing"}),
    "only-a-comment": ("# nothing yet\n", {"field-missing"}),
    "a-list": ("- model: x\n", {"field-type"}),
    "a-string": ("just text\n", {"field-type"}),
    "a-number": ("42\n", {"field-type"}),
    "an-empty-mapping": ("{}\n", {"field-missing"}),
    "input-missing": (f"model: {MODEL}\n", {"field-missing"}),
    "input-a-string": (f"model: {MODEL}\ninput: dance\n", {"field-type"}),
    "input-empty": (f"model: {MODEL}\ninput:\n", {"field-type"}),
    "model-missing": (GOOD.partition("\n")[2], {"field-missing"}),
    "model-unknown": (GOOD.replace(MODEL, "kling-v2-motion-control"), {"model-unknown"}),
    "model-a-list": (GOOD.replace(MODEL, f"[{MODEL}]"), {"field-type"}),
    "urls-a-string": (GOOD.replace(f"[{PICTURE}]", PICTURE), {"field-type"}),
    "urls-a-mapping": (GOOD.replace(f"[{PICTURE}]", f"{{url: {PICTURE}}}"), {"field-type"}),
    "url-a-number": (GOOD.replace(f"[{PICTURE}]", "[7]"), {"field-type"}),
    "url-empty": (GOOD.replace(f"[{PICTURE}]", "[null]"), {"field-type"}),
    "prompt-a-list": (GOOD + "  prompt: [dance]\n", {"field-type"}),
    "prompt-a-truth-value": (GOOD + "  prompt: true\n", {"field-type"}),
    "duration-in-input": (GOOD + "  duration: 5\n", {"duration-unsupported"}),
    "duration-outside": (GOOD + "duration: 5\n", {"duration-unsupported"}),
    "mode-twice": (GOOD + "  mode: 720p\n  mode: 1080p\n", {"field-type"}),
    "callback-private": (GOOD + "callback_url: http://192.168.1.5/hook\n", {"callback-not-public"}),
    "callback-no-url": (GOOD + "callback_url: tomorrow\n", {"callback-not-public"}),
}


MEANT = {
    "input.promt": (GOOD + "  promt: dance\n", "input.prompt"),
    "input.Mode": (GOOD + "  Mode: 720p\n", "input.mode"),
    "input.orientation": (GOOD + "  orientation: image\n", "input.character_orientation"),
    "input.image_urls": (GOOD + f"  image_urls: [{PICTURE}]\n", "input.input_urls"),
    "mode": (GOOD + "mode: 720p\n", "input.mode"),
    "callback": (GOOD + "callback: https://example.com/\n", "callback_url"),
    "modle": (GOOD.replace("model:", "# model:") + "modle: kling-v3-motion-control\n", "'model'"),
    "input.modes": (GOOD + "  modes: 720p\n", "'input.mode'"),
}


@pytest.fixture(scope="module")
def wrong(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Any]:
    """All of these checked at once, a file each: the job of a case."""
    folder = tmp_path_factory.mktemp("wrong")
    paths = {case: folder / f"{case}.yaml" for case in (*NO_JOBS, *MEANT)}
    for case, path in paths.items():
        path.write_text((NO_JOBS | MEANT)[case][0])
    ran = check(*paths.values())
    assert ran.code == 1
    return lambda case: ran.job_of(paths[case])


@pytest.mark.parametrize("case", NO_JOBS)
def test_what_is_no_job_fails_by_its_rule(case: str, wrong: Callable[[str], Any]) -> None:
    found = wrong(case)
    assert found["verdict"] == "fail"
    errors = {finding["rule"] for finding in found["findings"] if finding["severity"] == "error"}
    assert errors == NO_JOBS[case][1]


@pytest.mark.parametrize("field", MEANT)
def test_an_unknown_field_comes_with_the_one_that_was_meant(field: str, wrong: Callable[[str], Any]) -> None:
    text, meant = MEANT[field]
    (finding,) = [each for each in wrong(field)["findings"] if each["rule"] == "field-unknown"]
    assert (finding["severity"], finding["field"]) == ("error", field)
    assert meant in finding["fix"]
    assert finding["line"] == len(text.splitlines())


def test_a_field_that_is_missing_comes_with_an_example_of_it(tmp_path: Path) -> None:
    path = tmp_path / "job.yaml"
    path.write_text(f"model: kling-v3-motion-control\ninput:\n  input_urls: [{PICTURE}]\n")
    assert check(path).finding("field-missing")["fix"] == (
        "add 'input.video_urls': video_urls: [\"https://example.com/dance.mp4\"]"
    )


def test_a_field_given_twice_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "job.yaml"
    path.write_text(GOOD + "model: kling-v3-motion-control\n")
    assert check(path).finding("field-type")["fix"] == "keep the one that you mean, and remove the other"


def test_a_path_that_leads_nowhere_is_named_for_each_field(tmp_path: Path) -> None:
    write_job(tmp_path, job(image="~/a.png", video="there/b.mp4"))
    out = preflight("check", "job.yaml", cwd=tmp_path).out
    assert out.count("error  url-not-public") == 2
    assert "there is no ~/a.png; '~' is not\n  read as the home folder" in out
    assert "there is no there/b.mp4" in out
    assert "relative to that file" in out


def test_a_prompt_of_three_megabytes_is_too_long_and_not_repeated(tmp_path: Path) -> None:
    path = tmp_path / "job.json"
    path.write_text(json.dumps(job(prompt="dance " * 500_000)))
    ran = check(path)
    assert (ran.code, ran.severities()) == (1, {"prompt-too-long": "error"})
    assert ran.finding("prompt-too-long")["measured"] == "3000000 characters"
    assert len(ran.out) < 10_000


@pytest.mark.parametrize(
    "arguments",
    [["job.yaml"], ["a.png"], ["--image", "a.png"], ["--video", "a.mp4"], ["x" * 5000], ["a\x00b"], ["--image", ""]],
    ids=["job", "picture", "image", "video", "long-name", "nul", "no-name"],
)
def test_a_file_that_is_not_there_is_a_usage_error(arguments: list[str]) -> None:
    ran = check(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err


def test_a_folder_stands_for_the_jobs_and_files_in_it(tmp_path: Path) -> None:
    assert check(tmp_path).code == 2
    (tmp_path / "set").mkdir()
    write_job(tmp_path / "set")
    (tmp_path / "set" / "other.yaml").write_text("on: push\n")
    (tmp_path / "set" / "b.png").write_bytes(Path(PICTURE).read_bytes())
    ran = check(tmp_path)
    assert (ran.code, [Path(job["path"]).name for job in ran.json["jobs"]]) == (0, ["b.png", "job.yaml"])
    assert check("--image", tmp_path).code == 2


def test_a_job_may_name_files_beside_it_and_says_which_are_missing(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(Path(PICTURE).read_bytes())
    ran = check(write_job(tmp_path, job(image="a.png", video="b.mp4")))
    assert (ran.code, ran.severities()) == (1, {"url-not-public": "error"})
    assert ran.finding("url-not-public")["field"] == "input.video_urls[0]"


def test_a_folder_in_a_job_cannot_be_examined(tmp_path: Path) -> None:
    ran = check(write_job(tmp_path, job(video=tmp_path)))
    assert (ran.code, ran.rules) == (3, {"unreachable"})


def test_standard_input_holds_a_job() -> None:
    ran = preflight("check", "-", "--format", "json", stdin=GOOD.encode())
    assert (ran.code, ran.json["verdict"], ran.json["quote"]["credits"]) == (0, "pass", 360)
    as_json = json.dumps(job(mode="4k")).encode()
    assert preflight("check", "-", "--format", "json", stdin=as_json).rules == {"mode-invalid"}


@pytest.mark.parametrize(("text", "code"), [(BAD_YAML, 2), ("", 1)], ids=["broken", "empty"])
def test_standard_input_is_held_to_the_same(text: str, code: int) -> None:
    ran = preflight("check", "-", "--format", "json", stdin=text.encode())
    assert ran.code == code
    assert ("-:3:" in ran.err) is (code == 2)


JSONL = [json.dumps({"id": "first", **job()}), '{"id": "second", ', json.dumps({"id": "third", **job(mode="4k")})]
CSV = [
    "id,image,video,mode",
    f"first,{PICTURE},{CLIP},720p",
    f"second,{PICTURE},{CLIP},720p,5",
    f"third,{PICTURE},{CLIP},4k",
]


@pytest.mark.parametrize(("name", "rows"), [("jobs.jsonl", JSONL), ("jobs.csv", CSV)], ids=["jsonl", "csv"])
def test_a_bad_row_of_a_manifest_fails_on_its_line_and_the_others_are_checked(
    name: str, rows: list[str], tmp_path: Path
) -> None:
    (tmp_path / name).write_text("\n".join(rows) + "\n")
    ran = check(tmp_path / name)
    first_line = 1 if name.endswith("jsonl") else 2
    assert (ran.code, ran.json["verdict"]) == (1, "fail")
    good, bad, invalid = ran.json["jobs"]
    assert (good["verdict"], good["id"], good["line"]) == ("pass", "first", first_line)
    assert (bad["verdict"], bad["line"], bad["findings"][0]["line"]) == ("fail", first_line + 1, first_line + 1)
    assert (invalid["verdict"], invalid["id"], invalid["line"]) == ("fail", "third", first_line + 2)
    (finding,) = invalid["findings"]
    assert (finding["rule"], finding["line"]) == ("mode-invalid", first_line + 2)
    assert (ran.json["quote"]["credits"], ran.json["quote"]["unpriced"]) == (720, 1)


def test_a_text_report_names_each_row(tmp_path: Path) -> None:
    (tmp_path / "jobs.jsonl").write_text("\n".join(JSONL) + "\n")
    text = here("check", tmp_path / "jobs.jsonl").out
    for said in ("first", "jobs.jsonl:2", "jobs.jsonl:3", "1 pass", "2 fail"):
        assert said in text


def test_an_empty_manifest_is_nothing_to_check(tmp_path: Path) -> None:
    (tmp_path / "jobs.csv").write_text("id,image,video\n")
    (tmp_path / "jobs.jsonl").write_text("")
    assert [check(tmp_path / name).code for name in ("jobs.csv", "jobs.jsonl")] == [2, 2]
