"""`POST /functions/v1/cache-metrics-aggregator`: what the reference's clients send goes on working.

A body has no id. Its SHA-256 with the token's, or the Idempotency-Key of the request, stands for it
for 24 h: what comes again within that is stored once, and answered as it was.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from auditor.gateway.callers import Caller
from auditor.gateway.ingest_sink import Claim, IngestSink, IngestSinks
from auditor.gateway.reference.body import Metrics, read_metrics, windows_of
from auditor.gateway.refusals import Refusal
from collector.batch import LARGEST_BATCH, Batch
from collector.events import Row
from collector.keys import KeyHasher

LONGEST_KEY: Final = 255


def take_metrics(
    sinks: IngestSinks,
    caller: Caller,
    idempotency_key: str | None,
    body: bytes,
    *,
    whole: bool = False,
) -> dict[str, Any]:
    """Store a body of the reference and give the answer to it.

    whole: all of it or nothing (Refusal 422 then, which is not remembered as the answer).
    Raises UnreadableBody, Refusal, and SinkUnavailable when it is to come again.
    """
    metrics = read_metrics(body, KeyHasher(sinks.key_secret()), time.time_ns())
    fingerprint = sha256(body).digest()
    key = _key(caller.digest or b"", idempotency_key, fingerprint)
    with sinks.taken() as sink:
        claim = sink.claim(key, fingerprint)
        if not claim.same_body:
            raise Refusal(422, "this Idempotency-Key came with another body within 24 h")
        if claim.reply is not None:
            return claim.reply
        store = _stored_whole if whole else _stored
        return sink.settle(key, claim, store(sink, key, claim, metrics))


def _key(token: bytes, given: str | None, fingerprint: bytes) -> bytes:
    if given is None:
        return sha256(b"body" + token + fingerprint).digest()
    if not 0 < len(given) <= LONGEST_KEY:
        raise Refusal(400, f"Idempotency-Key is not 1 to {LONGEST_KEY} characters")
    return sha256(b"key" + token + given.encode("utf-8", "replace")).digest()


def _stored(sink: IngestSink, key: bytes, claim: Claim, metrics: Metrics) -> dict[str, Any]:
    refused = list(metrics.refused)
    kept = list(metrics.rows)
    places = {id(row): index for row, index in zip(metrics.rows, metrics.indices, strict=True)}
    for batch in _batches(key, claim, metrics):
        for bad in sink.deliver(batch).refused:
            refused.append((places[id(bad.item)], bad.reason))
            kept = [row for row in kept if row is not bad.item]
    return _reply(tuple(kept), refused)


def _stored_whole(sink: IngestSink, key: bytes, claim: Claim, metrics: Metrics) -> dict[str, Any]:
    refused = list(metrics.refused)
    if not refused:
        places = {id(row): index for row, index in zip(metrics.rows, metrics.indices, strict=True)}
        bad = sink.deliver_whole(tuple(_batches(key, claim, metrics)))
        refused = [(places[id(each.item)], each.reason) for each in bad]
    if not refused:
        return _reply(metrics.rows, [])
    said = f"{len(refused)} metrics are refused, so nothing is stored; mend them, or send less"
    raise Refusal(422, said, **{**_reply((), refused), "success": False})


def _reply(kept: tuple[Row, ...], refused: list[tuple[int, str]]) -> dict[str, Any]:
    return {
        "success": True,
        "metrics_stored": len(kept),
        "aggregations_created": windows_of(kept),
        "refused": [{"index": index, "reason": reason} for index, reason in sorted(refused)],
    }


def _batches(key: bytes, claim: Claim, metrics: Metrics) -> Iterator[Batch]:
    """Under an id that follows from the key and from when it came first."""
    whole = Batch(str(UUID(bytes=key[:16])), int(claim.first_at.timestamp() * 1_000_000))
    for number, start in enumerate(range(0, len(metrics.rows), LARGEST_BATCH)):
        rows = metrics.rows[start : start + LARGEST_BATCH]
        yield replace(whole, sequence=whole.sequence + number, rows=rows)
