"""A local page in which two files are dropped, checked, priced, repaired and paid for. ``docs/ui.md`` shows it."""

from preflight.errors import MissingExtra

try:
    from preflight.ui.services import Services
    from preflight.ui.serving import serve_ui
except ModuleNotFoundError as exc:
    if exc.name is None or exc.name.partition(".")[0] not in {"jinja2", "starlette", "uvicorn"}:
        raise
    raise MissingExtra("preflight ui", "ui") from exc

__all__ = ["Services", "serve_ui"]
