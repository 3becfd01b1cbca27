"""What a `record` costs the host, beside what other metrics libraries take for the same.

python -m benchmarks.record [--rounds N] [--threads N]

One operation is a call of `record` as an adapter makes it, kept in the buffer (which is emptied
between the measures) and counted in mapped memory, as in a running collector. Beside it in the same
rounds: prometheus_client (a labelled child's counter and its histogram), OpenTelemetry's SDK (a
counter and a histogram with the same attributes), and the bare append of a five-tuple with its
time, below which nothing can go that keeps an event. Once in one thread, once in several at once.
Where operations are added up in the process, a call costs the same; what the shipper's thread then
does for each (it shares the interpreter with the host) is shown with it.
Processor time, not the wall's: what else the machine does is not in it, nor is a wait for a lock.
"""

from __future__ import annotations

import argparse
import mmap
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from time import thread_time_ns, time_ns

from benchmarks.interleaved import medians_of
from collector.choice import ALWAYS, Choice
from collector.following import Following
from collector.intake import LOOK_EVENTS, Intake
from collector.keys import KeyEncoder
from collector.recorder import Bell, Recorder

CALLS = 5_000
SLOW_CALLS = 500
MOST_KEPT = 10**6
GOALS = {"prometheus_client": 0.4, "OpenTelemetry": 0.05}
ELAPSED_MS = [nanoseconds / 1e6 for nanoseconds in range(300, 1300, 7)]
LABELS = {"cache": "pages", "implementation": "new", "operation": "hit"}

Work = Callable[[int], None]


def recording() -> tuple[Work, Callable[[], None]]:
    """Record so many hits; and what empties the buffer afterwards."""
    recorder = Recorder(capacity=MOST_KEPT, wake=Bell().ring, wake_every=100)
    recorder.count_in(memoryview(mmap.mmap(-1, mmap.PAGESIZE)).cast("Q"))
    record = recorder.record

    def work(calls: int) -> None:
        for _ in range(calls):
            record("hit", "key", 0.5, "pages", "new", 1000, 100, None, None, None)

    return work, lambda: recorder.drain_values(MOST_KEPT).clear()


def adding_up(counted: bool = False) -> tuple[Work, Callable[[], None]]:
    """The same where operations are added up; counted: with what the shipper's thread does then."""
    recorder = Recorder(capacity=MOST_KEPT, wake=Bell().ring, wake_every=LOOK_EVENTS)
    recorder.count_in(memoryview(mmap.mmap(-1, mmap.PAGESIZE)).cast("Q"))
    following = Following(KeyEncoder())
    intake = Intake(recorder, Choice(ALWAYS, 1.0), following, clock_ns=time_ns)
    record = recorder.record

    def work(calls: int) -> None:
        for number in range(calls):
            elapsed_ms = ELAPSED_MS[number % len(ELAPSED_MS)]
            record("hit", "key", elapsed_ms, "pages", "new", 1000, 100, None, None, None)
        if counted:
            intake.look_at_all()

    return work, lambda: deque(intake.parcels(), 0).clear()


def appending() -> tuple[Work, Callable[[], None]]:
    """Append so many five-tuples with their time."""
    kept: deque[object] = deque()
    append = kept.append

    def work(calls: int) -> None:
        for _ in range(calls):
            append((time_ns(), "hit", "pages", "key", 0.5))

    return work, kept.clear


def prometheus() -> tuple[Work, Callable[[], None]]:
    """Count and observe in prometheus_client; the children are at hand, as its docs advise."""
    from prometheus_client import CollectorRegistry, Counter, Histogram

    registry = CollectorRegistry()
    counter = Counter("operations", "Of a cache.", [*LABELS], registry=registry).labels(**LABELS)
    seconds = Histogram("seconds", "Of a get.", [*LABELS], registry=registry).labels(**LABELS)

    def work(calls: int) -> None:
        increment, observe = counter.inc, seconds.observe
        for _ in range(calls):
            increment()
            observe(0.0005)

    return work, lambda: None


def opentelemetry() -> tuple[Work, Callable[[], None]]:
    """Add and record in OpenTelemetry's SDK, read by its reader in memory."""
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader

    meter = MeterProvider(metric_readers=[InMemoryMetricReader()]).get_meter("benchmark")
    counter, milliseconds = meter.create_counter("operations"), meter.create_histogram("ms")

    def work(calls: int) -> None:
        add, record = counter.add, milliseconds.record
        for _ in range(calls):
            add(1, LABELS)
            record(0.5, LABELS)

    return work, lambda: None


def cost_ns(work: Work, after: Callable[[], None], calls: int, threads: int) -> float:
    """Nanoseconds of processor time of one call, each thread making so many of them."""
    start = threading.Barrier(threads)
    taken: list[int] = []

    def wait_and_work() -> None:
        start.wait()
        began = thread_time_ns()
        work(calls)
        taken.append(thread_time_ns() - began)

    others = [threading.Thread(target=wait_and_work) for _ in range(threads - 1)]
    for other in others:
        other.start()
    wait_and_work()
    for other in others:
        other.join()
    after()
    return sum(taken) / (calls * threads)


OURS = {
    "record": (recording, CALLS),
    "record, added up": (adding_up, CALLS),
}
SIDES = {
    **OURS,
    "and the adding up": (partial(adding_up, counted=True), CALLS),
    "time and append": (appending, CALLS),
    "prometheus_client": (prometheus, CALLS),
    "OpenTelemetry": (opentelemetry, SLOW_CALLS),
}


def compare(threads: int, rounds: int) -> bool:
    """Print each side's cost and its ratios to the others; whether ours meet the goals."""
    measures = []
    for make, calls in SIDES.values():
        work, after = make()
        measures.append(partial(cost_ns, work, after, calls, threads))
    costs = dict(zip(SIDES, medians_of(measures, rounds), strict=True))
    print(f"{threads} thread{'s' * (threads > 1)}")
    for name, cost in costs.items():
        ratios = "".join(f"   {cost / costs[other]:6.3f} of {other}" for other in GOALS)
        print(f"  {name:18}{cost:8.0f} ns{ratios}")
    return all(costs[ours] <= most * costs[name] for ours in OURS for name, most in GOALS.items())


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.record")
    parser.add_argument("--rounds", type=int, default=31)
    parser.add_argument("--threads", type=int, default=8)
    options = parser.parse_args(words)
    met = [compare(threads, options.rounds) for threads in (1, options.threads)]
    goals = " and ".join(f"{most} of {name}" for name, most in GOALS.items())
    print(f"goal: each record at most {goals}; medians of {options.rounds} interleaved rounds")
    return int(not all(met))


if __name__ == "__main__":
    sys.exit(main())
