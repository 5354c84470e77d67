"""Does the work of the page beside it: checks, judges again, repairs. One desk serves all tabs."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Self

from preflight.checking.engine import Engine
from preflight.checking.judge import Judge
from preflight.checking.resources import Resources
from preflight.errors import ConfigurationError, PreflightError
from preflight.model import JobReport, Kind
from preflight.redact.advice import for_command
from preflight.sources.download import download
from preflight.sources.url import locate
from preflight.specs import Spec
from preflight.ui.job.arrivals import Arrivals
from preflight.ui.job.drafts import Choices, Chosen, Draft, Drafts, with_file
from preflight.ui.job.repairing import repaired
from preflight.ui.job.uploads import Uploads
from preflight.ui.job.window_form import WindowForm
from preflight.ui.services import Services

_AT_ONCE = 4
_LOG = logging.getLogger("preflight.ui")


class Desk:
    """Use it in ``with``: it keeps processes and threads. ``folder`` is private."""

    def __init__(self, services: Services, folder: Path) -> None:
        self.services = services
        self.drafts = Drafts(folder)
        self.uploads = Uploads(folder)
        options = replace(services.options, every_mode=True)
        self.arrivals = Arrivals(services.options.allow)
        self.resources = Resources(on_bytes=self.arrivals.note)
        self._engine = Engine(options, resources=self.resources)
        self._engine_of_local_clips = Engine(replace(options, thumbnails=True), resources=self.resources)
        self._judge = Judge(options)
        self._threads = ThreadPoolExecutor(_AT_ONCE, "preflight-ui")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.resources.close()  # ends what is under way, so that no thread is waited for long
        self._threads.shutdown(cancel_futures=True)

    def start(self, spec: Spec, files: dict[Kind, Chosen], choices: Choices) -> Draft:
        """A new draft, which is being checked."""
        draft = self.drafts.add(spec, files, choices)
        draft.doing = "checking"
        for chosen in files.values():
            self.arrivals.forget(chosen.target)
        self.beside(draft, lambda: self._check(draft))
        return draft

    def example(self, spec: Spec, choices: Choices) -> Draft:
        """A draft of the two bad files that came with the server. Raises ``ConfigurationError`` where none did."""
        files = {kind: self.uploads.copied(path) for kind, path in self.services.examples.items()}
        if len(files) < len(Kind):
            raise ConfigurationError("there is no example outside the sandbox")
        chosen = {
            kind: Chosen(name=path.name, target=str(path), path=path, is_own=True) for kind, path in files.items()
        }
        return self.start(spec, chosen, choices)

    def choose(self, draft: Draft, choices: Choices) -> None:
        """Other choices: the files are not read again. Nothing changes while the job is being paid for."""
        with draft.lock:
            if draft.payment.is_busy or draft.report is None:
                return
            draft.choose(choices)
            draft.report = self._judged(draft, draft.report)

    def repair(self, draft: Draft, kind: Kind, window: WindowForm | None) -> None:
        """Begin to repair one file of ``draft``, unless something else goes on."""
        with draft.lock:
            if draft.doing is not None or draft.payment.is_busy or draft.report is None:
                return
            draft.doing = "repairing"
        self.beside(draft, lambda: self._repair(draft, kind, window))

    def beside(self, draft: Draft, work: Callable[[], None]) -> None:
        """Do ``work`` in a thread; whatever it raises is told with the draft."""
        self._threads.submit(self._do, draft, work)

    def local_copy(self, draft: Draft, kind: Kind) -> Path:
        """The file itself, fetched where it is at a URL. Raises ``SourceError``."""
        chosen = draft.files[kind]
        if chosen.path is not None:
            return chosen.path
        folder = draft.folder / f"fetched-{kind.value}"
        with draft.lock:  # two tabs fetch it once
            held = next(iter(sorted(folder.glob("[!.]*"))), None) if folder.is_dir() else None
            return held or self._fetched(chosen.target, folder)

    def _fetched(self, url: str, folder: Path) -> Path:
        allow, proxy = self.services.options.allow, self.services.options.proxy
        note = partial(self.arrivals.note, locate(url, allow))
        return download(url, folder, allow=allow, proxy=proxy, on_progress=note)

    def _do(self, draft: Draft, work: Callable[[], None]) -> None:
        try:
            work()
        except PreflightError as error:
            with draft.lock:
                draft.trouble = for_command(error)
        except Exception:  # noqa: BLE001 - logged: a bug must not leave a page that waits for ever
            _LOG.exception("the page's work failed")
            with draft.lock:
                draft.trouble = "internal error: the terminal of 'preflight ui' has the details"
        finally:
            with draft.lock:
                draft.doing = None

    def _check(self, draft: Draft) -> None:
        with draft.lock:
            draft.trouble = None
            job, is_local = draft.job(), _has_local_clip(draft)
        engine = self._engine_of_local_clips if is_local else self._engine  # only those have a filmstrip
        report = engine.check([job]).jobs[0]
        with draft.lock:
            draft.report = self._judged(draft, report)  # choices may have changed meanwhile

    def _judged(self, draft: Draft, report: JobReport) -> JobReport:
        return self._judge.report(draft.job(), report.subjects)

    def _repair(self, draft: Draft, kind: Kind, window: WindowForm | None) -> None:
        with draft.lock:
            orientation, mode, report = draft.choices.orientation, draft.choices.mode, draft.report
        assert report is not None, "only a checked draft is repaired"
        done = repaired(
            self.local_copy(draft, kind),
            kind,
            draft.spec,
            options=self.services.options,
            orientation=orientation,
            mode=mode,
            window=window,
        )
        with draft.lock:
            draft.told[kind] = (done.path is not None, done.text)
            if done.path is not None:
                draft.files[kind] = with_file(draft, kind, done.path)
                draft.choose(draft.choices)
        if done.path is not None:
            self._check(draft)


def _has_local_clip(draft: Draft) -> bool:
    clip = draft.files.get(Kind.VIDEO)
    return clip is not None and clip.path is not None
