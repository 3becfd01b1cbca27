"""The clients of pymemcache, over a real memcached."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from hypothesis import strategies as st
from pymemcache import (  # type: ignore[import-untyped]  # it ships neither types nor stubs
    Client,
    HashClient,
    PooledClient,
)

from collector import Collector
from collector.adapters.pymemcache import watched
from collector.keys import encode_builtin
from tests.collector.adapters.case import Case
from tests.collector.adapters.closed_port import closed_port

KEY = st.sampled_from(["a", "b", "é", b"b", "with space", 3])
SEVERAL = st.lists(st.sampled_from(["a", "b", "é", "with space"]), max_size=3)
VALUE = st.sampled_from([b"", b"one", "zwei", 3, "é"])
REPLY = st.sampled_from([None, True, False])
OPERATIONS = st.one_of(
    st.tuples(st.sampled_from(["get", "delete", "gets", "read", "remove", "touch"]), KEY),
    st.tuples(st.sampled_from(["get or", "gets or", "set", "write"]), KEY, VALUE),
    st.tuples(
        st.sampled_from(["put", "add", "replace", "append", "prepend", "cas"]), KEY, VALUE, REPLY
    ),
    st.tuples(st.sampled_from(["incr", "decr"]), KEY, st.integers(0, 3)),
    st.tuples(
        st.sampled_from(["get_many", "get_multi", "gets_many", "get_many of an iterator"]), SEVERAL
    ),
    st.tuples(st.just("set_many"), st.dictionaries(st.sampled_from(["a", "b"]), VALUE), REPLY),
    st.tuples(st.just("delete_many"), SEVERAL, REPLY),
    st.tuples(st.just("flush_all")),
    st.tuples(st.just("nothing")),
)
Make = Callable[..., Any]


def without_versions(found: dict[Any, Any]) -> dict[Any, Any]:
    """The server counts versions on from one client to the next."""
    return {key: pair[0] for key, pair in found.items()}


def compare_and_set(client: Any, key: Any, value: Any, noreply: Any) -> Any:
    """With the right version."""
    pair = client.gets(key)
    version = pair[1] if pair and pair[1] is not None else b"1"
    return client.cas(key, value, version, noreply=bool(noreply))


class PymemcacheCase(Case):
    module = "collector.adapters.pymemcache"
    library = "pymemcache"
    operations = OPERATIONS
    examples = 30
    encoder = staticmethod(encode_builtin)
    fixture = "memcached_server"
    fails = True
    actions = {  # noqa: RUF012  # read only
        "gets": lambda client, key: client.gets(key)[0],
        "read": lambda client, key: client[key],
        "write": lambda client, key, value: client.__setitem__(key, value),
        "remove": lambda client, key: client.__delitem__(key),
        "touch": lambda client, key: client.touch(key, 100),
        "get or": lambda client, key, value: client.get(key, value),
        "gets or": lambda client, key, value: client.gets(key, default=value)[0],
        "put": lambda client, key, value, noreply: client.set(key, value, 100, noreply),
        "add": lambda client, key, value, noreply: client.add(key, value, noreply=noreply),
        "replace": lambda client, key, value, noreply: client.replace(key, value, 0, noreply),
        "append": lambda client, key, value, noreply: client.append(key, value, 0, noreply),
        "prepend": lambda client, key, value, noreply: client.prepend(key, value, noreply=noreply),
        "cas": compare_and_set,
        "incr": lambda client, key, number: client.incr(key, number),
        "decr": lambda client, key, number: client.decr(key, number),
        "get_many": lambda client, keys: client.get_many(keys),
        "get_multi": lambda client, keys: client.get_multi(keys=keys),
        "get_many of an iterator": lambda client, keys: client.get_many(iter(keys)),
        "gets_many": lambda client, keys: without_versions(client.gets_many(keys)),
        "set_many": lambda client, values, noreply: client.set_many(values, noreply=noreply),
        "delete_many": lambda client, keys, noreply: client.delete_many(keys, noreply),
        "flush_all": lambda client: client.flush_all(),
        "nothing": lambda client: client.get(),
    }

    def __init__(self, words: str, make: Make, shared: bool, prefix: bytes = b"") -> None:
        self.name = f"pymemcache {words}"
        self.shared_by_threads = shared
        self._make, self._prefix = make, prefix

    @contextmanager
    def opened(self) -> Iterator[Any]:
        client = self._make(
            self.server, allow_unicode_keys=True, no_delay=True, key_prefix=self._prefix
        )
        client.flush_all(noreply=False)
        try:
            yield client
        finally:
            client.close()

    def watch(self, cache: Any, collector: Collector, **names: Any) -> Any:
        return watched(cache, collector=collector, **names)

    @contextmanager
    def broken(self) -> Iterator[Any]:
        yield self._make(closed_port(), key_prefix=self._prefix)

    def get(self, cache: Any, key: str) -> Any:
        return cache.get(key)

    def set(self, cache: Any, key: str, value: Any) -> Any:
        return cache.set(key, value)

    def delete(self, cache: Any, key: str) -> Any:
        return cache.delete(key)

    def recorded_key(self, key: str) -> Any:
        return self._prefix + key.encode()

    def state(self, cache: Any) -> Any:
        return cache.get_many(["a", "b", "é"])


def one(port: int, **options: Any) -> Any:
    return Client(("127.0.0.1", port), default_noreply=False, **options)


def pooled(port: int, **options: Any) -> Any:
    return PooledClient(("127.0.0.1", port), **options)


def hashed(port: int, **options: Any) -> Any:
    return HashClient([("127.0.0.1", port)], use_pooling=True, retry_attempts=0, **options)


class OwnClient(Client):  # type: ignore[misc]  # it has no types
    """An application's: its get does something with whatever it finds, and knows None alone."""

    def get(self, key: Any, default: Any = None) -> Any:
        value = super().get(key, default)
        return None if value is None else bytes(value)


def own(port: int, **options: Any) -> Any:
    return OwnClient(("127.0.0.1", port), **options)


CASES: list[Case] = [
    PymemcacheCase("Client", one, False),
    PymemcacheCase("Client with a prefix", one, False, b"app:"),
    PymemcacheCase("an application's own Client", own, False),
    PymemcacheCase("PooledClient", pooled, True),
    PymemcacheCase("HashClient", hashed, True, b"app:"),
]
