"""Clients of PyPI's realtime that say when they hear of a finished window; for the benchmarks.

python -m benchmarks.listen_realtime URL CLIENTS
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any

from realtime import AsyncRealtimeClient
from realtime.types import RealtimeSubscribeStates


def say(**what: Any) -> None:
    """A line for who started this."""
    print(json.dumps(what), flush=True)


def hear(payload: Any) -> None:
    """Of a broadcast, the minute, once its windows are final."""
    at = time.time()
    told = payload["payload"]
    if told["rows"] and not told["rows"][0]["provisional"]:
        say(minute=told["minute_window"], at=at)


def subscribed(status: RealtimeSubscribeStates, error: Exception | None) -> None:
    """Says that one more listens."""
    if status is RealtimeSubscribeStates.SUBSCRIBED:
        say(ready=True)


async def main(url: str, clients: int) -> None:
    """For ever."""
    for _ in range(clients):
        client = AsyncRealtimeClient(f"{url}/realtime/v1", "any")
        channel = client.channel("cache-metrics")
        await channel.on_broadcast("cache_metrics_1min", hear).subscribe(subscribed)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
