"""The Jinja environment of the local page: everything that is put into a template is escaped, since names, prompts
and messages come from outside."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from preflight.redact import printable, redact
from preflight.render.texts import phrases
from preflight.ui.workplace import Workplace

TEMPLATES: Final = Path(__file__).parent / "templates"
STATIC: Final = Path(__file__).parent / "static"


def workplace_of(request: Request) -> Workplace:
    """What the page's server works with."""
    found: Workplace = request.app.state.workplace
    return found


def text_of(name: str, request: Request, **values: object) -> str:
    """The template ``name`` with ``values``, and with ``csrf``, ``here`` (the path) and ``work`` (the workplace)."""
    work = workplace_of(request)
    return _environment().get_template(name).render(work=work, csrf=work.access.csrf, here=request.url.path, **values)


def page(request: Request, name: str, *, status: int = 200, **values: object) -> HTMLResponse:
    """The same as an answer."""
    return HTMLResponse(text_of(name, request, **values), status)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"size": phrases.size, "safe_text": redact, "printable": printable}
    environment.globals |= {"phrases": phrases}
    return environment
