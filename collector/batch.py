"""A batch: what is shipped in one transaction, under an id that makes a replay harmless."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime

from collector.events import Row
from collector.polled import Gauge, ServerState
from collector.weights import Weight

LARGEST_BATCH = 5_000


@dataclass(frozen=True, slots=True)
class Beat:
    """What a collector says of itself with every flush, and once a minute when idle.

    watermark_ns: everything recorded before this instant (UTC) has been delivered; None while that
    is not known to be so of any instant. The counts are since the collector's start: recorded =
    delivered + spooled + refused + dropped + what waits. lost: what died with the process.
    buried: said by another process in the name of one that is dead.
    keys_local: keys were hashed with a secret of this host only and do not compare across hosts.
    servers: those that it polls, and how they stand.
    """

    collector_id: str
    node: str = ""
    pid: int | None = None
    version: str = ""
    started_ns: int | None = None
    watermark_ns: int | None = None
    recorded: int = 0
    delivered: int = 0
    dropped: int = 0
    refused: int = 0
    lost: int = 0
    spooled: int = 0
    keys_local: bool = False
    goodbye: bool = False
    buried: bool = False
    servers: tuple[ServerState, ...] = ()


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows, weights and gauges of one collector under one sequence number; `beat` rides along.

    samples: so many of the rows, the last ones, are the collector's own examples of what the
    weights count.
    """

    collector_id: str
    sequence: int
    rows: tuple[Row, ...] = ()
    weights: tuple[Weight, ...] = ()
    node: str = ""
    beat: Beat | None = field(default=None, compare=False)
    samples: int = 0
    gauges: tuple[Gauge, ...] = ()

    @property
    def operations(self) -> int:
        """How many recorded operations it stands for."""
        return len(self.rows) - self.samples + sum(weight.n for weight in self.weights)

    def settles(self, item: Row | Weight | Gauge) -> int:
        """How many recorded operations one of its rows or weights stands for; a gauge for none."""
        if isinstance(item, Gauge):
            return 0
        if isinstance(item, Weight):
            return item.n
        own = self.rows[len(self.rows) - self.samples :]
        return 0 if any(item is sample for sample in own) else 1

    @property
    def minutes(self) -> list[int]:
        """The epoch minutes that anything of it falls into, ascending."""
        touched = {row.timestamp_ns // 60_000_000_000 for row in self.rows}
        touched.update(weight.second // 60 for weight in self.weights)
        touched.update(gauge.second // 60 for gauge in self.gauges)
        return sorted(touched)

    def to_bytes(self) -> bytes:
        """For the spool: JSON in UTF-8. The beat stays behind, it would be old by then."""
        content = {
            "collector_id": self.collector_id,
            "sequence": self.sequence,
            "node": self.node,
            "rows": self.rows,
            "weights": self.weights,
            "samples": self.samples,
            "gauges": self.gauges,
        }
        return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> Batch:
        """What `to_bytes` wrote. Raises ValueError, KeyError or TypeError for anything else."""
        found = json.loads(content)
        return cls(
            collector_id=found["collector_id"],
            sequence=found["sequence"],
            node=found["node"],
            rows=tuple(Row(*row) for row in found["rows"]),
            weights=tuple(_weight(weight) for weight in found["weights"]),
            samples=int(found.get("samples", 0)),  # a version that made none has spooled it
            # spooled by a version that knew none
            gauges=tuple(Gauge(*gauge) for gauge in found.get("gauges", ())),
        )


def _weight(columns: list[object]) -> Weight:
    weight = Weight(*columns)  # type: ignore[arg-type]  # as written by to_bytes, checksummed
    return weight._replace(bins=tuple(weight.bins), counts=tuple(weight.counts))


def counts_of(beat: Beat) -> str:
    """The beat's counts as the JSON text that monitoring.collector_heartbeat takes."""
    counts = asdict(beat)
    for name in ("collector_id", "watermark_ns", "goodbye", "started_ns"):
        del counts[name]
    if beat.started_ns is not None:
        counts["started_at"] = datetime.fromtimestamp(beat.started_ns / 1e9, UTC).isoformat()
    counts["servers"] = [state._asdict() for state in beat.servers]
    return json.dumps(counts)
