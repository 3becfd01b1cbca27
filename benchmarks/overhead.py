"""What watching a cache costs an application: redis-py over loopback, and cachetools in process.

python -m benchmarks.overhead [--rounds N]

Redis: a redis-server of this run's own; GET of 1 KB through redis-py, by a client with the adapter
and one without, in turn. The time of a get while a collector delivers to a memory that keeps
nothing: with its defaults, which add up what comes as fast as here (this one decides), where all is
added up, and where each event is shipped; the same while nothing is delivered; and the processor
time of the whole process, all that is delivered included. cachetools: a hit of an LRUCache, with
the adapter and without, while nothing is delivered, and the two readings of the clock alone.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter_ns, process_time_ns
from typing import Any

from cachetools import LRUCache
from redis import Redis

from benchmarks.interleaved import medians
from collector import Collector, Settings
from collector.adapters.cachetools import watched as watched_cachetools
from collector.adapters.redis import watched as watched_redis
from collector.batch import Batch
from collector.recorder import Recorder
from collector.sinks.memory import MemorySink
from collector.sinks.sink import Receipt
from tests.fix_redis import server_in

GETS = 200
# One key in 16 is followed by the ghost table: of many, about as many as of an application's.
KEYS = [f"page:{number}" for number in range(GETS)]
# So many that what is added up, by 2,000, is so within the measure.
MANY_GETS = 5_000
HITS = 50_000
VALUE = b"x" * 1_024
GOAL_PERCENT = 2.0


class Discarding(MemorySink):
    """Takes every batch and keeps none."""

    def deliver(self, batch: Batch) -> Receipt:
        return Receipt(events=len(batch.rows), weights=len(batch.weights))


class Buffering:
    """A collector whose thread sleeps: it records, and what waits is thrown away by `flush`."""

    def __init__(self) -> None:
        self._recorder = Recorder(capacity=HITS + 1, wake_every=HITS + 1)
        self.record = self._recorder.record

    def encode_keys(self, cache_name: str, encoder: object) -> None:
        """No key is encoded."""

    def flush(self) -> bool:
        self._recorder.drain(HITS)
        return True


def get_us(client: Redis, collector: Any, gets: int) -> float:
    """Microseconds of one get; what then still waits is delivered outside the measure."""
    get = client.get
    began = perf_counter_ns()
    for key in KEYS * (gets // GETS):
        get(key)
    took = perf_counter_ns() - began
    collector.flush()
    return took / gets / 1e3


def processor_us(client: Redis, collector: Any, gets: int) -> float:
    """Microseconds of processor time of one get, all threads, until it is delivered."""
    get = client.get
    began = process_time_ns()
    for key in KEYS * (gets // GETS):
        get(key)
    collector.flush()
    return (process_time_ns() - began) / gets / 1e3


def hit_ns(cache: LRUCache[str, bytes], collector: Buffering) -> Callable[[], float]:
    """Nanoseconds of one hit."""

    def measure() -> float:
        began = perf_counter_ns()
        for _ in range(HITS):
            cache["page"]
        took = perf_counter_ns() - began
        collector.flush()
        return took / HITS

    return measure


def clocks_ns() -> float:
    """Nanoseconds of two readings of the clock."""
    began = perf_counter_ns()
    for _ in range(HITS):
        perf_counter_ns()
        perf_counter_ns()
    return (perf_counter_ns() - began) / HITS


def line(what: str, watched: float, bare: float, unit: str) -> float:
    """Prints one comparison; the overhead in percent."""
    percent = 100.0 * (watched / bare - 1.0)
    print(f"{what:44s}{watched:8.2f} {unit}   without {bare:8.2f} {unit}   {percent:+6.1f} %")
    return percent


def redis_percent(folder: Path, rounds: int) -> float:
    """Prints the figures of Redis; the overhead that decides, in percent."""
    settings = Settings(dsn="memory", spool_dir=str(folder))
    modes = ("auto", "always", "never")
    collectors = {mode: Collector(settings, sink=Discarding, aggregate=mode) for mode in modes}
    few, many = (GETS, rounds), (MANY_GETS, max(rounds // 10, 1))
    figures = [
        ("GET, delivering meanwhile", get_us, collectors["auto"], many),
        ("GET, all of it added up", get_us, collectors["always"], many),
        ("GET, each event shipped", get_us, collectors["never"], many),
        ("GET, nothing delivered meanwhile", get_us, Buffering(), few),
        ("GET, processor time, delivering", processor_us, collectors["auto"], many),
        ("GET, processor time, each event shipped", processor_us, collectors["never"], many),
    ]
    with server_in(folder) as (port, _):
        percents = [redis_figure(port, *figure) for figure in figures]
        for collector in collectors.values():
            collector.stop()
    return percents[0]


def redis_figure(
    port: int,
    what: str,
    measure: Callable[[Redis, Any, int], float],
    collector: Any,
    amount: tuple[int, int],
) -> float:
    """Prints one figure of so many gets in so many rounds; the overhead in percent."""
    gets, rounds = amount
    with Redis(port=port) as bare, Redis(port=port) as watched:
        bare.mset(dict.fromkeys(KEYS, VALUE))
        watched_redis(watched, cache_name="pages", collector=collector)
        sides = [partial(measure, client, collector, gets) for client in (watched, bare)]
        return line(what, *medians(*sides, rounds), "us")


def cachetools_figures(rounds: int) -> None:
    """Prints the figures of cachetools."""
    buffering = Buffering()
    bare: LRUCache[str, bytes] = LRUCache(10)
    cache = watched_cachetools(LRUCache[str, bytes](10), collector=buffering)
    cache["page"] = bare["page"] = VALUE
    watched_ns, bare_ns = medians(hit_ns(cache, buffering), hit_ns(bare, buffering), rounds)
    clock_ns, _ = medians(clocks_ns, clocks_ns, rounds)
    line("cachetools hit", watched_ns, bare_ns, "ns")
    added = watched_ns - bare_ns
    share = 100.0 * clock_ns / added
    print(f"  added {added:.0f} ns; two readings of the clock are {clock_ns:.0f} ns: {share:.0f} %")


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.overhead")
    parser.add_argument("--rounds", type=int, default=201)
    rounds = parser.parse_args(words).rounds
    with TemporaryDirectory() as folder:
        percent = redis_percent(Path(folder), rounds)
    cachetools_figures(max(rounds // 10, 1))
    print(f"goal: GET, delivering meanwhile, at most {GOAL_PERCENT:+.1f} %")
    print(f"medians of {rounds} interleaved rounds of {GETS} gets, or a tenth of {MANY_GETS}")
    return int(percent > GOAL_PERCENT)


if __name__ == "__main__":
    sys.exit(main())
