"""Who calls the gateway, and what he may: tokens of the table, of the settings, and nobody's."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import psycopg
import pytest

from auditor.gateway.bucket import Bucket
from auditor.gateway.callers import (
    ANYONE,
    FRESH_S,
    GUESSES_AT_ONCE,
    Caller,
    Callers,
    may_acknowledge,
    may_deliver,
    may_read,
)
from auditor.gateway.refusals import Refusal, answer_refusal
from auditor.gateway.token_table import TokenTable
from auditor.tokens import digest
from collector.errors import SinkUnavailable
from tests.postgres_clusters import Cluster, Database

SETTLED = "a-token-of-the-settings"
READER = "a-token-that-may-read"
ON_CALL = "a-token-that-may-read-and-acknowledge"
SHIPPER = "a-token-that-may-deliver"
TOKENS = [("wall", READER, ["read"]), ("maria", ON_CALL, ["read", "ack"]),
          ("shop", SHIPPER, ["ingest"])]  # fmt: skip


@dataclass
class Clock:
    """Seconds that a test moves."""

    now_s: float = 1000.0

    def __call__(self) -> float:
        return self.now_s


class CountingTable(TokenTable):
    """The table itself, and how often it was asked."""

    asked = 0

    def find(self, digest: bytes) -> Any:
        self.asked += 1
        return super().find(digest)


@pytest.fixture(scope="module")
def tokened(cluster: Cluster) -> Iterator[Database]:
    with cluster.migrated_database() as made:
        yield made


@pytest.fixture
def conn(tokened: Database) -> psycopg.Connection:
    """The tokens as they were at first."""
    made = tokened.connect()
    made.execute("truncate monitoring.cache_tokens")
    for name, token, scopes in TOKENS:
        made.execute(
            "insert into monitoring.cache_tokens (name, digest, scopes) values (%s, %s, %s)",
            [name, digest(token), scopes],
        )
    return made


def callers_of(database: Database, clock: Clock, *, closed: bool = True) -> Callers:
    table = CountingTable(database.dsn)
    return Callers([digest(SETTLED)], table, reading_needs_token=closed, clock=clock)


def asked(callers: Callers) -> int:
    table = callers._table
    assert isinstance(table, CountingTable)
    return table.asked


def of(callers: Callers, token: str | None) -> Caller | None:
    return asyncio.run(callers.of(token))


def test_a_token_is_known_by_its_name_and_scopes(
    tokened: Database, conn: psycopg.Connection
) -> None:
    """Of the table, of the settings; no other, whatever it looks like."""
    callers = callers_of(tokened, Clock())
    assert of(callers, ON_CALL) == Caller("maria", frozenset({"ack", "read"}), digest(ON_CALL))
    assert of(callers, SETTLED) == Caller("settings", frozenset({"ingest"}), digest(SETTLED))
    for stranger in (None, "", "x", ON_CALL + "x", ON_CALL[:-1], "\udcff", "\0", "x" * 10_000):
        assert of(callers, stranger) is None
    callers.close()


def test_what_is_revoked_is_refused_within_three_seconds(
    tokened: Database, conn: psycopg.Connection
) -> None:
    """Until then nobody asks the table again; what was unknown is asked for again, too."""
    clock = Clock()
    callers = callers_of(tokened, clock)
    assert of(callers, READER) is not None
    assert of(callers, "not there yet") is None
    conn.execute("update monitoring.cache_tokens set revoked_at = now() where name = 'wall'")
    conn.execute(
        "insert into monitoring.cache_tokens (name, digest, scopes) values ('new', %s, '{read}')",
        [digest("not there yet")],
    )
    clock.now_s += FRESH_S - 0.1
    assert (of(callers, READER) is not None, of(callers, "not there yet")) == (True, None)
    assert asked(callers) == 2
    clock.now_s += 0.2
    assert of(callers, READER) is None
    assert of(callers, "not there yet") is not None
    callers.close()


def test_guessing_is_bounded_and_shuts_nobody_out(
    tokened: Database, conn: psycopg.Connection
) -> None:
    """Who is known goes on while a thousand guesses a second come; the table is asked of a few."""
    clock = Clock()
    callers = callers_of(tokened, clock)
    assert of(callers, READER) is not None

    async def guess() -> list[Refusal]:
        refused = []
        for number in range(1000):
            try:
                assert await callers.of(f"guess {number}") is None
            except Refusal as refusal:
                refused.append(refusal)
        return refused

    refused = asyncio.run(guess())
    assert len(refused) == 1000 - GUESSES_AT_ONCE + 1  # READER was one, too
    assert {(each.status, each.headers["Retry-After"]) for each in refused} == {(429, "1")}
    clock.now_s += FRESH_S + 1  # no longer fresh, so the table is asked again
    assert of(callers, READER) is not None
    assert asked(callers) == GUESSES_AT_ONCE + 1
    callers.close()


def test_many_at_once_with_one_token_ask_once(tokened: Database, conn: psycopg.Connection) -> None:
    callers = callers_of(tokened, Clock())

    async def all_at_once() -> list[Caller | None]:
        return list(await asyncio.gather(*(callers.of(READER) for _ in range(50))))

    found = asyncio.run(all_at_once())
    assert {caller.name if caller else None for caller in found} == {"wall"}
    assert asked(callers) == 1
    callers.close()


def test_a_database_that_is_away_is_no_unknown_token(tokened: Database) -> None:
    """Who is away is asked once a second, whoever calls; the settings' tokens need no table."""
    clock = Clock()
    table = CountingTable("postgresql://nobody@127.0.0.1:1/nowhere")
    callers = Callers([digest(SETTLED)], table, reading_needs_token=True, clock=clock)
    for token in (READER, ON_CALL):
        with pytest.raises(SinkUnavailable):
            of(callers, token)
    assert table.asked == 1
    clock.now_s += 1.5
    with pytest.raises(SinkUnavailable):
        of(callers, READER)
    assert table.asked == 2
    assert of(callers, SETTLED) is not None


def test_when_a_token_was_last_used_is_kept_to_the_hour(
    tokened: Database, conn: psycopg.Connection
) -> None:
    """Written once an hour, not at each request; an unknown one writes nothing."""
    table = TokenTable(tokened.dsn)
    stamps = "select name, last_used_at from monitoring.cache_tokens order by name"

    def stamped() -> dict[str, Any]:
        return dict(conn.execute(stamps.encode()).fetchall())

    assert set(stamped().values()) == {None}
    table.find(digest(READER))
    first = stamped()
    assert [name for name, at in first.items() if at] == ["wall"]
    table.find(digest(READER))
    table.find(digest("unknown"))
    assert stamped() == first
    conn.execute("update monitoring.cache_tokens set last_used_at = now() - interval '61 minutes'")
    old = stamped()["wall"]
    table.find(digest(READER))
    assert stamped()["wall"] > old
    table.close()


def test_how_many_are_good_for_each_scope(tokened: Database, conn: psycopg.Connection) -> None:
    """Those that are revoked are good for nothing; a scope that none has is told, too."""
    conn.execute("update monitoring.cache_tokens set revoked_at = now() where name = 'shop'")
    table = TokenTable(tokened.dsn)
    assert table.count() == {"ingest": 0, "ack": 1, "read": 2}
    table.close()


# What a route hears ----------------------------------------------------------------------------


def answers(callers: Callers, headers: dict[str, str]) -> dict[str, tuple[int, Any]]:
    """Status and body of a route for each scope."""
    from types import SimpleNamespace

    from fastapi import Depends, FastAPI

    app = FastAPI()
    app.state.gate = SimpleNamespace(callers=callers)
    for kind in (Refusal, SinkUnavailable):
        app.add_exception_handler(kind, answer_refusal)
    for path, dependency in (
        ("/read", may_read), ("/ack", may_acknowledge), ("/ingest", may_deliver)
    ):  # fmt: skip

        async def say(caller: Caller = Depends(dependency)) -> str:  # noqa: B008 it is FastAPI's way
            return caller.name

        app.get(path)(say)

    async def ask() -> dict[str, tuple[int, Any]]:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            return {
                path: ((answer := await client.get(path, headers=headers)).status_code,
                       answer.json())
                for path in ("/read", "/ack", "/ingest")
            }  # fmt: skip

    return asyncio.run(ask())


def statuses(callers: Callers, headers: dict[str, str]) -> list[int]:
    return [status for status, _ in answers(callers, headers).values()]


def test_each_scope_opens_its_own_routes_and_no_other(
    tokened: Database, conn: psycopg.Connection
) -> None:
    """A token that is known but not for this gets 403 and hears what it lacks; others get 401."""
    callers = callers_of(tokened, Clock())
    found = answers(callers, {"Authorization": f"Bearer {ON_CALL}"})
    assert [found[path][0] for path in ("/read", "/ack", "/ingest")] == [200, 200, 403]
    assert found["/ack"][1] == "maria"
    assert "lacks the scope ingest" in found["/ingest"][1]["error"]
    assert "token create NAME --scope ingest" in found["/ingest"][1]["advice"]
    assert statuses(callers, {"Authorization": f"Bearer {READER}"}) == [200, 403, 403]
    assert statuses(callers, {"Authorization": f"Bearer {SETTLED}"}) == [403, 403, 200]
    assert statuses(callers, {"Authorization": f"Basic {ON_CALL}"}) == [401, 401, 401]
    assert statuses(callers, {}) == [401, 401, 401]
    callers.close()


def test_a_token_may_come_as_apikey_or_both_ways(
    tokened: Database, conn: psycopg.Connection
) -> None:
    """As Supabase's clients send it: twice the same, or beside a bearer that is not known here."""
    callers = callers_of(tokened, Clock())
    for headers in (
        {"apikey": SHIPPER},
        {"apikey": SHIPPER, "Authorization": f"Bearer {SHIPPER}"},
        {"apikey": SHIPPER, "Authorization": "Bearer eyJhbGciOiJIUzI1NiJ9.e30.c2ln"},
        {"apikey": "eyJhbGciOiJIUzI1NiJ9.e30.c2ln", "Authorization": f"Bearer  {SHIPPER}"},
    ):
        assert statuses(callers, headers) == [403, 403, 200], headers
    callers.close()


def test_on_loopback_anyone_reads_and_nobody_else_does_more(
    tokened: Database, conn: psycopg.Connection
) -> None:
    """Delivering and acknowledging need a token on every address; reading asks for none here."""
    callers = callers_of(tokened, Clock(), closed=False)
    assert statuses(callers, {}) == [200, 401, 401]
    found = answers(callers, {"Authorization": "Bearer who knows"})
    assert found["/read"] == (200, ANYONE.name)
    assert found["/ack"][0] == 401
    callers.close()


def test_a_bucket_gives_what_has_flowed_in() -> None:
    """By hand: 3 at once, 2 a second; never more than 3 however long nobody came."""
    bucket = Bucket(2.0, 3.0, now_s=10.0)
    assert [bucket.take(10.0) for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]
    assert [bucket.take(10.5), bucket.take(10.5)] == [0.0, 0.5]
    assert [bucket.take(99.0) for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]
