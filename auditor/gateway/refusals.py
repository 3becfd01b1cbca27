"""What is said to a caller who cannot be served: a status, a sentence, and what to do."""

from __future__ import annotations

from typing import Any, Final, Literal

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from collector.errors import ForeignPackage, SchemaMismatch, SinkUnavailable
from collector.sinks.wire import UnreadableBody

RETRY_AFTER_S: Final = 5
MOST_FAULTS: Final = 10


class Refusal(Exception):
    """An answer that is a no. more: goes beside the sentence. headers: of the answer."""

    def __init__(
        self, status: int, said: str, headers: dict[str, str] | None = None, **more: Any
    ) -> None:
        super().__init__(said)
        self.status = status
        self.said = said
        self.headers = headers or {}
        self.more = more


class Said(BaseModel):
    """What every answer that is a no looks like; some say more beside."""

    model_config = ConfigDict(extra="allow")

    success: Literal[False]
    error: str = Field(description="a sentence: what is wrong, and what to do")


# not by `model`, which would be told in the route's own media type
_FORM: Final = {"application/json": {"schema": {"$ref": "#/components/schemas/Said"}}}
SAID: Final[dict[int | str, dict[str, Any]]] = {
    "4XX": {"content": _FORM, "description": "It cannot be done as asked."},
    "5XX": {"content": _FORM, "description": "Not now: the database is away or busy."},
}
"""Of every route, for the API's page."""


def busy(said: str, after_s: int = RETRY_AFTER_S) -> Refusal:
    """It would work at another time."""
    return Refusal(503, said, {"Retry-After": f"{after_s}"})


def refusal_of(error: Exception) -> Refusal:
    """What an error of the delivery means for who delivers; others are ours and are raised."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, UnreadableBody):
        return Refusal(400, str(error))
    if isinstance(error, RequestValidationError):
        return Refusal(422, _faults(error))
    if isinstance(error, HTTPException):  # FastAPI's own: no such route, no such method
        return Refusal(error.status_code, str(error.detail), dict(error.headers or {}))
    if isinstance(error, SchemaMismatch):
        return Refusal(409, str(error), advice="run `cache-auditor migrate` on the database")
    if isinstance(error, SinkUnavailable) and not isinstance(error, ForeignPackage):
        return busy(f"the database is away: {error}")
    raise error


def _faults(error: RequestValidationError) -> str:
    """Each fault with its place, never with the value: it may be a secret, or long."""
    faults = error.errors()
    told = [
        f"{'.'.join(str(part) for part in fault['loc'][1:]) or 'the body'}: {fault['msg']}"[:300]
        for fault in faults[:MOST_FAULTS]
    ]
    more = [f"and {len(faults) - MOST_FAULTS} more"] if len(faults) > MOST_FAULTS else []
    return "; ".join((*told, *more))


async def answer_refusal(request: Request, error: Exception) -> JSONResponse:
    """The application's answer to each error that `refusal_of` knows."""
    refusal = refusal_of(error)
    content = {"success": False, "error": refusal.said, **refusal.more}
    return JSONResponse(content, refusal.status, refusal.headers)
