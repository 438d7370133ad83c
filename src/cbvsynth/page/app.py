"""The page's web application: what can be asked of it, and by whom. The work is done elsewhere."""

from __future__ import annotations

import asyncio
import json
import math
import secrets
import shutil
import time
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import wraps
from pathlib import Path
from typing import Any, cast
from weakref import WeakValueDictionary

import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from cbvsynth.entrypoint import storage_error
from cbvsynth.errors import CbvsynthError, UsageError
from cbvsynth.page import uploads
from cbvsynth.page.dicom_files import ARCHIVE
from cbvsynth.page.examples import Examples
from cbvsynth.page.guard import COOKIE, HEADERS, Guard
from cbvsynth.page.names import ROLES
from cbvsynth.page.recognition import recognise, require_sequence
from cbvsynth.page.regions import LAST_REGION, Judged, measure_region
from cbvsynth.page.results import MAP, PICTURE, RESULTS, SD_MAP, VIEW
from cbvsynth.page.settings import PageSettings
from cbvsynth.page.studies import ACTIVE, State, Store, Study
from cbvsynth.page.tables import regions_csv
from cbvsynth.page.wording import for_a_visitor
from cbvsynth.page.worker import Worker
from cbvsynth.theme.html import rendered

STATIC = Path(__file__).parent / "static"
SCRIPTS = ("page.js", "viewer.js", "measuring.js", "compare.js", "colours.js", "asking.js")
HEALTH = "/healthz"
MOST_REGIONS = 50
REGIONS = "regions.csv"
DOWNLOADS = (MAP, SD_MAP, "cbv.json", PICTURE, ARCHIVE, REGIONS)
_MOST_JSON_BYTES = 1 << 20
_SECONDS_AFTER_A_WRONG_TOKEN = 1.0
_UNFORESEEN = "The page failed over this request through a fault of its own; its log says where."
_MEDIA = {".js": "text/javascript", ".nii": "application/octet-stream"}

Answer = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True)
class Page:
    """What every request needs."""

    settings: PageSettings
    store: Store
    worker: Worker
    guard: Guard
    examples: Examples
    viewer: bytes
    locks: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary)


def make_app(page: Page) -> Starlette:
    """The application; the worker runs while it does."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> Any:  # noqa: ANN401  Starlette's
        page.worker.start()
        yield
        await run_in_threadpool(page.worker.stop)

    async def guarded(request: Request, call_next: Answer) -> Response:
        # Whoever looks whether the page lives asks a pod by its address, and is told no more than that.
        refusal = "" if request.url.path == HEALTH else page.guard.refusal(request)
        response = JSONResponse({"error": refusal}, 403) if refusal else await call_next(request)
        response.headers.update({**HEADERS, **dict(response.headers)})
        return response

    app = Starlette(
        routes=[
            Route("/", _index),
            Route("/static/{name}", _static),
            Route(HEALTH, _health),
            Route("/api/login", _login, methods=["POST"]),
            Route("/api/state", _state),
            Route("/api/studies", _create, methods=["POST"]),
            Route("/api/studies/{id}", _delete, methods=["DELETE"]),
            Route("/api/studies/{id}/files", _upload, methods=["PUT"]),
            Route("/api/studies/{id}/example", _example, methods=["POST"]),
            Route("/api/studies/{id}/recognise", _recognise, methods=["POST"]),
            Route("/api/studies/{id}/start", _start, methods=["POST"]),
            Route("/api/studies/{id}/cancel", _cancel, methods=["POST"]),
            Route("/api/studies/{id}/view/{name}", _view),
            Route("/api/studies/{id}/results/{name}", _results),
            Route("/api/studies/{id}/regions", _measure, methods=["POST"]),
            Route("/api/studies/{id}/regions/{number}", _forget, methods=["DELETE"]),
        ],
        middleware=[Middleware(BaseHTTPMiddleware, dispatch=guarded)],
        exception_handlers={
            HTTPException: _refused,
            CbvsynthError: _failed,
            OSError: _no_storage,
            ClientDisconnect: _gone,
            Exception: _unforeseen,
        },
        lifespan=lifespan,
    )
    app.state.page = page
    return app


def _page(request: Request) -> Page:
    page: Page = request.app.state.page
    return page


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, error.status_code)


async def _failed(_: Request, error: Exception) -> Response:
    return JSONResponse({"error": for_a_visitor(str(error))}, 400)


async def _no_storage(_: Request, error: Exception) -> Response:
    assert isinstance(error, OSError)
    # Without its file's name, which is of no use to a visitor.
    return JSONResponse({"error": str(storage_error(OSError(error.errno, error.strerror)))}, 507)


async def _gone(_: Request, __: Exception) -> Response:
    return Response(status_code=400)


async def _unforeseen(_: Request, __: Exception) -> Response:
    # Outside of what adds the headers; the server writes to its log what happened.
    return JSONResponse({"error": _UNFORESEEN}, 500, HEADERS)


def _for_owner(answer: Callable[[Request, Page, str], Awaitable[Response]]) -> Answer:
    """Let only visitors with a session in, which then lasts as long again as an examination is kept."""

    @wraps(answer)
    async def checked(request: Request) -> Response:
        page = _page(request)
        owner = page.guard.owner(request)
        if not owner:
            raise HTTPException(401, "This visit has ended or never began. Load the page again.")
        return _with_session(page, await answer(request, page, owner), request.cookies[COOKIE])

    return checked


def _for_study(answer: Callable[[Request, Page, Study], Awaitable[Response]]) -> Answer:
    """Let a visitor see an examination of his own; one of another's is not there."""

    async def checked(request: Request, page: Page, owner: str) -> Response:
        study = page.store.get(request.path_params["id"])
        if study is None or study.owner != owner:
            raise HTTPException(404, "There is no such examination, or not any more.")
        return await answer(request, page, study)

    return _for_owner(wraps(answer)(checked))


def _one_at_a_time(answer: Callable[[Request, Page, Study], Awaitable[Response]]) -> Answer:
    """Let a visitor change an examination of his own when whatever else changes it is over."""

    async def alone(request: Request, page: Page, study: Study) -> Response:
        async with page.locks.setdefault(study.id, asyncio.Lock()):
            now = page.store.get(study.id)
            if now is None:
                raise HTTPException(404, "There is no such examination, or not any more.")
            try:
                return await answer(request, page, now)
            finally:
                if page.store.get(study.id) is None:  # deleted meanwhile: what was written since goes, too
                    shutil.rmtree(page.store.folder(study.id), ignore_errors=True)

    return _for_study(wraps(answer)(alone))


async def _content(request: Request) -> dict[str, Any]:
    """A small JSON object that was sent."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > _MOST_JSON_BYTES:
            raise HTTPException(413, "The request is too large; expected a small one of the page's own.")
    try:
        content = json.loads(body or b"{}")
    except (ValueError, RecursionError) as error:
        raise HTTPException(400, "The request is no JSON; expected one of the page's own.") from error
    if not isinstance(content, dict):
        raise HTTPException(400, "The request is no JSON object; expected one of the page's own.")
    return content


def _with_session(page: Page, response: Response, session: str) -> Response:
    response.set_cookie(
        COOKIE,
        session,
        max_age=math.ceil(3600 * page.settings.keep_hours),
        httponly=True,
        samesite="strict",
        secure=page.guard.secure,
    )
    return response


async def _index(request: Request) -> Response:
    page = _page(request)
    known = bool(page.guard.owner(request))
    content = {"title": "Synthetic CBV", "locked": not known and bool(page.guard.token), "roles": ROLES}
    response = Response(rendered("page/templates/page.html.j2", content), media_type="text/html")
    if known:
        return _with_session(page, response, request.cookies[COOKIE])
    return response if page.guard.token else _with_session(page, response, page.guard.new_session())


async def _static(request: Request) -> Response:
    name = request.path_params["name"]
    if name == "niivue.js":
        return Response(
            _page(request).viewer,
            media_type="text/javascript",
            headers={"cache-control": "private, max-age=86400"},
        )
    if name == "page.css":
        return Response(rendered("page/templates/page.css.j2", {}), media_type="text/css")
    if name not in SCRIPTS:
        raise HTTPException(404, "There is no such file.")
    return FileResponse(STATIC / name, media_type=_MEDIA[".js"])


async def _health(_: Request) -> Response:
    return Response("ok\n", media_type="text/plain")


async def _login(request: Request) -> Response:
    page = _page(request)
    given = (await _content(request)).get("token")
    if not page.guard.token or not isinstance(given, str) or not page.guard.knows_token(given):
        await asyncio.sleep(_SECONDS_AFTER_A_WRONG_TOKEN)
        raise HTTPException(403, "This is not the token. Ask who runs this page.")
    return _with_session(page, JSONResponse({}), page.guard.new_session())


@_for_owner
async def _state(_: Request, page: Page, owner: str) -> Response:
    queue = sorted(
        (study for study in page.store.all() if study.state in ACTIVE), key=lambda study: study.queued
    )
    places = {study.id: place for place, study in enumerate(queue)}
    return JSONResponse(
        {
            "studies": [_shown(study, places, page.settings.keep_hours) for study in page.store.of(owner)],
            "examples": page.examples.names,
            "keep_hours": page.settings.keep_hours,
        }
    )


def _shown(study: Study, places: dict[str, int], keep_hours: float) -> dict[str, object]:
    content: dict[str, object] = msgspec.to_builtins(study)
    for hidden in ("owner", "uploads", "images", "cancel", "queued", "created"):
        del content[hidden]
    return {
        **content,
        "files": len(study.uploads),
        "before": places.get(study.id, 0),
        "stopping": study.cancel,
        "hours_left": round(keep_hours - (time.time() - study.created) / 3600.0, 2),
    }


@_for_owner
async def _create(_: Request, page: Page, owner: str) -> Response:
    study = page.store.create(owner, page.settings.max_studies)
    return JSONResponse({"id": study.id}, 201)


@_for_study
async def _delete(_: Request, page: Page, study: Study) -> Response:
    await run_in_threadpool(page.store.delete, study.id)
    return Response(status_code=204)


@_one_at_a_time
async def _upload(request: Request, page: Page, study: Study) -> Response:
    name = uploads.checked_name(request.headers.get("x-file-name", ""))
    await uploads.receive(page.store, study, name, request.stream(), page.settings)
    return Response(status_code=204)


@_one_at_a_time
async def _example(request: Request, page: Page, study: Study) -> Response:
    if study.state is not State.UPLOADING or study.uploads:
        raise UsageError("This examination has its files already. Begin another one.")
    exam_id = str((await _content(request)).get("examination", ""))
    await run_in_threadpool(page.examples.put, page.store, study, exam_id)
    return Response(status_code=204)


@_one_at_a_time
async def _recognise(request: Request, page: Page, study: Study) -> Response:
    if study.state in (*ACTIVE, State.DONE):
        raise UsageError("This examination is being worked on or done. Begin another one.")
    stated = (await _content(request)).get("roles", {})
    if not isinstance(stated, dict) or not all(isinstance(role, str) for role in stated.values()):
        raise UsageError("The choice of images cannot be read. Load the page again.")
    most = page.settings.max_voxels_million * 1e6
    folder = page.store.folder(study.id)
    found = await run_in_threadpool(recognise, study, folder, stated, most)
    page.store.change(
        study.id,
        lambda one: replace(
            one,
            state=State.RECOGNISED,
            rows=found.rows,
            notes=found.notes,
            images=found.images,
            error="",
        ),
    )
    return Response(status_code=204)


@_one_at_a_time
async def _start(_: Request, page: Page, study: Study) -> Response:
    if study.state not in (State.RECOGNISED, State.FAILED, State.CANCELLED):
        raise UsageError("This examination cannot be started now.")
    require_sequence(study.images)
    page.store.change(
        study.id,
        lambda one: replace(
            one, state=State.QUEUED, queued=time.time(), stages={}, stage="", error="", cancel=False
        ),
    )
    page.worker.wake()
    return Response(status_code=204)


@_for_study
async def _cancel(_: Request, page: Page, study: Study) -> Response:
    def cancel(one: Study) -> Study:
        if one.state is State.QUEUED:
            return replace(one, state=State.CANCELLED)
        return replace(one, cancel=True) if one.state is State.RUNNING else one

    page.store.change(study.id, cancel)
    return Response(status_code=204)


@_for_study
async def _view(request: Request, page: Page, study: Study) -> Response:
    name = request.path_params["name"].removesuffix(".nii")
    if study.state is not State.DONE or name not in (*cast("list[str]", study.result["layers"]), LAST_REGION):
        raise HTTPException(404, "There is no such image.")
    path = page.store.folder(study.id) / VIEW / f"{name}.nii"
    if not path.is_file():
        raise HTTPException(404, "There is no such image.")
    return FileResponse(path, media_type=_MEDIA[".nii"])


@_for_study
async def _results(request: Request, page: Page, study: Study) -> Response:
    name = request.path_params["name"]
    if study.state is not State.DONE or name not in DOWNLOADS:
        raise HTTPException(404, "There is no such file.")
    shown = {"content-disposition": f'attachment; filename="synthetic-{name}"'}
    if name == REGIONS:
        return Response(regions_csv(study), media_type="text/csv", headers=shown)
    path = page.store.folder(study.id) / RESULTS / name
    if not path.is_file():
        raise HTTPException(404, "There is no such file.")
    return FileResponse(path, headers=shown)


@_one_at_a_time
async def _measure(request: Request, page: Page, study: Study) -> Response:
    if study.state is not State.DONE:
        raise UsageError("There is no map to measure yet.")
    if len(study.regions) >= MOST_REGIONS:
        raise UsageError(f"There are {MOST_REGIONS} regions, which is as many as there may be. Remove one.")
    name = " ".join(uploads.checked_name(request.headers.get("x-region-name", "region")).split())[:60]
    path = page.store.folder(study.id) / f"region-{secrets.token_hex(8)}.nii"
    most_mb = page.settings.max_voxels_million * 8
    try:
        await uploads.write_pieces(path, request.stream(), most_mb * 1e6, most_mb)
        judged = Judged(
            float(cast("float", study.result.get("lesion_sds", 0.0))), page.settings.lesion_threshold
        )
        layers = cast("list[str]", study.result["layers"])
        region = await run_in_threadpool(
            measure_region, page.store.folder(study.id), layers, path, name, judged
        )
    finally:
        path.unlink(missing_ok=True)
    page.store.change(study.id, lambda one: replace(one, regions=(*one.regions, region)))
    return JSONResponse(msgspec.to_builtins(region), 201)


@_for_study
async def _forget(request: Request, page: Page, study: Study) -> Response:
    numbers = [str(number) for number in range(len(study.regions))]
    if request.path_params["number"] not in numbers:
        raise HTTPException(404, "There is no such region, or not any more.")
    number = int(request.path_params["number"])
    page.store.change(
        study.id,
        lambda one: replace(one, regions=(*one.regions[:number], *one.regions[number + 1 :])),
    )
    return Response(status_code=204)
