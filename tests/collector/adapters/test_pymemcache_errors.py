"""pymemcache: what the client keeps to itself, what was not stored, and calls for many keys."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pymemcache import (  # type: ignore[import-untyped]  # it ships neither types nor stubs
    Client,
    HashClient,
    PooledClient,
)
from pymemcache.client.retrying import RetryingClient  # type: ignore[import-untyped]

from collector.adapters.pymemcache import watched
from tests.collector.adapters.closed_port import closed_port
from tests.collector.adapters.tape import Tape, stored, tape_in

Make = Callable[..., Any]
KINDS: dict[str, Make] = {
    "Client": lambda port, **options: Client(("127.0.0.1", port), **options),
    "PooledClient": lambda port, **options: PooledClient(("127.0.0.1", port), **options),
    "HashClient": lambda port, **options: HashClient([("127.0.0.1", port)], **options),
}
every_kind = pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)


@pytest.fixture
def tape(tmp_path: Path) -> Iterator[Tape]:
    with tape_in(tmp_path) as made:
        yield made


@every_kind
def test_an_error_that_the_client_ignores_is_no_miss(make: Make, tape: Tape) -> None:
    """The caller gets the default as before; the record says what happened."""
    client = watched(make(closed_port(), ignore_exc=True), collector=tape.collector)
    assert client.get("a", "default") == "default"
    assert client.get_many(["a", "b"]) == {}
    rows = tape.rows()
    assert [row.operation_type for row in rows] == ["error"] * 3
    assert rows[0].error_type == "ConnectionRefusedError"
    assert all(row.error_type is not None for row in rows)


def test_only_the_keys_of_the_server_that_is_away_are_errors(
    memcached_server: int, tape: Tape
) -> None:
    """The others were looked for, and are misses or hits; also while the client asks no more."""
    servers = [("127.0.0.1", memcached_server), ("127.0.0.1", closed_port())]
    plain = HashClient(servers, ignore_exc=True, retry_timeout=1000)
    client = watched(plain, collector=tape.collector)
    keys = [f"key{number}" for number in range(20)]
    away = {key for key in keys if client.hasher.get_node(key).endswith(f":{closed_port()}")}
    assert 0 < len(away) < 20
    for _ in range(2):
        assert client.get_many(keys) == {}
        assert {row.cache_key for row in tape.rows() if row.operation_type == "error"} == {
            stored(key) for key in away
        }
    for key in keys:
        assert client.get(key) is None
    kinds = {row.cache_key: (row.operation_type, row.error_type) for row in tape.rows()}
    assert kinds == {
        stored(key): ("error", "ServerLeftAlone") if key in away else ("miss", None) for key in keys
    }
    assert client.set(next(iter(away)), b"value") is False
    (row,) = tape.rows()
    assert (row.operation_type, row.error_type) == ("set", "ServerLeftAlone")
    assert set(client.set_many(dict.fromkeys(keys, b"value"), noreply=False)) == away
    failed = {row.cache_key for row in tape.rows() if row.error_type is not None}
    assert failed == {stored(key) for key in away}
    client.close()


@every_kind
def test_what_rightly_stores_or_removes_nothing_is_not_recorded(
    make: Make, memcached_server: int, tape: Tape
) -> None:
    """And without a reply the client's word is taken."""
    client = watched(make(memcached_server), collector=tape.collector)
    client.flush_all(noreply=False)
    assert client.add("a", b"1", noreply=False) is True
    assert client.add("a", b"2", noreply=False) is False
    assert client.replace("b", b"2", noreply=False) is False
    assert client.append("b", b"2", noreply=False) is False
    assert client.cas("a", b"2", b"1234567890") is False
    assert client.delete("b", noreply=False) is False
    assert client.incr("a", 2) == 3
    assert client.touch("a", 10, noreply=False) is True
    assert tape.kinds() == ["delete", "set"]
    assert client.add("a", b"2", noreply=True) is True
    assert client.delete("b", noreply=True) is True
    assert tape.kinds() == ["set", "delete"]
    client.close()


def test_a_call_for_many_is_one_operation_a_key(memcached_server: int, tape: Tape) -> None:
    """Its time is divided over them, and the metadata says over how many."""
    client = watched(Client(("127.0.0.1", memcached_server)), collector=tape.collector)
    client.flush_all(noreply=False)
    tape.rows()
    client.set_many({"a": b"1", "b": b"22"}, noreply=False)
    sizes = {row.cache_key: row.value_bytes for row in tape.rows()}
    assert sizes == {stored("a"): 1, stored("b"): 2}
    assert client.gets_many(["c"]) == {}
    assert client.get_many(["a", "b", "c"]) == {"a": b"1", "b": b"22"}
    alone, *rows = tape.rows()
    assert (alone.operation_type, alone.metadata) == ("miss", None)
    assert [row.operation_type for row in rows] == ["hit", "hit", "miss"]
    assert {row.metadata for row in rows} == {'{"keys_in_trip":3}'}
    assert len({row.response_time_ms for row in rows}) == 1
    client.close()


def test_each_attempt_of_a_retrying_client_is_recorded(tape: Tape) -> None:
    client = RetryingClient(
        watched(Client(("127.0.0.1", closed_port())), collector=tape.collector), attempts=3
    )
    with pytest.raises(ConnectionRefusedError):
        client.get("a")
    assert tape.kinds() == ["error"] * 3


def test_anything_else_is_refused() -> None:
    with pytest.raises(TypeError, match="not a dict"):
        watched({})
