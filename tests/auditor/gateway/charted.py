"""A cache whose every operation is known, rolled up; and the charts' routes over a database."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import httpx
import numpy as np
from fastapi import FastAPI

from auditor.gateway.api import comparisons, histories, series
from auditor.gateway.callers import Callers
from auditor.gateway.readers import Readers
from auditor.gateway.refusals import Refusal, answer_refusal
from auditor.gateway.token_table import TokenTable
from auditor.windows.rollup import roll_hours, roll_up
from auditor.windows.watermarks import Grace
from collector.batch import Batch
from collector.events import Row
from collector.sinks.postgres import PostgresSink
from collector.weights import Aggregator
from tests.postgres_clusters import Database

CACHE, NEW = "sessions", "new"
START = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)
MINUTES = 130
"""Two whole hours and ten minutes of a third, whose last minute is still open."""
GAP = range(34, 47)
NODES = ("a", "b")


@dataclass
class Minute:
    """What happened in one minute, on all nodes: times of each kind in ms, and evictions."""

    hits: list[float] = field(default_factory=list)
    misses: list[float] = field(default_factory=list)
    errors: list[float] = field(default_factory=list)
    sets: int = 0
    evictions: int = 0

    @property
    def gets(self) -> int:
        """Hits, misses and gets that failed."""
        return len(self.hits) + len(self.misses) + len(self.errors)

    def add(self, other: Minute) -> Minute:
        """Both together."""
        return Minute(
            self.hits + other.hits, self.misses + other.misses, self.errors + other.errors,
            self.sets + other.sets, self.evictions + other.evictions,
        )  # fmt: skip


def plant(database: Database, seed: int = 4) -> dict[int, Minute]:
    """Delivers it through the collector's own sink and rolls it up; minute -> what happened."""
    random = np.random.default_rng(seed)
    sink = PostgresSink(database.dsn, any_day=True)
    aggregators, truth = {node: Aggregator(node) for node in NODES}, {}
    for minute in range(MINUTES):
        if minute in GAP:
            continue
        truth[minute] = Minute()
        for node in NODES:
            happened = drawn(random)
            truth[minute] = truth[minute].add(happened)
            for row in rows(START + timedelta(minutes=minute), happened):
                aggregators[node].add(row)
    for sequence, aggregator in enumerate(aggregators.values()):
        batch = Batch("00000000-0000-4000-8000-000000000007", sequence, weights=aggregator.take())
        sink.deliver(batch)
    sink.close()
    # without watermarks a minute is final 75 s after its end: all but the last
    now = START + timedelta(minutes=MINUTES, seconds=45)
    connection = database.connect()
    roll_up(connection, now, Grace())
    roll_hours(connection, now + timedelta(minutes=3))
    return truth


def drawn(random: np.random.Generator) -> Minute:
    """One node's minute; now and then one without a hit."""
    return Minute(
        random.lognormal(-0.5, 0.5, int(random.integers(0, 30))).tolist(),
        random.lognormal(3.0, 0.6, int(random.integers(0, 9))).tolist(),
        random.lognormal(4.0, 0.2, int(random.integers(0, 2))).tolist(),
        int(random.integers(0, 9)),
        int(random.integers(0, 4)),
    )


def rows(minute: datetime, happened: Minute) -> Iterator[Row]:
    """Its operations, all in the minute's first second."""
    at_ns = int(minute.timestamp()) * 10**9

    def row(operation: str, ms: float | None) -> Row:
        failed = "Timeout" if operation == "error" else None
        return Row(at_ns, operation, CACHE, NEW, "", ms, None, None, failed, None, None, False)

    for operation in ("hit", "miss", "error"):
        name = {"hit": "hits", "miss": "misses", "error": "errors"}[operation]
        yield from (row(operation, ms) for ms in getattr(happened, name))
    yield from (row("set", 0.2) for _ in range(happened.sets))
    yield from (row("evict", None) for _ in range(happened.evictions))


@dataclass(frozen=True)
class Client:
    """Asks an application in this process."""

    app: FastAPI

    def get(self, path: str, params: dict[str, Any] | None = None) -> httpx.Response:
        """The whole answer."""

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
                return await client.get(path, params=params, timeout=60)

        return asyncio.run(ask())


@contextmanager
def asking(dsn: str, *, reading_needs_token: bool = False) -> Iterator[Client]:
    """The routes of charts and comparisons over a database."""
    app = FastAPI()
    for each in (comparisons.router, histories.router, series.router):
        app.include_router(each)
    app.add_exception_handler(Refusal, answer_refusal)
    table = TokenTable(dsn)
    gate = SimpleNamespace(
        readers=Readers(dsn), callers=Callers((), table, reading_needs_token=reading_needs_token)
    )
    app.state.gate = gate
    try:
        yield Client(app)
    finally:
        gate.readers.close()
        gate.callers.close()


def answer(response: httpx.Response) -> Any:
    """The JSON of an answer that is a yes."""
    assert response.status_code == 200, response.text
    return response.json()
