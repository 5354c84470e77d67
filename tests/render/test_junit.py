"""``--format junit``: XML that other readers of JUnit understand, with a case for whatever was looked at."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from junit2htmlreport.parser import Case, Junit

from tests.support.command import CLIP, FIXTURES, PICTURE, preflight
from tests.support.jobs import job, write_job
from tests.support.snapshots import CASES, lay_out

PICTURES, CLIPS = FIXTURES / "pictures", FIXTURES / "clips"
XML_CHARACTERS = {9, 10, 13, *range(0x20, 0xD800), *range(0xE000, 0xFFFE), *range(0x10000, 0x110000)}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lay_out(tmp_path_factory.mktemp("tree"))


def junit(*arguments: str | Path, cwd: Path | None = None) -> str:
    ran = preflight("check", *arguments, "--format", "junit", cwd=cwd)
    assert ran.err == ""
    assert set(map(ord, ran.out)) <= XML_CHARACTERS
    return ran.out


def cases(text: str) -> dict[str, Case]:
    """The cases of a document, by name, as another reader of JUnit sees them."""
    return {case.name: case for suite in Junit(xmlstring=text).suites for case in suite.all()}


@pytest.mark.parametrize("case", CASES)
def test_every_finding_is_in_the_document_once(case: str, shop: Path) -> None:
    said = preflight("check", *CASES[case], "--format", "json", cwd=shop).json
    texts = [element.text or "" for element in ET.fromstring(junit(*CASES[case], cwd=shop)).iter()]
    for each in said["jobs"]:
        for finding in each["findings"]:
            label = "indeterminate" if finding["indeterminate"] else finding["severity"]
            assert any(f"{label}  {finding['rule']}" in text for text in texts), finding


@pytest.mark.parametrize("case", CASES)
def test_the_counts_are_those_of_the_cases(case: str, shop: Path) -> None:
    root = ET.fromstring(junit(*CASES[case], cwd=shop))
    for each in [root, *root.iter("testsuite")]:
        for name, tag in (("tests", "testcase"), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(each.attrib[name]) == len(list(each.iter(tag)))


def test_one_case_a_file_and_area_whether_it_fails_or_not(tmp_path: Path) -> None:
    good = cases(junit(write_job(tmp_path, job())))
    bad = cases(junit(write_job(tmp_path, job(mode="4k"))))
    assert list(good) == list(bad)
    assert [name.rpartition(": ")[2] for name in good] == [
        "fields",
        "transfer",
        "content",
        "transfer",
        "content",
        "price",
    ]
    assert [name for name, case in bad.items() if case.failed()] == ["fields"]
    assert not any(case.failed() for case in good.values())


def test_a_failure_says_rule_place_and_fix(tmp_path: Path) -> None:
    path = write_job(tmp_path, job(mode="4k"))
    case = cases(junit(path.name, cwd=tmp_path))["fields"]
    line = path.read_text().splitlines().index("  mode: 4k") + 1
    assert "must be 720p or 1080p" in str(case.failure_msg)
    assert str(case.failure).splitlines()[0] == f"error  mode-invalid  input.mode  job.yaml:{line}:9"
    assert "fix: mode: 720p or mode: 1080p" in str(case.failure)


def test_what_could_not_be_told_is_an_error_and_not_a_failure() -> None:
    root = ET.fromstring(junit(CLIPS / "moov-compressed-by-lzw.mov"))
    assert (root.attrib["errors"], root.attrib["failures"]) == ("1", "0")
    ignored = ET.fromstring(junit(CLIPS / "zeros.mp4", "--ignore", "video-container"))
    assert ignored.attrib["failures"] == "0"


def test_what_was_not_read_is_skipped_and_not_passed(tmp_path: Path) -> None:
    root = ET.fromstring(junit("http://127.0.0.1:9/a.mp4", cwd=tmp_path))
    outcomes = {case.attrib["name"]: [child.tag for child in case] for case in root.iter("testcase")}
    assert outcomes == {"address": ["failure"], "transfer": ["skipped"], "content": ["skipped"]}


def test_an_ignored_reason_leaves_an_error_for_what_could_not_be_told(tmp_path: Path) -> None:
    text = junit("http://127.0.0.1:9/a.mp4", "--allow-host", "127.0.0.1", "--ignore", "unreachable", cwd=tmp_path)
    root = ET.fromstring(text)
    assert int(root.attrib["errors"]) > 0


THRESHOLDS: dict[str, tuple[list[str], int]] = {
    "default": ([], 0),
    "strict": (["--strict"], 2),
    "note": (["--fail-on", "note"], 2),
}


@pytest.mark.parametrize(("options", "failures"), THRESHOLDS.values(), ids=THRESHOLDS)
def test_what_is_below_the_threshold_is_output_and_what_is_at_it_fails(
    options: list[str], failures: int, tmp_path: Path
) -> None:
    (tmp_path / "a.png").write_bytes((PICTURES / "cmyk.jpg").read_bytes())
    root = ET.fromstring(junit("a.png", *options, cwd=tmp_path))
    assert int(root.attrib["failures"]) == failures
    out = "".join(element.text or "" for element in root.iter("system-out"))
    assert ("image-color-mode" in out) is (failures == 0)
    assert "JPEG · 480×640 · CMYK" in out


def test_rows_of_a_manifest_are_suites_of_their_own_with_names_of_their_own(tmp_path: Path) -> None:
    body: Any = job()
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps({"id": name, **body}) + "\n" for name in ("a", "b")))
    root = ET.fromstring(junit("rows.jsonl", "rows.jsonl", cwd=tmp_path))
    names = [suite.attrib["name"] for suite in root.iter("testsuite")]
    assert names == ["rows.jsonl:1 a", "rows.jsonl:2 b", "rows.jsonl:1 a #2", "rows.jsonl:2 b #2"]


def test_a_file_twice_in_a_job_has_two_sets_of_cases(tmp_path: Path) -> None:
    body = job()
    body["input"]["input_urls"] = [PICTURE, PICTURE]  # type: ignore[index]
    body["input"]["video_urls"] = [CLIP]  # type: ignore[index]
    names = [case.attrib["name"] for case in ET.fromstring(junit(write_job(tmp_path, body))).iter("testcase")]
    assert len(set(names)) == len(names)


def test_a_document_says_in_which_encoding_it_is(shop: Path) -> None:
    assert junit("folder", cwd=shop).startswith("<?xml version='1.0' encoding='utf-8'?>\n")
