"""The HTTP face of a run: JSON in and out, a page for people, every request bounded."""

from importlib.resources import files
from typing import Annotated, Any

from fastapi import Body, FastAPI, Form
from fastapi.responses import FileResponse, HTMLResponse

from ..base.errors import ConfigError, UnknownKeyError
from ..corpus.pictures import SUFFIXES
from ..corpus.predicates import parse_predicate
from ..recommender import Question, Recommender
from .gate import BodyLimit, Queue
from .limits import Limits
from .refusals import REFUSALS, handle_errors
from .schemas import ask_model, explain_model, look_alike_model

PICTURE = "/recommend/picture"


def make_app(recommender: Recommender, limits: Limits | None = None) -> FastAPI:
    """The application for one loaded run.

    Endpoints: ``GET /`` (a page), ``GET /health``, ``POST /recommend``, ``POST /recommend/picture``,
    ``POST /explain``, ``GET /items/{key}/image``. No user history is logged and no address is fetched.
    """
    limits = limits or Limits()
    # no /docs: its page loads scripts from elsewhere; /openapi.json says the same
    app = FastAPI(title="Firstlight", docs_url=None, redoc_url=None, responses=REFUSALS)
    app.add_middleware(
        BodyLimit,
        most=limits.body_bytes,
        larger={PICTURE: limits.image_bytes},
        seconds=limits.seconds,
        held=limits.held_bytes,
    )
    queue = Queue(limits.waiting, limits.seconds)
    handle_errors(app)
    _reading(app, recommender)
    _asking(app, recommender, limits, queue)
    return app


def _reading(app: FastAPI, recommender: Recommender) -> None:
    @app.head("/", include_in_schema=False)
    @app.get("/", response_class=HTMLResponse)
    async def page() -> str:
        return files("firstlight.serve").joinpath("page.html").read_text(encoding="utf-8")

    @app.head("/health", include_in_schema=False)
    @app.get("/health")
    async def health() -> dict[str, Any]:
        return {"status": "ok", "items": len(recommender.catalogue), "run": recommender.version}

    @app.head("/items/{key:path}/image", include_in_schema=False)
    @app.get("/items/{key:path}/image", response_class=FileResponse)
    def picture(key: str) -> FileResponse:  # in a thread: an unknown key is compared with all others
        image = recommender.catalogue.by_key(key).image
        # whatever else a table calls an image stays private
        if image is None or image.suffix.lower() not in SUFFIXES or not image.is_file():
            raise UnknownKeyError(f'item "{key}" has no picture')
        return FileResponse(image)


def _asking(app: FastAPI, recommender: Recommender, limits: Limits, queue: Queue) -> None:
    ask_type, explain_type, look_alike_type = (
        of(limits) for of in (ask_model, explain_model, look_alike_model)
    )

    @app.post("/recommend")
    async def recommend(ask: Annotated[ask_type, Body()]) -> dict[str, Any]:  # type: ignore[valid-type]
        fields = ask.model_dump()  # type: ignore[attr-defined]
        if fields["explain"] and fields["k"] > limits.explained:
            raise ConfigError(
                f"k = {fields['k']} with explanations",
                expected=f"at most {limits.explained}",
                fix="ask for fewer items, or for their explanations one by one",
            )
        return await queue.run(lambda: recommender.answer(_question(fields)).as_dict())

    @app.post(PICTURE)
    async def look_alike(
        form: Annotated[look_alike_type, Form(media_type="multipart/form-data")],  # type: ignore[valid-type]
    ) -> dict[str, Any]:
        picture, fields = await form.picture.read(), form.model_dump(exclude={"picture"})  # type: ignore[attr-defined]
        question = Question(image=picture, **fields)
        return await queue.run(lambda: recommender.answer(question).as_dict())

    @app.post("/explain")
    async def explain(ask: Annotated[explain_type, Body()]) -> dict[str, Any]:  # type: ignore[valid-type]
        fields = ask.model_dump()  # type: ignore[attr-defined]
        item = fields.pop("item")
        return await queue.run(lambda: recommender.explain(item, **fields).as_dict())


def _question(fields: dict[str, Any]) -> Question:
    where = tuple(parse_predicate(text) for text in fields.pop("where"))
    return Question(on_unknown=fields.pop("unknown"), where=where, **fields)
