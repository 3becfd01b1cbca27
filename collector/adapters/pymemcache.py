"""pymemcache watched: Client, PooledClient and HashClient, and classes derived from them.

    client = watched(Client(("localhost", 11211)), cache_name="pages", implementation_type="new")

`watched` gives the same object back, of a class of the same name derived from its own. An `add`,
`replace`, `cas`, `append` or `prepend` is a set when it stored something, a `delete` is one when
it removed something; with `noreply` the server does not say, and the client's word is taken.
Counters (`incr`, `decr`) and `touch` are not recorded. An error that the client keeps to itself
(`ignore_exc`, or a server that a HashClient leaves alone after a failure) is an error, and no miss.
Watch the client that a RetryingClient is given, and each attempt is recorded.
"""

from __future__ import annotations

import sys
from functools import cache as remembered
from typing import TYPE_CHECKING, Any, TypeVar

from collector.adapters import conclusions
from collector.adapters.calls import Teller, become, current, quietly, within
from collector.adapters.derived import derived, reduced
from collector.adapters.methods import MARKS, Concluding, calling, getting
from collector.errors import MissingLibrary
from collector.keys import encode_builtin

try:
    from pymemcache import (  # type: ignore[import-untyped]  # it ships neither types nor stubs
        Client,
        HashClient,
        PooledClient,
    )
except ImportError as missing:
    raise MissingLibrary("pymemcache") from missing

if TYPE_CHECKING:
    from collector.keys import Encoder
    from collector.session import Collector

Watched = TypeVar("Watched")


class ServerLeftAlone(Exception):
    """The client did not ask the server: it failed shortly before."""


def watched(
    client: Watched,
    *,
    cache_name: str = "default",
    implementation_type: str = "default",
    collector: Collector | None = None,
    encode_key: Encoder = encode_builtin,
) -> Watched:
    """The same client, from now on recorded. Watching it again changes its names.

    Keys are recorded as the server has them, with the client's prefix. Raises TypeError for
    anything but a Client, PooledClient or HashClient.
    """
    if not isinstance(client, Client | PooledClient | HashClient):
        raise TypeError(
            f"a Client, PooledClient or HashClient is watched here, not a {type(client).__name__}"
        )
    prefix = client.key_prefix
    if isinstance(prefix, str):
        prefix = prefix.encode()
    teller = Teller(cache_name, implementation_type, collector, encode_key, prefix)
    become(client, _watching, teller)
    return client


def _got(done: Concluding) -> None:
    """A `gets`: a value with its version, which is of bytes when it was found."""
    result = done.result
    found = type(result) is tuple and len(result) == 2 and type(result[1]) is bytes
    outcome = "hit" if found else "miss" if done.error is None else "error"
    value, error = (result[0], None) if found else (None, done.error)
    done.answer(outcome, done.stored(done.subject), value, error)


def _got_versions(done: Concluding) -> None:
    """A `gets_many`: each value with its version."""
    done.result = {key: value for key, (value, _) in (done.result or {}).items()}
    conclusions.got_many(done)


_METHODS = {
    "get": getting("get"),
    "gets": calling("gets", _got),
    "get_many": calling("get_many", conclusions.got_many, "keys"),
    "get_multi": calling("get_multi", conclusions.got_many, "keys"),
    "gets_many": calling("gets_many", _got_versions, "keys"),
    "gets_multi": calling("gets_multi", _got_versions, "keys"),
    "set": calling("set", conclusions.put),
    "set_many": calling("set_many", conclusions.put_many, "values"),
    "set_multi": calling("set_multi", conclusions.put_many, "values"),
    "add": calling("add", conclusions.put_if),
    "replace": calling("replace", conclusions.put_if),
    "append": calling("append", conclusions.put_if),
    "prepend": calling("prepend", conclusions.put_if),
    "cas": calling("cas", conclusions.put_if),
    "delete": calling("delete", conclusions.taken),
    "delete_many": calling("delete_many", conclusions.taken_many, "keys"),
    "delete_multi": calling("delete_multi", conclusions.taken_many, "keys"),
    "flush_all": calling("flush_all", conclusions.emptied, "delay"),
}


class _Watching:
    def __reduce_ex__(self, protocol: Any) -> Any:
        return reduced(self, protocol)


class _WatchingServers(_Watching):
    """A HashClient's: which of its servers did not answer."""

    _cache_auditor_own: Any
    _failed_clients: Any

    def _safely_run_func(
        self, client: Any, func: Any, default_val: Any, *arguments: Any, **named: Any
    ) -> Any:
        own = self._cache_auditor_own._safely_run_func
        call = within(self)
        if call is None:
            return own(self, client, func, default_val, *arguments, **named)
        before, call.failure = call.failure, None
        try:
            return own(self, client, func, default_val, *arguments, **named)
        finally:
            if call.failure is None and client.server in self._failed_clients:
                call.failure = ServerLeftAlone(f"{client.server} failed shortly before")
            if call.failure is not None and arguments:
                quietly(_note_unanswered, call, arguments[0])
            call.failure = call.failure or before


def _note_unanswered(call: Any, subject: Any) -> None:
    keys = subject if isinstance(subject, list) else [subject]
    call.unanswered = (call.unanswered or set()).union(keys)


def _ignores(client: Any) -> Any:
    """Its setting, which the client asks for when something has failed: now, that is."""
    call = current()
    if call is not None and call.cache is client:
        call.failure = sys.exception() or ServerLeftAlone("no server is left to ask")
    return client.__dict__["ignore_exc"]


def _set_ignores(client: Any, ignores: Any) -> None:
    client.__dict__["ignore_exc"] = ignores


@remembered
def _watching(own: type) -> type:
    """A class of the same name, derived from a client's own."""
    methods = {name: method for name, method in _METHODS.items() if hasattr(own, name)}
    libraries = (Client.get, PooledClient.get, HashClient.get)
    return derived(
        own,
        _WatchingServers if issubclass(own, HashClient) else _Watching,
        type("Methods", (), methods),
        ignore_exc=property(_ignores, _set_ignores),
        **{MARKS: getattr(own, "get", None) in libraries},
    )
