"""The files of the benchmark, made when first needed: one recording in every layout, and two pictures of 5 MB."""

from __future__ import annotations

import subprocess
from pathlib import Path

FOLDER = Path(__file__).with_name(".media")

_FFMPEG = ("ffmpeg", "-v", "error", "-nostdin", "-y")
# Noise, so that 12 seconds weigh as much as a recording of a phone; the sound ends with the picture.
_RECORD = (
    "-f lavfi -t 12 -i testsrc2=size=1280x720:rate=30,noise=alls=40:allf=t "
    "-f lavfi -t 12 -i sine=frequency=440:sample_rate=32000 "
    "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 30 -b:v {rate}M -maxrate {rate}M -bufsize {rate}M "
    "-c:a aac -b:a 96k"
)
_LAYOUTS = {
    "fast-start.mp4": "-movflags +faststart",
    "moov-last.mp4": "",
    "fast-start.mov": "-movflags +faststart",
    "moov-last.mov": "",
    "fragmented.mp4": "-movflags +frag_keyframe+empty_moov+default_base_moof",
    "fragmented-sidx.mp4": "-movflags +frag_keyframe+empty_moov+default_base_moof+global_sidx+skip_trailer",
}
_PICTURES = {
    "5-mb.jpg": "-f lavfi -i color=gray:size=3000x2400,noise=alls=60:allf=t -frames:v 1 -q:v 3",
    "5-mb.png": "-f lavfi -i color=gray:size=1280x1280,format=rgb24,noise=alls=100:allf=t -frames:v 1 -update 1",
}
CLIPS = tuple(_LAYOUTS)
PICTURES = tuple(_PICTURES)


def made(*, small: bool) -> Path:
    """The folder with all files; clips of about 46 MB, or of 6 MB if ``small``. Needs ffmpeg."""
    folder = FOLDER / ("small" if small else "full")
    folder.mkdir(parents=True, exist_ok=True)
    recording = folder / "recording.mp4"
    if not recording.exists():
        _run(_RECORD.format(rate=4 if small else 30), recording)
    for name, options in _LAYOUTS.items():
        if not (folder / name).exists():
            _run(f"-i {recording} -map 0 -c copy {options}", folder / name)
    for name, options in _PICTURES.items():
        if not (folder / name).exists():
            _run(options, folder / name)
    return folder


def _run(options: str, target: Path) -> None:
    part = target.with_name(f"part-{target.name}")
    subprocess.run([*_FFMPEG, *options.split(), str(part)], check=True)
    part.replace(target)
