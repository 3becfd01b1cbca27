"""What Redis says of itself, as a reading: INFO, and LATENCY HISTOGRAM where it is to be had.

https://redis.io/docs/latest/commands/info/ and …/latency-histogram/. Commands are told apart by
what they do to a cache: those that look a key up, that write a value, that remove a key.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from collector.agents.errors import BadAnswer
from collector.agents.reading import Levels, Reading, count_in

_GETS = """
    get mget getex getrange substr strlen getbit bitcount bitpos hget hmget hgetall hexists hkeys
    hvals hlen hstrlen hrandfield hscan exists lrange lindex llen lpos smembers sismember
    smismember scard srandmember sscan zrange zrangebyscore zrevrange zrevrangebyscore zrangebylex
    zscore zmscore zcard zcount zrank zrevrank zscan pfcount xrange xrevrange xlen json.get
    json.mget
"""
_SETS = """
    set setex psetex setnx mset msetnx getset append setrange setbit incr incrby incrbyfloat decr
    decrby hset hmset hsetnx hincrby hincrbyfloat lpush rpush lpushx rpushx linsert lset sadd zadd
    zincrby pfadd xadd copy restore sunionstore zunionstore json.set json.mset
"""
_DELETES = """
    del unlink getdel json.del
"""
GETS, SETS, DELETES = (frozenset(names.split()) for names in (_GETS, _SETS, _DELETES))
GROUPS = {"get": GETS, "set": SETS, "delete": DELETES}
SENTINELS = (
    "total_commands_processed",
    "total_connections_received",
    "total_net_input_bytes",
    "total_net_output_bytes",
)
"""Counters that each poll itself raises, so that a reset is seen on a server with no traffic."""


def parse_sections(text: bytes) -> dict[str, str]:
    """The lines `name:value` of INFO, headings left out."""
    lines = text.decode("utf-8", "replace").splitlines()
    pairs = (line.partition(":") for line in lines if line and not line.startswith("#"))
    return {name: value for name, colon, value in pairs if colon}


def reading(
    at_ns: int, said: Mapping[str, str], buckets: Mapping[str, Mapping[int, int]] | None = None
) -> Reading:
    """A reading. said: as `parse_sections` gives it. buckets: as `parse_histograms` gives them.

    Raises BadAnswer when what every Redis says is not there.
    """
    gets, sets, deletes = (Calls.of(said, group) for group in GROUPS.values())
    role = said.get("role", "")
    run = said.get("run_id", "")
    return Reading(
        at_ns=at_ns,
        process=run or said.get("process_id", ""),
        counts={
            ("hit", False): count_in(said, "keyspace_hits"),
            ("miss", False): count_in(said, "keyspace_misses"),
            ("error", True): gets.failed,
            ("set", False): sets.done,
            ("set", True): sets.failed,
            ("delete", False): deletes.done,
            ("delete", True): deletes.failed,
            ("evict", False): count_in(said, "evicted_keys"),
            ("expire", False): count_in(said, "expired_keys"),
        },
        others={name: count_in(said, name) for name in SENTINELS if name in said},
        micros={"get": gets.micros, "set": sets.micros, "delete": deletes.micros},
        buckets=buckets or {},
        levels=_levels(said),
        uptime_s=None if run else count_in(said, "uptime_in_seconds"),
        version=said.get("valkey_version") or said.get("redis_version", ""),
        role=role,
    )


class Calls:
    """Calls of some commands together: done, failed or refused before they ran, and their time."""

    __slots__ = ("done", "failed", "micros")

    def __init__(self, done: int, failed: int, micros: int) -> None:
        self.done, self.failed, self.micros = done, failed, micros

    @classmethod
    def of(cls, said: Mapping[str, str], commands: Iterable[str]) -> Calls:
        """Sums over `cmdstat_…`; servers before 6.2 do not say what failed."""
        calls = micros = failed = refused = 0
        for name in commands:
            line = said.get(f"cmdstat_{name}")
            if line is not None:
                parts = dict(part.split("=", 1) for part in line.split(",") if "=" in part)
                calls += count_in(parts, "calls")
                micros += count_in(parts, "usec")
                failed += count_in(parts, "failed_calls", 0)
                refused += count_in(parts, "rejected_calls", 0)
        return cls(max(calls - failed, 0), failed + refused, micros)


def parse_histograms(answer: object) -> dict[str, dict[int, int]]:
    """LATENCY HISTOGRAM as calls by upper bound in µs, for gets, sets and deletes.

    The server's counts are cumulative over the bounds, empty buckets left out. Raises BadAnswer.
    """
    found: dict[str, dict[int, int]] = {name: {} for name in GROUPS}
    for command, told in _pairs(answer):
        group = next((name for name, commands in GROUPS.items() if command in commands), None)
        if group is None:
            continue
        below = 0
        for bound, reached in _pairs(dict(_pairs(told)).get("histogram_usec")):
            if not isinstance(bound, int) or not isinstance(reached, int) or reached < below:
                raise BadAnswer("LATENCY HISTOGRAM has buckets that are not cumulative counts")
            found[group][bound] = found[group].get(bound, 0) + reached - below
            below = reached
    return found


def _pairs(answer: object) -> list[tuple[object, object]]:
    """A flat list of names and values in pairs; names as text."""
    if not isinstance(answer, list) or len(answer) % 2:
        raise BadAnswer("LATENCY HISTOGRAM is not a list of pairs")
    names = (name.decode("utf-8", "replace") if isinstance(name, bytes) else name
             for name in answer[::2])  # fmt: skip
    return list(zip(names, answer[1::2], strict=True))


def _levels(said: Mapping[str, str]) -> Levels:
    keyspaces = [value for name, value in said.items() if name[:2] == "db" and name[2:].isdigit()]
    keys = [dict(part.split("=", 1) for part in value.split(",") if "=" in part)
            for value in keyspaces]  # fmt: skip
    return Levels(
        entries=sum(count_in(each, "keys") for each in keys),
        memory_bytes=count_in(said, "used_memory") if "used_memory" in said else None,
        memory_limit_bytes=(count_in(said, "maxmemory") if "maxmemory" in said else 0) or None,
        clients=count_in(said, "connected_clients") if "connected_clients" in said else None,
    )
