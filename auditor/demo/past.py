"""The shop's past, written through the collector's own sink: weights, then a day of events."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from auditor.demo.shop import Shop
from collector.batch import LARGEST_BATCH, Batch, Beat
from collector.events import Event, Refused, Row, Span, prepare
from collector.keys import KeyHasher
from collector.sinks.sink import Sink
from collector.weights import Aggregator

MINUTE_NS = 60 * 10**9


class PastCollector:
    """Takes the shop's records in virtual time and delivers them as a collector would.

    Before `events_since` (epoch minute) operations are added up to weights; from then on each is an
    event of its own.
    """

    def __init__(self, sink: Sink, events_since: int) -> None:
        self._sink, self._events_since = sink, events_since
        self._hash = KeyHasher(sink.key_secret())
        self._collector_id, self._sequence = str(uuid4()), 0
        self._aggregator = Aggregator()
        self._weights: list[Any] = []
        self._rows: list[Row] = []
        self._span = Span(0, 2**62)
        self.now_ns = 0
        self.recorded = 0

    def encode_keys(self, cache_name: str, encoder: Any) -> None:
        """All keys of the shop are text."""

    def record(
        self,
        operation_type: str,
        key: Any,
        elapsed_ms: float | None,
        cache_name: str = "default",
        implementation_type: str = "default",
        cache_size: int | None = None,
        value_bytes: int | None = None,
        *_rest: Any,
    ) -> None:
        """One operation at the shop's own time."""
        self.recorded += 1
        if self.now_ns // MINUTE_NS < self._events_since:
            self._aggregator.add(
                Row(self.now_ns // MINUTE_NS * MINUTE_NS, operation_type, cache_name,
                    implementation_type, "", elapsed_ms, None, None, None, None, None, False)
            )  # fmt: skip
            return
        event: Event = (
            self.now_ns, operation_type, cache_name, implementation_type, key, elapsed_ms,
            cache_size, value_bytes, None, None, None, False,
        )  # fmt: skip
        row = prepare(event, self._span, self._hash)
        if isinstance(row, Refused):
            raise RuntimeError(f"the shop recorded what is refused: {row.reason}")
        self._rows.append(row)

    def minute_ends(self) -> None:
        """Closes a minute of the past; ships what fills a batch."""
        self._weights += self._aggregator.take()
        if len(self._weights) + len(self._rows) >= LARGEST_BATCH - 500:
            self.flush()

    def flush(self, watermark_ns: int | None = None) -> None:
        """Delivers all that waits; with a watermark, says up to when that is everything."""
        beat = None
        if watermark_ns is not None:
            beat = Beat(self._collector_id, node="", started_ns=watermark_ns - 10 * MINUTE_NS,
                        watermark_ns=watermark_ns, recorded=self.recorded)  # fmt: skip
        if self._weights or self._rows or beat:
            batch = Batch(
                self._collector_id,
                self._sequence,
                tuple(self._rows),
                tuple(self._weights),
                beat=beat,
            )
            self._sink.deliver(batch)
            self._sequence += 1
        self._weights, self._rows = [], []

    def goodbye(self) -> None:
        """Nothing more will come from here."""
        self._sink.beat(Beat(self._collector_id, watermark_ns=self.now_ns, goodbye=True))


def live_through(
    shop: Shop, past: PastCollector, since: int, until: int, progress: Callable[[int], None]
) -> None:
    """The shop's minutes [since, until), one after the other, requests spread over each."""
    for minute in range(since, until):
        count = shop.requests_in(minute)
        for number in range(count):
            offset_s = 60 * (number + 0.5) / count
            shop.now_s = 60.0 * minute + offset_s
            past.now_ns = minute * MINUTE_NS + int(offset_s * 1e9)
            shop.visit()
        past.minute_ends()
        progress(1)
