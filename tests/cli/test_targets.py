"""Where targets come from: folders, patterns, lists of files, standard input; and what is said where there are none."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import CLIP, PICTURE, Ran, here, preflight
from tests.support.jobs import job, write_job
from tests.support.privileges import unreadable_folder


def check(folder: Path, *arguments: str, stdin: bytes = b"") -> Ran:
    return preflight("check", "--format", "json", *arguments, cwd=folder, stdin=stdin)


def paths(ran: Ran) -> list[str]:
    return [job["path"] for job in ran.json["jobs"]]


def plant(folder: Path, *names: str) -> None:
    """The good picture or clip under each of ``names``."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(CLIP if name.endswith(".mp4") else PICTURE, folder / name)


def write(folder: Path, name: str, text: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, "utf-8")


# ── Folders ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_folder_is_read_by_name_without_hidden_ones_and_foreign_files(tmp_path: Path) -> None:
    plant(tmp_path, "b.png", "a.mp4", "z/c.png", "m/d.PNG", ".cache/e.png", "notes.txt", "m/f.gif")
    write_job(tmp_path / "z")
    write(tmp_path, "z/docker-compose.yaml", "services: {}\n")
    write(tmp_path, "z/people.csv", "id,name\n1,a\n")
    write(tmp_path, "z/jobs.csv", f"ID,Image,Video\n1,{PICTURE},{CLIP}\n")
    ran = check(tmp_path, ".")
    assert paths(ran) == ["a.mp4", "b.png", "m/d.PNG", "z/c.png", "z/job.yaml", "z/jobs.csv"]


def test_a_folder_is_read_as_git_would(tmp_path: Path) -> None:
    """The expected files are those that ``git ls-files --others --exclude-standard`` lists."""
    names = [
        "a.png", "build/b.png", "deep/build/c.png", "drafts/d.png", "drafts/keep.png", "deep/drafts/e.png",
        "deep/f.tmp.png", "deep/g.png", "deep/only/h.png", "deep/only/i.mp4", "private/j.png", "k[1].png", "l.png",
    ]  # fmt: skip
    plant(tmp_path, *names)
    (tmp_path / ".git" / "info").mkdir(parents=True)
    write(tmp_path, ".git/info/exclude", "private/\n")
    write(tmp_path, ".gitignore", "# ours\nbuild/\n/drafts/*\n!/drafts/keep.png\n*.tmp.png\nk\\[1\\].png\n\n!\n")
    write(tmp_path, "deep/.gitignore", "!f.tmp.png\nonly/*.png\n")
    expected = [
        "a.png",
        "l.png",
        "deep/drafts/e.png",
        "deep/f.tmp.png",
        "deep/g.png",
        "deep/only/i.mp4",
        "drafts/keep.png",
    ]
    assert sorted(paths(check(tmp_path, "."))) == sorted(expected)
    below = check(tmp_path / "deep", "only")
    assert paths(below) == ["only/i.mp4"]
    assert paths(check(tmp_path, "build/b.png")) == ["build/b.png"]


def test_patterns_that_would_take_for_ever_are_not_looked_for(tmp_path: Path) -> None:
    hostile = "*a" * 20 + "b"
    plant(tmp_path, "a" * 200 + ".png", "b.png")
    write(tmp_path, ".gitignore", f"{hostile}\n{'**/' * 20}x\n/b.png\n")
    assert paths(check(tmp_path, ".")) == ["a" * 200 + ".png"]
    write(tmp_path, "preflight.toml", f'exclude = ["{hostile}"]')
    refused = check(tmp_path, ".")
    assert (refused.code, "too many *" in refused.err) == (2, True)


def test_the_settings_include_and_exclude(tmp_path: Path) -> None:
    plant(tmp_path, "a.png", "assets/b.png", "assets/old/c.png", "assets/d.mp4", "drafts/e.png")
    write(tmp_path, "preflight.toml", 'include = ["assets/"]\nexclude = ["old/", "*.mp4"]')
    assert paths(check(tmp_path, ".")) == ["assets/b.png"]
    assert paths(check(tmp_path / "assets", ".")) == ["b.png"]
    assert paths(check(tmp_path, "drafts/e.png")) == ["drafts/e.png"]
    assert paths(check(tmp_path, ".", "--isolated")) == sorted(
        ["a.png", "assets/b.png", "assets/d.mp4", "assets/old/c.png", "drafts/e.png"]
    )


def test_links_are_never_followed_in_circles(tmp_path: Path) -> None:
    plant(tmp_path, "in/a.png")
    (tmp_path / "in" / "round").symlink_to(tmp_path / "in")
    (tmp_path / "in" / "self.png").symlink_to("self.png")
    (tmp_path / "in" / "linked.png").symlink_to("a.png")
    ran = check(tmp_path, "in")
    assert paths(ran) == ["in/a.png", "in/linked.png", "in/self.png"]
    assert [job["verdict"] for job in ran.json["jobs"]] == ["pass", "pass", "indeterminate"]
    (tmp_path / "shortcut").symlink_to("in")
    assert paths(check(tmp_path, "shortcut"))[0] == "shortcut/a.png"
    assert paths(check(tmp_path, "in/**/*.png")) == paths(ran)
    (tmp_path / "lost").symlink_to("nowhere")
    lost = check(tmp_path, "lost")
    assert (lost.code, "a link that leads nowhere" in lost.err) == (2, True)


def test_a_folder_that_cannot_be_read_is_not_passed_over() -> None:
    with unreadable_folder() as folder:
        ran = here("check", "--format", "json", "--isolated", folder)
    assert (ran.code, ran.json["verdict"]) == (3, "indeterminate")
    finding = ran.finding("unreachable")
    assert finding["path"] == str(folder / "closed")
    assert "permission is denied" in finding["message"]


@pytest.mark.parametrize("form", ["json", "text"])
def test_a_name_that_is_not_utf_8_is_checked_and_shown(form: str, tmp_path: Path) -> None:
    plant(tmp_path, "a.png")
    (tmp_path / "a.png").rename(tmp_path / os.fsdecode(b"caf\xe9\n.png"))
    ran = preflight("check", "--format", form, ".", cwd=tmp_path)
    assert ran.code == 0
    assert ("caf\\\\udce9" if form == "json" else "caf\\udce9") in ran.out


def test_many_files_come_in_the_same_order_every_time(tmp_path: Path) -> None:
    plant(tmp_path, "first.png")
    for number in range(600):
        os.link(tmp_path / "first.png", tmp_path / f"{number:04}.png")
    found = paths(check(tmp_path, "."))
    assert found == sorted(found)
    assert len(found) == 601


# ── Patterns ──────────────────────────────────────────────────────────────────────────────────────────────────────

PATTERNS = {
    "*.png": ["a.png", "b.png"],
    "?.png": ["a.png", "b.png"],
    "[b-z].png": ["b.png"],
    "*.gif": ["g.gif"],
    "**/*.png": ["a.png", "b.png", "in/c.png", "in/deep/d.png"],
    "in/*.png": ["in/c.png"],
    "in/**": ["in/c.png", "in/e.mp4", "in/deep/d.png"],
    "*/*.mp4": ["in/e.mp4"],
    "i?": ["in/c.png", "in/e.mp4", "in/deep/d.png"],
    "./in/*.mp4": ["in/e.mp4"],
    "[x].png": ["[x].png"],
}


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_that_the_shell_left_alone_is_expanded(pattern: str, tmp_path: Path) -> None:
    plant(tmp_path, "a.png", "b.png", "in/c.png", "in/deep/d.png", "in/e.mp4", "g.gif", "notes.txt", ".hidden/h.png")
    if pattern == "[x].png":
        plant(tmp_path, "[x].png", "x.png")  # a file of that very name goes first
    assert paths(check(tmp_path, pattern)) == PATTERNS[pattern]


@pytest.mark.parametrize("pattern", ["*.mov", "none/*.png", "**/*.mov"])
def test_a_pattern_that_nothing_fits_is_an_error(pattern: str, tmp_path: Path) -> None:
    plant(tmp_path, "a.png")
    ran = check(tmp_path, "a.png", pattern)
    assert (ran.code, f"{pattern}: no file fits this pattern" in ran.err) == (2, True)


# ── Lists of files ────────────────────────────────────────────────────────────────────────────────────────────────


def test_names_come_from_a_list_one_a_line(tmp_path: Path) -> None:
    plant(tmp_path, "a b.png", "c.png", "in/d.png")
    write(tmp_path, "list.txt", "a b.png\r\n\nc.png\nin")
    assert paths(check(tmp_path, "--files-from", "list.txt")) == ["a b.png", "c.png", "in/d.png"]
    listed = (tmp_path / "list.txt").read_bytes()
    assert paths(check(tmp_path, "c.png", "--files-from", "-", stdin=listed)) == [
        "c.png",
        "a b.png",
        "c.png",
        "in/d.png",
    ]


def test_names_may_end_with_a_nul(tmp_path: Path) -> None:
    plant(tmp_path, "a.png", "new\nline.png")
    ran = check(tmp_path, "-0", "--files-from", "-", stdin=b"a.png\0new\nline.png\0")
    assert len(paths(ran)) == 2
    assert ran.code == 0
    forgotten = check(tmp_path, "--files-from", "-", stdin=b"a.png\0new\nline.png\0")
    assert (forgotten.code, "add -0" in forgotten.err) == (2, True)


LISTS: dict[str, tuple[list[str], bytes, str]] = {
    "empty": (["--files-from", "-"], b"\n\n", "- names no file"),
    "missing": (["--files-from", "none.txt"], b"", "none.txt: the list of files cannot be read: no such file"),
    "twice": (["-", "--files-from", "-"], b"", "standard input cannot be both a job and a list of files"),
    "null-alone": (["-0", "a.png"], b"", "-0 applies to --files-from, which is not given"),
    "endless": (["--files-from", "-"], b"a" * 200_000, "a name of more than 32768 bytes"),
    "gone": (["--files-from", "-"], b"gone.png\n", "gone.png: no such file"),
    "itself": (["--files-from", "-"], b"-\n", "no such file"),
}


@pytest.mark.parametrize(("arguments", "stdin", "said"), LISTS.values(), ids=LISTS)
def test_a_list_that_cannot_work_is_an_error(arguments: list[str], stdin: bytes, said: str, tmp_path: Path) -> None:
    ran = check(tmp_path, *arguments, stdin=stdin)
    assert (ran.code, said in ran.err) == (2, True), ran.err


# ── Standard input ────────────────────────────────────────────────────────────────────────────────────────────────

ROW = json.dumps({"id": "a", **job()})
BODY = ROW.replace('"id": "a", ', "")
STREAMS: dict[str, tuple[str, list[Any]]] = {
    "yaml": (f"model: kling-v3-motion-control\ninput:\n  input_urls: [{PICTURE}]\n  video_urls: [{CLIP}]\n", [None]),
    "json": (BODY, [None]),
    "json-on-lines": (BODY.replace("{", "{\n"), [None]),
    "one-row": (ROW, ["a"]),
    "rows": (f"{ROW}\n{BODY}\n", ["a", None]),
    "rows-after-a-blank-line": (f"\n{BODY}\n{ROW}", [None, "a"]),
    "table": (f"id,image,video\nx,{PICTURE},{CLIP}\ny,{PICTURE},{CLIP}\n", ["x", "y"]),
    "table-with-quotes": (f'"ID";"Image";"Video"\nx;"{PICTURE}";{CLIP}\n', ["x"]),
    "table-of-a-spreadsheet": (f"\ufeffsep=;\r\nID;Image;VIDEO_URLS\r\nx;{PICTURE};{CLIP}\r\n", ["x"]),
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize(("text", "ids"), STREAMS.values(), ids=STREAMS)
def test_standard_input_is_a_job_or_a_manifest(text: str, ids: list[Any], encoding: str, tmp_path: Path) -> None:
    ran = check(tmp_path, "-", stdin=text.removeprefix("\ufeff" * (encoding == "utf-16")).encode(encoding))
    assert [job["id"] for job in ran.json["jobs"]] == ids
    assert ran.code == 0
    assert set(paths(ran)) == {"-"}


def test_findings_in_a_streamed_manifest_are_on_their_line(tmp_path: Path) -> None:
    ran = check(tmp_path, "-", stdin=f"{ROW}\n\n{ROW.replace('kling', 'king')}\n{{\n".encode())
    assert [job["line"] for job in ran.json["jobs"]] == [1, 3, 4]
    assert ran.finding("model-unknown")["line"] == 3


def test_media_on_standard_input_is_said_to_be_none_of_it(tmp_path: Path) -> None:
    ran = check(tmp_path, "-", stdin=Path(PICTURE).read_bytes())
    assert (ran.code, "standard input is not text" in ran.err) == (2, True)


# ── Tables as spreadsheets write them ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "head", ["ID,Image,Video", "Id;IMAGE;Video_URLs", "sep=;\r\nid;image;video", "sep=\t\nid\timage\tvideo"]
)
def test_headers_in_any_case_and_a_named_delimiter(head: str, tmp_path: Path) -> None:
    mark = next(mark for mark in "\t;," if mark in head.splitlines()[-1])
    write(tmp_path, "jobs.csv", f"{head}\n{mark.join(['a', PICTURE, CLIP])}\n")
    ran = check(tmp_path, "jobs.csv")
    assert (ran.code, ran.job["id"], ran.job["line"]) == (0, "a", len(head.splitlines()) + 1)


def test_a_column_with_another_name_is_kept_and_a_misspelt_one_is_an_unknown_field(tmp_path: Path) -> None:
    write(tmp_path, "jobs.csv", f"Image,Vidoe,Comment\n{PICTURE},{CLIP},x\n")
    ran = check(tmp_path, "jobs.csv")
    assert ran.finding("field-unknown")["field"] == "input.vidoe"
    assert ran.finding("field-unknown")["fix"] == "did you mean 'input.video_urls'?"
    assert ran.job["meta"] == {"Comment": "x"}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["--column", "imag=x"], "did you mean 'image'?"),
        (["--column", "image"], "is not NAME=COLUMN"),
        (["--column", "image="], "is not NAME=COLUMN"),
        (["--column", "image=a", "--column", "image=b"], "given twice"),
        (["--column", "image=faces"], "no such column; did you mean 'face'?"),
    ],
)
def test_a_mapping_of_columns_that_makes_no_sense_is_a_usage_error(
    given: list[str], words: str, tmp_path: Path
) -> None:
    write(tmp_path, "jobs.csv", f"face,video\n{PICTURE},{CLIP}\n")
    ran = here("check", tmp_path / "jobs.csv", *given)
    assert (ran.code, ran.out) == (2, "")
    assert words in ran.err


def test_tables_with_other_names_are_read_by_their_mapping(tmp_path: Path) -> None:
    write(tmp_path, "jobs.csv", f"face,video\n{PICTURE},{CLIP}\n")
    for options in ([], ["--jobs-only"]):
        assert here("check", tmp_path / "jobs.csv", "--column", "image=face", *options).code == 0
    stdin = (tmp_path / "jobs.csv").read_bytes()
    assert preflight("check", "-", "--column", "image=face", stdin=stdin).code == 0


# ── Nothing to check ──────────────────────────────────────────────────────────────────────────────────────────────

NOTHING = {
    "folder": (["empty"], "nothing to check: empty: no media or job files in this folder"),
    "header-only": (["head.csv"], "nothing to check: head.csv: no rows below its header"),
    "empty-table": (["empty.csv"], "nothing to check: empty.csv: an empty file"),
    "empty-lines": (["empty.jsonl"], "nothing to check: empty.jsonl: no jobs in it"),
    "both": (["empty", "head.csv"], "in this folder (hidden and ignored ones are skipped); head.csv: no rows"),
}


@pytest.mark.parametrize(("arguments", "said"), NOTHING.values(), ids=NOTHING)
@pytest.mark.parametrize("command", ["check", "estimate"])
def test_what_was_empty_is_named(command: str, arguments: list[str], said: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    write(tmp_path, "head.csv", "id,image,video\n")
    write(tmp_path, "empty.csv", "")
    write(tmp_path, "empty.jsonl", "\n")
    ran = preflight(command, *arguments, cwd=tmp_path)
    assert (ran.code, said.replace("to check", f"to {command}") in ran.err) == (2, True), ran.err
    beside = preflight("check", PICTURE, *arguments, cwd=tmp_path)
    assert beside.code == 0
    assert len(beside.err.splitlines()) == len(arguments)


SUBMITTED = {
    "character.png": "a media file, where a job is expected",
    "jobs.csv": "a run needs a budget for all of its jobs together: add --budget N",
    "-": "standard input, where the path of a job file is expected",
}


@pytest.mark.parametrize("name", SUBMITTED)
def test_submit_says_what_it_takes(name: str, tmp_path: Path) -> None:
    plant(tmp_path, "character.png")
    write(tmp_path, "jobs.csv", "id,image,video\n")
    ran = preflight("submit", name, "--dry-run", cwd=tmp_path)
    assert (ran.code, SUBMITTED[name] in ran.err) == (2, True), ran.err


NUMBERS = {
    "2.9999999999": "has more than 9 decimal places",
    "-1": "is not between 0 and 1000000000",
    "1e10": "is not between 0 and 1000000000",
    "nan": "is not between 0 and 1000000000",
    "many": "is not a number",
}


@pytest.mark.parametrize("number", NUMBERS)
def test_a_length_that_cannot_be_says_what_is_wrong(number: str, tmp_path: Path) -> None:
    ran = preflight("estimate", "--seconds", number, cwd=tmp_path)
    assert (ran.code, f"{NUMBERS[number]}" in ran.err) == (2, True)


def test_a_job_in_a_folder_finds_its_files_beside_it(tmp_path: Path) -> None:
    plant(tmp_path, "jobs/a.png", "jobs/a.mp4")
    write_job(tmp_path / "jobs", job(image="a.png", video="a.mp4"))
    assert check(tmp_path, "jobs/*.yaml").code == 0


def test_files_of_a_folder_that_are_not_looked_at_are_counted(tmp_path: Path) -> None:
    shutil.copy(PICTURE, tmp_path)
    for name in ("a.yaml", "b.yaml", "c.txt", "README", ".hidden", "ignored.txt"):
        (tmp_path / name).write_text("x: 1\n")
    (tmp_path / ".gitignore").write_text("ignored.txt\n")
    ran = preflight("check", tmp_path, "--format", "json")
    assert ran.json["skipped"] == {".yaml": 2, ".txt": 1, "other": 1}
    assert ran.err.startswith("preflight: skipped 4 files that are neither media nor jobs: 2 .yaml, ")
    assert preflight("check", tmp_path, "-q").err == ""
    assert preflight("check", tmp_path, "--jobs-only").err == ""
    (tmp_path / Path(PICTURE).name).unlink()
    assert "in this folder (hidden and ignored ones are skipped); skipped 4 files" in preflight("check", tmp_path).err


def test_a_table_in_json_lines_is_found_in_a_folder(tmp_path: Path) -> None:
    row = f'{{"image": "{PICTURE}", "video": "{CLIP}"}}\n'.encode()
    (tmp_path / "jobs.jsonl").write_bytes(row + b'{"id": "\xff", "image": "a.png", "video": "b.mp4"}\n')
    (tmp_path / "captions.jsonl").write_bytes(b'{"image": "a.png", "text": "a dog"}\n')
    ran = preflight("check", ".", "--format", "json", cwd=tmp_path)
    assert [(job["path"], job["line"], job["verdict"]) for job in ran.json["jobs"]] == [
        ("jobs.jsonl", 1, "pass"),
        ("jobs.jsonl", 2, "fail"),
    ]
    assert ran.json["skipped"] == {".jsonl": 1}


def test_results_of_preflight_in_a_folder_are_not_jobs(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(Path(PICTURE).read_bytes())
    (tmp_path / "jobs.csv").write_text(f"id,image,video\na,a.png,{CLIP}\n")
    preflight("check", "-", "--to", "run", stdin=(tmp_path / "jobs.csv").read_bytes(), cwd=tmp_path)
    for name in ("json", "jsonl"):
        (tmp_path / f"report.{name}").write_text(preflight("check", "jobs.csv", "--format", name, cwd=tmp_path).out)
    ran = preflight("check", ".", "--format", "json", cwd=tmp_path)
    assert [job["path"] for job in ran.json["jobs"]] == ["a.png", "jobs.csv"]
    assert ran.json["verdict"] == "pass"


def test_the_folder_of_a_run_is_named_as_one(tmp_path: Path) -> None:
    (tmp_path / "jobs.csv").write_text(f"id,image,video\na,{PICTURE},{CLIP}\n")
    preflight("check", "jobs.csv", "--to", "run", cwd=tmp_path)
    ran = preflight("check", "run", cwd=tmp_path)
    assert ran.code == 2
    assert "run: the folder of a run: 'preflight report run' shows its results" in ran.err


def test_a_report_on_files_alone_counts_none_as_skipped(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x: 1\n")
    ran = preflight("check", PICTURE, "--format", "json", cwd=tmp_path)
    assert ("skipped" in ran.json, ran.err) == (False, "")
