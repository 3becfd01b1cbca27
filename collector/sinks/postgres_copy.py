"""A batch's rows, weights and gauges by binary COPY, and which of them the server refuses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import psycopg

from collector.batch import Batch
from collector.bisect_refused import find_refused
from collector.events import Row
from collector.polled import Gauge
from collector.sinks.postgres_types import EVENT_TYPES, GAUGE_TYPES, WEIGHT_TYPES
from collector.sinks.sink import RefusedRow
from collector.weights import SECOND_NS, Weight

# Refusals of what a batch holds, by the server or by the driver while it writes the values.
CONTENT = (psycopg.DataError, psycopg.IntegrityError, OverflowError, ValueError, TypeError)

_SECOND, _BINS, _COUNTS = (Weight._fields.index(name) for name in ("second", "bins", "counts"))


class Copying:
    """COPY on one connection; raises as the driver does. statements: by name."""

    def __init__(self, connection: psycopg.Connection, statements: Mapping[str, bytes]) -> None:
        self._connection = connection
        self._statements = statements

    def events(self, rows: Sequence[Row], node: str, batch_id: int) -> None:
        """Rows of one node under one batch."""
        if not rows:
            return
        statement = self._statements["copy_events"]
        with self._connection.cursor() as cursor, cursor.copy(statement) as copy:
            copy.set_types(EVENT_TYPES)
            write_row = copy.write_row
            for row in rows:
                write_row((*row, node, batch_id))

    def weights(self, weights: Sequence[Weight], batch_id: int) -> None:
        """Weights under one batch."""
        if not weights:
            return
        statement = self._statements["copy_weights"]
        with self._connection.cursor() as cursor, cursor.copy(statement) as copy:
            copy.set_types(WEIGHT_TYPES)
            for weight in weights:
                columns: list[Any] = list(weight)
                columns[_SECOND] = weight.second * SECOND_NS
                columns[_BINS], columns[_COUNTS] = list(weight.bins), list(weight.counts)
                copy.write_row((*columns, batch_id))

    def gauges(self, gauges: Sequence[Gauge], batch_id: int) -> None:
        """Gauges under one batch."""
        if not gauges:
            return
        statement = self._statements["copy_gauges"]
        with self._connection.cursor() as cursor, cursor.copy(statement) as copy:
            copy.set_types(GAUGE_TYPES)
            for gauge in gauges:
                copy.write_row((*gauge._replace(second=gauge.second * SECOND_NS), batch_id))

    def find_refused(self, batch: Batch) -> list[RefusedRow]:
        """What of a batch the server refuses: halves are tried under savepoints, and undone."""
        with self._connection.transaction(force_rollback=True):
            rows = find_refused(batch.rows, self._trying(lambda part: self.events(part, "", 0)))
            weights = find_refused(batch.weights, self._trying(lambda part: self.weights(part, 0)))
            gauges = find_refused(batch.gauges, self._trying(lambda part: self.gauges(part, 0)))
        return [
            *(RefusedRow(row, reason) for row, reason in rows),
            *(RefusedRow(weight, reason) for weight, reason in weights),
            *(RefusedRow(gauge, reason) for gauge, reason in gauges),
        ]

    def _trying(self, copy: Callable[[Any], None]) -> Callable[[Any], str | None]:
        def attempt(part: Any) -> str | None:
            try:
                with self._connection.transaction():
                    copy(part)
            except CONTENT as error:
                return first_line(error)
            return None

        return attempt


def first_line(error: BaseException) -> str:
    """What an error says, without the context that the driver adds below it."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
