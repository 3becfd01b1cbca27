"""What the gateway's routes share: who may deliver, the way to the database, and the bounds."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request

from auditor.gateway.ingest_sink import IngestSinks
from auditor.tokens import Tokens


@dataclass(frozen=True, slots=True)
class Gate:
    """body_bytes: the largest body that is taken, unpacked."""

    tokens: Tokens
    sinks: IngestSinks
    body_bytes: int


async def gate_of(request: Request) -> Gate:
    """The application's."""
    gate: Gate = request.app.state.gate
    return gate
