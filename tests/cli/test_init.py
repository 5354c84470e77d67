"""``preflight init``: what a user begins with is in order, explained, and never written over anything."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft7Validator, Draft202012Validator

from preflight import __version__
from preflight.scaffold import EDITOR_LINE, hooks_text, job_text, workflow_text
from preflight.specs import load_spec, model_names
from preflight.specs.schema import job_schema
from tests.support.command import FIXTURES, Ran, check, preflight
from tests.support.hook_runs import RUNNERS, SCRIPTS, git
from tests.support.jobs import MODEL

FILES = ("job.yaml", "job.schema.json", ".pre-commit-config.yaml")


def init(folder: Path, *arguments: str) -> Ran:
    return preflight("init", *arguments, cwd=folder)


def test_a_job_a_schema_and_hooks_are_written(tmp_path: Path) -> None:
    ran = init(tmp_path)
    assert (ran.code, ran.err) == (0, "")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(FILES)
    assert ran.out.splitlines() == [
        *(f"wrote  {name}" for name in FILES),
        "note   this is not a Git repository: the hooks do nothing before 'git init'",
        "next   preflight check job.yaml --offline",
    ]


def test_the_command_that_it_names_next_passes(tmp_path: Path) -> None:
    init(tmp_path, "new folder/jobs")
    ran = preflight("check", "--offline", "--format", "json", "new folder/jobs/job.yaml", cwd=tmp_path)
    assert (ran.code, ran.json["verdict"], ran.rules) == (0, "pass", set())


@pytest.mark.parametrize("model", model_names())
def test_the_job_fits_the_schema_beside_it(model: str, tmp_path: Path) -> None:
    init(tmp_path, "--model", model)
    schema = json.loads((tmp_path / "job.schema.json").read_text("utf-8"))
    job = yaml.safe_load((tmp_path / "job.yaml").read_text("utf-8"))
    for validator in (Draft7Validator, Draft202012Validator):
        validator.check_schema(schema)
        assert list(validator(schema).iter_errors(job)) == []
        assert list(validator(schema).iter_errors({**job, "imput": {}}))
    assert job["model"] == model


@pytest.mark.parametrize("model", model_names())
def test_the_job_with_every_field_that_is_commented_out_is_in_order_too(model: str, tmp_path: Path) -> None:
    spec = load_spec(model)
    lines = job_text(spec).splitlines()
    names = {field.name.rpartition(".")[2] for field in spec.fields}
    whole = [line.replace("# ", "", 1) if line.strip("# ").partition(":")[0] in names else line for line in lines]
    path = tmp_path / "job.yaml"
    path.write_text("\n".join(whole), "utf-8")
    given = yaml.safe_load(path.read_text("utf-8"))
    assert {*given, *given["input"]} == names
    assert Draft7Validator(job_schema(spec)).is_valid(given)
    assert check("--offline", path).code == 0


def test_the_first_line_tells_editors_where_the_schema_is(tmp_path: Path) -> None:
    init(tmp_path)
    first = (tmp_path / "job.yaml").read_text("utf-8").splitlines()[0]
    assert first == EDITOR_LINE
    assert (tmp_path / first.partition("$schema=")[2]).is_file()


def test_no_line_is_wider_than_a_reader_likes() -> None:
    assert max(map(len, job_text(load_spec()).splitlines())) <= 110


@pytest.mark.parametrize("name", FILES)
def test_what_is_there_stays_as_it_is(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("# mine\n")
    ran = init(tmp_path)
    assert (ran.code, (tmp_path / name).read_text()) == (0, "# mine\n")
    assert f"kept   {name}: it already exists" in ran.out
    assert all((tmp_path / other).stat().st_size > 10 for other in FILES if other != name)


def test_a_link_to_nowhere_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "job.yaml").symlink_to(tmp_path / "elsewhere.yaml")
    assert "kept   job.yaml" in init(tmp_path).out
    assert not (tmp_path / "elsewhere.yaml").exists()


def test_what_to_add_to_hooks_that_are_there_is_printed_until_it_was_added(tmp_path: Path) -> None:
    config = tmp_path / ".pre-commit-config.yaml"
    config.write_text("repos:\n")
    said = init(tmp_path).out
    snippet = said.partition(":\n\n")[2].partition("\nnext")[0]
    config.write_text("repos:\n" + snippet)
    assert yaml.safe_load(config.read_text()) == yaml.safe_load(hooks_text())
    assert "add this" not in init(tmp_path).out


def test_hooks_are_configured_at_the_top_of_the_repository(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    ran = init(below, "jobs")
    assert (tmp_path / ".pre-commit-config.yaml").exists()
    assert (below / "jobs" / "job.yaml").exists()
    assert "wrote  ../../.pre-commit-config.yaml" in ran.out


@pytest.mark.parametrize("runner", RUNNERS)
def test_the_hooks_that_it_configures_run(runner: str, tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    init(tmp_path)
    git(tmp_path, "add", "--all")
    home = {"PRE_COMMIT_HOME": str(tmp_path / "home"), "PREK_HOME": str(tmp_path / "home")}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "PREFLIGHT_"))}
    run = subprocess.run(
        [*RUNNERS[runner], "run", "--all-files"],
        cwd=tmp_path,
        env=kept | home | {"PATH": f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "preflight: job files" in run.stdout
    assert "Passed" in run.stdout


@pytest.fixture
def with_old_findings(tmp_path: Path) -> Path:
    """A repository with a picture and a job that are wrong, and a clip that cannot be examined."""
    git(tmp_path, "init", "--quiet")
    (tmp_path / "media").mkdir()
    (tmp_path / "media/named.png").write_bytes((FIXTURES / "pictures/webp-named.png").read_bytes())
    (tmp_path / "media/pointer.mp4").write_bytes((FIXTURES / "clips/git-lfs-pointer.mp4").read_bytes())
    files = "  input_urls: [https://example.com/a.png]\n  video_urls: [https://example.com/b.mp4]\n"
    (tmp_path / "old.yaml").write_text(f"model: {MODEL}\ninput:\n{files}  mode: 4k\n")
    return tmp_path


def test_old_findings_of_a_repository_become_a_baseline(with_old_findings: Path) -> None:
    ran = init(with_old_findings)
    assert (ran.code, ran.err) == (0, "")
    assert "wrote  preflight-baseline.json\n       3 old findings are in it" in ran.out
    assert "wrote  preflight.toml" in ran.out
    kept = json.loads((with_old_findings / "preflight-baseline.json").read_text("utf-8"))["findings"]
    assert {(each["path"], each["rule"]) for each in kept} == {
        ("media/named.png", "image-format"), ("media/named.png", "type-mismatch"), ("old.yaml", "mode-invalid"),
    }  # fmt: skip
    assert preflight("check", "--offline", "media/named.png", "old.yaml", cwd=with_old_findings).code == 0
    assert preflight("check", "--offline", ".", cwd=with_old_findings).code == 3  # the clip is still not there
    (with_old_findings / "new.yaml").write_bytes((with_old_findings / "old.yaml").read_bytes())
    assert preflight("check", "--offline", "new.yaml", cwd=with_old_findings).code == 1
    assert "baseline" not in init(with_old_findings).out


def test_a_baseline_is_written_in_the_same_way_from_a_folder_below(with_old_findings: Path) -> None:
    ran = init(with_old_findings / "media", "../jobs")
    assert "wrote  ../preflight-baseline.json" in ran.out
    assert preflight("check", "--offline", "named.png", cwd=with_old_findings / "media").code == 0


def test_settings_that_are_there_are_not_changed(with_old_findings: Path) -> None:
    settings = with_old_findings / "preflight.toml"
    settings.write_text("strict = true\n")
    assert 'add    baseline = "preflight-baseline.json"' in init(with_old_findings).out
    assert settings.read_text() == "strict = true\n"


def test_a_repository_in_order_gets_no_baseline_and_neither_does_one_that_wants_none(with_old_findings: Path) -> None:
    init(with_old_findings, "--no-baseline")
    (with_old_findings / "old.yaml").unlink()
    (with_old_findings / "media/named.png").unlink()
    init(with_old_findings)
    assert not list(with_old_findings.glob("preflight*"))


def test_the_workflow_is_written_at_the_top_and_is_one_of_those_that_the_linters_pass(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    ran = init(tmp_path, "jobs", "--github")
    assert "not a Git repository" not in ran.out
    assert "wrote  .github/workflows/preflight.yml" in ran.out
    workflow = (tmp_path / ".github/workflows/preflight.yml").read_text("utf-8")
    assert workflow == workflow_text(__version__)
    (steps,) = (job["steps"] for job in yaml.safe_load(workflow)["jobs"].values())
    for step in steps:
        command = step.get("run", "")
        if command.startswith("preflight check"):
            assert preflight(*command.split()[1:], cwd=tmp_path).code == 0
    assert "kept   .github/workflows/preflight.yml" in init(tmp_path, "jobs", "--github").out


NOT_A_FOLDER = {"a file": "taken", "below a file": "taken/jobs", "a name too long": "x" * 300}


@pytest.mark.parametrize("name", NOT_A_FOLDER)
def test_a_folder_that_cannot_be_made_is_a_usage_error(name: str, tmp_path: Path) -> None:
    (tmp_path / "taken").touch()
    ran = init(tmp_path, NOT_A_FOLDER[name])
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("preflight: cannot create the folder")


def test_the_files_are_those_of_the_functions(tmp_path: Path) -> None:
    init(tmp_path)
    texts = (job_text(load_spec()), json.dumps(job_schema(load_spec()), indent=2) + "\n", hooks_text())
    assert tuple((tmp_path / name).read_text("utf-8") for name in FILES) == texts


def test_samples_are_written_outside_of_the_package_and_show_what_is_wrong(tmp_path: Path) -> None:
    ran = preflight("init", "--samples", "samples", cwd=tmp_path)
    assert (ran.code, ran.err) == (0, "")
    assert [path.name for path in tmp_path.iterdir()] == ["samples"]
    checked = preflight("check", "samples/job.yaml", "--format", "json", cwd=tmp_path)
    assert (checked.code, checked.rules >= {"image-format", "video-too-long"}) == (1, True)
    good = ["--image", "samples/character.png", "--video", "samples/dance.mp4"]
    assert preflight("check", *good, cwd=tmp_path).code == 0
    (tmp_path / "samples" / "job.yaml").write_text("mine", "utf-8")
    assert "kept   samples/job.yaml" in preflight("init", "--samples", "samples", cwd=tmp_path).out
    assert (tmp_path / "samples" / "job.yaml").read_text("utf-8") == "mine"
