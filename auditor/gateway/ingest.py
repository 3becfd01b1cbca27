"""The routes that take what collectors deliver."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse

from auditor.gateway.bodies import body_of, read_body, too_large
from auditor.gateway.callers import Caller, may_deliver
from auditor.gateway.gate import Gate, gate_of
from auditor.gateway.ingest_forms import BatchBody, BeatBody, IsStored, KeySecret, Receipt
from auditor.gateway.ingest_sink import IngestSink
from auditor.gateway.storing import storing
from collector.batch import Batch
from collector.sinks import wire

router = APIRouter(tags=["collectors"])
Allowed = Annotated[Caller, Depends(may_deliver)]
Gated = Annotated[Gate, Depends(gate_of)]


@router.post(
    "/v1/batches", summary="Store a collector's batch", response_model=Receipt,
    openapi_extra=body_of(BatchBody),
)  # fmt: skip
async def take_batch(request: Request, gate: Gated, caller: Allowed) -> Response:
    """A collector's batch: stored once under its own id."""
    body = await read_body(request, gate.body_bytes)
    return JSONResponse(await storing(_store, gate, body))


@router.post(
    "/v1/beats", status_code=204, summary="Hear that a collector lives",
    openapi_extra=body_of(BeatBody),
)  # fmt: skip
async def take_beat(request: Request, gate: Gated, caller: Allowed) -> Response:
    """A collector's sign of life, or its goodbye."""
    beat = wire.unpack_beat(await read_body(request, gate.body_bytes))

    def say() -> None:
        with gate.sinks.taken() as sink:
            sink.beat(beat)

    await storing(say)
    return Response(status_code=204)


@router.get("/v1/batches/{collector_id}/{sequence}", summary="Say whether a batch is stored")
async def say_stored(collector_id: str, sequence: int, gate: Gated, caller: Allowed) -> IsStored:
    """Whether the ledger has a batch."""
    asked = wire.batch_id(collector_id, sequence)

    def look() -> bool:
        with gate.sinks.taken() as sink:
            return sink.stored(*asked)

    return IsStored(stored=await storing(look))


@router.get("/v1/key-secret", summary="Give the secret that keys are hashed with")
async def say_key_secret(gate: Gated, caller: Allowed, response: Response) -> KeySecret:
    """The installation's secret for hashing keys: who may deliver keys may hash them."""
    response.headers["Cache-Control"] = "no-store"
    return KeySecret(secret=(await storing(gate.sinks.key_secret)).hex())


def _store(gate: Gate, body: bytes) -> dict[str, Any]:
    arrived = wire.unpack_batch(body)
    batch = arrived.batch
    with gate.sinks.taken() as sink:
        if batch.sequence > 0 and (batch.rows or batch.weights):
            _check_not_begun_in_parts(sink, batch, gate.body_bytes)
        return wire.receipt_of(arrived, sink.deliver(batch))


def _check_not_begun_in_parts(sink: IngestSink, batch: Batch, limit: int) -> None:
    """What began in parts, under a smaller limit, goes on in parts, or some would be there twice.

    Raises Refusal (413) then. When all of them are there, so is the batch itself, a duplicate.
    """
    if sink.has_parts(batch.collector_id, batch.sequence) and not sink.stored(
        batch.collector_id, batch.sequence
    ):
        raise too_large(limit)
