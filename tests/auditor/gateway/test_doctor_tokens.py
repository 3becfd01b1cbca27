"""What `doctor` says of tokens."""

from __future__ import annotations

from auditor.examining.tokens import tokens_finding
from auditor.settings_serving import is_loopback
from auditor.stores.tokens import count_tokens, create_token, revoke_token
from tests.postgres_clusters import Database


def test_what_is_missing_is_said_where_it_is_missed() -> None:
    """None at all is an installation without HTTP; off loopback somebody must be able to read."""
    none = tokens_finding({"ingest": 0, "ack": 0, "read": 0}, loopback=True)
    assert (none.status, "nobody delivers or acknowledges" in none.found) == ("ok", True)
    silent = tokens_finding({"ingest": 2, "ack": 0, "read": 1}, loopback=True)
    assert (silent.status, silent.found) == ("warning", "no token may acknowledge over HTTP")
    assert silent.advice == "cache-auditor token create NAME --scope ack"
    closed = tokens_finding({"ingest": 1, "ack": 0, "read": 0}, loopback=False)
    assert (closed.status, closed.found) == (
        "warning",
        "no token may acknowledge or read over HTTP",
    )
    good = tokens_finding({"ingest": 2, "ack": 1, "read": 0}, loopback=True)
    assert (good.status, good.found) == ("ok", "2 may deliver, 1 may acknowledge")


def test_only_good_tokens_count(database: Database) -> None:
    connection = database.connect()
    create_token(connection, "a", "a-token-of-the-first", ["ack", "read"])
    create_token(connection, "b", "a-token-of-the-second", ["ack"])
    revoke_token(connection, "b")
    assert count_tokens(connection) == {"ingest": 0, "ack": 1, "read": 1}


def test_loopback_is_told_by_address_and_by_its_one_name() -> None:
    """By hand."""
    places = ("127.0.0.1", "127.9.0.3", "::1", "localhost", "0.0.0.0", "::", "10.0.0.1", "caches")
    assert [is_loopback(place) for place in places] == [True] * 4 + [False] * 4
