"""What is said to a caller who cannot be served: a status, a sentence, and what to do."""

from __future__ import annotations

from typing import Any, Final

from fastapi import Request
from fastapi.responses import JSONResponse

from collector.errors import ForeignPackage, SchemaMismatch, SinkUnavailable
from collector.sinks.wire import UnreadableBody

RETRY_AFTER_S: Final = 5


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


def busy(said: str, after_s: int = RETRY_AFTER_S) -> Refusal:
    """It would work at another time."""
    return Refusal(503, said, {"Retry-After": f"{after_s}"})


def refusal_of(error: Exception) -> Refusal:
    """What an error of the delivery means for who delivers; others are ours and are raised."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, UnreadableBody):
        return Refusal(400, str(error))
    if isinstance(error, SchemaMismatch):
        return Refusal(409, str(error), advice="run `cache-auditor migrate` on the database")
    if isinstance(error, SinkUnavailable) and not isinstance(error, ForeignPackage):
        return busy(f"the database is away: {error}")
    raise error


async def answer_refusal(request: Request, error: Exception) -> JSONResponse:
    """The application's answer to each error that `refusal_of` knows."""
    refusal = refusal_of(error)
    content = {"success": False, "error": refusal.said, **refusal.more}
    return JSONResponse(content, refusal.status, refusal.headers)
