"""A report as a page: one file, or an index and files of jobs beside it where there are many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple
from urllib.parse import quote as url_quoted

from preflight.errors import ConfigurationError
from preflight.model import JobReport
from preflight.render.html.environment import Markup, asset, environment, policy
from preflight.render.html.job_rows import row_of
from preflight.render.html.overview import overview_of, shown
from preflight.render.html.pictures import Pictures
from preflight.render.html.plots import plots_of
from preflight.render.html.report_figures import Figures
from preflight.render.streams import Spool

if TYPE_CHECKING:
    from preflight.checking.totals import Totals
    from preflight.render.surroundings import Surroundings
    from preflight.specs import Specs

JOBS_A_PAGE: Final = 3000
"""Jobs of one file, which a browser shows within two seconds."""
_PAGE_CHARS = 12 * 1024 * 1024
"""Characters of the jobs of one file: most that come to 15 MB with everything else."""
_SHORT = 100
"""Jobs that a browser lays out at once; of more, those that are in view."""
_COLUMNS = 200
"""Columns of the author's own that a page offers to filter by."""


class _Link(NamedTuple):
    label: str
    href: str | None


class _Part(NamedTuple):
    """One file of jobs, as the index lists it."""

    name: str
    href: str
    first: int
    last: int
    fail: int
    indeterminate: int
    passes: int
    credits: str
    credits_of_files: str


class _Jobs:
    """The jobs of one file."""

    def __init__(self, first: int, specs: Specs) -> None:
        self.first = first
        self.specs = specs
        self.rows = Spool()
        self.pictures = Pictures()
        self.columns: dict[str, int] = {}
        self.rules: Counter[str] = Counter()
        self.verdicts: Counter[str] = Counter()
        self.credits = self.credits_of_files = Decimal(0)
        self._chars = 0

    @property
    def last(self) -> int:
        return self.first + self.rows.count - 1

    @property
    def is_full(self) -> bool:
        return self.rows.count >= JOBS_A_PAGE or self._chars + self.pictures.size >= _PAGE_CHARS

    def add(self, job: JobReport) -> str:
        """Add one job more; its name."""
        row = row_of(job, self.pictures, self.specs)
        own = []
        for name, value in row.own:
            if name in self.columns or len(self.columns) < _COLUMNS:
                self.columns.setdefault(name, len(self.columns))
            own.append((name, value))
        text = environment().get_template("job.html").render(row=row._replace(own=own), columns=self.columns)
        self._chars += len(text)
        self.rows.add(text)
        self.rules.update({finding.rule for finding in job.findings})
        self.verdicts[job.verdict.value] += 1
        if job.quote is not None and job.bare:
            self.credits_of_files += job.quote.credits
        elif job.quote is not None:
            self.credits += job.quote.credits
        return row.name

    def pieces(self) -> Iterator[Markup]:
        """The rows; once."""
        return (Markup(piece) for piece in self.rows.read())  # rows of our own template


class ReportPage:
    """Jobs as they come. ``title`` is the heading, ``by`` the column of the groups, ``budget`` a line in a plot."""

    in_parts: ClassVar[bool] = False

    def __init__(
        self,
        around: Surroundings,
        *,
        title: str = "Report of a check",
        by: str | None = None,
        budget: Decimal | None = None,
    ) -> None:
        self._around = around
        self._title = title
        self._by = by
        self._budget = budget
        self._figures = Figures(by, around.specs)
        self._jobs = _Jobs(1, around.specs)
        self._parts: list[_Part] = []

    def job(self, job: JobReport) -> str:
        if self._jobs.is_full:
            self._write_part(is_last=False)
            self._jobs = _Jobs(self._jobs.last + 1, self._around.specs)
        self._figures.add(job, self._jobs.add(job))
        return ""

    def end(self, totals: Totals) -> Iterable[str]:
        overview = overview_of(totals, self._figures)
        plots = plots_of(self._figures, self._budget)
        if self._parts:
            self._write_part(is_last=True)
            parts = self._parts
            if self._figures.has_only_files:
                parts = [part._replace(credits=part.credits_of_files) for part in parts]
            return self._page(title=self._title, overview=overview, plots=plots, parts_of_it=parts)
        return self._page(title=self._title, overview=overview, plots=plots, jobs=self._jobs)

    def _write_part(self, *, is_last: bool) -> None:
        pages = self._around.pages
        if pages is None:
            self._jobs.rows.discard()
            raise ConfigurationError(
                "so many jobs or pictures make several files: name the first, as in --format html:report.html"
            )
        jobs, number = self._jobs, len(self._parts) + 1
        links = [_Link("all files", url_quoted(pages.index))]
        if number > 1:
            links.append(_Link("previous", url_quoted(pages.name(number - 1))))
        links.append(_Link(f"jobs {jobs.first}–{jobs.last}", None))
        if not is_last:
            links.append(_Link("next", url_quoted(pages.name(number + 1))))
        title = f"{self._title}: jobs {jobs.first}–{jobs.last}"
        pages.write(number, self._page(title=title, jobs=jobs, pages=links))
        name, verdicts = pages.name(number), jobs.verdicts
        counts = (verdicts["fail"], verdicts["indeterminate"], verdicts["pass"])
        credits_ = shown(jobs.credits), shown(jobs.credits_of_files)
        self._parts.append(_Part(name, url_quoted(name), jobs.first, jobs.last, *counts, *credits_))

    def _page(
        self,
        *,
        title: str,
        overview: object = None,
        plots: Iterable[object] = (),
        parts_of_it: Iterable[_Part] = (),
        jobs: _Jobs | None = None,
        pages: Iterable[_Link] = (),
    ) -> Iterator[str]:
        style = asset("page.css")
        pictures = jobs.pictures.style if jobs is not None else Markup()
        script = asset("jobs.js") if jobs is not None else Markup()
        yield from (
            environment()
            .get_template("report.html")
            .generate(
                policy=policy(styles=[style, pictures], scripts=[script]),
                style=style,
                pictures=pictures,
                script=script,
                title=title,
                version=self._around.about()[0],
                overview=overview,
                plots=tuple(plots),
                parts_of_it=tuple(parts_of_it),
                pages=tuple(pages),
                rows=None if jobs is None else jobs.pieces(),
                columns={} if jobs is None else jobs.columns,
                rules=[] if jobs is None else [rule for rule, _ in jobs.rules.most_common()],
                is_long=jobs is not None and jobs.rows.count > _SHORT,
                group_by=self._by,
                jobs_title="The jobs" if jobs is None or jobs.rows.count != 1 else "The job",
            )
        )
        yield "\n"
