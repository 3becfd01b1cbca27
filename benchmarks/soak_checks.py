"""What must be true after a soak: everything once, every loss counted, windows equal to rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import psycopg

from benchmarks.soak_recorder import MOST_UNFLUSHED

LEAST_ACKNOWLEDGED = 0.95
# A short campaign has as many kills for far fewer events, and a slow machine more of them waiting.
SHORT_EVENTS = 500_000
LEAST_ACKNOWLEDGED_SHORT = 0.80

REPEATED_SEQUENCES = """
select count(*) - count(distinct (collector_id, sequence)) from monitoring.cache_metric_batches
"""
MISSING_SEQUENCES = """
select coalesce(sum(missing), 0) from (
    select max(sequence) - count(*) as missing from monitoring.cache_metric_batches
    group by collector_id) as each_collector
"""
UNEVEN_BATCHES = """
with rows as (select batch_id, count(*) as n from monitoring.cache_metrics group by 1)
select count(*) from monitoring.cache_metric_batches as b full join rows using (batch_id)
where b.events is distinct from rows.n
"""
UNROLLED_BATCHES = """
select count(*) from monitoring.cache_metric_batches where rolled_at is null
"""
# Keys are RECORDER:NUMBER, numbered from 0 in the order in which they were recorded.
STORED = """
select split_part(cache_key, ':', 1)::integer, count(*), count(distinct cache_key),
       max(split_part(cache_key, ':', 2)::bigint) + 1
from monitoring.cache_metrics group by 1
"""
COLLECTORS = """
with batches as (
    select collector_id, sum(events)::bigint as n from monitoring.cache_metric_batches group by 1)
select c.collector_id::text, c.recorded, c.lost, c.dropped + c.refused, c.goodbye_at is not null,
       coalesce(b.n, 0)
from monitoring.cache_collectors as c left join batches as b using (collector_id)
"""
WINDOWS_THAT_DIFFER = """
select count(*) from (
    select cache_name, implementation_type, node,
           date_trunc('minute', "timestamp", 'UTC') as minute,
           count(*) filter (where operation_type = 'hit') as hits,
           count(*) filter (where operation_type = 'miss') as misses,
           count(*) filter (where operation_type = 'set') as sets,
           count(*) filter (where operation_type = 'delete') as deletes,
           count(*) filter (where operation_type = 'evict') as evictions,
           count(*) filter (where operation_type = 'error') as get_errors,
           count(distinct cache_key) filter (where operation_type <> 'evict') as distinct_keys,
           coalesce(sum(round(response_time_ms * 1e6)) filter (
               where operation_type in ('hit', 'miss', 'error')), 0) as latency_ns
    from monitoring.cache_metrics group by 1, 2, 3, 4) as r
full join (
    select * from monitoring.cache_metrics_1min where total_operations + evictions > 0) as w
    on (w.cache_name, w.implementation_type, w.node, w.minute_window)
     = (r.cache_name, r.implementation_type, r.node, r.minute)
where (w.hits, w.misses, w.sets, w.deletes, w.evictions, w.get_errors) is distinct from
      (r.hits, r.misses, r.sets, r.deletes, r.evictions, r.get_errors)
   or coalesce(w.distinct_keys, 0) is distinct from r.distinct_keys
   or abs(w.latency_sum_ms - r.latency_ns / 1e6) > 1e-6 * (1 + w.latency_sum_ms)
"""


@dataclass(frozen=True, slots=True)
class Truth:
    """What one recording process counted itself, and whether it was killed.

    heard: its collector had begun to count where a kill leaves the count behind.
    """

    recorded: int
    killed: bool
    heard: bool = True


@dataclass(frozen=True, slots=True)
class Finding:
    """One promise: what it says, what was found, and whether it holds."""

    promise: str
    found: str
    holds: bool


def check(connection: psycopg.Connection, truths: Mapping[int, Truth]) -> Sequence[Finding]:
    """Every promise about what is stored, each held against the database."""
    return [*_ledger(connection), *_events(connection, truths), *_losses(connection, truths)]


def _number(connection: psycopg.Connection, query: str) -> int:
    row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return int(row[0])


def _ledger(connection: psycopg.Connection) -> Iterator[Finding]:
    for promise, query in (
        ("no sequence of a collector is in the ledger twice", REPEATED_SEQUENCES),
        ("no sequence of a collector is left out", MISSING_SEQUENCES),
        ("every batch has the rows that its ledger entry says", UNEVEN_BATCHES),
        ("every batch is rolled up", UNROLLED_BATCHES),
        ("every window equals the sums of its rows", WINDOWS_THAT_DIFFER),
    ):
        wrong = _number(connection, query)
        yield Finding(promise, f"{wrong} wrong", wrong == 0)


def _events(connection: psycopg.Connection, truths: Mapping[int, Truth]) -> Iterator[Finding]:
    """Of each process's numbers exactly the first so many are stored, each once."""
    rows = connection.execute(STORED.encode()).fetchall()
    stored = {number: tuple(counts) for number, *counts in rows}
    twice = sum(count - distinct for count, distinct, _ in stored.values())
    yield Finding("no event is stored twice", f"{twice} twice", twice == 0)
    gaps = sum(after - distinct for _, distinct, after in stored.values())
    yield Finding("no event is missing before one that is stored", f"{gaps} missing", gaps == 0)
    missing = sum(
        abs(truth.recorded - stored.get(number, (0, 0, 0))[1])
        for number, truth in truths.items()
        if not truth.killed
    )
    promise = "a process that ended in order has every event stored"
    yield Finding(promise, f"{missing} missing", missing == 0)
    recorded = sum(truth.recorded for truth in truths.values())
    kept = sum(distinct for _, distinct, _ in stored.values())
    least = LEAST_ACKNOWLEDGED if recorded >= SHORT_EVENTS else LEAST_ACKNOWLEDGED_SHORT
    promise = f"at least {least:.0%} of what was recorded is committed"
    told = f"{kept} of {recorded}, {kept / max(recorded, 1):.2%}"
    yield Finding(promise, told, kept >= least * recorded)


def _losses(connection: psycopg.Connection, truths: Mapping[int, Truth]) -> Iterator[Finding]:
    collectors = connection.execute(COLLECTORS.encode()).fetchall()
    wrong = sum(recorded - stored != lost for _, recorded, lost, _, _, stored in collectors)
    promise = "what a collector recorded is stored, or counted as lost"
    yield Finding(promise, f"{wrong} of {len(collectors)} collectors wrong", wrong == 0)
    said = sum(row[1] for row in collectors)
    counted = sum(truth.recorded for truth in truths.values())
    unheard = [truth.recorded for truth in truths.values() if not truth.heard]
    killed = sum(truth.killed for truth in truths.values())
    # A kill may fall between the recording of an event and the process's own counting of it.
    promise = "collectors recorded what the processes counted"
    told = f"{said} and {counted}, {sum(unheard)} of them of {len(unheard)} killed at their start"
    yield Finding(promise, told, counted - sum(unheard) <= said <= counted + killed)
    most = max([*unheard, *(row[2] for row in collectors)], default=0)
    promise = f"no kill loses more than {MOST_UNFLUSHED} events"
    yield Finding(promise, f"at most {most}", most <= MOST_UNFLUSHED)
    refused = sum(row[3] for row in collectors)
    yield Finding("nothing is dropped or refused", f"{refused} events", refused == 0)
    silent = sum(not row[4] for row in collectors)
    yield Finding("every collector has said goodbye", f"{silent} have not", silent == 0)
    losers = sum(row[2] > 0 for row in collectors)
    promise = "only a killed process loses anything"
    total = sum(row[2] for row in collectors)
    told = f"{total} events of {losers} processes, {killed} kills"
    yield Finding(promise, told, losers <= killed)
