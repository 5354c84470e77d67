"""What passes along the way from a job to its report: frozen data, without behaviour that reads or writes."""

from preflight.model.facts import (
    AddressFacts,
    Defect,
    DefectKind,
    Durations,
    Family,
    ImageFacts,
    SecondOpinion,
    Track,
    Transfer,
    VideoFacts,
)
from preflight.model.finding import Finding, Hidden, Severity
from preflight.model.job import IgnoreComment, Job, Place
from preflight.model.quote import Quote, TotalQuote
from preflight.model.report import JobReport, Report
from preflight.model.span import MakeProbe, Probe, Reading, Span, SparseBytes
from preflight.model.subject import Kind, Subject
from preflight.model.verdict import Verdict

__all__ = [
    "AddressFacts",
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
    "Transfer",
    "Verdict",
    "VideoFacts",
]
