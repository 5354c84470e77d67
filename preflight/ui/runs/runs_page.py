"""The page "Runs": opens run folders, takes dropped manifests, and leads to the page of one run."""

from __future__ import annotations

from functools import partial
from http import HTTPStatus
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from preflight.errors import PreflightError
from preflight.model.file_types import MANIFEST_SUFFIXES
from preflight.ui.changes import upload
from preflight.ui.job.uploads import TooLarge
from preflight.ui.runs import runs_open_page
from preflight.ui.templating import page, workplace_of


def routes() -> list[BaseRoute]:
    """The routes of the page, and of the page of one run."""
    return [Route("/runs", _show), upload("/runs/drop", _drop), *runs_open_page.routes()]


def _show(request: Request) -> Response:
    runs = workplace_of(request).runs
    found = runs.places.runs()
    return page(
        request,
        "runs.html",
        found=[(runs.places.name_of(path), urlencode({"folder": runs.places.name_of(path)})) for path in found.folders],
        is_all=found.is_all,
        folders=[str(folder) for folder in runs.places.folders],
        accept=",".join(sorted(MANIFEST_SUFFIXES)),
    )


async def _drop(request: Request) -> Response:
    work = workplace_of(request)
    name = request.query_params.get("name", "")
    try:
        _, path, _ = await work.desk.uploads.add(name, request.stream())
        has_pictures = request.query_params.get("pictures") == "yes"
        folder = await run_in_threadpool(partial(work.runs.drop, path, name, has_pictures=has_pictures))
    except TooLarge:
        return PlainTextResponse("The file is too large for the page: check it with preflight check --to.", 413)
    except (PreflightError, OSError) as error:
        return PlainTextResponse(str(error), HTTPStatus.BAD_REQUEST)
    query = urlencode({"folder": work.runs.places.name_of(folder)})
    return JSONResponse({"run": f"/runs/open?{query}"})
