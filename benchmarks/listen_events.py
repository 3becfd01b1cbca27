"""Readers of server-sent events that say when they hear of a finished window; for the benchmarks.

python -m benchmarks.listen_events URL CLIENTS
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any

import httpx


def say(**what: Any) -> None:
    """A line for who started this."""
    print(json.dumps(what), flush=True)


async def listen(client: httpx.AsyncClient) -> None:
    """One stream, for ever."""
    async with client.stream("GET", "/v1/events", params={"rows": "true"}) as stream:
        stream.raise_for_status()
        say(ready=True)
        event = ""
        async for line in stream.aiter_lines():
            if line.startswith("event:"):
                event = line.removeprefix("event:").strip()
            elif line.startswith("data:") and event == "windows":
                at = time.time()
                told = json.loads(line.removeprefix("data:"))
                if told["rows"] and not told["rows"][0]["provisional"]:
                    say(minute=told["minute_window"], at=at)


async def main(url: str, clients: int) -> None:
    """All streams."""
    async with httpx.AsyncClient(base_url=url, timeout=None, trust_env=False) as client:
        await asyncio.gather(*(listen(client) for _ in range(clients)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
