"""All polled servers together: what their answers come to, and up to when all are counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from collector.agents.address import Address
from collector.agents.difference import Change, Gap
from collector.agents.polling import Outcome
from collector.agents.standing import Standing, state_of
from collector.agents.weighing import weigh
from collector.polled import Gauge, ServerState
from collector.weights import Weight


@dataclass(frozen=True, slots=True)
class Counted:
    """What one outcome comes to. news: for the log, '' for nothing new; bad: of a bad kind."""

    address: Address
    standing: Standing
    change: Change | None = None
    weights: tuple[Weight, ...] = ()
    gauges: tuple[Gauge, ...] = ()
    news: str = ""
    bad: bool = False


class Roster:
    """How each server stands. Takes outcomes one by one; reads no clock."""

    def __init__(self, addresses: Sequence[Address]) -> None:
        self._addresses = tuple(addresses)
        self._standings = [Standing() for _ in self._addresses]

    def take(self, outcome: Outcome) -> Counted:
        """The standing after an outcome, what is delivered of it, and what a person should hear."""
        address, before = self._addresses[outcome.number], self._standings[outcome.number]
        if outcome.reading is None:
            now = before.silent(outcome.at_ns, outcome.because)
            self._standings[outcome.number] = now
            news = _away(address, now) if before.away_since_ns is None else ""
            return Counted(address, now, news=news, bad=True)
        now, result = before.answered(outcome.reading)
        self._standings[outcome.number] = now
        news = _back(address, before, now)
        if isinstance(result, Gap):
            gap = f"not counted from {_clock(result.since_ns)} to {_clock(result.until_ns)}: "
            news = f"{news or address}; {gap}{result.reason}"
        if not isinstance(result, Change):
            return Counted(address, now, news=news, bad=isinstance(result, Gap))
        weights, gauges = weigh(address.series, result)
        return Counted(address, now, result, weights, gauges, news)

    def counted_until_ns(self, now_ns: int) -> int:
        """Up to when every server that answers has been counted; now_ns where none does.

        One that is away holds nothing up: its windows are missing, and the others' are complete.
        """
        answering = [each.last.at_ns for each in self._standings if each.last and each.answers]
        return min(answering, default=now_ns)

    def states(self) -> tuple[ServerState, ...]:
        """Of each server that has been asked, for the beat."""
        pairs = zip(self._addresses, self._standings, strict=True)
        return tuple(
            state_of(address, standing)
            for address, standing in pairs
            if standing.last is not None or standing.failures
        )

    @property
    def all_asked(self) -> bool:
        """Each server was polled at least once."""
        return all(each.last is not None or each.failures for each in self._standings)


def _away(address: Address, now: Standing) -> str:
    since = _clock(now.away_since_ns) if now.away_since_ns is not None else "now"
    return f"{address} is away since {since}: {now.because}"


def _back(address: Address, before: Standing, now: Standing) -> str:
    last = now.last
    if last is None or before.answers:
        return ""
    role = f", {last.role}" if last.role else ""
    if before.away_since_ns is None:
        return f"{address} is polled: version {last.version or 'unknown'}{role}"
    return f"{address} answers again; it was away since {_clock(before.away_since_ns)}"


def _clock(instant_ns: int) -> str:
    """An instant as people read it; UTC."""
    return f"{datetime.fromtimestamp(instant_ns / 1e9, UTC):%Y-%m-%d %H:%M:%S} UTC"
