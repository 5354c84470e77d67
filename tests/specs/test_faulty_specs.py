"""Spec files with a fault, and hostile ones: each is refused with its line and its key."""

from __future__ import annotations

from pathlib import Path

import pytest

from preflight import SpecError, Specs, load_spec
from tests.support.command import FIXTURES, here

SPECS = FIXTURES / "specs"
STILLS = (SPECS / "image-to-video.toml").read_text("utf-8")

FAULTS = {
    "unknown-key": ('source = "page:13"', 'sorce = "page:13"', "price", "is 'sorce' a misspelling of it?"),
    "unknown-key-beside": ("max_items = 2", "max_itmes = 2", "fields[2].max_itmes", "did you mean 'max_items'?"),
    "negative-price": ("credits = 140", "credits = -140", "price.clips[1].credits", "above 0"),
    "price-nan": ("credits = 140", "credits = nan", "price.clips[1].credits", "must be a number"),
    "price-infinite": ("credits = 140", "credits = inf", "price.clips[1].credits", "must be a number"),
    "price-of-many-digits": ("credits = 140", f"credits = {'9' * 400}", "price.clips[1].credits", "must be a number"),
    "price-huge-exponent": ("credits = 140", "credits = 1e999999", "price.clips[1].credits", "must be a number"),
    "price-zero": ("credits = 140", "credits = 0", "price.clips[1].credits", "above 0"),
    "price-truth-value": ("credits = 140", "credits = true", "price.clips[1].credits", "must be a number"),
    "ratio-by-zero": ('value = "5/2"', 'value = "5/0"', "image.max_aspect.value", "must be a number"),
    "path-as-model": ('model = "stills-v2-image-to-video"', 'model = "../../etc/passwd"', "model", "letters, digits"),
    "pattern-as-field": ('"input.guidance"', '"input.(a+)+$"', "fields[5].name", "a name or 'input.NAME'"),
    "control-character": ('title = "Stills 2', r'title = "\u001b[2J2', "title", "printable"),
    "user-in-base-url": ("https://api.stills", "https://user:pw@api.stills", "api.base_url", "the URL of a server"),
    "file-url": ("https://api.stills.example", "file:///etc/passwd", "api.base_url", "the URL of a server"),
    "misspelt-role": ('role = "duration"', 'role = "durations"', "fields[3].role", "did you mean 'duration'?"),
    "misspelt-container": ('["JPEG", "PNG"]', '["JPEG", "PNGG"]', "image.containers", "knows no container"),
    "price-twice": ("credits = 235", 'credits = 235\n\n[[price.clips]]\nmode = "pro"\nseconds = 10\ncredits = 1',
                    "price.clips[4]", "two prices"),
    "price-of-no-choice": ("seconds = 10\ncredits = 235", "seconds = 12\ncredits = 235", "price.clips[3]",
                           "not a choice"),
    "default-of-no-choice": ("default = 5", "default = 7", "fields[3].default", "not one of the choices"),
    "bounds-exchanged": ("minimum = 0", "minimum = 2", "fields[5].maximum", "less than minimum"),
    "day-of-no-month": ('since = "2026-11-18"', 'since = "2026-13-18"', "since", "2026-11-22"),
    "reference-price-without-video": ('basis = "clip"', 'basis = "reference"', "price", ""),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_named_with_its_line_and_key(name: str, tmp_path: Path) -> None:
    old, new, field, said = FAULTS[name]
    assert STILLS.count(old) >= 1
    path = tmp_path / "spec.toml"
    path.write_text(STILLS.replace(old, new, 1), "utf-8")
    with pytest.raises(SpecError) as raised:
        load_spec(path)
    error = raised.value
    assert error.field is not None
    assert error.field.startswith(field)
    assert said in str(error)
    assert error.line is not None
    assert str(error).startswith(f"{path}:{error.line}: {error.field}: ")
    assert len(str(error)) < len(str(path)) + 400


@pytest.mark.parametrize(
    ("name", "old", "line"),
    [
        ("unknown-key-beside", "max_itmes", 0),
        ("negative-price", "credits = -140", 0),
        ("bounds-exchanged", "maximum", 0),
    ],
)
def test_the_line_is_that_of_the_key(name: str, old: str, line: int, tmp_path: Path) -> None:
    text = STILLS.replace(*FAULTS[name][:2], 1)
    path = tmp_path / "spec.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(SpecError) as raised:
        load_spec(path)
    line = next(number for number, each in enumerate(text.splitlines(), start=1) if each.startswith(old))
    assert raised.value.line == line


@pytest.mark.parametrize(
    "text",
    ["a = " + "[" * 50_000, "a = " + "{a = " * 5_000, "x" * 300_000, "a = 1\na = 2", "\x00", "", f"a = {'9' * 9999}"],
    ids=["lists", "tables", "large", "twice", "nul", "empty", "digits"],
)
def test_a_hostile_file_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "spec.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(SpecError) as raised:
        load_spec(path)
    assert len(str(raised.value)) < len(str(path)) + 400


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing.toml", Path("/dev/zero")):
        with pytest.raises(SpecError):
            load_spec(path)


def test_a_model_that_ships_is_replaced_only_by_a_spec_that_says_so(tmp_path: Path) -> None:
    shipped = (FIXTURES.parent / "preflight" / "specs" / "kling-v3-motion-control.toml").read_text("utf-8")
    path = tmp_path / "mine.toml"
    path.write_text(shipped.replace('"720p" = "30"', '"720p" = "1"'), "utf-8")
    with pytest.raises(SpecError, match="replaces_built_in = true"):
        load_spec(path)
    path.write_text(
        shipped.replace('"720p" = "30"', '"720p" = "1"').replace("since =", "replaces_built_in = true\nsince =", 1)
    )
    ran = here("estimate", "--seconds", "10", "--spec", path, "--format", "json")
    assert ran.json["jobs"][0]["quotes"]["720p"]["credits"] == 10


def test_one_model_in_two_files_is_refused(tmp_path: Path) -> None:
    for name in ("one.toml", "two.toml"):
        (tmp_path / name).write_text(STILLS, "utf-8")
    with pytest.raises(SpecError, match=r"two\.toml: the model .*one\.toml"):
        Specs(load_spec(tmp_path / name) for name in ("one.toml", "two.toml"))
