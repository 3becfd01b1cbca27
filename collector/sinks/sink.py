"""What a destination of batches can do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from collector.batch import Batch, Beat
from collector.events import Row
from collector.polled import Gauge
from collector.weights import Weight


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row, weight or gauge that the destination refused for its content."""

    item: Row | Weight | Gauge
    reason: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """A batch is stored. duplicate: it was already, under the same id, and nothing was done."""

    duplicate: bool = False
    events: int = 0
    weights: int = 0
    refused: tuple[RefusedRow, ...] = ()


class Sink(Protocol):
    """A destination. Each method may raise SinkUnavailable; nothing else for the user's values."""

    @property
    def destination(self) -> str:
        """A name of where batches go, without credentials; the same name, the same spool."""

    def deliver(self, batch: Batch) -> Receipt:
        """Store a batch and its beat, all or nothing, once however often it is delivered."""

    def beat(self, beat: Beat) -> None:
        """Say that the collector lives, up to when it has delivered, and what it counted."""

    def stored(self, collector_id: str, sequence: int) -> bool:
        """Whether that batch is stored."""

    def key_secret(self) -> bytes:
        """The installation's secret for hashing cache keys."""

    def close(self) -> None:
        """Let go of connections. Never raises; the sink opens new ones when it is used again."""
