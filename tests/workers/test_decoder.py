"""The decoder as a plain function: the pool runs the same one where nothing of it can be measured."""

from __future__ import annotations

import pytest

from preflight.workers.decode import make_decoder
from tests.workers.test_decoding import DAMAGED, PICTURES, WHOLE

DECODE = make_decoder()


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_picture_is_told_with_its_decoders(name: str) -> None:
    told = DECODE((PICTURES / name).read_bytes())
    assert told.get("problem") is None
    assert "Pillow" in told["decoders"]


@pytest.mark.parametrize("name", DAMAGED)
def test_damage_is_told_with_its_reason(name: str) -> None:
    told = DECODE((PICTURES / name).read_bytes())
    assert told["problem"] in {"truncated", "corrupt"}
    assert told["reason"]


@pytest.mark.parametrize(
    "data",
    [b"", b"\xff\xd8", b"\x89PNG\r\n\x1a\n", b"nothing", b"\xff" * 1000],
    ids=["empty", "soi", "png", "text", "fill"],
)
def test_what_is_no_picture_is_told_as_such(data: bytes) -> None:
    assert DECODE(data)["problem"] in {"truncated", "corrupt", "unknown"}
