"""redis-py watched: its clients, its cluster's, both also of asyncio, and their pipelines.

    client = watched(redis.Redis(), cache_name="pages", implementation_type="new")
    client = watched(redis.asyncio.Redis(), caches={"page:": "pages", "lock:": None})

`watched` gives the same object back, of a class of the same name derived from its own: what it
returns, raises and takes is what it did before. Which command is recorded as what is written in
`collector.adapters.redis_commands`. Pipelines and clients with a connection of their own that are
made from it from now on are recorded too. A copy of it is an ordinary client.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from collector.adapters.redis_clients import watch_client
from collector.errors import MissingLibrary

try:
    import redis
    import redis.asyncio
except ImportError as missing:
    raise MissingLibrary("redis") from missing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from collector.session import Collector

Client = TypeVar(
    "Client",
    bound="redis.Redis | redis.RedisCluster | redis.asyncio.Redis | redis.asyncio.RedisCluster",
)
_CLIENTS: tuple[type[Any], ...] = (
    redis.Redis,
    redis.RedisCluster,
    redis.asyncio.Redis,
    redis.asyncio.RedisCluster,
)


def watched(
    client: Client,
    *,
    cache_name: str = "default",
    implementation_type: str = "default",
    caches: Mapping[str, str | None] | Callable[[str], str | None] | None = None,
    collector: Collector | None = None,
) -> Client:
    """The same client, from now on recorded. Watching it again changes its names.

    caches: where one server holds several caches, their names by the prefix of their keys (the
    longest that fits; None: not recorded), or a function from a key to a name or None; keys of no
    prefix are cache_name's. collector: the application's own by default.
    Raises TypeError for what is no client of redis-py.
    """
    if not isinstance(client, _CLIENTS):
        raise TypeError(
            f"a client of redis-py is watched, not a {type(client).__name__}: give redis.Redis, "
            "redis.RedisCluster, or one of redis.asyncio"
        )
    watch_client(
        client,
        cache_name=cache_name,
        implementation_type=implementation_type,
        collector=collector,
        caches=caches,
    )
    return client
