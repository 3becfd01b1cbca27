"""Batches into PostgreSQL: a ledger row, COPY and the heartbeat in one transaction."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
from psycopg import errors

from collector.batch import Batch, Beat, counts_of
from collector.dsn import parts_of
from collector.errors import SchemaMismatch, SinkUnavailable
from collector.events import DAY_NS, Row
from collector.sinks.postgres_connection import BoundedConnection
from collector.sinks.postgres_copy import CONTENT, Copying, first_line
from collector.sinks.postgres_types import register
from collector.sinks.sink import Receipt, RefusedRow
from collector.statements import statements

logger = logging.getLogger("collector")

SCHEMA = (
    errors.UndefinedTable,
    errors.UndefinedColumn,
    errors.UndefinedFunction,
    errors.InvalidSchemaName,
    errors.InsufficientPrivilege,
    # a row has every value that this version's schema asks for: this one is newer
    errors.NotNullViolation,
)
_KEEPALIVE = {
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
_MOST_ATTEMPTS = 5
ATTEMPT_TIMEOUT_S = 30.0


class PostgresSink:
    """One connection, made when it is needed and made again when it is gone.

    any_day: accept days of any age (for recorded events) instead of the collector's nine.
    attempt_timeout_s: how long a call may wait for the server, which itself ends what waits for a
    third of that for a lock. Raises UnreadableDsn for a dsn that cannot be read.
    """

    def __init__(
        self,
        dsn: str,
        *,
        connect_timeout_s: int = 5,
        attempt_timeout_s: float = ATTEMPT_TIMEOUT_S,
        any_day: bool = False,
        application_name: str = "cache-auditor collector",
    ) -> None:
        self._dsn = dsn
        self.destination = _destination(dsn)
        self._parameters: dict[str, Any] = {
            **_KEEPALIVE,
            "connect_timeout": connect_timeout_s,
            "application_name": application_name,
        }
        self._attempt_timeout_s = attempt_timeout_s
        self._make_day = "create_partition" if any_day else "ensure_partition"
        self._queries: Mapping[str, bytes] = {}
        self._connection: BoundedConnection | None = None
        self._days: set[int] = set()

    def deliver(self, batch: Batch) -> Receipt:
        """Store it once; rows that the server refuses for their content are in the receipt.

        Raises SinkUnavailable for everything else, and then nothing is known to be stored.
        """
        refused: list[RefusedRow] = []
        late: list[RefusedRow] = []
        for _ in range(_MOST_ATTEMPTS):
            remembered = any(row.timestamp_ns // DAY_NS in self._days for row in batch.rows)
            with self._connected() as connection:
                try:
                    self._ensure_days(connection, batch.rows)
                except CONTENT:
                    batch, outside = self._without_refused_days(connection, batch)
                    late += outside
                try:
                    return self._store(connection, batch, refused, late)
                except SCHEMA:
                    raise
                except CONTENT:
                    self._days.clear()
                    if remembered:  # a day may have gone since; look again before blaming a row
                        continue
                    found = Copying(connection, self._queries).find_refused(batch)
                batch = _without(batch, found)
                refused += found
        raise SinkUnavailable(f"the server refuses a batch of {len(batch.rows)} rows as a whole")

    def beat(self, beat: Beat) -> None:
        """One call of monitoring.collector_heartbeat."""
        with self._transaction() as connection:
            self._heartbeat(connection, beat)

    def stored(self, collector_id: str, sequence: int) -> bool:
        """Whether the ledger has it."""
        with self._transaction() as connection:
            key = {"collector_id": collector_id, "sequence": sequence}
            return connection.execute(self._queries["find_batch"], key).fetchone() is not None

    def key_secret(self) -> bytes:
        """monitoring.collector_key_secret()."""
        with self._transaction() as connection:
            row = connection.execute(self._queries["key_secret"]).fetchone()
        if row is None or not row[0]:
            raise SchemaMismatch("the database holds no key secret; run `cache-auditor migrate`")
        return bytes(row[0])

    def pin(self, since: datetime, until: datetime, reason: str) -> None:
        """Keep retention away from a half-open span. Raises SinkUnavailable."""
        with self._transaction() as connection:
            span = {"since": since, "until": until, "reason": reason}
            connection.execute(self._queries["pin_span"], span)

    def close(self) -> None:
        """End the connection; never raises."""
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.close()
            except Exception:
                logger.debug("closing the connection failed", exc_info=True)

    @contextmanager
    def _connected(self) -> Iterator[BoundedConnection]:
        """The connection; a driver's error that is not for content is translated on the way out."""
        self._queries = statements()
        try:
            if self._connection is None or self._connection.closed:
                self._connection = BoundedConnection.connect(
                    self._dsn, autocommit=True, prepare_threshold=None, **self._parameters
                )
                register(self._connection)
            self._connection.until = time.monotonic() + self._attempt_timeout_s
            yield self._connection
        except SCHEMA as error:
            raise SchemaMismatch(f"the schema does not fit: {first_line(error)}") from error
        except psycopg.Error as error:
            silent = self._connection is not None and self._connection.silent
            self.close()
            if silent:
                raise SinkUnavailable(f"no answer in {self._attempt_timeout_s:g} s") from error
            raise SinkUnavailable(first_line(error)) from error

    @contextmanager
    def _transaction(self) -> Iterator[psycopg.Connection]:
        with self._connected() as connection, self._bounded(connection):
            yield connection

    @contextmanager
    def _bounded(self, connection: psycopg.Connection) -> Iterator[None]:
        """A transaction that the server itself ends when it waits for too long.

        For this transaction alone: behind a pooler, the session goes to others after it.
        """
        whole_ms = int(self._attempt_timeout_s * 1000)
        with connection.transaction():
            bounds = {"lock_ms": f"{whole_ms // 3}", "statement_ms": f"{whole_ms}"}
            connection.execute(self._queries["bound_transaction"], bounds)
            yield

    def _store(
        self,
        connection: psycopg.Connection,
        batch: Batch,
        refused: Sequence[RefusedRow],
        late: Sequence[RefusedRow],
    ) -> Receipt:
        with self._bounded(connection):
            batch_id = self._enter_ledger(connection, batch, len(refused), len(late))
            if batch_id is not None:
                copying = Copying(connection, self._queries)
                copying.events(batch.rows, batch.node, batch_id)
                copying.weights(batch.weights, batch_id)
                copying.gauges(batch.gauges, batch_id)
            if batch.beat is not None:
                self._heartbeat(connection, batch.beat)
        if batch_id is None:
            return Receipt(duplicate=True)
        return Receipt(False, len(batch.rows), len(batch.weights), (*refused, *late))

    def _enter_ledger(
        self, connection: psycopg.Connection, batch: Batch, refused: int, too_late: int
    ) -> int | None:
        entry = {
            "collector_id": batch.collector_id,
            "sequence": batch.sequence,
            "minutes": batch.minutes,
            "events": len(batch.rows),
            "weights": len(batch.weights),
            "refused": refused,
            "too_late": too_late,
        }
        row = connection.execute(self._queries["insert_batch"], entry).fetchone()
        return None if row is None else int(row[0])

    def _heartbeat(self, connection: psycopg.Connection, beat: Beat) -> None:
        said = {
            "collector_id": beat.collector_id,
            "watermark": _instant(beat.watermark_ns),
            "counts": counts_of(beat),
            "goodbye": beat.goodbye,
        }
        connection.execute(self._queries["heartbeat"], said)

    def _ensure_days(self, connection: psycopg.Connection, rows: Sequence[Row]) -> None:
        """The partitions, in transactions of their own: their locks do not wait for the batch."""
        for day in sorted({row.timestamp_ns // DAY_NS for row in rows} - self._days):
            self._ensure_day(connection, day)
            self._days.add(day)

    def _ensure_day(self, connection: psycopg.Connection, day: int) -> None:
        with self._bounded(connection):
            connection.execute(self._queries[self._make_day], {"day": _date(day)})

    def _without_refused_days(
        self, connection: psycopg.Connection, batch: Batch
    ) -> tuple[Batch, list[RefusedRow]]:
        reasons: dict[int, str] = {}
        for day in {row.timestamp_ns // DAY_NS for row in batch.rows}:
            try:
                self._ensure_day(connection, day)
            except CONTENT as error:
                reasons[day] = first_line(error)
        refused = [
            RefusedRow(row, reasons[row.timestamp_ns // DAY_NS])
            for row in batch.rows
            if row.timestamp_ns // DAY_NS in reasons
        ]
        return _without(batch, refused), refused


def _destination(dsn: str) -> str:
    """Host, port and database, without user and password."""
    found = parts_of(dsn)
    parts = ("service", "host", "hostaddr", "port", "dbname")
    return " ".join(f"{part}={found[part]}" for part in parts if found.get(part))


def _without(batch: Batch, refused: Sequence[RefusedRow]) -> Batch:
    gone = {id(row.item) for row in refused}
    return Batch(
        batch.collector_id,
        batch.sequence,
        tuple(row for row in batch.rows if id(row) not in gone),
        tuple(weight for weight in batch.weights if id(weight) not in gone),
        batch.node,
        batch.beat,
        gauges=tuple(gauge for gauge in batch.gauges if id(gauge) not in gone),
    )


def _date(day: int) -> date:
    return datetime.fromtimestamp(day * 86_400, UTC).date()


def _instant(nanoseconds: int | None) -> datetime | None:
    if nanoseconds is None:
        return None
    return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=nanoseconds // 1000)
