"""``--format sarif``: valid by the standard's schema, within what GitHub takes, pointing at the right places."""

from __future__ import annotations

import gzip
import json
import random
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

import pytest
from jsonschema import Draft4Validator

from preflight.model import Finding, JobReport, Kind, Report, Severity, Subject, Verdict
from preflight.render.build_servers.locations import SourceTree
from preflight.render.build_servers.sarif import COMPRESSED_BYTES, NO_FILE, RESULTS, sarif_object, sarif_text
from preflight.rules import RULES
from tests.servers.lying import Server, serving
from tests.support.command import CLIP, FIXTURES, PICTURE, SIGNED, preflight
from tests.support.jobs import MODEL, job, write_job
from tests.support.snapshots import CASES, lay_out

SCHEMA = Draft4Validator(json.loads((Path(__file__).parents[1] / "schemas" / "sarif-2.1.0.json").read_text("utf-8")))
PICTURES, CLIPS = FIXTURES / "pictures", FIXTURES / "clips"
TREE = SourceTree(root="/tree", folder="/tree/shop")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving({"a.png": PICTURES / "299-wide.png", "a.mp4": Path(CLIP)}) as running:
        yield running


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lay_out(tmp_path_factory.mktemp("tree"))


def checked(log: dict[str, Any]) -> dict[str, Any]:
    """The one run of a log that keeps the standard, and what GitHub asks beyond it."""
    assert [error.message for error in SCHEMA.iter_errors(log)] == []
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        (location,) = result["locations"]
        artifact = location["physicalLocation"]["artifactLocation"]
        parts = urlsplit(artifact["uri"])
        assert artifact["uri"].isascii()
        assert not set(artifact["uri"]) & set(' \\"<>^`{|}')
        assert (parts.scheme, parts.netloc) in {("", ""), ("file", "")}
        assert ("uriBaseId" in artifact) is (parts.scheme == "")
        assert location["physicalLocation"]["region"]["startLine"] >= 1
        assert len(result["message"]["text"]) <= 1000
    return run


def sarif(*arguments: str | Path, cwd: Path | None = None, stdin: bytes = b"") -> dict[str, Any]:
    ran = preflight("check", *arguments, "--format", "sarif", cwd=cwd, stdin=stdin)
    assert ran.err == ""
    return checked(ran.json)


def places(run: dict[str, Any]) -> dict[str, tuple[str, int, int | None]]:
    """URI, line and column of each rule's finding."""
    found = {}
    for result in run["results"]:
        physical = result["locations"][0]["physicalLocation"]
        region = physical["region"]
        found[result["ruleId"]] = (physical["artifactLocation"]["uri"], region["startLine"], region.get("startColumn"))
    return found


def report_of(*findings: Finding, **more: Any) -> Report:
    job = JobReport(model=MODEL, findings=findings, path="job.yaml", line=1, **more)
    return Report(jobs=(job,), verdict=Verdict.FAIL)


def log_of(report: Report, **more: Any) -> dict[str, Any]:
    return sarif_object(report, tree=TREE, to_utf16=lambda *place: place[-1], version="1.2.3", **more)


@pytest.mark.parametrize("case", CASES)
def test_what_is_checked_becomes_a_valid_log(case: str, shop: Path) -> None:
    run = sarif(*CASES[case], cwd=shop)
    assert run["results"]
    assert run["columnKind"] == "utf16CodeUnits"
    assert str(shop.parent) not in json.dumps(run)


def test_a_check_without_findings_is_a_valid_log_too() -> None:
    run = sarif(PICTURE, CLIP)
    assert run["results"] == []
    assert run["invocations"] == [{"executionSuccessful": True, "toolExecutionNotifications": []}]


def test_paths_are_those_from_the_root_of_the_repository(tmp_path: Path) -> None:
    inner = tmp_path / "a b" / "jobs"
    inner.mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    write_job(inner, job(mode="4k"))
    assert places(sarif("job.yaml", cwd=inner))["mode-invalid"][0] == "a%20b/jobs/job.yaml"
    assert places(sarif("../jobs/job.yaml", cwd=inner))["mode-invalid"][0] == "a%20b/jobs/job.yaml"


def test_a_file_outside_the_repository_has_a_file_uri(tmp_path: Path) -> None:
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / ".git").mkdir()
    path = write_job(tmp_path, job(mode="4k"))
    uri = places(sarif(path, cwd=tmp_path / "inside"))["mode-invalid"][0]
    assert uri == path.as_uri()


def test_a_name_of_any_bytes_comes_back_from_its_uri(shop: Path) -> None:
    uris = {
        result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        for result in sarif("folder", cwd=shop)["results"]
    }
    names = {unquote_to_bytes(uri).rpartition(b"/")[2] for uri in uris}
    assert {b"not-utf-8-\xff.png", "ünïcode 漢字 💃.png".encode(), b"line\nbreak \x1b[31m.png"} <= names


COLUMNS = {"plain": ("x", 0), "dancer": ("💃", 1), "four-dancers": ("💃💃💃💃", 4), "han": ("漢字", 0)}


@pytest.mark.parametrize(("prompt", "more"), COLUMNS.values(), ids=COLUMNS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_columns_count_utf_16_code_units(prompt: str, more: int, encoding: str, tmp_path: Path) -> None:
    body = '{{"input": {{"prompt": "{}", "mode": "4k", "input_urls": ["{}"], "video_urls": ["{}"]}}, "model": "{}"}}'
    line = body.format(prompt, PICTURE, CLIP, MODEL)
    (tmp_path / "job.json").write_text(f"\n{line}\n", encoding)
    found = places(sarif("job.json", cwd=tmp_path))["mode-invalid"]
    assert found == ("job.json", 2, line.index('"4k"') + 1 + more)


def test_what_was_given_as_a_url_is_on_no_remote_uri_and_names_it_in_the_message(
    server: Server, tmp_path: Path
) -> None:
    url = server.url("ok", "a.png")
    run = sarif(f"{url}?{SIGNED}", "--allow-host", server.authority, cwd=tmp_path)
    (result,) = [result for result in run["results"] if result["ruleId"] == "image-too-small"]
    artifact = result["locations"][0]["physicalLocation"]["artifactLocation"]
    assert artifact["uri"] == NO_FILE
    assert artifact["description"]["text"]
    assert f"File: {url}?…" in result["message"]["text"]


def test_options_and_standard_input_have_a_place_too(tmp_path: Path) -> None:
    given = ["--image", PICTURE, "--video", CLIP, "--prompt", "x" * 2501]
    assert places(sarif(*given, cwd=tmp_path)) == {"prompt-too-long": (NO_FILE, 1, None)}
    read = sarif("-", cwd=tmp_path, stdin=json.dumps(job(mode="4k")).encode())
    assert places(read) == {"mode-invalid": (NO_FILE, 1, None)}


def test_an_image_given_as_an_option_is_its_own_place(tmp_path: Path) -> None:
    (tmp_path / "small.png").write_bytes((PICTURES / "299-wide.png").read_bytes())
    run = sarif("--image", "small.png", "--video", CLIP, cwd=tmp_path)
    assert places(run) == {"image-too-small": ("small.png", 1, None)}


def test_what_could_not_be_told_makes_the_run_unsuccessful_and_is_notified() -> None:
    run = sarif(CLIPS / "moov-compressed-by-lzw.mov")
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    (note,) = invocation["toolExecutionNotifications"]
    assert (note["level"], note["associatedRule"]["id"]) == ("error", "video-corrupt")
    assert run["results"][0]["properties"]["indeterminate"] is True


def test_what_could_not_be_told_stays_so_when_its_rule_is_ignored() -> None:
    run = sarif(CLIPS / "moov-compressed-by-lzw.mov", "--ignore", "video-corrupt")
    assert run["results"] == []
    assert run["invocations"][0]["executionSuccessful"] is False
    assert "Could not be examined" in run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"]


def test_every_rule_is_described_as_github_asks() -> None:
    rules = sarif(PICTURE)["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [rule.id for rule in RULES]
    for rule in rules:
        assert all(rule[key]["text"] for key in ("shortDescription", "fullDescription", "help"))
        assert len(rule["fullDescription"]["text"]) <= 1024
        assert rule["help"]["markdown"]
        assert rule["defaultConfiguration"]["level"] in {"error", "warning", "note"}
        assert rule["properties"]["precision"] in {"very-high", "high", "medium", "low"}
        assert 0 < len(rule["properties"]["tags"]) <= 10


def test_rules_link_to_their_pages_where_those_are_published() -> None:
    run = checked(log_of(report_of(), pages="https://example.com/rules/"))
    assert run["tool"]["driver"]["rules"][0]["helpUri"] == f"https://example.com/rules/{RULES[0].id}.md"


def fingerprints(run: dict[str, Any]) -> dict[str, str]:
    return {result["ruleId"]: result["partialFingerprints"]["preflight/v1"] for result in run["results"]}


def test_fingerprints_survive_moved_lines_and_tell_files_apart(tmp_path: Path) -> None:
    path = write_job(tmp_path, job(image=PICTURES / "299-wide.png", mode="4k"))
    before = fingerprints(sarif("job.yaml", cwd=tmp_path))
    path.write_text(f"# moved\n\n{path.read_text()}")
    assert fingerprints(sarif("job.yaml", cwd=tmp_path)) == before
    path.rename(tmp_path / "other.yaml")
    assert not set(fingerprints(sarif("other.yaml", cwd=tmp_path)).values()) & set(before.values())


def test_the_same_twice_in_a_file_has_two_fingerprints(tmp_path: Path) -> None:
    row = json.dumps(job(mode="4k"))
    (tmp_path / "rows.jsonl").write_text(f"{row}\n{row}\n")
    first, second = sarif("rows.jsonl", cwd=tmp_path)["results"]
    assert first["partialFingerprints"] != second["partialFingerprints"]
    assert set(first["partialFingerprints"]) == {"primaryLocationLineHash", "preflight/v1"}


def finding(severity: Severity, message: str = "too much", line: int = 1) -> Finding:
    return Finding(rule="mode-invalid", severity=severity, message=message, path="job.yaml", line=line, column=1)


def test_of_too_many_results_the_most_severe_are_kept_and_the_rest_is_counted() -> None:
    notes = [finding(Severity.NOTE)] * RESULTS
    run = log_of(report_of(*notes, *[finding(Severity.ERROR)] * 10))["runs"][0]
    levels = [result["level"] for result in run["results"]]
    assert (len(levels), levels.count("error")) == (RESULTS, 10)
    (note,) = run["invocations"][0]["toolExecutionNotifications"]
    assert note["message"]["text"].startswith("10 of the results are left out")
    assert run["invocations"][0]["executionSuccessful"] is True


def test_a_log_that_is_too_large_when_compressed_is_cut_until_it_fits() -> None:
    noise = random.Random(0)
    many = [finding(Severity.WARNING, b64encode(noise.randbytes(712)).decode()) for _ in range(15_000)]
    log = log_of(report_of(*many))
    packed = len(gzip.compress(sarif_text(log).encode()))
    assert COMPRESSED_BYTES * 0.8 < packed <= COMPRESSED_BYTES
    run = log["runs"][0]
    left_out = len(many) - len(run["results"])
    assert run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"].startswith(f"{left_out} of")


def test_notifications_are_bounded() -> None:
    untold = Finding(rule="unreachable", severity=Severity.ERROR, message="no answer", indeterminate=True)
    report = report_of(*[untold] * 250, verdict=Verdict.INDETERMINATE)
    notes = checked(log_of(report))["invocations"][0]["toolExecutionNotifications"]
    assert len(notes) == 101
    assert notes[-1]["message"]["text"] == "150 more could not be examined."


def test_half_a_surrogate_pair_in_a_name_breaks_no_log() -> None:
    subject = Subject(kind=Kind.IMAGE, source="\ud800.png", field="input.input_urls[0]")
    found = Finding(rule="image-format", severity=Severity.ERROR, message="no", field=subject.field)
    report = Report(jobs=(JobReport(model=MODEL, subjects=(subject,), findings=(found,)),), verdict=Verdict.FAIL)
    text = json.dumps(checked(log_of(report)), ensure_ascii=False)
    assert text.encode("utf-8")
