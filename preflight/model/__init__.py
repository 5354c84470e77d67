"""The frozen data that passes from a job to its report, without behaviour that reads or writes.

Classes are loaded on first use: making a data class takes most of a millisecond, a check of a local picture meets no
clip, job, URL or price, and help and completion meet none at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from preflight.lazy import lazy_names

if TYPE_CHECKING:
    from preflight.model.address import AddressFacts
    from preflight.model.facts import Defect, DefectKind, Family, ImageFacts, Transfer
    from preflight.model.finding import Finding, Hidden, Severity, Verdict
    from preflight.model.job import IgnoreComment, Job, Place
    from preflight.model.quote import Quote, TotalQuote
    from preflight.model.reading import MakeProbe, Probe, Reading, Span, SparseBytes
    from preflight.model.report import JobReport, Kind, Report, Subject
    from preflight.model.video import Clock, Durations, SecondOpinion, Track, TrackTimes, VideoFacts

_HOMES = {
    "preflight.model.address": ("AddressFacts",),
    "preflight.model.facts": ("Defect", "DefectKind", "Family", "ImageFacts", "Transfer"),
    "preflight.model.finding": ("Finding", "Hidden", "Severity", "Verdict"),
    "preflight.model.job": ("IgnoreComment", "Job", "Place"),
    "preflight.model.quote": ("Quote", "TotalQuote"),
    "preflight.model.reading": ("MakeProbe", "Probe", "Reading", "Span", "SparseBytes"),
    "preflight.model.report": ("JobReport", "Kind", "Report", "Subject"),
    "preflight.model.video": ("Clock", "Durations", "SecondOpinion", "Track", "TrackTimes", "VideoFacts"),
}

__all__ = [
    "AddressFacts",
    "Clock",
    "Defect",
    "DefectKind",
    "Durations",
    "Family",
    "Finding",
    "Hidden",
    "IgnoreComment",
    "ImageFacts",
    "Job",
    "JobReport",
    "Kind",
    "MakeProbe",
    "Place",
    "Probe",
    "Quote",
    "Reading",
    "Report",
    "SecondOpinion",
    "Severity",
    "Span",
    "SparseBytes",
    "Subject",
    "TotalQuote",
    "Track",
    "TrackTimes",
    "Transfer",
    "Verdict",
    "VideoFacts",
]

__getattr__ = lazy_names(globals(), _HOMES)
