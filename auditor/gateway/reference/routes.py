"""The two endpoints of the reference, under their old paths."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.responses import JSONResponse

from auditor.gateway.bodies import body_of, read_body
from auditor.gateway.callers import Caller, may_deliver, may_read
from auditor.gateway.gate import Gate, gate_of
from auditor.gateway.reference.forms import CacheMetrics, Metrics, Stored
from auditor.gateway.reference.history import LONGEST_HOURS, history
from auditor.gateway.reference.ingest import take_metrics
from auditor.gateway.storing import storing

router = APIRouter(tags=["reference"])
Gated = Annotated[Gate, Depends(gate_of)]


@router.post(
    "/functions/v1/cache-metrics-aggregator",
    summary="Take the events of the reference's client",
    response_model=Stored,
    openapi_extra=body_of(Metrics),
)
async def take_references(
    request: Request,
    gate: Gated,
    caller: Annotated[Caller, Depends(may_deliver)],
    idempotency_key: Annotated[
        str | None, Header(description="stands for the body for 24 h; else its SHA-256 does")
    ] = None,
    prefer: Annotated[
        str | None, Header(description="handling=strict: the same as all_or_nothing")
    ] = None,
    all_or_nothing: Annotated[
        bool, Query(description="store nothing when any metric is refused (422)")
    ] = False,
) -> Response:
    """Good metrics are stored and bad ones named. What comes again is stored once."""
    body = await read_body(request, gate.body_bytes)
    whole = all_or_nothing or _is_strict(prefer)
    reply = await storing(take_metrics, gate.sinks, caller, idempotency_key, body, whole=whole)
    return JSONResponse(reply)


@router.get(
    "/api/cache-metrics",
    summary="Windows of the last hours, and their sum",
    response_model=CacheMetrics,
)
def say_history(
    gate: Gated,
    caller: Annotated[Caller, Depends(may_read)],
    time_range: Annotated[
        float, Query(gt=0, le=LONGEST_HOURS, allow_inf_nan=False, description="hours until now")
    ] = 1,
    aggregation: Annotated[Literal["1min", "1hour"], Query(description="width")] = "1min",
    cache_name: Annotated[
        str | None,
        Query(min_length=1, max_length=200, pattern=r"^[^\x00]+$", description="of one cache only"),
    ] = None,
) -> Response:
    """Rows as the table has them; a window belongs to the time when any part of it does."""
    with gate.readers.taken() as connection:
        told = history(connection, time_range, aggregation, cache_name)
    return Response(told, media_type="application/json")


def _is_strict(prefer: str | None) -> bool:
    """Of RFC 7240: preferences with commas between them, each with its own parameters behind ;"""
    wanted = [each.partition(";")[0] for each in (prefer or "").lower().split(",")]
    return any(each.replace(" ", "").replace('"', "") == "handling=strict" for each in wanted)
