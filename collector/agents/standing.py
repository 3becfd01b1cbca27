"""How a polled server stands: answering or away, since when, and what its answers come to."""

from __future__ import annotations

from dataclasses import dataclass, replace

from collector.agents.address import Address
from collector.agents.difference import Change, Gap, difference
from collector.agents.reading import Reading
from collector.polled import ServerState


@dataclass(frozen=True, slots=True)
class Standing:
    """One server, after so many polls. last: its last reading, which counting goes on from.

    away_since_ns: when it first did not answer; None while it does. failures: polls in a row that
    it did not answer. because: what the last of them met.
    """

    last: Reading | None = None
    away_since_ns: int | None = None
    failures: int = 0
    because: str = ""

    @property
    def answers(self) -> bool:
        """It answered the last poll; False before the first."""
        return self.last is not None and self.away_since_ns is None

    def answered(self, reading: Reading) -> tuple[Standing, Change | Gap | None]:
        """After an answer: what it comes to; None for the first, which only counting begins with.

        A second reading for the same instant changes nothing.
        """
        now = Standing(last=reading)
        if self.last is None:
            return now, None
        if reading.at_ns == self.last.at_ns:
            return replace(now, last=self.last), None
        return now, difference(self.last, reading)

    def silent(self, at_ns: int, because: str) -> Standing:
        """After a poll without a reading."""
        return Standing(
            self.last,
            at_ns if self.away_since_ns is None else self.away_since_ns,
            self.failures + 1,
            because,
        )


def state_of(address: Address, standing: Standing) -> ServerState:
    """What a beat says of one server."""
    polled_ns = None if standing.last is None else standing.last.at_ns
    return ServerState(
        *address.series, address.kind, address.place, polled_ns, standing.away_since_ns,
        standing.because,
    )  # fmt: skip
