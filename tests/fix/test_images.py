"""Pictures written anew: colours, orientation, profiles, size. Run here what a process of its own runs otherwise."""

from __future__ import annotations

import io
import struct
import zlib
from fractions import Fraction
from pathlib import Path
from random import Random

import pytest
from PIL import Image, ImageCms

from preflight.fix.images import write_picture
from preflight.fix.recipe import ImageRecipe, Refused, WorkerOutcome
from preflight.fix.strip import strip_jpeg, strip_png
from preflight.fix.worker import carry_out
from tests.support.pixels import picture_of, psnr
from tests.tools.probing import FIXTURES

PICTURES = FIXTURES / "pictures"
PLENTY = 10_000_000


def written(data: bytes, recipe: ImageRecipe) -> tuple[WorkerOutcome, Image.Image, bytes]:
    made = io.BytesIO()
    answer = write_picture(io.BytesIO(data), made, recipe)
    image = Image.open(io.BytesIO(made.getvalue()))
    image.load()
    return answer, image, made.getvalue()


def recipe(container: str = "PNG", **more: object) -> ImageRecipe:
    return ImageRecipe(**{"container": container, "max_bytes": PLENTY, **more})  # type: ignore[arg-type]  # test data


def encoded(image: Image.Image, container: str, **settings: object) -> bytes:
    data = io.BytesIO()
    image.save(data, container, **settings)
    return data.getvalue()


def noise(width: int, height: int, mode: str = "RGB") -> Image.Image:
    return Image.frombytes(mode, (width, height), Random(7).randbytes(width * height * len(mode)))


def test_a_jpeg_keeps_its_orientation_tag_and_its_pixels_stay_where_they_are() -> None:
    data = (PICTURES / "exif-orientation-6.jpg").read_bytes()
    _, made, _ = written(data, recipe("JPEG"))
    assert made.getexif()[0x0112] == 6
    assert made.size == Image.open(io.BytesIO(data)).size


def test_anything_else_is_turned_upright_and_loses_the_tag(tmp_path: Path) -> None:
    given = tmp_path / "turned.webp"
    exif = Image.Exif()
    exif[0x0112] = 6
    given.write_bytes(encoded(noise(64, 48), "WEBP", lossless=True, exif=exif))
    answer, made, _ = written(given.read_bytes(), recipe())
    assert made.size == (48, 64)
    assert 0x0112 not in made.getexif()
    assert psnr(picture_of(given), made.convert("RGBA")) == float("inf")
    assert "turned upright by its orientation tag" in answer.done


@pytest.mark.parametrize("container", ["PNG", "JPEG"])
def test_a_colour_profile_is_kept(container: str) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    _, made, _ = written(encoded(noise(32, 32), "TIFF", icc_profile=profile), recipe(container))
    assert made.info["icc_profile"] == profile


def test_grey_of_sixteen_bits_keeps_its_high_byte() -> None:
    grey = Image.frombytes("I;16", (4, 1), struct.pack("<4H", 0, 0x7FFF, 0x8000, 0xFFFF))
    _, made, _ = written(encoded(grey, "PNG"), recipe())
    assert (made.mode, made.tobytes()) == ("L", bytes([0, 0x7F, 0x80, 0xFF]))


@pytest.mark.parametrize(
    ("mode", "container", "becomes"),
    [("1", "TIFF", "L"), ("LAB", "TIFF", "RGB"), ("CMYK", "TIFF", "RGB"), ("YCbCr", "TIFF", "RGB")],
)
def test_odd_colours_become_plain_ones(mode: str, container: str, becomes: str) -> None:
    _, made, _ = written(encoded(Image.new("RGB", (8, 8), "white").convert("RGB").convert(mode) if mode != "LAB" else
                                 Image.new("LAB", (8, 8), (255, 128, 128)), container), recipe())  # fmt: skip
    assert made.mode == becomes
    assert psnr(made.convert("RGB"), Image.new("RGB", (8, 8), "white")) > 40


@pytest.mark.parametrize("name", ["bmp-24-bit.bmp", "bmp.bmp", "tiff.tiff", "plain.png", "webp.webp", "jpeg-2000.jp2"])
def test_eight_bits_a_channel_are_not_said_to_be_made_from_more(name: str) -> None:
    """A row of 168 bytes has a 16 in it, too."""
    assert not any("bits" in text for text in written((PICTURES / name).read_bytes(), recipe())[0].done)


def test_sixteen_bits_a_channel_are_said_to_be_made_eight() -> None:
    answer, _, _ = written((PICTURES / "16-bit.png").read_bytes(), recipe())
    assert "16 bits a channel reduced to 8" in answer.done


def test_colours_are_called_what_people_call_them() -> None:
    answer, _, _ = written((PICTURES / "1-bit.png").read_bytes(), recipe())
    assert "black and white converted to grey" in answer.done


@pytest.mark.parametrize(
    "data", [b"RIFF\x10\0\0\0WEBPVP8 nothing", b"BM" + bytes(50), b"no picture at all", b""], ids=range(4)
)
def test_an_answer_names_no_object_of_this_program(data: bytes) -> None:
    refused = carry_out(recipe(), io.BytesIO(data), io.BytesIO(), io.BytesIO()).refused
    assert refused
    assert "object at 0x" not in refused


def test_cmyk_with_a_profile_that_does_not_work_is_made_rgb_by_the_plain_formula() -> None:
    data = encoded(Image.new("CMYK", (8, 8)), "TIFF", icc_profile=b"no profile at all")
    answer, made, _ = written(data, recipe())
    assert (made.mode, answer.done[-1]) == ("RGB", "CMYK converted to RGB")


def test_a_palette_stays_one_in_a_png_and_becomes_rgb_in_a_jpeg() -> None:
    data = encoded(noise(32, 32).quantize(16), "GIF")
    assert written(data, recipe())[1].mode == "P"
    assert written(data, recipe("JPEG"))[1].mode == "RGB"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (encoded(Image.new("F", (8, 8)), "TIFF"), "32-bit numbers"),
        (encoded(Image.new("RGB", (8, 8)), "GIF", save_all=True, append_images=[Image.new("RGB", (8, 8), "red")]), "2"),
    ],
    ids=["32-bit", "two-frames"],
)
def test_what_leaves_doubt_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(Refused, match=why):
        written(data, recipe())


def test_the_first_of_several_pictures_is_taken_where_that_is_allowed() -> None:
    data = encoded(Image.new("RGB", (8, 8)), "GIF", save_all=True, append_images=[Image.new("RGB", (8, 8), "red")])
    answer, made, _ = written(data, recipe(any_frame=True))
    assert made.convert("RGB").getpixel((0, 0)) == (0, 0, 0)
    assert answer.done[0] == "the first of 2 pictures taken"


def test_a_png_that_would_be_too_large_becomes_a_jpeg_of_the_best_quality_that_fits() -> None:
    data = encoded(noise(300, 300), "BMP")
    largest = len(written(data, recipe("JPEG"))[2])
    answer, made, raw = written(data, recipe(max_bytes=largest - 1))
    assert (answer.container, made.format) == ("JPEG", "JPEG")
    assert len(raw) < largest
    assert "encoded as JPEG of quality 94" in answer.done


def test_no_jpeg_of_less_than_quality_75_is_made_but_a_smaller_picture_where_that_is_allowed() -> None:
    data = encoded(noise(300, 300), "BMP")
    with pytest.raises(Refused, match="--unsafe scales it down"):
        written(data, recipe("JPEG", max_bytes=20_000))
    _, made, raw = written(data, recipe("JPEG", max_bytes=20_000, shrink=True))
    assert len(raw) <= 20_000
    assert made.width == made.height < 300


def test_a_picture_that_cannot_become_small_enough_is_refused() -> None:
    with pytest.raises(Refused, match="small enough"):
        written(encoded(noise(64, 64), "BMP"), recipe("JPEG", max_bytes=10, shrink=True))


def test_transparency_is_not_given_up_without_being_asked() -> None:
    data = encoded(noise(300, 300, "RGBA"), "PNG")
    with pytest.raises(Refused, match="--unsafe puts it on white"):
        written(data, recipe(max_bytes=100_000))
    answer, made, _ = written(data, recipe(max_bytes=100_000, shrink=True))
    assert made.mode == "RGB"
    assert "put on white" in answer.done


def test_an_alpha_channel_that_hides_nothing_is_no_transparency() -> None:
    opaque = noise(300, 300).convert("RGBA")
    assert written(encoded(opaque, "PNG"), recipe(max_bytes=200_000))[1].mode == "RGB"


def test_a_picture_is_cropped_in_its_middle_and_enlarged_to_its_smaller_side() -> None:
    answer, made, _ = written(encoded(noise(300, 100), "PNG"), recipe(max_aspect=Fraction(5, 2), min_side=340))
    assert made.size == (850, 340)
    assert answer.done == ("cropped from 300x100 to 250x100 px", "scaled from 250x100 to 850x340 px")


def test_more_pixels_than_are_decoded_are_refused_before_they_are() -> None:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    ihdr = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", ihdr) + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")
    with pytest.raises(Refused, match="60000x60000 pixels"):
        written(bomb, recipe())
    with pytest.raises(Refused, match="more than 100 million"):
        written(encoded(Image.new("L", (1, 70_000)), "PNG"), recipe(min_side=340))


def test_what_a_decoder_raises_becomes_an_answer() -> None:
    answer = carry_out(recipe(), io.BytesIO(b"\x89PNG\r\n\x1a\n" + bytes(99)), io.BytesIO(), io.BytesIO())
    assert answer.container is None
    assert answer.refused is not None
    assert answer.refused.startswith("it cannot be decoded")


@pytest.mark.parametrize("name", ["apng.png", "mpo.jpg"])
def test_the_first_picture_is_cut_out_with_every_byte_of_its_pixels(name: str) -> None:
    data = (PICTURES / name).read_bytes()
    container = "PNG" if name.endswith("png") else "JPEG"
    _, made, raw = written(data, recipe(container, strip=True))
    assert getattr(made, "n_frames", 1) == 1
    assert made.format == container
    assert raw[-8:] in data
    assert made.tobytes() == Image.open(io.BytesIO(data)).tobytes()


@pytest.mark.parametrize("strip", [strip_png, strip_jpeg])
@pytest.mark.parametrize(
    "name", ["apng.png", "mpo.jpg", "truncated.png", "truncated.jpg", "zeros.png", "zero-bytes.png"]
)
def test_a_file_cut_anywhere_is_no_whole_picture(strip: object, name: str) -> None:
    assert callable(strip)
    data = (PICTURES / name).read_bytes()
    for end in range(0, min(len(data), 3000), 7):
        assert strip(data[:end]) is None
    with pytest.raises(Refused, match="too damaged to find the end"):
        written(data[:200], recipe("PNG" if strip is strip_png else "JPEG", strip=True))
