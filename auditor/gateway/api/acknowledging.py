"""Acknowledging over HTTP: what it would change, and signing it in the name of the token."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal, cast
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from psycopg import Connection
from pydantic import BaseModel, ConfigDict, Field

from auditor.gateway.api.asked import STORABLE, ObservationId, found_or_404
from auditor.gateway.api.briefs import Severity
from auditor.gateway.callers import Caller, may_acknowledge, may_read
from auditor.gateway.gate import Gate, gate_of
from auditor.gateway.refusals import Refusal
from auditor.listening.acknowledging import (
    LONGEST_NOTE,
    AcknowledgementInvalid,
    Signature,
    already,
    proposed,
    signature,
    signed,
)
from auditor.listening.signing import Proposal, quieted
from auditor.observing.feedback import Reason
from auditor.observing.preview import learning
from auditor.stores.feedback import read_past
from auditor.stores.observations import ObservationRow, find_observation
from auditor.windows.minutes import from_epoch_minute

router = APIRouter(tags=["dashboard"])

ScopeName = Literal["metric", "series", "cache-metric", "cache"]
MOST_TOLD = 200
Gated = Annotated[Gate, Depends(gate_of)]


class Acknowledging(BaseModel):
    """What is to be signed."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason
    note: str = Field("", max_length=LONGEST_NOTE, pattern=STORABLE)
    scope: ScopeName = "metric"
    expires: str | None = Field(
        None, max_length=40, description="how long it silences: 12h, 30d; null: as is usual"
    )


class WouldChange(BaseModel):
    """An observation of the past that would have gone otherwise."""

    id: UUID
    title: str
    severity: Severity
    first_window: datetime
    resolved_at: datetime | None
    effect: Literal["silenced", "later"]
    confirmed: bool = Field(description="a person said that it was real and is mended")


class Preview(BaseModel):
    """What a signature would say and would have changed, had it stood all along."""

    about: str
    keeps_quiet: str | None = Field(description="until expires_at; null: nothing")
    expires_at: datetime | None
    learning: str = Field(description="what becomes of its windows")
    kept: int = Field(description="other observations that are kept")
    silenced: int
    later: int
    confirmed: int
    would: list[WouldChange] = Field(description="those, oldest first; 200 at most")


class Acknowledged(BaseModel):
    """What was signed."""

    observation_id: UUID
    feedback_id: int
    says: str


@router.get("/v1/observations/{id_}/acknowledgements/preview")
def preview_acknowledgement(
    id_: ObservationId,
    gate: Gated,
    caller: Annotated[Caller, Depends(may_read)],
    response: Response,
    reason: Annotated[Reason, Query()],
    scope: Annotated[ScopeName, Query()] = "metric",
    expires: Annotated[str | None, Query(max_length=40)] = None,
) -> Preview:
    """What acknowledging it so would change; nothing is signed."""
    response.headers["Cache-Control"] = "no-store"
    wanted = _wanted(caller, Acknowledging(reason=reason, scope=scope, expires=expires))
    with found_or_404(), gate.readers.taken() as connection:
        row = find_observation(connection, id_)
        return preview_of(proposed(row, read_past(connection), datetime.now(UTC), wanted))


@router.post("/v1/observations/{id_}/acknowledgements", status_code=201)
def acknowledge(
    id_: ObservationId,
    asked: Acknowledging,
    gate: Gated,
    caller: Annotated[Caller, Depends(may_acknowledge)],
) -> Acknowledged:
    """Signs it in the name of the token. 409 where somebody has already."""
    wanted = _wanted(caller, asked)
    with found_or_404(), gate.readers.taken() as connection:
        return _sign(connection, find_observation(connection, id_), wanted)


def _wanted(caller: Caller, asked: Acknowledging) -> Signature:
    try:
        return signature(caller.name, asked.reason, asked.note, asked.scope, asked.expires)
    except AcknowledgementInvalid as fault:
        raise Refusal(422, f"{fault.part}: {fault}", part=fault.part) from fault


def _sign(connection: Connection, row: ObservationRow, wanted: Signature) -> Acknowledged:
    if row.acknowledged:
        raise Refusal(409, f"it {already(row)}")
    done = signed(connection, row, wanted)
    if done.outcome == "unknown":
        raise Refusal(404, "the observation is gone: retention has removed it")
    if done.feedback_id is None:
        raise Refusal(409, f"it {done.says}")
    return Acknowledged(observation_id=row.id, feedback_id=done.feedback_id, says=done.says)


def preview_of(proposal: Proposal) -> Preview:
    """The proposal as JSON has it."""
    feedback = proposal.feedback
    silenced = sum(each.effect == "silenced" for each in proposal.would)
    return Preview(
        about=str(feedback.scope),
        keeps_quiet=None if feedback.expires is None else quieted(feedback),
        expires_at=None if feedback.expires is None else from_epoch_minute(feedback.expires),
        learning=learning(feedback),
        kept=proposal.kept,
        silenced=silenced,
        later=len(proposal.would) - silenced,
        confirmed=proposal.confirmed,
        would=[
            WouldChange(
                id=each.observation.id,
                title=each.observation.title,
                severity=cast(Severity, each.observation.highest.word),
                first_window=each.observation.first_window,
                resolved_at=each.observation.resolved_at,
                effect=each.effect,
                confirmed=each.observation.confirmed,
            )
            for each in proposal.would[:MOST_TOLD]
        ],
    )
