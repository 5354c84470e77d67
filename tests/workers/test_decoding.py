"""Pictures decoded whole (``--deep``): damage that no header tells of, and pictures that are more than is decoded."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from chunks import is_frame_header, read_chunks, read_segments, write_chunks, write_segments
from PIL import Image

from preflight.checking import second_opinion
from preflight.checking.decoder_facts import judged
from preflight.checking.engine import Engine
from preflight.checking.options import Options
from preflight.model import DefectKind, Family, ImageFacts, JobReport, Kind, Severity, SparseBytes, Verdict
from preflight.model.target import Media
from preflight.probes import limits
from preflight.sources.host import AllowedHost
from preflight.workers.pool import COMMAND, WorkerPool
from tests.servers.lying import Server, serving
from tests.tools.probing import FIXTURES

PICTURES = FIXTURES / "pictures"
LONG = 60.0
"""A wall clock that no test waits for."""
TRUTH = {row["path"]: row for row in map(json.loads, (FIXTURES / "decoders.jsonl").read_text("utf-8").splitlines())}
SCRIPT = COMMAND[-1]
BOTH = ("Pillow", "libjpeg-turbo")

WHOLE = [
    "plain.jpg",
    "progressive.jpg",
    "cmyk.jpg",
    "grayscale.jpg",
    "odd-size.jpg",
    "exif-thumbnail.jpg",
    "exif-orientation-6.jpg",
    "fill-bytes.jpg",
    "metadata-before-frame.jpg",
    "trailing-garbage.jpg",
    "mpo.jpg",
    "plain.png",
    "16-bit.png",
    "interlaced.png",
    "palette.png",
    "grayscale.png",
    "rgba.png",
    "apng.png",
    "trailing-garbage.png",
    "exif-orientation-6.png",
]
DAMAGED = {
    "blank-in-scan.jpg": "does not decode whole: 881 extraneous bytes before marker 0xd9 (libjpeg-turbo)",
    "ended-early.jpg": "does not decode whole: premature end of data segment (libjpeg-turbo)",
    "ended-early-progressive.jpg": "does not decode whole: premature end of data segment (libjpeg-turbo)",
    "bad-zlib.png": "does not decode whole at or after byte 33: its pixel data does not inflate: incorrect data check",
    "half-of-rows.png": "at or after byte 33: its data holds 461120 bytes of pixels where 922240 are expected",
}
NOISE = Random(4).randbytes(400 * 400 * 3)

needs_limits = pytest.mark.skipif(sys.platform != "linux", reason="limits are held to as Linux does")


@pytest.fixture(scope="module", name="engine")
def _engine() -> Iterator[Engine]:
    with Engine(Options(deep=True)) as engine:
        yield engine


def checked(engine: Engine, path: Path) -> JobReport:
    return engine.check([Media(source=str(path), kind=Kind.IMAGE)]).jobs[0]


def facts_of(report: JobReport) -> ImageFacts:
    facts = report.subjects[0].facts
    assert isinstance(facts, ImageFacts)
    return facts


def written(folder: Path, name: str, data: bytes) -> Path:
    (folder / name).write_bytes(data)
    return folder / name


def encoded(container: str, mode: str = "RGB", **settings: Any) -> bytes:
    """Noise, 400×400: more than the first 64 KiB."""
    data = io.BytesIO()
    Image.frombytes("RGB", (400, 400), NOISE).convert(mode).save(data, container, **settings)
    return data.getvalue()


def blanked(data: bytes) -> bytes:
    """Zeros in place of 2000 bytes, far beyond what a check of headers reads."""
    at = 3 * len(data) // 4
    return data[:at] + bytes(2000) + data[at + 2000 :]


def facts_for(width: int, height: int, data: bytes, container: str = "PNG") -> ImageFacts:
    return ImageFacts(
        container=container, family=Family.PICTURE, size_bytes=len(data), width=width, height=height, complete=True
    )


def whole(data: bytes) -> SparseBytes:
    fetched = SparseBytes()
    fetched.add(0, data)
    return fetched


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_picture_is_decoded(name: str, engine: Engine) -> None:
    report = checked(engine, PICTURES / name)
    assert facts_of(report).decoders == (("zlib", "Pillow") if name.endswith("png") else BOTH)
    assert report.verdict is Verdict.PASS
    assert report.subjects[0].transfer.bytes == (PICTURES / name).stat().st_size


@pytest.mark.parametrize("name", DAMAGED)
def test_a_picture_with_damage_inside_is_corrupt_once_it_is_decoded(name: str, engine: Engine) -> None:
    report = checked(engine, PICTURES / name)
    assert report.verdict is Verdict.FAIL
    assert [finding.rule for finding in report.findings] == ["image-corrupt"]
    assert DAMAGED[name] in report.findings[0].message
    assert facts_of(report).decoders == ()
    with Engine() as shallow:
        assert checked(shallow, PICTURES / name).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("container", "settings"),
    [
        ("JPEG", {"quality": 90}),
        ("JPEG", {"quality": 90, "progressive": True}),
        ("JPEG", {"quality": 90, "mode": "CMYK"}),
        ("JPEG", {"quality": 90, "restart_marker_blocks": 8}),
        ("PNG", {}),
        ("PNG", {"mode": "RGBA"}),
    ],
    ids=["baseline", "progressive", "cmyk", "restart-markers", "png", "png-with-alpha"],
)
def test_damage_far_inside_is_found_in_every_kind(
    container: str, settings: dict[str, Any], tmp_path: Path, engine: Engine
) -> None:
    sound = encoded(container, **settings)
    assert checked(engine, written(tmp_path, "sound", sound)).verdict is not Verdict.FAIL
    report = checked(engine, written(tmp_path, "damaged", blanked(sound)))
    assert [finding.rule for finding in report.findings if finding.severity.label == "error"] == ["image-corrupt"]


def test_the_checksum_of_every_block_of_a_picture_is_held_wherever_it_is_read(tmp_path: Path, engine: Engine) -> None:
    """The data itself is right: only the sum behind the last of many chunks is not."""
    head, *rest = read_chunks(encoded("PNG", compress_level=1))
    data = b"".join(part for kind, part in rest if kind == b"IDAT")
    parts = [(b"IDAT", data[at : at + 30_000]) for at in range(0, len(data), 30_000)]
    png = bytearray(write_chunks([head, *parts, (b"IEND", b"")]))
    png[-13] ^= 1
    path = written(tmp_path, "sum.png", bytes(png))
    assert "checksum does not match" in checked(engine, path).findings[0].message
    with Engine() as shallow:
        assert checked(shallow, path).verdict is Verdict.PASS


def test_padding_before_the_end_marker_is_no_damage(tmp_path: Path, engine: Engine) -> None:
    jpeg = (PICTURES / "plain.jpg").read_bytes()
    report = checked(engine, written(tmp_path, "padded.jpg", jpeg[:-2] + bytes(600) + jpeg[-2:]))
    assert (report.verdict, facts_of(report).decoders) == (Verdict.PASS, BOTH)


def test_a_picture_after_the_first_does_not_count(tmp_path: Path, engine: Engine) -> None:
    """A second picture of an MPO, a thumbnail in Exif: neither is what the service takes."""
    mpo = (PICTURES / "mpo.jpg").read_bytes()
    report = checked(engine, written(tmp_path, "mpo.jpg", blanked(mpo)))
    assert facts_of(report).decoders == BOTH


@pytest.mark.parametrize(
    "name", ["truncated.jpg", "no-iend.png", "two-frame-headers.jpg", "webp.webp", "zero-width.png"]
)
def test_what_is_wrong_or_refused_already_is_not_decoded(name: str, engine: Engine) -> None:
    before = facts_of(checked(engine, PICTURES / name))
    with Engine() as shallow:
        assert facts_of(checked(shallow, PICTURES / name)).defects == before.defects
    assert before.decoders == ()


def test_more_pixels_than_are_decoded_are_neither_good_nor_bad(tmp_path: Path, engine: Engine) -> None:
    data = io.BytesIO()
    Image.new("1", (8000, 8000)).save(data, "PNG")
    report = checked(engine, written(tmp_path, "large.png", data.getvalue()))
    assert report.verdict is Verdict.INDETERMINATE
    assert f"no more than {limits.MAX_DECODED_PIXELS} are decoded" in report.findings[0].message


@needs_limits
def test_a_picture_that_takes_more_memory_than_there_is_could_not_be_examined() -> None:
    data = io.BytesIO()
    Image.new("RGBA", (5000, 6000)).save(data, "PNG", compress_level=1)
    small = f"import resource; resource.setrlimit(resource.RLIMIT_AS, ({200 << 20},) * 2); "
    small += f"import runpy; runpy.run_path({SCRIPT!r}, run_name='__main__')"
    with WorkerPool(LONG, [sys.executable, "-P", "-c", small, "decode"]) as pool:
        facts = second_opinion.with_decoding(facts_for(5000, 6000, data.getvalue()), whole(data.getvalue()), pool)
        plain = (PICTURES / "plain.png").read_bytes()
        after = second_opinion.with_decoding(facts_for(480, 640, plain), whole(plain), pool)
    assert [(defect.kind, defect.message) for defect in facts.defects] == [
        (DefectKind.UNREADABLE, "takes more memory to decode than it is given")
    ]
    assert after.decoders == ("zlib", "Pillow")


@pytest.mark.parametrize(
    "script", ["import time; time.sleep(60)", "", "import os; os.abort()"], ids=["hangs", "ends", "dies"]
)
def test_a_picture_whose_decoder_does_not_answer_could_not_be_examined(script: str) -> None:
    with WorkerPool(0.5, [sys.executable, "-I", "-S", "-c", script]) as pool:
        facts = second_opinion.with_decoding(facts_for(480, 640, b"x"), whole(b"x"), pool)
    assert [defect.kind for defect in facts.defects] == [DefectKind.UNREADABLE]
    assert facts.decoders == ()


def test_a_picture_that_was_not_fetched_whole_could_not_be_examined() -> None:
    data = (PICTURES / "plain.png").read_bytes()
    with WorkerPool(command=["/nonexistent"]) as pool:
        facts = second_opinion.with_decoding(facts_for(480, 640, data), whole(data[:1000]), pool)
    assert "fetched to byte 1000" in facts.defects[0].message


def test_without_its_extra_pillow_decodes_alone_and_the_facts_say_so() -> None:
    """Pillow takes damage inside a JPEG for a picture: its word is not given as that of both."""
    alone = f"import runpy, sys; sys.modules['simplejpeg'] = None; runpy.run_path({SCRIPT!r}, run_name='__main__')"
    with WorkerPool(LONG, [sys.executable, "-P", "-c", alone, "decode"]) as pool:
        for name in ("plain.jpg", "blank-in-scan.jpg"):
            data = (PICTURES / name).read_bytes()
            assert second_opinion.with_decoding(facts_for(480, 640, data, "JPEG"), whole(data), pool).decoders == (
                "Pillow",
            )


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"decoders": []},
        {"decoders": "Pillow"},
        {"problem": ["corrupt"], "reason": 7},
        {"problem": "corrupt", "offset": -1},
        {"problem": "truncated", "offset": 1 << 80, "reason": None},
        {"problem": "corrupt", "offset": "7", "reason": "\x1b[2J" * 1000},
    ],
    ids=repr,
)
def test_an_answer_that_makes_no_sense_is_no_pass(told: dict[str, Any]) -> None:
    facts = judged(facts_for(480, 640, bytes(100)), told)
    assert facts.decoders == ()
    assert facts.defects[0].message.isprintable()
    assert len(facts.defects[0].message) < 300
    assert facts.defects[0].offset is None


def test_the_process_that_asks_decodes_nothing_itself() -> None:
    script = """
import sys
from preflight.checking.engine import Engine
from preflight.checking.options import Options
from preflight.model.target import Media
with Engine(Options(deep=True)) as engine:
    engine.check([Media(source=sys.argv[1])])
print([name for name in ("numpy", "simplejpeg", "pymediainfo", "httpx2", "h11") if name in sys.modules])
"""
    command = [sys.executable, "-c", script, str(PICTURES / "plain.jpg")]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LONG)
    assert (ran.stdout, ran.stderr) == ("[]\n", "")


@pytest.fixture(scope="module", name="server")
def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("pictures")
    sound = encoded("JPEG", quality=90)
    files = {
        "sound.jpg": written(folder, "sound.jpg", sound),
        "damaged.jpg": written(folder, "damaged.jpg", blanked(sound)),
        "sound.png": written(folder, "sound.png", encoded("PNG")),
        "damaged.png": written(folder, "damaged.png", blanked(encoded("PNG"))),
    }
    with serving(files) as running:
        yield running


def fetched(server: Server, name: str, behaviour: str, *, deep: bool) -> JobReport:
    with Engine(Options(allow=(AllowedHost.parse(server.authority),), deep=deep)) as engine:
        return engine.check([Media(source=server.url(behaviour, name), kind=Kind.IMAGE)]).jobs[0]


@pytest.mark.parametrize("behaviour", ["ok", "ignores-range", "chunked", "no-length", "total-unknown"])
@pytest.mark.parametrize("name", ["sound.jpg", "damaged.jpg", "sound.png", "damaged.png"])
def test_a_picture_at_a_url_is_fetched_and_decoded_whole(name: str, behaviour: str, server: Server) -> None:
    report = fetched(server, name, behaviour, deep=True)
    subject = report.subjects[0]
    if name.startswith("sound"):
        assert facts_of(report).decoders
    else:
        assert "image-corrupt" in [finding.rule for finding in report.findings]
    assert subject.transfer.requests <= 3
    assert subject.transfer.bytes == facts_of(report).size_bytes


@pytest.mark.parametrize("name", ["sound.jpg", "damaged.jpg", "sound.png", "damaged.png"])
def test_without_the_option_no_more_is_fetched_than_the_first_bytes(name: str, server: Server) -> None:
    report = fetched(server, name, "ok", deep=False)
    assert report.verdict is Verdict.PASS
    assert facts_of(report).decoders == ()
    assert (report.subjects[0].transfer.requests, report.subjects[0].transfer.bytes) == (1, limits.FIRST_SPAN_BYTES)


def test_metadata_that_inflates_to_far_more_than_the_picture_costs_pillow_its_word(
    tmp_path: Path, engine: Engine
) -> None:
    head, *rest = read_chunks((PICTURES / "plain.png").read_bytes())
    text = (b"zTXt", b"Comment\0\0" + zlib.compress(bytes(100 << 20)))
    report = checked(engine, written(tmp_path, "text.png", write_chunks([head, text, *rest])))
    assert facts_of(report).decoders == ("zlib",)
    assert [(finding.rule, finding.severity) for finding in report.findings] == [("image-corrupt", Severity.WARNING)]


REFUSED_BY_PILLOW = [
    path
    for path, row in TRUTH.items()
    if row["pillow"]["error"] and row["libpng"] is not None and row["libpng"]["error"] is None
]


@pytest.mark.parametrize("path", REFUSED_BY_PILLOW)
def test_a_decoder_that_does_not_open_a_file_is_not_named(path: str, engine: Engine) -> None:
    report = checked(engine, FIXTURES / path)
    assert "Pillow" not in facts_of(report).decoders
    assert facts_of(report).decoders in ((), ("zlib",))
    assert [finding.rule for finding in report.findings if "Pillow" in finding.message]


@pytest.mark.parametrize(
    ("name", "decoders"),
    [
        ("stray-byte-before-dqt.jpg", ("Pillow",)),
        ("app0-length-short.jpg", ("Pillow",)),
        ("unknown-critical.png", ("zlib", "Pillow")),
        ("bad-crc-iend.png", ("zlib", "Pillow")),
        ("ultra-hdr.jpg", BOTH),
    ],
)
def test_a_picture_that_readers_open_all_the_same_is_decoded(
    name: str, decoders: tuple[str, ...], engine: Engine
) -> None:
    """simplejpeg takes a warning about stray bytes for a refusal: libjpeg-turbo is then not named."""
    report = checked(engine, PICTURES / name)
    assert report.verdict is Verdict.PASS
    assert facts_of(report).decoders == decoders


def test_damage_is_seen_behind_stray_bytes(tmp_path: Path, engine: Engine) -> None:
    data = (PICTURES / "blank-in-scan.jpg").read_bytes()
    report = checked(engine, written(tmp_path, "both.jpg", data[:20] + b"777" + data[20:]))
    assert report.verdict is Verdict.FAIL
    assert any("does not decode whole" in finding.message for finding in report.findings)


HEAD, *_BODY = read_chunks((PICTURES / "plain.png").read_bytes())
SEGMENTS, SCAN = read_segments((PICTURES / "plain.jpg").read_bytes())
FRAME = next(segment for segment in SEGMENTS if is_frame_header(segment))


@pytest.mark.parametrize(
    "data",
    [
        write_segments([FRAME] * 60_000 + SEGMENTS, SCAN),
        write_segments([b"\xff\xee\0\x0e" + bytes(12)] * 30_000 + SEGMENTS, SCAN),
        write_chunks([HEAD] * 60_000 + _BODY),
        write_chunks([HEAD, *[(b"PLTE", bytes(768))] * 1500, *_BODY]),
        write_chunks([HEAD, *[(b"IDAT", b"")] * 60_000, *_BODY]).replace(b"\x35\xaf\x06\x1e", bytes(4)),
    ],
    ids=["frame-headers", "adobe-segments", "headers", "palettes", "wrong-checksums"],
)
def test_a_picture_of_thousands_of_parts_is_read_within_bounds_and_told_of_in_a_few_words(
    data: bytes, tmp_path: Path, engine: Engine
) -> None:
    report = checked(engine, written(tmp_path, "many", data))
    assert len(report.findings) <= limits.MAX_DEFECTS + 1
    assert len(facts_of(report).sizes) <= limits.MAX_DEFECTS
