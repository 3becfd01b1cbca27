"""What memcached says of itself, as a reading: `stats`.

https://github.com/memcached/memcached/blob/master/doc/protocol.txt. It keeps no times.
"""

from __future__ import annotations

from collections.abc import Mapping

from collector.agents.errors import BadAnswer, quoted
from collector.agents.reading import Levels, Reading, count_in

EXPIRED = ("get_expired", "reclaimed", "crawler_reclaimed")
"""An item past its age leaves when it is asked for, when its room is needed, or by the crawler."""
FAILED = ("store_too_large", "store_no_memory")
SENTINELS = ("total_connections", "total_items", "bytes_read", "bytes_written")


def parse_line(line: bytes) -> tuple[str, str]:
    """Name and value of a line `STAT name value`. Raises BadAnswer."""
    parts = line.decode("utf-8", "replace").split(" ", 2)
    if len(parts) != 3 or parts[0] != "STAT":
        raise BadAnswer(f"this is not memcached's protocol: {quoted(line)!r}")
    return parts[1], parts[2]


def reading(at_ns: int, said: Mapping[str, str]) -> Reading:
    """A reading. said: name -> value of every line. Raises BadAnswer."""
    return Reading(
        at_ns=at_ns,
        process=said.get("pid", ""),
        counts={
            ("hit", False): count_in(said, "get_hits"),
            ("miss", False): count_in(said, "get_misses"),
            ("set", False): count_in(said, "cmd_set"),
            ("set", True): sum(count_in(said, name, 0) for name in FAILED),
            ("delete", False): count_in(said, "delete_hits") + count_in(said, "delete_misses"),
            ("evict", False): count_in(said, "evictions"),
            ("expire", False): sum(count_in(said, name, 0) for name in EXPIRED),
        },
        others={name: count_in(said, name) for name in SENTINELS if name in said},
        levels=Levels(
            entries=count_in(said, "curr_items"),
            memory_bytes=count_in(said, "bytes"),
            memory_limit_bytes=count_in(said, "limit_maxbytes", 0) or None,
            clients=count_in(said, "curr_connections"),
        ),
        uptime_s=count_in(said, "uptime"),
        version=said.get("version", ""),
    )
