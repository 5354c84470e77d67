"""Many jobs that name the same files: each file is examined once a run, and every job is judged by itself."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from preflight.checking.engine import Engine
from preflight.checking.options import Options
from preflight.checking.subjects import Examined, SubjectRequest
from preflight.model import Kind, Subject, Verdict
from preflight.model.target import Media
from preflight.sources.host import AllowedHost
from tests.servers.lying import serving
from tests.support.command import CLIP, PICTURE, check

HEAD = "id,image,video\n"
MORE_THAN_A_WINDOW = 300


def test_a_file_is_read_once_however_many_targets_name_it(tmp_path: Path) -> None:
    copy = Path(shutil.copy(CLIP, tmp_path / "dance.mp4"))

    def targets() -> Iterator[Media]:
        for number in range(MORE_THAN_A_WINDOW):
            if number == MORE_THAN_A_WINDOW - 1:
                copy.unlink()  # whoever reads it again finds nothing
            yield Media(source=str(copy))

    with Engine() as engine:
        jobs = list(engine.check_each(targets()))

    assert len(jobs) == MORE_THAN_A_WINDOW
    assert {job.verdict for job in jobs} == {Verdict.PASS}


def test_another_run_reads_it_again(tmp_path: Path) -> None:
    copy = Path(shutil.copy(CLIP, tmp_path / "dance.mp4"))
    with Engine() as engine:
        first = engine.check([Media(source=str(copy))])
        copy.unlink()
        second = engine.check([Media(source=str(copy))])

    assert (first.verdict, second.verdict) == (Verdict.PASS, Verdict.FAIL)


def test_a_url_of_many_rows_is_asked_for_once(tmp_path: Path) -> None:
    with serving({"a.png": Path(PICTURE), "dance.mp4": Path(CLIP)}) as server:
        image, video = server.url("ok", "a.png"), server.url("ok", "dance.mp4")
        manifest = tmp_path / "jobs.csv"
        manifest.write_text(HEAD + f"x,{image},{video}\n" * MORE_THAN_A_WINDOW)
        ran = check(manifest, "--allow-host", server.authority)

    assert ran.code == 0, ran.out
    assert len(ran.json["jobs"]) == MORE_THAN_A_WINDOW
    assert len(server.log.requests) == 2
    assert {subject["transfer"]["requests"] for job in ran.json["jobs"] for subject in job["subjects"]} == {1}


def test_each_row_has_its_own_place_and_field(tmp_path: Path) -> None:
    shutil.copy(PICTURE, tmp_path / "a.png")
    shutil.copy(CLIP, tmp_path / "dance.mp4")
    manifest = tmp_path / "jobs.csv"
    manifest.write_text(HEAD + "one,a.png,dance.mp4\ntwo,./a.png,a.png\nthree,dance.mp4,dance.mp4\n")
    first, second, third = check(manifest).json["jobs"]

    assert (first["verdict"], second["verdict"], third["verdict"]) == ("pass", "fail", "fail")
    assert [subject["source"] for subject in second["subjects"]] == ["./a.png", "a.png"]
    assert {(finding["field"], finding["line"]) for finding in second["findings"]} == {("input.video_urls[0]", 3)}
    assert {(finding["field"], finding["line"]) for finding in third["findings"]} == {("input.input_urls[0]", 4)}
    assert [subject["kind"] for subject in third["subjects"]] == ["image", "video"]


def test_the_same_name_beside_two_jobs_is_two_files(tmp_path: Path) -> None:
    for folder, picture in (("a", PICTURE), ("b", CLIP)):
        (tmp_path / folder).mkdir()
        shutil.copy(picture, tmp_path / folder / "image.png")
        shutil.copy(CLIP, tmp_path / folder / "dance.mp4")
        (tmp_path / folder / "jobs.csv").write_text(HEAD + "x,image.png,dance.mp4\n")
    ran = check(tmp_path / "a" / "jobs.csv", tmp_path / "b" / "jobs.csv")

    assert [job["verdict"] for job in ran.json["jobs"]] == ["pass", "fail"]


def test_what_is_remembered_is_bounded() -> None:
    known = Examined()
    request = SubjectRequest(source="0", shown="0", kind=Kind.IMAGE, field=None, path=None, address=None)
    for number in range(1025):
        known.add(replace_source(request, number), Subject(kind=Kind.IMAGE, source=str(number)))

    assert known.get(request) is None
    assert known.get(replace_source(request, 1)) == Subject(kind=Kind.IMAGE, source="1")


def test_a_row_that_fails_to_be_read_does_so_for_all_of_them() -> None:
    with serving({}) as server:
        url = server.url("closes-unanswered", "x.mp4")
        options = Options(allow=(AllowedHost.parse(server.authority),), retries=0)
        with Engine(options) as engine:
            jobs = list(engine.check_each([Media(source=url), Media(source=url)]))

    assert [job.verdict for job in jobs] == [Verdict.INDETERMINATE] * 2
    assert len(server.log.requests) == 1


def replace_source(request: SubjectRequest, number: int) -> SubjectRequest:
    return request._replace(source=str(number), shown=str(number))
