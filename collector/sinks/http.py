"""Batches to the project's own ingest over HTTP, for hosts that may not reach the database.

The batch's id goes with it, and the ingest stores it as a collector of its own would: an answer
that was lost costs a repetition, and nothing is stored twice.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any, TypeVar

from collector.batch import Batch, Beat
from collector.errors import NoIngest, SchemaMismatch, SinkUnavailable, TokenRefused
from collector.events import Row
from collector.parts import NOTHING, WHOLE, empty, halves, items, numbered, size
from collector.sinks.http_address import UnusableUrl, address_of
from collector.sinks.http_connection import Answer, IngestConnection
from collector.sinks.sink import Receipt, RefusedRow
from collector.sinks.wire import UnreadableBody, pack_batch, pack_beat, unpack_receipt
from collector.version import installed_version
from collector.weights import Weight

Found = TypeVar("Found")
logger = logging.getLogger("collector")


class _NotTaken(Exception):
    """The server does not take this body, for its size or for what it holds; said: its words."""


class _TooLarge(_NotTaken):
    pass


class HttpSink:
    """One connection to one ingest. Raises CollectorError for a URL that cannot be used.

    url: of the server, such as https://ingest.example; http only to this machine. ca_file: a PEM
    file of authorities to trust, instead of the system's.
    """

    def __init__(
        self,
        url: str,
        token: str,
        *,
        ca_file: str | None = None,
        connect_timeout_s: float = 5.0,
        attempt_timeout_s: float = 30.0,
    ) -> None:
        address = address_of(url)
        self.destination = address.url
        headers = {"User-Agent": f"cache-auditor-collector/{installed_version()}"}
        if not token.isascii() or not token.isprintable() or " " in token:
            raise UnusableUrl("CACHE_AUDITOR_INGEST_TOKEN has a character that no token has")
        if token:
            headers["Authorization"] = f"Bearer {token}"
        self._connection = IngestConnection(
            address,
            headers,
            ca_file=ca_file,
            connect_timeout_s=connect_timeout_s,
            attempt_timeout_s=attempt_timeout_s,
        )

    def deliver(self, batch: Batch) -> Receipt:
        """Store it once; what the server does not take for its size or content goes in parts.

        Raises SinkUnavailable for everything else; the same batch may then be delivered again.
        """
        try:
            return self._send(batch)
        except _TooLarge:
            pass
        except _NotTaken as refusal:
            self._check_that_it_takes_anything(batch, refusal)
        refused = self._send_halves(batch, batch, WHOLE)
        whole = self._whole(empty(batch))
        rows = sum(isinstance(bad.item, Row) for bad in refused)
        weights = sum(isinstance(bad.item, Weight) for bad in refused)
        return Receipt(
            whole.duplicate,
            len(batch.rows) - rows,
            len(batch.weights) - weights,
            tuple(refused),
        )

    def beat(self, beat: Beat) -> None:
        """Say it by POST /v1/beats."""
        self._expect(self._connection.ask("POST", "/v1/beats", pack_beat(beat)))

    def stored(self, collector_id: str, sequence: int) -> bool:
        """Whether the ingest's ledger has it."""
        answer = self._connection.ask("GET", f"/v1/batches/{collector_id}/{sequence}")
        return self._read(answer, lambda found: found["stored"] is True)

    def key_secret(self) -> bytes:
        """The installation's, which whoever may deliver may have."""
        answer = self._connection.ask("GET", "/v1/key-secret")
        return self._read(answer, lambda found: bytes.fromhex(found["secret"]))

    def close(self) -> None:
        """End the connection; never raises."""
        try:
            self._connection.close()
        except Exception:
            logger.debug("closing the connection failed", exc_info=True)

    # In parts ----------------------------------------------------------------------------------

    def _send_halves(self, batch: Batch, part: Batch, number: int) -> list[RefusedRow]:
        """Both halves of a part of the batch, further halved where they are not taken either."""
        refused: list[RefusedRow] = []
        for at, half in enumerate(halves(part)):
            if size(half) == 0:
                continue
            place = 2 * number + at
            try:
                refused += self._send(numbered(half, batch.sequence, place)).refused
            except _NotTaken as refusal:
                if size(half) > 1:
                    refused += self._send_halves(batch, half, place)
                else:
                    refused += [RefusedRow(item, str(refusal)) for item in items(half)]
        return refused

    def _whole(self, batch: Batch) -> Receipt:
        try:
            return self._send(batch)
        except _NotTaken as refusal:
            raise NoIngest(f"{self.destination} refuses an empty batch: {refusal}") from refusal

    def _check_that_it_takes_anything(self, batch: Batch, refusal: _NotTaken) -> None:
        """Else every row would be put down to its content, and set aside.

        Raises NoIngest when a batch without content is refused as well.
        """
        try:
            self._send(numbered(empty(batch), batch.sequence, NOTHING))
        except _NotTaken:
            raise NoIngest(f"{self.destination} refuses every batch: {refusal}") from refusal

    # Answers -----------------------------------------------------------------------------------

    def _send(self, batch: Batch) -> Receipt:
        """Raises _NotTaken where the server means the body, SinkUnavailable for the rest."""
        answer = self._connection.ask("POST", "/v1/batches", pack_batch(batch))
        if answer.status == 413:
            raise _TooLarge(f"larger than the server takes: {_words(answer)}")
        if answer.status in (400, 422):
            raise _NotTaken(_words(answer))
        self._expect(answer)
        try:
            return unpack_receipt(answer.body, batch)
        except UnreadableBody as error:
            raise NoIngest(f"{self.destination}: {error}") from error

    def _expect(self, answer: Answer) -> None:
        """Raises what an answer that is not a yes means."""
        if 200 <= answer.status < 300:
            return
        said = f"{self.destination} answers {answer.status}: {_words(answer)}"
        if answer.status in (401, 403):
            raise TokenRefused(said)
        if answer.status == 409:
            raise SchemaMismatch(said)
        if answer.status in (408, 425, 429) or answer.status >= 500:
            raise SinkUnavailable(said, answer.retry_after_s)
        raise NoIngest(said)

    def _read(self, answer: Answer, read: Callable[[dict[str, Any]], Found]) -> Found:
        self._expect(answer)
        try:
            return read(json.loads(answer.body))
        except (ValueError, KeyError, TypeError) as error:
            raise NoIngest(f"{self.destination}: the answer is not an ingest's") from error


def _words(answer: Answer) -> str:
    """What the server says, in a line of bounded length."""
    try:
        found = json.loads(answer.body)
        said = str(found["error"])
    except (ValueError, KeyError, TypeError):
        said = answer.body[:200].decode("utf-8", "replace")
    return " ".join(said.split())[:300] or "nothing"
