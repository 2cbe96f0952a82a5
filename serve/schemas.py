"""What a request looks like, and a refusal."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import UploadFile
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, create_model

from .limits import Limits


class Strict(BaseModel):
    """Unknown fields are an error, not a surprise."""

    model_config = ConfigDict(extra="forbid")


class Refusal(BaseModel):
    """What every answer but 200 says."""

    error: str


def _encodable(text: str) -> str:
    """JSON can hold half a surrogate pair; Arrow and UTF-8 cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("half a surrogate pair is no text") from None
    return text


Text = Annotated[str, AfterValidator(_encodable)]
Key = Annotated[Text, Field(max_length=512)]


def text_of(most: int) -> Any:
    """Text of at most `most` bytes in UTF-8."""

    def bounded(text: str) -> str:
        size = len(text.encode())
        if size > most:
            raise ValueError(f"{size} bytes of text, at most {most} are read")
        return text

    return Annotated[Text, AfterValidator(bounded)]


def ask_model(limits: Limits) -> type[BaseModel]:
    """The body of ``POST /recommend``, bounded by `limits`."""
    condition = text_of(limits.condition_bytes)
    return create_model(
        "Ask",
        __base__=Strict,
        user=(Key | None, None),
        history=(list[Text], Field(default=[], max_length=limits.history)),
        query=(text_of(limits.text_bytes), ""),
        k=(int, Field(default=10, ge=1, le=limits.k)),
        explain=(bool, False),
        allow=(list[Text] | None, Field(default=None, max_length=limits.keys)),
        deny=(list[Text], Field(default=[], max_length=limits.keys)),
        where=(list[condition], Field(default=[], max_length=limits.conditions)),  # type: ignore[valid-type]
        repeats=(bool, False),
        unknown=(str, Field(default="error", pattern="^(error|count)$")),
    )


def look_alike_model(limits: Limits) -> type[BaseModel]:
    """The form of ``POST /recommend/picture``."""
    return create_model(
        "LookAlike",
        __base__=Strict,
        picture=(UploadFile, ...),
        query=(text_of(limits.text_bytes), ""),
        k=(int, Field(default=10, ge=1, le=limits.k)),
    )


def explain_model(limits: Limits) -> type[BaseModel]:
    """The body of ``POST /explain``."""
    return create_model(
        "Explain",
        __base__=Strict,
        item=(Key, ...),
        user=(Key | None, None),
        history=(list[Text], Field(default=[], max_length=limits.history)),
        query=(text_of(limits.text_bytes), ""),
    )
