"""How the service says no: one body for everything, and which status stands for which error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from ..base.errors import ConfigError, DataError, FirstlightError, LimitError, UnknownKeyError
from .schemas import Refusal

SHOWN = 5  # complaints about one request
STATUS: tuple[tuple[type[FirstlightError], int], ...] = (
    (UnknownKeyError, 404),
    (LimitError, 503),
    (DataError, 422),
    (ConfigError, 422),
)
REFUSALS: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": Refusal, "description": "Refused"},
    500: {"model": Refusal, "description": "Failed"},
    503: {"model": Refusal, "description": "Too much at once; Retry-After says when to ask again"},
}


def handle_errors(app: FastAPI) -> None:
    """Every answer but a good one is ``{"error": ...}``, as :data:`REFUSALS` documents."""

    @app.exception_handler(FirstlightError)
    async def refuse(_: Request, error: FirstlightError) -> JSONResponse:
        status = next((code for kind, code in STATUS if isinstance(error, kind)), 500)
        return _refusal(str(error), status, {"Retry-After": "1"} if status == 503 else None)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        """Which field is wrong and why; what was sent is not sent back."""
        return _refusal("; ".join([f"{_place(one)}: {one['msg']}" for one in error.errors()][:SHOWN]), 422)

    @app.exception_handler(HTTPException)
    async def unfit(_: Request, error: HTTPException) -> JSONResponse:
        return _refusal(error.detail, error.status_code, error.headers)

    @app.exception_handler(Exception)
    async def failed(_: Request, error: Exception) -> JSONResponse:
        return _refusal("the answer failed; the log of the service says why", 500)


def _refusal(text: str, status: int, headers: Mapping[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"error": text}, status, headers)


def _place(error: dict[str, Any]) -> str:
    """Which field an error is about; of a body that is no JSON only a number of characters is told."""
    loc = () if error["type"] == "json_invalid" else error["loc"][1:]
    return ".".join(map(str, loc)) or "body"
