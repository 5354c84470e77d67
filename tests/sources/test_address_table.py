"""Which numeric addresses may be dialled."""

from __future__ import annotations

import pytest

from preflight.sources.address_guard import problem_of
from tests.servers.addresses import ALLOWED, MAPPED, NO_ADDRESSES, REFUSED, SPECIAL


@pytest.mark.parametrize(("address", "word"), REFUSED, ids=[address for address, _ in REFUSED])
def test_a_special_address_is_refused_and_its_kind_is_named(address: str, word: str) -> None:
    problem = problem_of(address)

    assert problem is not None
    assert word in problem


@pytest.mark.parametrize("address", MAPPED)
def test_a_mapped_address_is_refused_for_the_address_inside(address: str) -> None:
    inside = {"7f00:1": "127.0.0.1"}.get(address.lower().partition("ffff:")[2], address.rpartition(":")[2])

    assert problem_of(address) is not None
    assert problem_of(address) == problem_of(inside)


@pytest.mark.parametrize("text", NO_ADDRESSES, ids=repr)
def test_what_is_no_numeric_address_is_refused(text: str) -> None:
    assert problem_of(text) == "not an address"


@pytest.mark.parametrize("address", ALLOWED)
def test_a_public_address_may_be_dialled(address: str) -> None:
    assert problem_of(address) is None


def test_the_table_is_tried_with_at_least_150_special_addresses() -> None:
    assert len(set(SPECIAL)) >= 150
