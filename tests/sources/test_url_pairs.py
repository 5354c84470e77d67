"""Which URLs are one file, and so one job: ``url_pairs.toml`` holds the pairs, and the page that says so."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preflight.checking.job_hash import job_hash
from preflight.model import Job
from preflight.sources.signers import SIGNERS
from preflight.sources.url import canonical_url
from preflight.specs import load_spec
from tests.support.jobs import job

PAIRS = tomllib.loads((Path(__file__).parent / "url_pairs.toml").read_text("utf-8"))


def pairs(kind: str) -> list[Any]:
    return [
        pytest.param(first, second, id=f"{group}: {name}")
        for group, rows in PAIRS.items()
        for name, (first, second) in rows.get(kind, {}).items()
    ]


def identity(url: str) -> str:
    return job_hash(Job(body=job(image="https://files.example/hero.png", video=url)), load_spec())


@pytest.mark.parametrize(("first", "second"), pairs("same"))
def test_two_spellings_of_one_file_are_one_job(first: str, second: str) -> None:
    assert canonical_url(first) == canonical_url(second)
    assert identity(first) == identity(second)


@pytest.mark.parametrize(("first", "second"), pairs("not_same"))
def test_two_files_are_two_jobs(first: str, second: str) -> None:
    assert canonical_url(first) != canonical_url(second)
    assert identity(first) != identity(second)


@given(st.text(alphabet="aA%41Ee2./~+;:@", max_size=30))
def test_the_one_spelling_of_a_path_is_its_own(path: str) -> None:
    once = canonical_url(f"https://files.example/{path}")
    assert once.startswith("https://files.example/")
    assert canonical_url(once) == once


@given(st.text(max_size=60))
def test_a_text_that_is_not_a_url_is_its_own_spelling(text: str) -> None:
    assert canonical_url(f"clips/{text}") == f"clips/{text}".strip()


def test_there_are_enough_pairs_and_each_has_its_source() -> None:
    assert len(pairs("same")) >= 60
    assert len(pairs("not_same")) >= 60
    assert all(rows["source"].startswith("https://") for rows in PAIRS.values())


def test_every_signer_names_its_source_and_what_gives_it_away() -> None:
    for signer in SIGNERS:
        assert signer.source.startswith("https://"), signer.name
        assert signer.needs or signer.path, signer.name
        assert signer.shapes.keys() <= signer.needs, signer.name
