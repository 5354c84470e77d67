"""Columns of a table: those of a job, slips of the pen, and the author's own."""

from __future__ import annotations

import random
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from preflight.errors import JobUnreadable
from preflight.jobfiles import limits, load_manifest
from preflight.jobfiles.row_ids import RowIds
from preflight.model import Job

MEDIA = "https://e.com/a.png,https://e.com/b.mp4"


def one(folder: Path, name: str, data: str, **columns: str) -> Job:
    path = folder / name
    path.write_text(data, "utf-8")
    (job,) = load_manifest(path, columns=columns)
    assert isinstance(job, Job), job
    return job


@pytest.mark.parametrize(
    "name",
    [
        "video_notes",
        "notes",
        "code",
        "mood",
        "duration",
        "image2",
        "video 2",
        "promo",
        "stage",
        "shot id",
        "output.mode",
    ],
)
def test_a_column_that_is_not_like_a_jobs_is_kept(name: str, tmp_path: Path) -> None:
    job = one(tmp_path, "m.csv", f"image,video,{name}\n{MEDIA},x\n")
    assert job.meta == {name: "x"}
    assert list(job.body["input"]) == ["input_urls", "video_urls"]  # type: ignore[index, call-overload, arg-type]


@pytest.mark.parametrize(
    "name",
    ["vidoe", "vide", "ivdeo", "videos", "Vidéo", "imgae", "images", "promt", "rompt", "modle", "moed", "orientaton",
     "orietnaton", "callbackUrl", "calback_ur", "video_url", "image_url", "input.promt"],
)  # fmt: skip
def test_a_slip_is_left_in_the_job_for_the_rules(name: str, tmp_path: Path) -> None:
    job = one(tmp_path, "m.csv", f"id,{name}\n1,x\n")
    assert job.meta == {}
    assert job.value(f"input.{name.removeprefix('input.').lower()}") == "x"


def test_a_name_with_url_is_the_authors_own_beside_the_column_it_is_like(tmp_path: Path) -> None:
    assert one(tmp_path, "m.csv", "image,image_url\na.png,b\n").meta == {"image_url": "b"}


@pytest.mark.parametrize("name", ["Callback URL", "CALLBACK-URL", " callback_url ", "callback_url"])
def test_a_jobs_column_is_known_however_it_is_written(name: str, tmp_path: Path) -> None:
    assert one(tmp_path, "m.csv", f"id,{name}\n1,https://e.com/hook\n").value("callback_url") == "https://e.com/hook"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("m.csv", "Character_URL;video;image\nhttps://e.com/a.png;https://e.com/b.mp4;own\n"),
        ("m.tsv", "Character_URL\tvideo\timage\nhttps://e.com/a.png\thttps://e.com/b.mp4\town\n"),
        ("m.jsonl", '{"Character_URL": "https://e.com/a.png", "video": "https://e.com/b.mp4", "image": "own"}\n'),
    ],
)
def test_a_column_can_be_named_for_a_field_and_wins_over_its_own(name: str, data: str, tmp_path: Path) -> None:
    job = one(tmp_path, name, data, image="character_url")
    assert job.value("input.input_urls") == ["https://e.com/a.png"]
    assert job.meta == {"image": "own"}
    assert job.place("input.input_urls").line == (1 if name == "m.jsonl" else 2)  # type: ignore[union-attr]


@pytest.mark.parametrize(("name", "data"), [("m.csv", "image,video\na,b\n"), ("m.jsonl", '{"image": "a"}\n')])
def test_a_named_column_that_is_not_there_is_an_error_that_lists_those_that_are(
    name: str, data: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_text(data)
    try:
        (error,) = list(load_manifest(path, columns={"image": "character_url"}))
    except JobUnreadable as raised:
        error = raised
    assert isinstance(error, JobUnreadable)
    assert (
        "image is to come from the column character_url, and this table has no such column; its columns are image"
        in str(error)
    )


def test_names_that_are_repeated_or_empty_lose_nothing(tmp_path: Path) -> None:
    job = one(tmp_path, "m.csv", "image,notes,notes,,video\na.png,1,2,,b.mp4\n")
    assert job.meta == {"notes": "1", "notes (2)": "2"}


def test_every_row_has_the_same_columns(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text("image,video,shot,take\na,b,1,2\na,b\n")
    assert [job.meta for job in load_manifest(path) if isinstance(job, Job)] == [
        {"shot": "1", "take": "2"},
        {"shot": "", "take": ""},
    ]


def test_keys_beside_a_request_body_are_kept_and_slips_are_not(tmp_path: Path) -> None:
    body = '"model": "m", "input": {"input_urls": ["a"], "own": 1}'
    job = one(tmp_path, "m.jsonl", f'{{"id": 7, {body}, "shot": {{"take": [1, null]}}, "modle": "x", "duration": 5}}\n')
    assert job.meta == {"shot": {"take": [1, None]}}
    assert job.body == {
        "model": "m",
        "input": {"input_urls": ["a"], "own": 1},
        "modle": "x",
        "duration": 5,
    }


def test_a_flat_line_of_json_is_a_row(tmp_path: Path) -> None:
    data = '{"id": 7, "image": "a.png", "video": ["b.mp4"], "mode": 720, "shot": 3, "prompt": null}\n'
    job = one(tmp_path, "m.jsonl", data)
    assert job.id == "7"
    assert job.value("input.input_urls") == ["a.png"]
    assert job.value("input.video_urls") == ["b.mp4"]
    assert job.value("input.mode") == "720"
    assert job.meta == {"shot": 3}


def test_a_signature_of_the_row_is_hidden_in_its_other_columns(tmp_path: Path) -> None:
    job = one(tmp_path, "m.csv", "image,video,signed\nhttps://e.com/a?X-Amz-Signature=CANARY5c1f,b.mp4,CANARY5c1f\n")
    assert "CANARY5c1f" not in str(job.meta)


@pytest.mark.parametrize("name", ["m.csv", "m.jsonl"])
def test_more_columns_than_a_table_of_jobs_has_are_an_error(name: str, tmp_path: Path) -> None:
    names = [f"c{number}" for number in range(100_000)]
    path = tmp_path / name
    if name == "m.csv":
        path.write_text(",".join(names) + "\n" + ",".join(names) + "\n")
    else:
        path.write_text("{" + ",".join(f'"{each}": 1' for each in names[: limits.COLUMNS + 1]) + ', "image": "a"}\n')
    (error,) = load_manifest(path)
    assert isinstance(error, JobUnreadable)
    assert f"at most {limits.COLUMNS} are read" in str(error)


class TestIds:
    def test_the_first_line_of_an_id_is_remembered(self, tmp_path: Path) -> None:
        path = tmp_path / "m.csv"
        path.write_text('id,prompt\na,"1\n2"\nb,2\na,3\n,4\n,5\nb,6\n')
        found = [(job.line, job.same_id) for job in load_manifest(path) if isinstance(job, Job)]
        assert found == [(2, None), (4, None), (5, 2), (6, None), (7, None), (8, 4)]

    def test_ids_that_differ_in_what_is_hidden_are_different(self, tmp_path: Path) -> None:
        path = tmp_path / "m.csv"
        path.write_text("id,prompt\nhttps://e.com/?a=1,x\nhttps://e.com/?a=2,x\n")
        assert [job.same_id for job in load_manifest(path) if isinstance(job, Job)] == [None, None]

    def test_many_ids_are_told_apart_at_few_bytes_each(self) -> None:
        ids, rows = RowIds(), 50_000
        for line in range(1, rows):
            assert ids.first_line(f"row-{line}", line) is None
        for line in random.Random(7).sample(range(1, rows), 1000):
            assert ids.first_line(f"row-{line}", rows + line) == line
        assert 20 * len(ids._lines) < 60 * rows

    @pytest.mark.parametrize("held", [0, 1, 700, 5000])
    def test_ids_that_memory_has_no_room_for_are_told_apart_too(self, held: int) -> None:
        draw, first_lines = random.Random(11), dict[str, int]()
        with closing(RowIds(held)) as ids:
            for line in range(1, 4000):
                name = f"row-{draw.randrange(2000)}"
                assert ids.first_line(name, line) == first_lines.get(name)
                first_lines.setdefault(name, line)
            assert len(ids._lines) <= max(4096, 3 * held)

    def test_no_room_for_them_is_an_error(self) -> None:
        program = """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, 1 << 16))  # as on a full disk
from preflight.errors import ConfigurationError
from preflight.jobfiles.stored_ids import StoredIds
ids = StoredIds(cache_kib=64)
try:
    for line in range(100_000):
        assert ids.first_line(line.to_bytes(16, "little"), line) is None
except ConfigurationError as error:
    print(error, line)
ids.close()
"""
        ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
        assert "free space, or name another folder in TMPDIR" in ran.stdout
