"""What happened between two readings of a server, or why that cannot be known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from collector.agents.reading import Kind, Levels, Reading

Name = TypeVar("Name", Kind, str, int)

SECOND_NS = 10**9
LONGEST_NS = 60 * SECOND_NS
"""Over more than this, counts cannot be put down to a minute any more."""
MOST_A_SECOND = 10**8
"""Operations a second beyond which a counter is not believed."""
CLOCK_S = 5.0
"""How far the server's uptime and our clock may drift apart between two polls."""


@dataclass(frozen=True, slots=True)
class Change:
    """Counts of the half-open span (since_ns, until_ns], none negative, and the levels at its end.

    micros: the server's own time by TIMED, µs. buckets: calls by upper bound in µs, for those of
    TIMED that it is known of.
    """

    since_ns: int
    until_ns: int
    counts: Mapping[Kind, int]
    micros: Mapping[str, int]
    buckets: Mapping[str, Mapping[int, int]]
    levels: Levels


@dataclass(frozen=True, slots=True)
class Gap:
    """The span between two readings is not known of; counting goes on from the second."""

    since_ns: int
    until_ns: int
    reason: str


def difference(before: Reading, after: Reading) -> Change | Gap:
    """What happened from one reading to the next, of the same address.

    A restart, another server behind the address (a failover), a reset of the counters and a clock
    that was set back are gaps: counting goes on from `after`, and no count is negative or made up.
    """
    reason = _gap(before, after)
    if reason:
        return Gap(before.at_ns, after.at_ns, reason)
    return Change(
        before.at_ns,
        after.at_ns,
        _risen(before.counts, after.counts),
        _risen(before.micros, after.micros),
        _buckets(before, after),
        after.levels,
    )


def _gap(before: Reading, after: Reading) -> str:
    """Why the two do not follow on one another; '' when they do."""
    elapsed_ns = after.at_ns - before.at_ns
    if elapsed_ns <= 0:
        return "the clock was set back"
    if after.process != before.process:
        return "another process answers: a restart, or a failover"
    if before.uptime_s is not None and after.uptime_s is not None:
        drift_s = after.uptime_s - before.uptime_s - elapsed_ns / SECOND_NS
        if abs(drift_s) > CLOCK_S:
            return "another process answers: a restart, or a failover"
    named = _fell(before.others, after.others) or _fell(before.micros, after.micros)
    if named or _fell(before.counts, after.counts):
        return "its counters were reset"
    most = MOST_A_SECOND * max(elapsed_ns / SECOND_NS, 1.0)
    if any(n > most for n in _risen(before.counts, after.counts).values()):
        return "its counters rose by more than a server can do"
    if elapsed_ns > LONGEST_NS:
        return "it was not heard of for more than a minute"
    return ""


def _fell(before: Mapping[Name, int], after: Mapping[Name, int]) -> bool:
    return any(after.get(name, 0) < n for name, n in before.items())


def _risen(before: Mapping[Name, int], after: Mapping[Name, int]) -> dict[Name, int]:
    """How much each has risen; what was not there before began at 0."""
    return {name: n - before.get(name, 0) for name, n in after.items()}


def _buckets(before: Reading, after: Reading) -> dict[str, dict[int, int]]:
    """Of each operation whose buckets both readings know, and none of which fell."""
    found = {}
    for name, new in after.buckets.items():
        old = before.buckets.get(name)
        if old is not None and not _fell(old, new):
            found[name] = {bound: n for bound, n in _risen(old, new).items() if n}
    return found
