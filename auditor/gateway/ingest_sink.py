"""The ingest's way into the database: as a collector's own, and what only an ingest needs."""

from __future__ import annotations

import json
import queue
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from auditor.gateway.refusals import busy
from collector import parts
from collector.batch import Batch
from collector.errors import SinkUnavailable
from collector.sinks.postgres import SCHEMA, PostgresSink
from collector.sinks.postgres_connection import BoundedConnection
from collector.sinks.postgres_copy import CONTENT, Copying
from collector.sinks.sink import RefusedRow
from sql import queries

SINKS: Final = 8
LONGEST_WAIT_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Claim:
    """A body's place among those of the last 24 h. reply: what was answered, if it was.

    same_body: it is the body that came first under this key.
    """

    first_at: datetime
    reply: dict[str, Any] | None
    same_body: bool


class IngestSink(PostgresSink):
    """A sink that also remembers answers. Raises as PostgresSink does; not for several threads."""

    def has_parts(self, collector_id: str, sequence: int) -> bool:
        """Whether the batch came in parts before, all of them or some."""
        first, last = parts.sequences(sequence)
        key = {"collector_id": collector_id, "first": first, "last": last}
        with self._transaction() as connection:
            found = connection.execute(queries("gateway")["find_parts"].encode(), key)
            return found.fetchone() is not None

    def deliver_whole(self, batches: Sequence[Batch]) -> list[RefusedRow]:
        """All of them in one transaction; what is refused when anything is, and nothing stored.

        Raises as deliver.
        """
        rows = [row for batch in batches for row in batch.rows]
        for _ in range(2):  # a day that was there may have gone since
            with self._connected() as connection:
                try:
                    self._ensure_days(connection, rows)
                    with connection.transaction():
                        for batch in batches:
                            self._store(connection, batch, (), ())
                    return []
                except SCHEMA:
                    raise
                except CONTENT:
                    self._days.clear()
                    if found := self._all_refused(connection, batches):
                        return found
        raise SinkUnavailable(f"the server refuses {len(rows)} rows as a whole")

    def _all_refused(
        self, connection: BoundedConnection, batches: Sequence[Batch]
    ) -> list[RefusedRow]:
        """By day first: rows of a day that cannot be are not tried one by one."""
        copying = Copying(connection, self._queries)
        found = []
        for batch in batches:
            fitting, outside = self._without_refused_days(connection, batch)
            found += [*outside, *copying.find_refused(fitting)]
        return found

    def claim(self, key: bytes, body: bytes) -> Claim:
        """The first claim of a key for 24 h decides when it came. Both are SHA-256."""
        with self._transaction() as connection:
            claimed = {"key": key, "body": body}
            found = connection.execute(queries("gateway")["claim_reply"].encode(), claimed)
            row = found.fetchone()
        if row is None:
            raise RuntimeError("claim_reply gave no row")
        return Claim(*row)

    def settle(self, key: bytes, claim: Claim, reply: dict[str, Any]) -> dict[str, Any]:
        """Remember the answer; gives the one that stands, if another came to it first."""
        settled = {"key": key, "first_at": claim.first_at, "reply": json.dumps(reply)}
        with self._transaction() as connection:
            row = connection.execute(
                queries("gateway")["settle_reply"].encode(), settled
            ).fetchone()
        return reply if row is None or row[0] is None else dict(row[0])


class IngestSinks:
    """A few sinks that requests take turns with; each connects when it is first needed."""

    def __init__(self, dsn: str, count: int = SINKS) -> None:
        self._free: queue.LifoQueue[IngestSink] = queue.LifoQueue()
        for _ in range(count):
            self._free.put(IngestSink(dsn, application_name="cache-auditor ingest"))
        self._secret: bytes | None = None

    @contextmanager
    def taken(self) -> Iterator[IngestSink]:
        """One of them. Raises Refusal (503) when none is free for a while."""
        try:
            sink = self._free.get(timeout=LONGEST_WAIT_S)
        except queue.Empty:
            raise busy("more deliveries than can be stored come at once", 1) from None
        try:
            yield sink
        finally:
            self._free.put(sink)

    def key_secret(self) -> bytes:
        """The installation's, asked for once."""
        if self._secret is None:
            with self.taken() as sink:
                self._secret = sink.key_secret()
        return self._secret

    def close(self) -> None:
        """Of those that are free; nobody takes one any more."""
        while not self._free.empty():
            self._free.get_nowait().close()
