"""Whether the media that the boxes describe is there (ISO/IEC 14496-12 §8.1.1, §8.7.5)."""

from __future__ import annotations

from collections.abc import Sequence

from preflight.model import Defect, DefectKind, Track
from preflight.probes.isobmff.clocks import main_track
from preflight.probes.isobmff.fragments import Fragments
from preflight.probes.isobmff.top_level import Layout

_PLAYED = frozenset({"vide", "soun"})


def check_media(size: int | None, layout: Layout, tracks: Sequence[Track], fragments: Fragments | None) -> None:
    """Add to ``layout`` the missing parts of the media that the movie box and the fragments describe.

    ``size`` is the file's in bytes, ``None`` if unknown.
    """
    fragmented = fragments is not None and not fragments.are_absent
    video = main_track(tracks, "vide")
    flaw = (_flaw_in_fragments(video, fragments) if fragmented and fragments else video.flaw) if video else None
    if video is not None and video.codec is None and not video.external:
        flaw = "has no description of its samples ('stsd')"
    if flaw is not None:
        message = f"has no picture that can be read: its video {flaw}"
        layout.defects.append(Defect(kind=DefectKind.CORRUPT, message=message, where="moov/trak/mdia/minf/stbl"))
    if fragmented and fragments is not None:
        if video is not None and fragments.misplaced.get(video.id):
            message = "has a fragment whose video begins within its 'moof' box, where no media is"
            layout.defects.append(Defect(kind=DefectKind.CORRUPT, message=message, where="moof/traf/trun"))
        _check_fragments(size, layout, fragments)
        return
    _check_samples(size, layout, tracks)
    _check_last_box(size, layout, tracks)
    if flaw is not None:
        return
    if not layout.saw_mdat:
        _check_media_without_mdat(size, layout, tracks)


def _flaw_in_fragments(video: Track, fragments: Fragments) -> str | None:
    """Why no frame in the fragments can be read, in words that follow "its video"; ``None`` where one can."""
    if video.flaw is not None:
        return f"{video.flaw}, beside its fragments"
    numbers = fragments.descriptions.get(video.id, set())
    if numbers and not any(0 < number <= video.descriptions for number in numbers):
        return f"says that its samples are described by entry {min(numbers)} of the {video.descriptions} in 'stsd'"
    return "has fragments with samples of 0 bytes" if numbers and not fragments.bytes.get(video.id) else None


def _check_media_without_mdat(size: int | None, layout: Layout, tracks: Sequence[Track]) -> None:
    """Offsets count from the start of the file (§8.7.5), and where they lead to samples, no reader misses ``mdat``."""
    if not _are_placed(size, tracks):
        message = "has a 'moov' box and no 'mdat' box: the media itself is missing"
        layout.defects.append(Defect(kind=DefectKind.INCOMPLETE, message=message))
    elif not all(track.external for track in tracks):
        message = "keeps its samples outside any 'mdat' box, where some readers do not look"
        layout.oddities.append(Defect(kind=DefectKind.CORRUPT, message=message))


def _check_fragments(size: int | None, layout: Layout, fragments: Fragments) -> None:
    missing = max(fragments.missing_bytes, fragments.lost_bytes)
    has_all = fragments.data_end is not None and size is not None and fragments.data_end <= size
    if missing and size is not None and has_all and fragments.cut_box == "mdat" and not fragments.lost_bytes:
        layout.oddities.append(_claims_more(size + missing, size))
    elif missing and size is not None:
        layout.missing_bytes = max(layout.missing_bytes, missing)
        message = f"is cut short: its fragments end at byte {size + missing}, the file at {size}"
        layout.defects.append(Defect(kind=DefectKind.TRUNCATED, message=message))
    elif size is not None and fragments.data_end is not None and fragments.data_end > size:
        layout.missing_bytes = fragments.data_end - size
        message = f"is cut short: its samples end at byte {fragments.data_end}, the file at {size}"
        layout.defects.append(Defect(kind=DefectKind.TRUNCATED, message=message, offset=size, where="mdat"))
    elif fragments.ends_in_header:
        message = f"is cut short: it ends at byte {size}, after the header of a fragment and before its media"
        layout.defects.append(Defect(kind=DefectKind.TRUNCATED, message=message, offset=size, where="moof"))
    elif not fragments.seen and not fragments.starts:
        message = "is an initialization segment: it has 'moov' and no fragment with media"
        layout.defects.append(Defect(kind=DefectKind.INCOMPLETE, message=message))
    if (at := fragments.stopped_at) is not None and size is not None:
        message = f"has {size - at} bytes from byte {at} on that are not a box"
        if fragments.may_go_on:
            message += ": there may be more of the clip behind them"
            layout.defects.append(Defect(kind=DefectKind.UNREADABLE, message=message, offset=at))
        else:
            layout.oddities.append(Defect(kind=DefectKind.CORRUPT, message=message, offset=at))


def _check_samples(size: int | None, layout: Layout, tracks: Sequence[Track]) -> None:
    """Compare the sample tables with the file: a box of any size may have been cut, and the tables still tell."""
    ends = (track.data_end or 0 for track in tracks if track.handler in _PLAYED)
    missing = max(ends, default=0) - (size or 0)
    if size is None or missing <= 0 or layout.missing_bytes:
        return
    layout.missing_bytes = missing
    message = f"is cut short: its samples end at byte {size + missing} or later, the file at {size}"
    layout.defects.append(Defect(kind=DefectKind.TRUNCATED, message=message, offset=size, where="mdat"))


def _check_last_box(size: int | None, layout: Layout, tracks: Sequence[Track]) -> None:
    """A last ``mdat`` that claims more bytes than there are is odd, and no more: where every sample is in the file."""
    cut = next((defect for defect in layout.defects if defect.kind is DefectKind.TRUNCATED), None)
    if size is None or cut is None or cut.where != "mdat" or cut.offset == size or not _are_placed(size, tracks):
        return
    layout.defects.remove(cut)
    layout.oddities.append(_claims_more(size + layout.missing_bytes, size))
    layout.missing_bytes = 0


def _are_placed(size: int | None, tracks: Sequence[Track]) -> bool:
    """Whether the tables place every sample of every track within the file, or in another one."""
    kept = [track for track in tracks if not track.external]
    return all(track.data_end is not None and track.data_end <= (size or 0) for track in kept)


def _claims_more(end: int, size: int) -> Defect:
    message = f"has a last 'mdat' box that ends at byte {end}, the file at {size}; every sample is there"
    return Defect(kind=DefectKind.TRUNCATED, message=message, where="mdat")
