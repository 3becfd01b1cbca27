"""`GET /healthz`: whether a delivery would be stored now, for whoever watches the gateway."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from auditor.gateway.gate import Gate, gate_of
from auditor.gateway.refusals import Refusal
from auditor.gateway.storing import storing
from collector.errors import SchemaMismatch, SinkUnavailable

router = APIRouter(tags=["operation"])
NO_COLLECTOR: Final = "00000000-0000-0000-0000-000000000000"


class Health(BaseModel):
    """ok, or in words what is wrong."""

    status: str


@router.get(
    "/healthz", summary="Whether a delivery would be stored now", response_model=Health,
    responses={503: {"model": Health, "description": "It would not."}},
)  # fmt: skip
async def say_health(gate: Annotated[Gate, Depends(gate_of)]) -> JSONResponse:
    """200 when the database answers and has the schema, else 503; says no more to a stranger."""

    def look() -> None:
        with gate.sinks.taken() as sink:
            sink.stored(NO_COLLECTOR, 0)

    try:
        await storing(look)
    except SchemaMismatch:
        return JSONResponse({"status": "the schema does not fit"}, 503)
    except SinkUnavailable:
        return JSONResponse({"status": "the database is away"}, 503)
    except Refusal:
        return JSONResponse({"status": "busy"}, 503)
    return JSONResponse({"status": "ok"})
