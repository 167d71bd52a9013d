"""The web page of a study: a rater's trials one after another, each answer stored before the next is shown."""

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

from pictura.runtime.errors import PicturaError
from pictura.runtime.serving import LOOPBACK, Guard, media_type, read_page
from pictura.study.plan import Study, picture_path
from pictura.study.store import Rater, Store
from pictura.study.trials import Trial, check_answer, plan_session, right_answer

try:
    from fastapi import Depends, FastAPI, Header, HTTPException, Request, Response
    from fastapi.responses import FileResponse, JSONResponse
    from pydantic import BaseModel, ConfigDict, Field
except ImportError as error:
    raise PicturaError("Studies need FastAPI and uvicorn: pip install 'pictura[study]'.") from error

MAX_BODY = 4096  # bytes; an answer has some 300
Finite = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
log = logging.getLogger(__name__)


class Answer(BaseModel):
    """What a browser sends; `id` is random, and the same when it sends again."""

    model_config = ConfigDict(extra="forbid")
    id: str = Field(pattern=r"^[0-9a-zA-Z-]{16,64}$")
    position: int = Field(ge=0, le=10_000)
    answer: str = Field(max_length=16)
    response_ms: Finite
    exposure_ms: Finite | None = None
    second_ms: Finite | None = None
    views: int = Field(1, ge=1, le=10_000)
    scale: Finite = 1.0
    ratio: Finite = 1.0


def make_app(folder: Path, study: Study, store: Store, hosts: Iterable[str] = LOOPBACK) -> FastAPI:
    """The application of a study; requests by another host's name, or sent by another site's page, are refused."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    page = read_page("pictura.study")
    app.add_middleware(Guard, hosts=tuple(hosts), limit=lambda _: MAX_BODY)

    @app.exception_handler(PicturaError)
    def unavailable(_: Request, error: PicturaError) -> JSONResponse:
        log.error("%s", error)
        return JSONResponse({"detail": "The answers cannot be stored now."}, 503)

    @app.get("/")
    def index() -> Response:
        return Response(page["index.html"], media_type=media_type("index.html"), headers={"Cache-Control": "no-cache"})

    @app.get("/page/{name}")
    def part(name: str) -> Response:
        if name not in page:
            raise HTTPException(404)
        return Response(page[name], media_type=media_type(name), headers={"Cache-Control": "no-cache"})

    @app.get("/pictures/{name}")
    def picture(name: str) -> Response:
        if name not in study.pictures:  # and only then is it part of a path
            raise HTTPException(404)
        path = picture_path(folder, name)
        if not path.is_file():
            log.error("'%s' is missing", path)
            raise HTTPException(503, "A picture is missing.")
        return FileResponse(path, media_type="image/png", headers={"Cache-Control": "private, max-age=86400"})

    _add_sessions(app, study, store)
    return app


def _add_sessions(app: FastAPI, study: Study, store: Store) -> None:
    def find_rater(token: Annotated[str, Header(alias="X-Session", max_length=64)]) -> Rater:
        if (rater := store.find(token)) is None:
            raise HTTPException(404, "There is no such session.")
        return rater

    Known = Annotated[Rater, Depends(find_rater)]

    @app.get("/api/study")
    def about() -> dict[str, Any]:
        named = ("id", "kind", "title", "question", "ask", "consent", "practice")
        return {**{name: getattr(study, name) for name in named}, "total": study.total}

    @app.post("/api/sessions", status_code=201)
    def start() -> dict[str, str]:
        return {"token": store.start()}

    @app.get("/api/session")
    def state(rater: Known) -> dict[str, Any]:
        trials, given = plan_session(study, rater.number), store.read_answers(rater.id)
        shown = [{"pictures": t.pictures, "references": t.references, "practice": t.role == "practice"} for t in trials]
        return {"next": len(given), "trials": shown, "score": _score(study, trials, given)}

    @app.post("/api/answers")
    def answer(sent: Answer, rater: Known) -> dict[str, Any]:
        trials, given = plan_session(study, rater.number), store.read_answers(rater.id)
        if sent.position > len(given) or sent.position >= len(trials):
            raise HTTPException(409, "That trial is not the next.")
        trial = trials[sent.position]
        try:
            check_answer(study, trial, sent.answer)
            stored = store.save(rater.id, sent.position, sent.model_dump(exclude={"position"}))
        except ValueError as error:
            raise HTTPException(422, str(error)) from error
        told: dict[str, Any] = {"stored": stored.id == sent.id}
        if study.kind == "real-fake" and trial.role == "practice":
            told |= {"right": stored.answer == right_answer(study, trial)}
            told |= {"real": [study.pictures[name].source == "real" for name in trial.pictures]}
        if sent.position == len(trials) - 1:
            told["score"] = _score(study, trials, store.read_answers(rater.id))
        return told


def _score(study: Study, trials: list[Trial], given: list[str]) -> float | None:
    """The share of right answers, once all are given: during the scored trials nobody is told how it goes."""
    if study.kind != "real-fake" or len(given) < len(trials):
        return None
    scored = [(t, a) for t, a in zip(trials, given, strict=True) if t.role == "scored"]
    return sum(bool(check_answer(study, trial, answer)) for trial, answer in scored) / len(scored)
