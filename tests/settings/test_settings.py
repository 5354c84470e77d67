"""Settings: where they come from, which of two holds, and what is said of a mistake."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from preflight.errors import ConfigurationError
from preflight.settings import SETTINGS, Setting, Settings, find_file, load_settings, read_file
from preflight.settings.schema import settings_schema
from tests.support.command import CLIP, KEY, PICTURE, environment, preflight
from tests.support.jobs import job, write_job
from tests.support.media import picture


def by_key(*arguments: str, cwd: Path, **env: str) -> dict[str, Any]:
    """What ``preflight settings`` says, by key."""
    ran = preflight("settings", "--format", "json", *arguments, cwd=cwd, env=env)
    assert ran.code == 0, ran.err
    return {each["key"]: each for each in ran.json["settings"]}


def write(folder: Path, text: str, name: str = "preflight.toml") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def refused(folder: Path, text: str) -> str:
    """What is said of a settings file that cannot work."""
    write(folder, text)
    ran = preflight("check", PICTURE, cwd=folder)
    assert (ran.code, ran.out) == (2, "")
    return ran.err


# ── Where they come from ──────────────────────────────────────────────────────────────────────────────────────────


def test_an_option_goes_before_the_environment_before_the_file_before_the_default(tmp_path: Path) -> None:
    (tmp_path / "small.png").write_bytes(picture(320, 320))

    def code(*options: str, **env: str) -> int:
        return preflight("check", "small.png", *options, cwd=tmp_path, env=env).code

    assert code() == 0
    write(tmp_path, 'fail-on = "warning"')
    assert code() == 1
    assert code(PREFLIGHT_FAIL_ON="error") == 0
    assert code("--fail-on", "warning", PREFLIGHT_FAIL_ON="error") == 1
    assert code("--isolated") == 0


def test_each_value_is_shown_with_its_origin(tmp_path: Path) -> None:
    write(tmp_path, '# ours\nstrict = true\n\n[severity]\nvideo-codec = "error"\n')
    shown = by_key(cwd=tmp_path, PREFLIGHT_MODE="1080p", PREFLIGHT_IGNORE="url-insecure, price")
    assert (shown["strict"]["value"], shown["strict"]["origin"], shown["strict"]["line"]) == (True, "file", 2)
    assert (shown["severity"]["value"], shown["severity"]["line"]) == ({"video-codec": "error"}, 4)
    assert (shown["mode"]["value"], shown["mode"]["name"]) == ("1080p", "PREFLIGHT_MODE")
    assert shown["ignore"]["value"] == ["url-insecure", "price"]
    assert (shown["select"]["value"], shown["select"]["origin"]) == ([], "default")


def test_the_text_names_file_and_line(tmp_path: Path) -> None:
    write(tmp_path, "max-credits = 400\n")
    lines = preflight("settings", cwd=tmp_path).out.splitlines()
    assert ["max-credits", "400", "preflight.toml:1"] in [line.split() for line in lines]
    assert len(lines) == 1 + len(SETTINGS)


PLACES = {
    "own-file": ({"preflight.toml": 'mode = "1080p"'}, "preflight.toml"),
    "shared-file": ({"pyproject.toml": '[tool.preflight]\nmode = "1080p"'}, "pyproject.toml"),
    "own-before-shared": (
        {"preflight.toml": 'mode = "1080p"', "pyproject.toml": '[tool.preflight]\nmode = "720p"'},
        "preflight.toml",
    ),
    "from-above": ({"preflight.toml": 'mode = "1080p"', "jobs/today/.keep": ""}, "preflight.toml"),
    "shared-without-table": (
        {"preflight.toml": 'mode = "1080p"', "jobs/today/pyproject.toml": "[tool.preflight-other]\nx = 1"},
        "preflight.toml",
    ),
    "beyond-the-repository": ({"preflight.toml": 'mode = "1080p"', "jobs/.git/HEAD": "", "jobs/today/.keep": ""}, None),
    "at-its-root": (
        {"jobs/preflight.toml": 'mode = "1080p"', "jobs/.git/HEAD": "", "jobs/today/.keep": ""},
        "jobs/preflight.toml",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("files", "expected"), PLACES.values(), ids=PLACES)
def test_the_file_is_looked_for_upwards_as_far_as_the_repository(
    files: dict[str, str], expected: str | None, tmp_path: Path
) -> None:
    for name, text in files.items():
        write(tmp_path, text, name)
    below = tmp_path / "jobs" / "today"
    mode = by_key(cwd=below if below.is_dir() else tmp_path)["mode"]
    assert mode["name"] == (str(tmp_path / expected) if expected else None)
    assert mode["value"] == ("1080p" if expected else None)


SPELLINGS = {
    "header": "[tool.preflight]\nstrict = true",
    "blanks": "[ tool . preflight ]\nstrict = true",
    "quotes": "[\"tool\".'preflight']\nstrict = true",
    "dotted-key": "tool.preflight.strict = true",
    "below-tool": "[tool]\npreflight.strict = true",
    "table-below-tool": "['tool']\npreflight = {strict = true}",
    "within-a-table": '"tool" = {preflight = {strict = true}}',
    "after-others": "[project]\nname = 'preflight'\n\n  [tool.preflight] # ours\nstrict = true",
}


@pytest.mark.parametrize("text", SPELLINGS.values(), ids=SPELLINGS)
def test_the_table_is_found_however_it_is_spelled(text: str, tmp_path: Path) -> None:
    write(tmp_path, text, "pyproject.toml")

    found = find_file(tmp_path)

    assert found is not None
    assert found.values == {"strict": True}


def test_a_project_that_only_depends_on_preflight_has_no_settings(tmp_path: Path) -> None:
    write(tmp_path, '[project]\ndependencies = ["media-preflight"]\n[tool.ruff]\nline-length = 120', "pyproject.toml")

    assert find_file(tmp_path) is None


def test_a_file_can_be_named_by_option_and_by_variable(tmp_path: Path) -> None:
    write(tmp_path, 'mode = "720p"')
    other = str(write(tmp_path, 'mode = "1080p"', "other/any.toml"))
    assert by_key("--config", other, cwd=tmp_path)["mode"]["value"] == "1080p"
    assert by_key(cwd=tmp_path, PREFLIGHT_CONFIG=other)["mode"]["value"] == "1080p"
    assert by_key("--isolated", cwd=tmp_path, PREFLIGHT_CONFIG=other)["mode"]["value"] is None
    both = preflight("settings", "--isolated", "--config", other, cwd=tmp_path)
    assert (both.code, "give only one" in both.err) == (2, True)


@pytest.mark.parametrize("name", ["none.toml", "folder"])
def test_a_named_file_must_be_there(name: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    ran = preflight("check", PICTURE, "--config", name, cwd=tmp_path)
    assert (ran.code, name in ran.err) == (2, True)


def test_an_empty_variable_is_none_and_an_unknown_one_that_looks_like_a_slip_is_named(tmp_path: Path) -> None:
    ran = preflight(
        "settings", cwd=tmp_path, env={"PREFLIGHT_MODE": "", "PREFLIGHT_MAX_CREDIT": "4", "PREFLIGHT_X": ""}
    )
    assert ran.code == 0
    assert ran.err == "preflight: PREFLIGHT_MAX_CREDIT is not a setting; did you mean 'PREFLIGHT_MAX_CREDITS'?\n"


def test_paths_in_a_file_are_relative_to_it(tmp_path: Path) -> None:
    path = write(tmp_path, 'ledger = "spent/ledger.db"\nbaseline = "old.json"\n')
    (tmp_path / "below").mkdir()
    shown = by_key("--config", str(path), cwd=tmp_path / "below")
    assert shown["ledger"]["value"] == str(tmp_path / "spent" / "ledger.db")
    assert shown["baseline"]["value"] == str(tmp_path / "old.json")


# ── What they do ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_mode_holds_for_media_and_not_for_job_files(tmp_path: Path) -> None:
    write(tmp_path, 'mode = "1080p"')
    write_job(tmp_path)
    price = {
        name: preflight("check", "--format", "json", *what, cwd=tmp_path).json["quote"]["credits"]
        for name, what in {"clip": [CLIP], "pair": ["--image", PICTURE, "--video", CLIP], "job": ["job.yaml"]}.items()
    }
    assert price == {"clip": 480, "pair": 480, "job": 360}


def test_rounding_budget_and_strictness_hold(tmp_path: Path) -> None:
    write(tmp_path, 'rounding = "exact"\nmax-credits = 250\n')
    ran = preflight("estimate", "--seconds", "8.5", "--format", "json", cwd=tmp_path)
    assert (ran.code, ran.json["quote"]["credits"]) == (5, 255)
    (tmp_path / "small.png").write_bytes(picture(320, 320))
    write(tmp_path, "strict = true")
    assert [preflight("check", "small.png", *more, cwd=tmp_path).code for more in ([], ["--no-strict"])] == [1, 0]


def test_a_setting_without_the_option_is_there_for_the_command(tmp_path: Path) -> None:
    """``submit`` has no ``--ignore``: what the settings ignore is ignored all the same, what they select is not."""
    write_job(tmp_path, job(prompt="x" * 2501))
    assert preflight("estimate", "job.yaml", cwd=tmp_path).code == 1
    write(tmp_path, 'select = ["video"]')
    assert preflight("estimate", "job.yaml", cwd=tmp_path).code == 1
    write(tmp_path, 'ignore = ["prompt-too-long"]')
    assert preflight("estimate", "job.yaml", cwd=tmp_path).code == 0


def test_commands_that_mean_something_else_by_an_option_take_no_settings(tmp_path: Path) -> None:
    write(tmp_path, "nonsense = 1")
    assert preflight("schema", "settings", cwd=tmp_path).code == 0
    assert "--config" not in preflight("sandbox", "--help", cwd=tmp_path).out
    assert "--config" in preflight("task", "show", "--help", cwd=tmp_path).out


LOADED = """
import sys
from preflight.cli.run import run
code = run(["check", "-q", *sys.argv[1:]])
heavy = {"httpx2", "h11", "pymediainfo", "pathspec", "yaml", "rich"}
print(code, *sorted(heavy & set(sys.modules)))
"""


def test_a_settings_file_costs_a_check_of_a_picture_no_library(tmp_path: Path) -> None:
    write(tmp_path, 'strict = false\nexclude = ["drafts/"]\nignore = ["video"]')
    shutil.copy(PICTURE, tmp_path / "a.png")
    ran = subprocess.run(
        [sys.executable, "-c", LOADED, "a.png"],
        cwd=tmp_path, env=environment(), capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert ran.stdout == "0\n"


# ── Mistakes ──────────────────────────────────────────────────────────────────────────────────────────────────────

MISTAKES = {
    "unknown-key": ("strict = true\nmax-credit = 1", ":2: max-credit: no such setting; did you mean 'max-credits'?"),
    "underscore": ("max_credits = 1", "max_credits: no such setting; did you mean 'max-credits'?"),
    "nothing-like-it": ("colour = 1", "colour: no such setting; preflight settings lists them"),
    "unknown-rule": ('ignore = ["vidoe"]', "ignore: unknown rule 'vidoe'; did you mean 'video'?"),
    "string-for-list": (
        'select = "video"',
        """the string 'video', where a list of strings is expected: write ["video"]""",
    ),
    "string-for-flag": ('strict = "yes"', "strict: the string 'yes', where true or false is expected"),
    "flag-for-number": ("max-credits = true", "max-credits: true, where a number of credits is expected"),
    "string-for-number": ('timeout = "10"', "the string '10', where a number of seconds is expected"),
    "negative": ("max-credits = -1", "-1 is not between 0 and 1000000000 credits"),
    "not-finite": ("timeout = inf", "is not between 0.1 and 3600 seconds"),
    "choice": ('fail-on = "errors"', "'errors' is not one of error, warning, note; did you mean 'error'?"),
    "severity-level": ('[severity]\nvideo-codec = "fatal"', ":2: severity: video-codec: 'fatal' is not one of error"),
    "severity-area": ('[severity]\nvideo = "error"', "severity: unknown rule 'video'"),
    "path-rules": ('[per-path-ignores]\n"a/**" = "video"', ':2: per-path-ignores: "a/**": the string'),
    "number-in-list": ("allow-host = [1]", "the number 1 in the list, where a string is expected"),
    "bad-host": ('allow-host = ["a:b"]', "allow-host: "),
    "table-for-string": ("[mode]\nx = 1", "mode: a table, where a string is expected"),
    "date": ("mode = 2026-01-01", "mode: a date or a time, where a string is expected"),
    "not-toml": ("mode =", "preflight.toml: not TOML: "),
    "terminal-commands": ('mode = "\\u001b[2J"', r"\x1b[2J"),
}


@pytest.mark.parametrize(("text", "said"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_an_error_with_its_place_and_what_is_allowed(text: str, said: str, tmp_path: Path) -> None:
    error = refused(tmp_path, text)
    assert said in error
    assert "preflight.toml" in error
    assert "\x1b" not in error


@pytest.mark.parametrize("key", ["api-key", "api_key", "key", "key-file", "token"])
def test_the_key_is_refused_and_not_repeated(key: str, tmp_path: Path) -> None:
    error = refused(tmp_path, f'{key} = "{KEY}"')
    assert "the API key does not belong in a file that is shared" in error
    assert "PREFLIGHT_API_KEY" in error


VARIABLES = {
    "PREFLIGHT_STRICT": ("perhaps", "PREFLIGHT_STRICT: 'perhaps', where true or false is expected"),
    "PREFLIGHT_MAX_CREDITS": ("many", "PREFLIGHT_MAX_CREDITS: 'many' is not a number of credits"),
    "PREFLIGHT_SEVERITY": ("video-codec", "PREFLIGHT_SEVERITY: video-codec: '' is not one of"),
    "PREFLIGHT_SELECT": ("video,nothing", "PREFLIGHT_SELECT: unknown rule 'nothing'"),
    "PREFLIGHT_API_URL": ("ftp://x", "PREFLIGHT_API_URL: 'ftp://x', where a URL"),
}


@pytest.mark.parametrize("name", VARIABLES)
def test_a_mistake_in_a_variable_names_it(name: str, tmp_path: Path) -> None:
    text, said = VARIABLES[name]
    ran = preflight("check", PICTURE, cwd=tmp_path, env={name: text})
    assert (ran.code, said in ran.err) == (2, True), ran.err


def test_hostile_files_end_with_an_error(tmp_path: Path) -> None:
    hostile = {
        "deep": b"mode = " + b"[" * 100_000,
        "large": b"#" * 2_000_000,
        "bytes": b'mode = "\xff"',
        "digits": b"max-credits = " + b"9" * 100_000,
        "exponent": b"max-credits = 1e999999999999999999999",
    }
    for name, data in hostile.items():
        (tmp_path / "preflight.toml").write_bytes(data)
        ran = preflight("check", PICTURE, cwd=tmp_path)
        assert (ran.code, ran.err.count("\n")) == (2, 1), name
        assert len(ran.err) < 500, name


# ── The table ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.key)
def test_the_example_of_a_setting_is_taken_by_loader_and_schema(setting: Setting, tmp_path: Path) -> None:
    file = read_file(write(tmp_path, f"{setting.key} = {setting.example}"))
    loaded = load_settings(file, {})
    assert getattr(loaded.settings, setting.name) != setting.default or setting.key in {"model", "api-url"}
    jsonschema.validate(json.loads(json.dumps(dict(file.values), default=float)), settings_schema())


WRONG: tuple[object, ...] = ("", 7, True, -1, ["x", 1], {"x": "y"}, {"a/**": "video"}, "x", [])


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.key)
def test_schema_and_loader_refuse_the_same_values(setting: Setting, tmp_path: Path) -> None:
    validator = jsonschema.Draft7Validator(settings_schema())
    for value in WRONG:
        text = json.dumps(value) if not isinstance(value, dict) else ""
        for key, inner in value.items() if isinstance(value, dict) else ():
            text = f'{{"{key}" = {json.dumps(inner)}}}'
        file = read_file(write(tmp_path, f"{setting.key} = {text}"))
        try:
            load_settings(file, {})
            is_taken = True
        except ConfigurationError:
            is_taken = False
        if setting.key == "allow-host" and value == "x":
            continue  # the schema does not know what a host is
        assert validator.is_valid({setting.key: value}) == is_taken, value


def test_schema_and_loader_know_the_same_keys(tmp_path: Path) -> None:
    schema = settings_schema()
    jsonschema.Draft7Validator.check_schema(schema)
    assert set(schema["properties"]) == {field.name.replace("_", "-") for field in fields(Settings)}
    assert not jsonschema.Draft7Validator(schema).is_valid({"nonsense": 1})
    ran = preflight("schema", "settings", cwd=tmp_path)
    assert ran.json == json.loads(json.dumps(schema))
    assert preflight("schema", cwd=tmp_path).json == preflight("schema", "job", cwd=tmp_path).json
