"""The studio's page and what it asks for. Nothing that a browser says becomes a path; ids are looked up."""

import asyncio
import contextlib
import json
import secrets
from collections.abc import AsyncIterator, Iterable
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote

from pictura.app import uploads
from pictura.app.commands import command_of, label_of
from pictura.app.orders import Id, Order, parse_order
from pictura.app.queue import find_files
from pictura.app.store import Asked, Row
from pictura.app.studio import Studio, describe_job, describe_picture
from pictura.app.uploads import Refused
from pictura.runtime.errors import PicturaError
from pictura.runtime.serving import HEADERS, LOOPBACK, SECURITY, Guard, media_type, read_page

try:
    from fastapi import Depends, FastAPI, Header, HTTPException, Query, Request, Response
    from fastapi.responses import FileResponse, JSONResponse, StreamingResponse
    from pydantic import BaseModel, ConfigDict, Field
except ImportError as error:
    raise PicturaError("The studio needs FastAPI and uvicorn: pip install 'pictura[app]'.") from error

MAX_BODY = 512 * 1024  # bytes of what is no picture: an order has some 400
MAX_JOBS = 500  # that wait
MAX_STREAMS, STREAM_SECONDS, BEAT_SECONDS, TICK = 24, 600.0, 10.0, 0.15
THUMBS = Path(str(files("pictura"))) / "assets" / "looks"
KEPT = {"Cache-Control": "private, max-age=31536000, immutable"}  # what an id names never changes
FRESH = {"Cache-Control": "no-cache"}
# A picture that the page has drawn or fetched is a blob.
PAGE_HEADERS = HEADERS | {"Content-Security-Policy": f"{SECURITY}; img-src 'self' blob:"}
FORMATS = {"png": "image/png", "jpg": "image/jpeg", "webp": "image/webp"}
BROWSERS_SHOW = {".png": "image/png", ".jpg": "image/jpeg", ".webp": "image/webp", ".gif": "image/gif"}
BROWSERS_SHOW |= {".bmp": "image/bmp", ".avif": "image/avif"}


class _Sent(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SentJob(_Sent):
    """One order of a batch."""

    order: Order
    title: str = Field(max_length=80)


class SentBatch(_Sent):
    """Orders together; the browser chooses `batch`, the same when it sends again."""

    batch: Id
    jobs: list[SentJob] = Field(min_length=1, max_length=MAX_JOBS)


class SentIds(_Sent):
    """Jobs by id."""

    ids: list[Id] = Field(max_length=MAX_JOBS)


class SentPause(_Sent):
    """Whether jobs are to wait."""

    paused: bool


class SentPreview(_Sent):
    """What is to be shown."""

    order: Order


def make_app(studio: Studio, hosts: Iterable[str] = LOOPBACK) -> FastAPI:
    """The application; what changes something needs the token that is in the page."""

    def check_token(request: Request, token: Annotated[str, Header(alias="X-Token", max_length=64)] = "") -> None:
        if request.method not in ("GET", "HEAD") and not secrets.compare_digest(token.encode(), studio.token.encode()):
            raise HTTPException(403, "This page is too old: load it again.")

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, dependencies=[Depends(check_token)])
    app.add_middleware(
        Guard,
        hosts=tuple(hosts),
        limit=lambda path: uploads.MAX_BYTES if path == "/api/pictures" else MAX_BODY,
        headers=PAGE_HEADERS,
    )

    @app.exception_handler(PicturaError)
    def unable(_: Request, error: PicturaError) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, 422)

    @app.exception_handler(Refused)
    def answer_refusal(_: Request, error: Refused) -> JSONResponse:
        return JSONResponse({"detail": error.sentence}, error.status)

    _add_page(app, studio)
    _add_pictures(app, studio)
    _add_jobs(app, studio)
    _add_results(app, studio)
    _add_events(app, studio)
    return app


def _add_page(app: FastAPI, studio: Studio) -> None:
    page = read_page("pictura.app")
    index = page["index.html"].replace(b"{{token}}", studio.token.encode())

    @app.get("/")
    def show_index() -> Response:
        return Response(index, media_type=media_type("index.html"), headers={"Cache-Control": "no-store"})

    @app.get("/page/{name}")
    def show_part(name: str) -> Response:
        if name not in page or name == "index.html":
            raise HTTPException(404)
        return Response(page[name], media_type=media_type(name), headers=FRESH)

    thumbs = {path.name: path for path in THUMBS.glob("*.webp")}

    @app.get("/looks/{name}")
    def show_thumb(name: str) -> Response:
        if name not in thumbs:
            raise HTTPException(404)
        return FileResponse(thumbs[name], media_type="image/webp", headers={"Cache-Control": "max-age=86400"})

    @app.get("/api/looks")
    def list_looks() -> list[dict[str, Any]]:
        return [look | {"thumb": f"{look['id']}.webp" in thumbs} for look in studio.looks()]


def _add_pictures(app: FastAPI, studio: Studio) -> None:
    @app.get("/api/pictures")
    def list_pictures() -> list[dict[str, Any]]:
        return [describe_picture(row) for row in studio.store.shown_pictures()]

    @app.post("/api/pictures", status_code=201)
    async def receive_picture(
        request: Request,
        name: Annotated[str, Query(max_length=400)] = "picture",
        role: Literal["photo", "style", "mask"] = "photo",
    ) -> dict[str, Any]:
        return describe_picture(await studio.uploads.receive(request, name, role))

    @app.post("/api/pictures/example", status_code=201)
    def take_example() -> dict[str, Any]:
        return describe_picture(studio.add_example())

    @app.delete("/api/pictures/{id_}", status_code=204)
    def remove_picture(id_: Id) -> None:
        studio.store.hide_picture(id_)

    @app.get("/api/pictures/{id_}/{size}")
    def show_picture(id_: Id, size: Literal["thumb", "view", "full"]) -> Response:
        row = _require(studio.store.picture(id_))
        path = studio.folder.picture(id_, row["suffix"])
        if size != "full":
            return _file(studio.folder.view_path(path, size), "image/webp")
        if row["suffix"] not in BROWSERS_SHOW:
            path = studio.convert(path, "jpg")
        return _file(path, BROWSERS_SHOW[path.suffix])

    @app.post("/api/preview")
    async def preview(sent: SentPreview, request: Request) -> dict[str, Any]:
        return await studio.previews.show(sent.order, request.is_disconnected)


def _add_jobs(app: FastAPI, studio: Studio) -> None:
    store = studio.store

    @app.get("/api/jobs")
    def list_jobs(
        before: Annotated[int | None, Query(ge=0)] = None, limit: Annotated[int, Query(ge=1, le=100)] = 40
    ) -> dict[str, Any]:
        active = [] if before is not None else store.active_jobs()
        return {
            "active": [describe_job(row) for row in active],
            "ended": [describe_job(row) for row in store.ended_jobs(before, limit)],
        }

    @app.post("/api/jobs", status_code=201)
    def add_jobs(sent: SentBatch) -> dict[str, bool]:
        for job in sent.jobs:
            find_files(store, studio.folder, job.order.model_dump_json())
        asked = [Asked(job.order, job.title) for job in sent.jobs]
        try:
            added = store.add_jobs(sent.batch, asked, MAX_JOBS)
        except PicturaError as error:
            raise HTTPException(429, str(error)) from error
        studio.runner.wake()
        return {"added": added}

    @app.post("/api/jobs/cancel", status_code=204)
    def cancel_jobs(sent: SentIds) -> None:
        studio.runner.cancel(sent.ids)

    @app.post("/api/queue", status_code=204)
    def pause(sent: SentPause) -> None:
        store.paused = sent.paused
        studio.runner.wake()

    @app.delete("/api/jobs/{id_}", status_code=204)
    def forget_job(id_: Id) -> None:
        store.forget_job(id_)


def _add_results(app: FastAPI, studio: Studio) -> None:
    store, folder = studio.store, studio.folder

    def find_finished(id_: str) -> Row:
        row = _require(store.job(id_))
        if row["state"] != "done":
            raise HTTPException(404, "There is no picture yet.")
        return row

    @app.get("/api/jobs/{id_}/step")
    def show_step(id_: Id) -> Response:
        live = studio.runner.live
        if live is None or live.id != id_ or live.picture is None:
            raise HTTPException(404, "There is no picture yet.")
        return Response(live.picture, media_type="image/webp", headers={"Cache-Control": "no-store"})

    @app.get("/api/jobs/{id_}/command")
    def show_command(id_: Id) -> dict[str, str]:
        row = _require(store.job(id_))
        paths, names = find_files(store, folder, row["order"])
        order = parse_order(row["order"])
        output = f"{Path(names[order.picture]).stem}_{label_of(order, names)}.png"
        return {"command": command_of(order, {k: Path(v) for k, v in paths.items()}, output)}

    @app.get("/api/jobs/{id_}/download")
    def download(id_: Id, kind: Annotated[Literal["png", "jpg", "webp"], Query(alias="as")] = "png") -> Response:
        path = studio.convert(folder.result(find_finished(id_)["id"]), kind)
        return _file(path, FORMATS[kind], name=studio.name_result(id_, kind))

    @app.get("/api/batches/{batch}/zip")
    def download_batch(batch: Id) -> Response:
        return _file(studio.pack(batch), "application/zip", name="pictura.zip")

    @app.post("/api/jobs/{id_}/use", status_code=201)
    def use_result(id_: Id) -> dict[str, Any]:
        find_finished(id_)
        return describe_picture(studio.use_result(id_))

    @app.get("/api/jobs/{id_}/{size}")
    def show_result(id_: Id, size: Literal["thumb", "view", "full"]) -> Response:
        path = folder.result(find_finished(id_)["id"])
        return _file(path, "image/png") if size == "full" else _file(folder.view_path(path, size), "image/webp")


def _add_events(app: FastAPI, studio: Studio) -> None:
    open_streams = 0

    @app.get("/api/events")
    async def events() -> Response:
        """What goes on, told when it changes; a slow reader misses what is between, and nothing is kept for it."""
        nonlocal open_streams
        if open_streams >= MAX_STREAMS:
            raise HTTPException(429, "Too many pages are open.")
        return StreamingResponse(tell(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})

    async def tell() -> AsyncIterator[str]:
        nonlocal open_streams
        open_streams += 1
        loop, told, since = asyncio.get_running_loop(), "", 0.0
        end = loop.time() + STREAM_SECONDS
        try:
            while loop.time() < end:
                now = json.dumps(await asyncio.to_thread(studio.status))
                if now != told or loop.time() - since > BEAT_SECONDS:
                    told, since = now, loop.time()
                    yield f"retry: 1000\ndata: {now}\n\n"
                await asyncio.sleep(TICK)
        finally:
            open_streams -= 1

    @app.get("/api/status")
    def status() -> dict[str, Any]:
        return studio.status()


def _require(row: Row | None) -> Row:
    if row is None:
        raise HTTPException(404, "That is not here any more.")
    return row


def _file(path: Path, kind: str, name: str | None = None) -> Response:
    """A file of the folder, to be shown, or saved under a name."""
    if not path.is_file():
        raise HTTPException(404, "That is not here any more.")
    headers = dict(KEPT)
    if name is not None:
        headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    with contextlib.suppress(OSError):
        return FileResponse(path, media_type=kind, headers=headers)
    raise HTTPException(404, "That is not here any more.")
