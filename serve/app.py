"""The HTTP face of a run: JSON in and out, a page for people, every request bounded."""

from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

import uvicorn
from fastapi import Body, FastAPI, File, Form, Request, UploadFile
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse

from ..base.errors import ConfigError, DataError, FirstlightError, LimitError, UnknownKeyError
from ..corpus.predicates import parse_predicate
from ..recommender import Question, Recommender
from .gate import BodyLimit, Queue
from .limits import Limits
from .schemas import ask_model, explain_model, text_of

PICTURE = "/recommend/picture"
SHOWN = 5  # complaints about one request
PICTURES = (".jpg", ".jpeg", ".png", ".webp")  # whatever else a table calls an image stays private
STATUS: tuple[tuple[type[FirstlightError], int], ...] = (
    (UnknownKeyError, 404),
    (LimitError, 503),
    (DataError, 422),
    (ConfigError, 422),
)


def make_app(recommender: Recommender, limits: Limits | None = None) -> FastAPI:
    """The application for one loaded run.

    Endpoints: ``GET /`` (a page), ``GET /health``, ``POST /recommend``, ``POST /recommend/picture``,
    ``POST /explain``, ``GET /items/{key}/image``. No user history is logged and no address is fetched.
    """
    limits = limits or Limits()
    # no /docs: its page loads scripts from elsewhere; /openapi.json says the same
    app = FastAPI(title="Firstlight", docs_url=None, redoc_url=None)
    app.add_middleware(
        BodyLimit, most=limits.body_bytes, larger={PICTURE: limits.image_bytes}, seconds=limits.seconds
    )
    queue = Queue(limits.waiting, limits.seconds)
    _errors(app)
    _reading(app, recommender)
    _asking(app, recommender, limits, queue)
    return app


def _errors(app: FastAPI) -> None:
    @app.exception_handler(FirstlightError)
    async def refuse(_: Request, error: FirstlightError) -> JSONResponse:
        status = next((code for kind, code in STATUS if isinstance(error, kind)), 500)
        headers = {"Retry-After": "1"} if status == 503 else None
        return JSONResponse({"error": _encodable(str(error))}, status, headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        """Which field is wrong and why; what was sent is not sent back."""
        said = [f"{_place(one)}: {one['msg']}" for one in error.errors()]
        return JSONResponse({"error": _encodable("; ".join(said[:SHOWN]))}, 422)


def _reading(app: FastAPI, recommender: Recommender) -> None:
    @app.get("/", response_class=HTMLResponse)
    async def page() -> str:
        return files("firstlight.serve").joinpath("page.html").read_text(encoding="utf-8")

    @app.get("/health")
    async def health() -> dict[str, Any]:
        return {"status": "ok", "items": len(recommender.catalogue)}

    @app.get("/items/{key}/image")
    async def picture(key: str) -> FileResponse:
        image = recommender.catalogue.by_key(key).image
        if image is None or image.suffix.lower() not in PICTURES or not image.is_file():
            raise UnknownKeyError(f'item "{key}" has no picture')
        return FileResponse(image)


def _asking(app: FastAPI, recommender: Recommender, limits: Limits, queue: Queue) -> None:
    ask_type, explain_type = ask_model(limits), explain_model(limits)

    @app.post("/recommend")
    async def recommend(ask: Annotated[ask_type, Body()]) -> dict[str, Any]:  # type: ignore[valid-type]
        fields = ask.model_dump()  # type: ignore[attr-defined]
        if fields["explain"] and fields["k"] > limits.explained:
            raise ConfigError(
                f"k = {fields['k']} with explanations",
                expected=f"at most {limits.explained}",
                fix="ask for fewer items, or for their explanations one by one",
            )
        conditions = tuple(parse_predicate(text) for text in fields.pop("where"))
        question = Question(**{"on_unknown": fields.pop("unknown"), "where": conditions, **fields})
        return await queue.run(lambda: recommender.answer(question).as_dict())

    @app.post(PICTURE)
    async def look_alike(
        picture: Annotated[UploadFile, File()],
        k: Annotated[int, Form(ge=1, le=limits.k)] = 10,
        query: Annotated[text_of(limits.text_bytes), Form()] = "",  # type: ignore[valid-type]
    ) -> dict[str, Any]:
        question = Question(image=await picture.read(), k=k, query=query)
        return await queue.run(lambda: recommender.answer(question).as_dict())

    @app.post("/explain")
    async def explain(ask: Annotated[explain_type, Body()]) -> dict[str, Any]:  # type: ignore[valid-type]
        fields = ask.model_dump()  # type: ignore[attr-defined]
        item = fields.pop("item")
        return await queue.run(lambda: recommender.explain(item, **fields).as_dict())


def _encodable(text: str) -> str:
    """Half a surrogate pair, which JSON can hold and UTF-8 cannot, becomes a question mark."""
    return text.encode("utf-8", "replace").decode()


def _place(error: dict[str, Any]) -> str:
    """Which field an error is about; of a body that is no JSON only a number of characters is told."""
    loc = () if error["type"] == "json_invalid" else error["loc"][1:]
    return ".".join(map(str, loc)) or "body"


def serve(path: Path | str, *, host: str = "127.0.0.1", port: int = 8000) -> None:
    """Load a run and serve it until stopped; only this machine is answered unless `host` says more."""
    uvicorn.run(make_app(Recommender.from_pretrained(path)), host=host, port=port, access_log=False)
