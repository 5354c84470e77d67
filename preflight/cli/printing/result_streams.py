"""Writes the jobs of a run as they come, in every format that was asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from preflight.cli.printing.output import Sink
from preflight.cli.printing.report_output import surroundings
from preflight.errors import ConfigurationError
from preflight.model.named_tuple import NamedTuple
from preflight.render.formats import COMMANDS, FINDINGS, STREAMS, SUMMING

if TYPE_CHECKING:
    from preflight.checking.totals import Totals
    from preflight.cli.options.option_groups import Result
    from preflight.cli.printing.terminal import ProgressSign
    from preflight.model import JobReport
    from preflight.render.streams import Stream


class _Written(NamedTuple):
    stream: Stream
    sink: Sink
    findings_only: bool
    sums_up: bool


class ResultStreams:
    """The results of a run. Of one that is interrupted, ``keep`` saves what is of use.

    With ``quiet`` 1, standard output gets jobs with findings alone, with 2 nothing; files are complete in any case. An
    error in writing one result does not stop the others: the first is raised by ``finish``.
    """

    def __init__(self, wanted: Sequence[Result], *, quiet: int) -> None:
        self._quiet = quiet
        self._failed: ConfigurationError | None = None
        self._written = [
            _Written(
                stream=(FINDINGS if quiet and each.file is None else STREAMS)[each.format](surroundings(each.file)),
                sink=Sink(each.file, commands=each.format == COMMANDS),
                findings_only=bool(quiet) and each.file is None,
                sums_up=not quiet and each.file is None and each.format in SUMMING,
            )
            for each in sorted(wanted, key=lambda each: each.file is None)
            if each.file is not None or quiet < 2
        ]

    def __bool__(self) -> bool:
        return bool(self._written)

    @property
    def wants_summary(self) -> bool:
        """Whether a build server reads one of them and shows a summary beside it."""
        return not self._quiet and any(sink.commands for _, sink, *_ in self._written)

    @property
    def keeps_sums(self) -> bool:
        """Whether ``keep`` tells people on standard output what came of the jobs: it writes the end of some formats."""
        return any(each.sums_up and each.stream.in_parts for each in self._written)

    def add(self, job: JobReport, spinner: ProgressSign) -> None:
        """Write one job more; ``spinner`` makes room for it on a terminal."""
        for stream, sink, findings_only, _ in self._written:
            if job.findings or not findings_only:
                text = stream.job(job)
                if text:
                    spinner.make_room()
                    self._write(sink, (text,))

    def finish(self, totals: Totals) -> None:
        """Write the rest. Raises the first ``ConfigurationError`` after all the others were written."""
        for stream, sink, *_ in self._written:
            self._write(sink, stream.end(totals))
            try:
                sink.finish()
            except ConfigurationError as error:
                self._failed = self._failed or error
        if self._failed is not None:
            raise self._failed

    def keep(self, totals: Totals) -> list[str]:
        """Write what is waiting, and keep the parts of results that can be read without the rest; names of files."""
        names = []
        for stream, sink, *_ in self._written:
            if not stream.in_parts:
                sink.discard()
                continue
            self._write(sink, stream.end(totals))
            if name := sink.keep_part():
                names.append(name)
        return names

    def _write(self, sink: Sink, pieces: Iterable[str]) -> None:
        try:
            for piece in pieces:
                sink.write(piece)
        except ConfigurationError as error:
            self._failed = self._failed or error
