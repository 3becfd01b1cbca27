"""What the gateway's routes share: who calls, the way to the database, and the bounds."""

from __future__ import annotations

from dataclasses import dataclass, field

from fastapi import Request

from auditor.gateway.callers import Callers
from auditor.gateway.guarding.limits import Limits
from auditor.gateway.guarding.traffic import Traffic
from auditor.gateway.ingest_sink import IngestSinks
from auditor.gateway.live.hub import Hub
from auditor.gateway.readers import Readers


@dataclass(frozen=True, slots=True)
class Gate:
    """body_bytes: the largest body of a delivery that is taken, unpacked."""

    callers: Callers
    sinks: IngestSinks
    readers: Readers
    hub: Hub
    body_bytes: int
    limits: Limits = field(default_factory=Limits)
    traffic: Traffic = field(default_factory=Traffic)


async def gate_of(request: Request) -> Gate:
    """The application's."""
    gate: Gate = request.app.state.gate
    return gate
