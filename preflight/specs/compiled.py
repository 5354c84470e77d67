"""The specs that ship with the package. ``python docs/build.py`` makes this file of the TOML files: change those."""

# ruff: noqa: E501 - a text of a TOML file is one line

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Final

from preflight.specs.spec import FieldSpec, ImageSpec, Limit, PriceSpec, SizeLimit, Spec, UnsupportedField, VideoSpec

SPECS: Final[dict[str, Spec]] = {
    "kling-v3-motion-control": Spec(
        model="kling-v3-motion-control",
        title="Kling 3.0 Motion Control",
        since="2026-11-22",
        base_url="https://api.aivideoapi.ai",
        fields=(
            FieldSpec(
                name="model",
                type="string",
                role="model",
                source="page:19",
                description="The model that makes the video.",
                required=True,
                choices=("kling-v3-motion-control",),
            ),
            FieldSpec(
                name="input",
                type="object",
                role="input",
                source="page:20",
                description="The generation parameters.",
                required=True,
            ),
            FieldSpec(
                name="callback_url",
                type="string",
                role="callback",
                source="page:21",
                description="A URL that the service calls when the task completes or fails.",
            ),
            FieldSpec(
                name="input.input_urls",
                type="string[]",
                role="image",
                source="page:25",
                description="The reference image: the character and the background of the result.",
                required=True,
                expected=1,
            ),
            FieldSpec(
                name="input.video_urls",
                type="string[]",
                role="video",
                source="page:26",
                description="The reference video: the motion of the result.",
                required=True,
                expected=1,
            ),
            FieldSpec(
                name="input.character_orientation",
                type="string",
                role="orientation",
                source="page:27",
                description="Follow the person in the picture (output up to 10 s) or the characters in the video (up to 30 s).",
                choices=(
                    "image",
                    "video",
                ),
                default="video",
            ),
            FieldSpec(
                name="input.mode",
                type="string",
                role="mode",
                source="page:28",
                description="The resolution of the result.",
                choices=(
                    "720p",
                    "1080p",
                ),
                default="720p",
            ),
            FieldSpec(
                name="input.prompt",
                type="string",
                role="prompt",
                source="page:29",
                description="The scene or the motion, in words.",
                default="No distortion, the character's movements are consistent with the video.",
                max_length=2500,
            ),
        ),
        unsupported=(
            UnsupportedField(
                name="duration",
                message="the result is as long as the reference video, up to the cap of character_orientation",
                source="page:30",
            ),
        ),
        image=ImageSpec(
            containers=(
                "JPEG",
                "PNG",
            ),
            containers_source="page:25",
            max_bytes=SizeLimit(safe_bytes=10000000, hard_bytes=10485760, label="10 MB", source="page:25"),
            min_side=Limit(value=Fraction(300), source="page:25", unit="px"),
            advised_min_side=Limit(value=Fraction(340), source="peers: evolink, ComfyUI", unit="px", advisory=True),
            max_aspect=Limit(value=Fraction(5, 2), source="page:25"),
            color_modes=(
                "RGB",
                "RGBA",
                "L",
                "LA",
                "P",
            ),
            color_modes_source="advisory: image libraries convert or refuse other modes",
        ),
        video=VideoSpec(
            containers=(
                "MP4",
                "MOV",
            ),
            containers_source="page:26",
            max_bytes=SizeLimit(safe_bytes=100000000, hard_bytes=104857600, label="100 MB", source="page:26"),
            min_seconds=Limit(value=Fraction(3), source="page:26", unit="s"),
            max_seconds=Limit(value=Fraction(30), source="page:26", unit="s"),
            advised_min_side=Limit(
                value=Fraction(340), source="peers: evolink, ComfyUI, Runway", unit="px", advisory=True
            ),
            advised_max_side=Limit(
                value=Fraction(3850), source="peers: evolink, ComfyUI, Runway", unit="px", advisory=True
            ),
            codecs=(
                "avc1",
                "avc3",
                "hvc1",
                "hev1",
            ),
            codecs_source="advisory: the API docs name no codec; H.264 and HEVC are what phones and editors write",
        ),
        price=PriceSpec(
            credits_per_second={"720p": Decimal(30), "1080p": Decimal(40)},
            cap_seconds={"image": Fraction(10), "video": Fraction(30)},
            cap_source="page:30",
            usd_per_credit=Decimal("0.005"),
            usd_source="provider: the page of a sibling model",
            rounding="ceil",
            rounding_policies=(
                "ceil",
                "exact",
                "nearest",
            ),
            rounding_source="not documented; peers charge by each of the three",
            source="page:8",
        ),
    )
}
"""The spec of each model."""
