"""The page "One job": two files in, both looked at, repaired, priced."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from preflight.errors import ConfigurationError
from preflight.jobfiles.write import job_text
from preflight.model import Kind
from preflight.model.target import is_url
from preflight.specs import DEFAULT_MODEL, FieldSpec, Role, Spec, Specs
from preflight.specs.values import is_allowed
from preflight.ui.changes import Form, change, upload
from preflight.ui.command_text import command_of
from preflight.ui.job.arrivals import Arrival
from preflight.ui.job.drafts import Choices, Chosen, Draft
from preflight.ui.job.job_view import default_choices, kinds_of, view_of
from preflight.ui.job.uploads import FILE_BYTES, TooLarge
from preflight.ui.job.window_form import window_of
from preflight.ui.media_files import media_response
from preflight.ui.templating import page, workplace_of

_TEXT = 4096
"""The longest path or URL that is taken."""
_LENGTH = re.compile(r"[0-9]{1,6}(\.[0-9]{1,9})?", re.ASCII)
_CHOSEN: tuple[Role, Role] = ("orientation", "mode")
_PROMPT = 20_000
"""The longest prompt that is kept: far beyond the service's limit, which a rule of its own judges."""


def routes() -> list[BaseRoute]:
    """The routes of the page."""
    return [
        Route("/job", _new),
        change("/job", _start),
        upload("/job/files", _take),
        change("/job/example", _example),
        Route("/job/{id}", _show),
        Route("/job/{id}/state", _state),
        change("/job/{id}/choices", _choose),
        change("/job/{id}/repair/{kind}", _repair),
        Route("/job/{id}/media/{kind}", _media),
        Route("/job/{id}/strip/{number:int}", _strip),
        Route("/job/{id}/job.yaml", _save),
    ]


def draft_of(request: Request) -> Draft:
    """The draft that a path names. Raises the answer 404."""
    return workplace_of(request).desk.drafts.get(request.path_params["id"])


def draft_values(draft: Draft, request: Request) -> dict[str, Any]:
    """What templates need of ``draft``, taken at one moment."""
    with draft.lock:
        view = None if draft.report is None else view_of(draft, draft.report)
        return {
            "draft": draft,
            "doing": draft.doing,
            "trouble": draft.trouble,
            "choices": draft.choices,
            "files": {kind.value: chosen for kind, chosen in draft.files.items()},
            "arrivals": _arrivals(draft, request) if draft.doing else {},
            "view": view,
            "report": draft.report,
            "spec": draft.spec,
            "why_not": workplace_of(request).till.why_not(draft),
            "command": command_of(draft),
        }


def _arrivals(draft: Draft, request: Request) -> dict[str, Arrival | None]:
    """What has arrived of each file that is at a URL."""
    arrivals = workplace_of(request).desk.arrivals
    return {kind.value: arrivals.of(chosen.target) for kind, chosen in draft.files.items() if chosen.path is None}


def _new(request: Request) -> Response:
    return _new_page(request, _spec(request, request.query_params))


def _new_page(
    request: Request, spec: Spec, *, status: int = 200, given: Form | None = None, trouble: str = ""
) -> Response:
    values = {"kinds": [kind.value for kind in kinds_of(spec)], "spec": spec, "models": _specs(request).every_name()}
    return page(request, "job.html", status=status, given=given or {}, trouble=trouble, **values)


def _specs(request: Request) -> Specs:
    """The models that the user named when the server started; a page chooses among them, and adds none."""
    return workplace_of(request).desk.services.options.specs


def _spec(request: Request, form: Mapping[str, str]) -> Spec:
    """The spec of the model in the form, else of the server's own model. Raises ``SpecError`` for an unknown one."""
    return _specs(request).load(form.get("model") or workplace_of(request).desk.services.options.model)


def _start(request: Request, form: Form) -> Response:
    spec = _spec(request, form)
    try:
        files = {kind: _chosen(request, kind, form) for kind in kinds_of(spec)}
    except ConfigurationError as error:
        return _new_page(request, spec, status=400, given=form, trouble=str(error))
    draft = workplace_of(request).desk.start(spec, files, default_choices(spec))
    return RedirectResponse(f"/job/{draft.id}", 303)


def _example(request: Request, _: Form) -> Response:
    spec = _specs(request).load(DEFAULT_MODEL)
    draft = workplace_of(request).desk.example(spec, default_choices(spec))
    return RedirectResponse(f"/job/{draft.id}", 303)


def _chosen(request: Request, kind: Kind, form: Mapping[str, str]) -> Chosen:
    """The file that the form names: one that was brought, else a path or a URL. Raises ``ConfigurationError``."""
    if token := form.get(f"{kind.value}_file"):
        path = workplace_of(request).desk.uploads.path_of(token)
        if path is None:
            raise ConfigurationError(f"the {kind.value} is no longer here: choose it again")
        return Chosen(name=path.name, target=str(path), path=path, is_own=True)
    text = form.get(kind.value, "").strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        text = text[1:-1]
    if not text:
        raise ConfigurationError(f"the {kind.value} is missing")
    if len(text) > _TEXT or "\0" in text:
        raise ConfigurationError(f"the path or URL of the {kind.value} is too long, or is not one")
    if is_url(text):
        return Chosen(name=text, target=text, path=None)
    try:
        path = Path(text).expanduser().absolute()
    except RuntimeError as error:
        raise ConfigurationError(f"the path of the {kind.value} names an unknown user") from error
    return Chosen(name=path.name, target=str(path), path=path)


async def _take(request: Request) -> Response:
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and len(declared) < 20 and int(declared) > FILE_BYTES:
        return PlainTextResponse(f"The file is larger than {FILE_BYTES >> 20} MiB.", 413)
    try:
        token, path, size = await workplace_of(request).desk.uploads.add(
            request.query_params.get("name", ""), request.stream()
        )
    except TooLarge:
        return PlainTextResponse(f"The file is larger than {FILE_BYTES >> 20} MiB.", 413)
    except OSError as error:
        return PlainTextResponse(f"The file cannot be kept: {error.strerror}.", 507)
    return JSONResponse({"file": token, "name": path.name, "size": size})


def _show(request: Request) -> Response:
    return page(request, "job_open.html", **draft_values(draft_of(request), request))


def _state(request: Request) -> Response:
    return page(request, "job_state.html", **draft_values(draft_of(request), request))


def _choose(request: Request, form: Form) -> Response:
    draft = draft_of(request)
    orientation, mode = (_choice(form, draft.spec, role) for role in _CHOSEN)
    seconds = form.get("seconds", "").strip()
    length = draft.spec.find("duration")
    if seconds and (length is None or not _is_length(length, seconds)):
        raise ConfigurationError("the length must be among those of the page")
    prompt = form.get("prompt", "").replace("\r\n", "\n").strip()[:_PROMPT]
    workplace_of(request).desk.choose(
        draft, Choices(orientation=orientation, mode=mode, prompt=prompt, seconds=seconds)
    )
    if "hx-request" not in request.headers:
        return RedirectResponse(f"/job/{draft.id}", 303)
    return page(request, "job_choices.html", **draft_values(draft, request))


def _choice(form: Form, spec: Spec, role: Role) -> str:
    """The choice in the form; none of a model that has none."""
    value, choices = form.get(role, ""), spec.choices(role)
    if (value not in choices) if choices else value:
        raise ConfigurationError(f"{role} must be among the choices of the page")
    return value


def _is_length(field: FieldSpec, text: str) -> bool:
    return _LENGTH.fullmatch(text) is not None and is_allowed(field, field.json_value(text))


def _repair(request: Request, form: Form) -> Response:
    draft = draft_of(request)
    workplace_of(request).desk.repair(draft, _kind(request), window_of(form))
    return RedirectResponse(f"/job/{draft.id}", 303)


def _media(request: Request) -> Response:
    draft, kind = draft_of(request), _kind(request)
    report = draft.report
    subject = next((each for each in report.subjects if each.kind is kind), None) if report else None
    return media_response(subject, lambda: workplace_of(request).desk.local_copy(draft, kind))


def _strip(request: Request) -> Response:
    report, number = draft_of(request).report, request.path_params["number"]
    frames = [frame for subject in report.subjects for frame in subject.filmstrip] if report else []
    if number >= len(frames) or not frames[number].data:
        raise HTTPException(404, "There is no such picture.")
    return Response(frames[number].data, media_type=frames[number].media_type)


def _save(request: Request) -> Response:
    text = job_text(draft_of(request).job(shown=True).body)
    return PlainTextResponse(text, headers={"content-disposition": 'attachment; filename="job.yaml"'})


def _kind(request: Request) -> Kind:
    kind = next((each for each in draft_of(request).files if each.value == request.path_params["kind"]), None)
    if kind is None:
        raise HTTPException(404, "The job has no such file.")
    return kind
