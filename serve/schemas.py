"""What a request looks like."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, create_model

from .limits import Limits


class Strict(BaseModel):
    """Unknown fields are an error, not a surprise."""

    model_config = ConfigDict(extra="forbid")


def text_of(most: int) -> Any:
    """Text of at most `most` bytes in UTF-8."""

    def bounded(text: str) -> str:
        size = len(text.encode("utf-8", "surrogatepass"))
        if size > most:
            raise ValueError(f"{size} bytes of text, at most {most} are read")
        return text

    return Annotated[str, AfterValidator(bounded)]


def ask_model(limits: Limits) -> type[BaseModel]:
    """The body of ``POST /recommend``, bounded by `limits`."""
    return create_model(
        "Ask",
        __base__=Strict,
        user=(str | None, Field(default=None, max_length=512)),
        history=(list[str], Field(default=[], max_length=limits.history)),
        query=(text_of(limits.text_bytes), ""),
        k=(int, Field(default=10, ge=1, le=limits.k)),
        explain=(bool, False),
        allow=(list[str] | None, Field(default=None, max_length=limits.keys)),
        deny=(list[str], Field(default=[], max_length=limits.keys)),
        where=(list[str], Field(default=[], max_length=32)),
        unknown=(str, Field(default="error", pattern="^(error|count)$")),
    )


def explain_model(limits: Limits) -> type[BaseModel]:
    """The body of ``POST /explain``."""
    return create_model(
        "Explain",
        __base__=Strict,
        item=(str, Field(max_length=512)),
        user=(str | None, Field(default=None, max_length=512)),
        history=(list[str], Field(default=[], max_length=limits.history)),
        query=(text_of(limits.text_bytes), ""),
    )
