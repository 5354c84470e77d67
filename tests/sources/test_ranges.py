"""The header fields of a range request."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preflight.model import Span
from preflight.sources.ranges import ContentRange, content_length, content_range, range_header, unsatisfied_total


def test_the_range_header_is_the_one_place_with_an_inclusive_end() -> None:
    assert range_header(Span(0, 65536)) == "bytes=0-65535"
    assert range_header(Span(7, 8)) == "bytes=7-7"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("bytes 0-65535/9036588", ContentRange(start=0, end=65536, total=9036588)),
        ("bytes 0-0/1", ContentRange(start=0, end=1, total=1)),
        ("bytes 5-9/*", ContentRange(start=5, end=10, total=None)),
        ("Bytes 5-9/10", ContentRange(start=5, end=10, total=10)),
    ],
)
def test_a_content_range_is_read_as_a_half_open_span(value: str, expected: ContentRange) -> None:
    assert content_range(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        *[None, "", "bytes", "bytes */5", "bytes 0-5", "bytes 5-4/10", "bytes 0-10/10", "bytes 0-5/5", "bytes -1-5/10"],
        *["bytes 0-5/10, bytes 6-7/10", "bytes=0-5/10", "items 0-5/10", "bytes 0x0-5/10", "bytes 0-5/10 "],
        *["bytes ٠-٥/١٠", "bytes 0-5/+10", "bytes 0-5/1_0", "bytes 1.0-5/10", "bytes\t0-5/10", " bytes 0-5/10"],
        "bytes 0-" + "9" * 400 + "/*",
    ],
)
def test_a_content_range_that_is_malformed_or_contradicts_itself_is_none(value: str | None) -> None:
    assert content_range(value) is None


@given(st.integers(0, 10**12), st.integers(1, 10**9), st.integers(0, 10**9))
def test_every_right_content_range_is_understood(start: int, length: int, rest: int) -> None:
    end = start + length
    part = ContentRange(start=start, end=end, total=end + rest)

    assert content_range(f"bytes {start}-{end - 1}/{end + rest}") == part


@given(st.text(max_size=60))
def test_no_text_makes_the_readers_of_fields_raise(value: str) -> None:
    content_range(value)
    unsatisfied_total(value)
    content_length(value)


@pytest.mark.parametrize(
    ("value", "total"),
    [("bytes */0", 0), ("bytes */47", 47), ("bytes */*", None), ("bytes 0-1/2", None), (None, None), ("", None)],
)
def test_an_unsatisfied_range_may_tell_the_size(value: str | None, total: int | None) -> None:
    assert unsatisfied_total(value) == total


@pytest.mark.parametrize(
    ("value", "length"),
    [("0", 0), ("65536", 65536), ("", None), (None, None), ("-1", None), ("5, 5", None), ("1e3", None)],
)
def test_a_length_is_a_number_or_none(value: str | None, length: int | None) -> None:
    assert content_length(value) == length
