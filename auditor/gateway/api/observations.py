"""`GET /v1/observations`: what is open or was, one of them in full, and its minutes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Response

from auditor.gateway.api.asked import CacheName, ObservationId, found_or_404
from auditor.gateway.api.briefs import ObservationBrief, Severity, brief
from auditor.gateway.api.course import METRICS, read_course
from auditor.gateway.api.observation_page import read_page
from auditor.gateway.api.observation_reply import ObservationCourse, ObservationPage
from auditor.gateway.callers import Caller, may_read
from auditor.gateway.gate import Gate, gate_of
from auditor.gateway.refusals import Refusal
from auditor.stores.observations import find_observation, list_observations

router = APIRouter(tags=["dashboard"])

Gated = Annotated[Gate, Depends(gate_of)]
Reading = Annotated[Caller, Depends(may_read)]


@router.get("/v1/observations")
def say_observations(
    gate: Gated,
    caller: Reading,
    response: Response,
    state: Annotated[Literal["open", "resolved", "all"], Query()] = "open",
    severity: Annotated[list[Severity] | None, Query(max_length=3)] = None,
    cache: CacheName = None,
    hours: Annotated[
        float | None, Query(ge=0, le=24 * 366, description="not resolved longer ago than this")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> list[ObservationBrief]:
    """Observations that fit: open ones first, then by rank, then the newest."""
    response.headers["Cache-Control"] = "no-store"
    with gate.readers.taken() as connection:
        rows = list_observations(
            connection,
            state=None if state == "all" else state,
            severities=severity,
            cache_name=cache,
            since=None if hours is None else datetime.now(UTC) - timedelta(hours=hours),
            most=limit,
        )
    return [brief(row) for row in rows]


@router.get("/v1/observations/{id_}")
def say_observation(
    id_: ObservationId, gate: Gated, caller: Reading, response: Response
) -> ObservationPage:
    """One in full: what, since when, cost, causes, contributions, history, what may be signed."""
    response.headers["Cache-Control"] = "no-store"
    with found_or_404(), gate.readers.taken() as connection:
        return read_page(connection, find_observation(connection, id_))


@router.get("/v1/observations/{id_}/course")
def say_course(
    id_: ObservationId,
    gate: Gated,
    caller: Reading,
    response: Response,
    metric: Annotated[str | None, Query(max_length=64)] = None,
) -> ObservationCourse:
    """A metric minute by minute around it, with its band; its own unless one is asked for."""
    response.headers["Cache-Control"] = "no-store"
    if metric is not None and metric not in METRICS:
        raise Refusal(422, f"the metric is one of {', '.join(METRICS)}")
    with found_or_404(), gate.readers.taken() as connection:
        row = find_observation(connection, id_)
        return read_course(connection, row, metric, datetime.now(UTC))
