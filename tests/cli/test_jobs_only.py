"""``--jobs-only``, for hooks over a whole repository: what is no job is silent and cheap, a broken job is not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.command import CLIP, PICTURE, Ran, here, preflight
from tests.support.jobs import MODEL, job, write_job

GOOD = f"model: {MODEL}\ninput:\n  input_urls: [{PICTURE}]\n  video_urls: [{CLIP}]\n"
ROW = json.dumps({"model": MODEL, "input": {"input_urls": [PICTURE], "video_urls": [CLIP]}})
WORKFLOW = "on: push\njobs:\n  a:\n    steps:\n      - run: |\n          echo 'input_urls: [a]' > job.yaml\n"
SCHEMA = {"properties": {"model": {"type": "string"}, "input": {"properties": {"input_urls": {"type": "array"}}}}}

# Files of any repository, among them some that speak of jobs without being one.
UNRELATED = {
    "package.json": b'{"name": "site", "version": "1.0.0"}',
    "tsconfig.json": b'{\n  // comments, which JSON has not\n  "compilerOptions": {},\n}',
    "empty.yaml": b"",
    "empty.json": b"",
    "empty.csv": b"",
    "empty.jsonl": b"",
    "workflow.yml": WORKFLOW.encode(),
    "openapi.json": json.dumps(SCHEMA).encode(),
    "broken-openapi.yaml": b"components:\n  input:\n    properties:\n      input_urls: {type: array\n",
    "chart.yaml": b"{{- if .Values.on }}\nkind: Service\n{{- end }}\nname: {{ .Values.name }}\n",
    "chart-of-jobs.yaml": b"model: {{ .model }}\n{{- if .on }}\ninput:\n  input_urls: [{{ .image }}]\n{{- end }}\n",
    "jinja.yml": b"{% for x in y %}\nmodel: {{ x }}\ninput:\n  video_urls: [{{ x }}]\n{% endfor %}\n",
    "cloud.yaml": b"Resources:\n  A: !GetAtt b.c\n---\nB: !Ref c\n",
    "two-documents.yaml": b"a: 1\n---\na: 2\n",
    "list.json": b'["input_urls", "video_urls"]',
    "text.json": b'"input_urls"',
    "not-text.json": bytes(range(256)),
    "latin-1.yaml": "name: Grüße\n".encode("latin-1"),
    "numbers.csv": b"x,y\n1,2\n",
    "pictures.csv": b"image,label\na.png,cat\n",
    "models.csv": b"model,price\nother,3\n",
    "quotes.csv": b'"a,b\n"c\n',
    "log.jsonl": b'{"level": "info"}\nnot json\n',
    "deep.jsonl": b"[" * 100_000 + b"input_urls",
    "large.json": b'["' + b"input_urls " * (2 << 20) + b'"]',
    "large.csv": b"a,b\n" + b"1,2\n" * (5 << 20),
}

# What is a job and in order.
JOBS = {
    "job.yaml": GOOD.encode(),
    "job.YML": GOOD.encode(),
    "job.json": ROW.encode(),
    "wide.yaml": GOOD.encode("utf-16"),
    "rows.jsonl": f'{ROW}\n{{"id": "b", {ROW[1:]}\n'.encode(),
    "rows.csv": f"input_urls,video_urls\n{PICTURE},{CLIP}\n".encode(),
    "sides.tsv": f"id\timage\tvideo\n1\t{PICTURE}\t{CLIP}\n".encode(),
}

# What is meant as a job and broken, with the rule that says so.
BROKEN = {
    "no-files.yaml": (f"model: {MODEL}\n".encode(), "field-missing"),
    "misspelt-model.yaml": (GOOD.replace(MODEL, f"{MODEL}l").encode(), "model-unknown"),
    "no-model.yaml": (GOOD.partition("\n")[2].encode(), "field-missing"),
    "one-level-up.yaml": (f"model: x\ninput_urls: [{PICTURE}]\nvideo_urls: [{CLIP}]\n".encode(), "field-unknown"),
    "cut.json": (ROW[:-1].encode(), "field-type"),
    "comma.json": (ROW.replace("]}", "],}").encode(), "field-type"),
    "cut.yaml": (GOOD.replace("]", "").encode(), "field-type"),
    "tab.yaml": (GOOD.replace("  input", "\tinput").encode(), "field-type"),
    "latin-1.yaml": ((GOOD + "  prompt: Grüße\n").encode("latin-1"), "field-type"),
    "braces-in-prompt.yaml": ((GOOD + "  prompt: {{ no end\n").encode(), "field-type"),
    "never-closed.yaml": (f"model: {MODEL}\ninput:\n  input_urls: [{'{{ ' * 500_000}".encode(), "field-type"),
    "never-closed.json": (b'{"model": "x", "input": {"input_urls": ' + b"[" * 1_000_000, "field-type"),
    "cut.jsonl": (ROW[:-1].encode(), "field-type"),
    "second-row.jsonl": (f'{{"level": "info"}}\n{ROW}\n'.encode(), "field-missing"),
    "model-only.csv": (f"id,model\n1,{MODEL}\n".encode(), "field-missing"),
    "missing-file.csv": (b"image,video\nnowhere.png,nowhere.mp4\n", "url-not-public"),
}


def jobs_only(*arguments: str | Path) -> Ran:
    return here("check", "--offline", "--jobs-only", *arguments)


@pytest.mark.parametrize("name", UNRELATED)
def test_a_file_about_something_else_is_passed_over_in_silence(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(UNRELATED[name])
    ran = jobs_only(tmp_path / name)
    assert (ran.code, ran.out, ran.err) == (0, "", "")


@pytest.mark.parametrize("name", JOBS)
def test_a_job_is_checked(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(JOBS[name])
    ran = jobs_only(tmp_path / name, "--format", "json")
    assert ran.code == 0
    assert len(ran.json["jobs"]) == (2 if name == "rows.jsonl" else 1)
    assert all(len(each["subjects"]) == 2 for each in ran.json["jobs"])


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_job_is_reported(name: str, tmp_path: Path) -> None:
    data, rule = BROKEN[name]
    (tmp_path / name).write_bytes(data)
    ran = jobs_only(tmp_path / name, "--format", "json")
    assert ran.code == 1
    assert rule in ran.rules


def test_one_broken_job_does_not_hide_the_others(tmp_path: Path) -> None:
    for name, data in [("a.yaml", b"model: x\ninput: {input_urls: [\n"), ("b.json", ROW.encode())]:
        (tmp_path / name).write_bytes(data)
    ran = jobs_only(tmp_path / "a.yaml", tmp_path / "b.json", "--format", "json")
    assert ran.code == 1
    assert [each["verdict"] for each in ran.json["jobs"]] == ["fail", "pass"]


def test_no_files_at_all_are_in_order() -> None:
    assert (jobs_only().code, jobs_only("--format", "json").json["jobs"]) == (0, [])


def test_media_and_urls_are_passed_over() -> None:
    ran = jobs_only(PICTURE, CLIP, "https://example.com/a.png", "--format", "json")
    assert (ran.code, ran.json["jobs"]) == (0, [])


def test_a_folder_is_searched_for_jobs(tmp_path: Path) -> None:
    for name, data in [*UNRELATED.items(), *JOBS.items()]:
        (tmp_path / name).write_bytes(data)
    (tmp_path / "small.png").write_bytes(b"no picture")
    ran = jobs_only(tmp_path, "--format", "json")
    assert (ran.code, len({each["path"] for each in ran.json["jobs"]})) == (0, len(JOBS))


def test_a_file_that_cannot_be_opened_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "folder.yaml").symlink_to("nowhere")
    assert jobs_only(tmp_path / "folder.yaml").code == 2


def test_offline_judges_urls_by_their_text_alone(tmp_path: Path) -> None:
    good = write_job(tmp_path, job(image="https://example.com/a.png", video="https://example.com/b.mp4"))
    bad = write_job(tmp_path, job(image="https://10.0.0.1/a.png", video="https://example.com/b.mp4"), "bad.yaml")
    assert here("check", "--offline", good).code == 0
    ran = here("check", "--offline", "--format", "json", bad)
    assert (ran.code, ran.rules) == (1, {"url-not-public"})


def test_a_budget_holds_for_the_local_files_of_a_job(tmp_path: Path) -> None:
    (tmp_path / "job.yaml").write_text(GOOD)
    assert jobs_only(tmp_path / "job.yaml", "--max-credits", "359").code == 5


def test_a_process_over_unrelated_files_loads_nothing_that_reads_media_or_speaks_http(tmp_path: Path) -> None:
    for name, data in UNRELATED.items():
        (tmp_path / name).write_bytes(data)
    ran = preflight(
        "check", "--offline", "--jobs-only", *sorted(tmp_path.iterdir()), env={"PYTHONPROFILEIMPORTTIME": "1"}
    )
    assert (ran.code, ran.out) == (0, "")
    loaded = {line.rpartition("|")[2].strip() for line in ran.err.splitlines()}
    assert "preflight.targets" in loaded
    assert not loaded & {"httpx2", "h11", "asyncio", "PIL", "pymediainfo", "rich"}
