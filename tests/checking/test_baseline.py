"""Baselines: old findings do not count, new ones do, fixed ones are named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.command import CLIP, PICTURE, Ran, preflight
from tests.support.jobs import job, write_job
from tests.support.media import picture

pytestmark = pytest.mark.usefixtures("measured_children")


def check(folder: Path, *arguments: str) -> Ran:
    return preflight("check", "--format", "json", *arguments, cwd=folder)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a job that has two mistakes, and its baseline in ``old.json``."""
    (tmp_path / "small.png").write_bytes(picture(200, 200))
    write_job(tmp_path, job(image="small.png", mode="4k"))
    ran = check(tmp_path, "job.yaml", "--write-baseline", "old.json")
    assert (ran.code, ran.out, ran.err) == (0, "", "preflight: 2 findings written to old.json\n")
    return tmp_path


def test_old_findings_do_not_count_and_new_ones_do(folder: Path) -> None:
    assert check(folder, "job.yaml").code == 1
    again = check(folder, "job.yaml", "--baseline", "old.json")
    assert (again.code, again.rules - {"price-ambiguous"}, again.err) == (0, set(), "")
    write_job(folder, job(image="small.png", mode="4k", prompt="x" * 2501))
    new = check(folder, "job.yaml", "--baseline", "old.json")
    assert (new.code, new.rules - {"price-ambiguous"}) == (1, {"prompt-too-long"})


def test_a_finding_is_known_again_on_another_line_and_from_another_folder(folder: Path) -> None:
    path = folder / "job.yaml"
    path.write_text("# moved\n\n\n" + path.read_text())
    assert check(folder, "job.yaml", "--baseline", "old.json").code == 0
    (folder / "below").mkdir()
    assert check(folder / "below", "../job.yaml", "--baseline", "../old.json").code == 0
    assert check(folder, str(path), "--baseline", str(folder / "old.json")).code == 0


def test_another_file_behind_the_same_field_is_new(folder: Path) -> None:
    (folder / "other.png").write_bytes(picture(200, 200))
    write_job(folder, job(image="other.png", mode="4k"))
    ran = check(folder, "job.yaml", "--baseline", "old.json")
    assert (ran.code, ran.rules - {"price-ambiguous"}) == (1, {"image-too-small"})


def test_fixed_findings_are_named_on_standard_error(folder: Path) -> None:
    write_job(folder, job(image="small.png"))
    ran = check(folder, "job.yaml", "--baseline", "old.json")
    assert ran.code == 0
    assert "1 finding of the baseline is fixed" in ran.err
    assert "mode-invalid in job.yaml (input.mode)" in ran.err
    (folder / "job.yaml").unlink()
    gone = check(folder, CLIP, "--baseline", "old.json")
    assert "2 findings of the baseline are fixed" in gone.err
    assert check(folder, CLIP, "-q", "--baseline", "old.json").err == ""


def test_a_file_that_is_not_looked_at_is_not_called_fixed(folder: Path) -> None:
    assert check(folder, PICTURE, "--baseline", "old.json").err == ""
    (folder / "small.png").unlink()
    (folder / "small.png").mkdir()
    ran = check(folder, "job.yaml", "--baseline", "old.json")
    assert (ran.code, "fixed" in ran.err) == (3, False)


def test_the_file_is_stable_and_sorted(folder: Path) -> None:
    first = (folder / "old.json").read_text()
    assert json.loads(first) == {
        "schema": "preflight.baseline/v1",
        "findings": [
            {"path": "job.yaml", "field": "input.input_urls[0]", "rule": "image-too-small", "source": "small.png"},
            {"path": "job.yaml", "field": "input.mode", "rule": "mode-invalid"},
        ],
    }
    check(folder, "job.yaml", "--write-baseline", "old.json", "--baseline", "old.json")
    assert (folder / "old.json").read_text() == first


def test_rows_of_a_manifest_are_told_apart_by_their_id(tmp_path: Path) -> None:
    (tmp_path / "jobs.csv").write_text(f"id,image,video,mode\na,{PICTURE},{CLIP},4k\n")
    check(tmp_path, "jobs.csv", "--write-baseline", "old.json")
    (tmp_path / "jobs.csv").write_text(f"id,image,video,mode\nb,{PICTURE},{CLIP},4k\na,{PICTURE},{CLIP},4k\n")
    ran = check(tmp_path, "jobs.csv", "--baseline", "old.json")
    assert {job["id"]: job["verdict"] for job in ran.json["jobs"]} == {"a": "pass", "b": "fail"}


def test_what_could_not_be_examined_goes_over_a_budget_or_cannot_be_read_is_never_old(tmp_path: Path) -> None:
    (tmp_path / "folder.png").mkdir()
    write_job(tmp_path, job(image="folder.png"))
    assert check(tmp_path, "job.yaml", "--write-baseline", "old.json").code == 3
    assert check(tmp_path, "job.yaml", "--baseline", "old.json").code == 3
    assert check(tmp_path, CLIP, "--max-credits", "1", "--write-baseline", "old.json").code == 5
    assert check(tmp_path, CLIP, "--max-credits", "1", "--baseline", "old.json").code == 5
    (tmp_path / "jobs.jsonl").write_text("{\n")
    assert check(tmp_path, "jobs.jsonl", "--write-baseline", "old.json").code == 1
    assert json.loads((tmp_path / "old.json").read_text())["findings"] == []


BROKEN = {
    "missing": (None, "cannot be read: no such file"),
    "empty": ("", "not a baseline; --write-baseline makes one"),
    "another-schema": ('{"schema": "preflight.baseline/v9", "findings": []}', "its schema is 'preflight.baseline/v9'"),
    "another-file": ('{"schema": 1}', "its schema is '1'"),
    "a-list": ("[]", "not a baseline"),
    "wrong-entry": ('{"schema": "preflight.baseline/v1", "findings": [{"rule": 1}]}', "not a baseline"),
    "unknown-key": ('{"schema": "preflight.baseline/v1", "findings": [{"line": "1"}]}', "not a baseline"),
    "deep": ("[" * 100_000, "not a baseline"),
}


@pytest.mark.parametrize(("text", "said"), BROKEN.values(), ids=BROKEN)
def test_a_baseline_that_is_none_is_an_error(text: str | None, said: str, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "old.json").write_text(text)
    ran = check(tmp_path, PICTURE, "--baseline", "old.json")
    assert (ran.code, said in ran.err) == (2, True), ran.err


def test_the_settings_can_name_the_baseline(folder: Path) -> None:
    (folder / "preflight.toml").write_text('baseline = "old.json"')
    assert check(folder, "job.yaml").code == 0
    (folder / "below").mkdir()
    assert check(folder / "below", "../job.yaml").code == 0
    check(folder, "job.yaml", "--write-baseline", "new.json")
    assert (folder / "new.json").read_text() == (folder / "old.json").read_text()


def test_findings_that_are_hidden_are_counted_by_what_hides_them(folder: Path) -> None:
    ran = check(folder, "job.yaml", "--baseline", "old.json")
    assert ran.json["hidden"] == ran.job["hidden"] == {"baseline": 2}
    assert "hidden" not in check(folder, "job.yaml").json
    shown = preflight("check", "job.yaml", "--baseline", "old.json", cwd=folder)
    assert shown.out.count("2 findings hidden by the baseline\n") == 1
    several = preflight("check", "job.yaml", "job.yaml", PICTURE, "--baseline", "old.json", cwd=folder)
    assert several.out.count("4 findings hidden by the baseline\n") == 1
    assert "hidden by" not in preflight("check", "job.yaml", cwd=folder).out


def test_a_file_that_passes_by_the_baseline_alone_says_so(folder: Path) -> None:
    assert preflight("check", "small.png", "--write-baseline", "file.json", cwd=folder).code == 0
    ran = preflight("check", "small.png", "--baseline", "file.json", cwd=folder)
    assert (ran.code, ran.out.splitlines()[1:]) == (0, ["1 finding hidden by the baseline"]), ran.out


def test_a_comment_and_a_setting_are_told_apart_from_the_baseline(folder: Path) -> None:
    path = folder / "job.yaml"
    path.write_text(path.read_text().replace("mode: 4k", "mode: 4k  # preflight: ignore[mode-invalid]"))
    ran = preflight("check", "job.yaml", "--baseline", "old.json", cwd=folder)
    assert "2 findings hidden: 1 by the baseline, 1 by a comment\n" in ran.out, path.read_text() + ran.out
    (folder / "preflight.toml").write_text('[per-path-ignores]\n"small.png" = ["image-too-small"]\n')
    assert check(folder, "job.yaml").json["hidden"] == {"comment": 1, "path": 1}
    left_out = ("--ignore", "mode-invalid", "--ignore", "image")
    assert "hidden" not in check(folder, "job.yaml", *left_out).json, "an option is asked for"


def test_a_run_counts_hidden_findings_over_its_parts(folder: Path) -> None:
    table = folder / "jobs.csv"
    table.write_text("id,image,video\n" + "".join(f"r{row},small.png,{CLIP}\n" for row in range(3)))
    assert preflight("check", "jobs.csv", "--write-baseline", "rows.json", cwd=folder).code == 0
    more = ("--baseline", "rows.json", "--part-rows", "2", "--workers", "1")
    ran = preflight("check", "jobs.csv", "--to", "run", *more, cwd=folder)
    assert (ran.code, "3 findings hidden by the baseline\n" in ran.out) == (0, True), ran.out
    assert json.loads((folder / "run" / "summary.json").read_text())["hidden"] == {"baseline": 3}
