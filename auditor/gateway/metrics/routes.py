"""`GET /metrics`: in Prometheus' text format, out of a registry of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric

from auditor.gateway.callers import may_read
from auditor.gateway.gate import Gate, gate_of
from auditor.gateway.metrics.measures import MEASURES
from auditor.gateway.metrics.samples import Gauged, Sample, samples
from auditor.gateway.metrics.state import State, read_state
from auditor.gateway.readers import Readers
from auditor.gateway.refusals import Refusal

router = APIRouter(tags=["operation"], dependencies=[Depends(may_read)])
KEPT_S: Final = 5.0
FAMILIES: Final = {"gauge": GaugeMetricFamily, "counter": CounterMetricFamily}


class LastState:
    """The database's answer, for KEPT_S; one at a time asks for it, however many want it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._state: State | None = None
        self._until_s = 0.0

    def get(self, readers: Readers) -> State | None:
        """None when the database does not answer."""
        with self._lock:
            if time.monotonic() >= self._until_s:
                try:
                    with readers.taken() as connection:
                        self._state = read_state(connection)
                except Refusal:
                    self._state = None
                self._until_s = time.monotonic() + KEPT_S
            return self._state


class Exposition:
    """Samples as prometheus_client wants them."""

    def __init__(self, found: Iterable[Sample]) -> None:
        self._found = tuple(found)

    def collect(self) -> Iterator[Metric]:
        """Every measure, also one without a sample now."""
        for measure in MEASURES:
            family = FAMILIES[measure.kind](
                measure.name, measure.help, labels=measure.labels, unit=measure.unit
            )
            for of, labels, number in self._found:
                if of is measure:
                    family.add_metric(labels, number)
            yield family


@router.get(
    "/metrics",
    summary="How the auditor itself is, for Prometheus",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
def say_metrics(request: Request, gate: Annotated[Gate, Depends(gate_of)]) -> Response:
    """Lag, last tick, windows, open observations, listeners and drops, what collectors lost."""
    last: LastState = request.app.state.last_metrics
    switchboard = request.app.state.switchboard
    gauged = Gauged(
        gate.hub.live,
        dict(gate.traffic.listening),
        {"queue": gate.hub.dropped_listeners, "socket": switchboard.dropped_sockets},
        gate.traffic.stalled,
        gate.traffic.crowded,
        dict(gate.traffic.requests),
    )
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Exposition(samples(last.get(gate.readers), gauged)))
    encode, content_type = choose_encoder(request.headers.get("accept", ""))
    return Response(encode(registry), headers={"Content-Type": content_type})
