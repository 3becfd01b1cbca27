"""A stock Python client, as an application has it. Every line that it prints is JSON.

python stock_listener.py URL KEY
"""

import asyncio
import json
import sys
from typing import Any

from realtime import AsyncRealtimeClient


def say(kind: str, **more: Any) -> None:
    print(json.dumps({"kind": kind} | more, default=str), flush=True)


async def listen(url: str, key: str) -> None:
    # five attempts are its default: fifteen seconds, and then it never comes back
    client = AsyncRealtimeClient(f"{url}/realtime/v1", key, max_retries=100)
    channel = client.channel("cache-metrics")
    channel.on_broadcast("cache_metrics_1min", lambda payload: say("windows", payload=payload))
    tables = client.channel(
        "tables", {"config": {"broadcast": {"ack": True}, "presence": {"key": "python"}}}
    )
    for table in ("cache_metrics_1min", "cache_auditor_observations"):
        tables.on_postgres_changes(
            "*", lambda change: say("change", change=change["data"]),
            table=table, schema="monitoring", filter="cache_name=eq.shop",
        )  # fmt: skip
    tables.on_presence_sync(lambda: say("present", keys=list(tables.presence_state())))
    tables.on_broadcast("note", lambda payload: say("note", payload=payload))
    for each in (channel, tables):
        await each.subscribe(lambda status, error: say("status", status=status, error=error))
    await tables.track({"listening": True})
    await tables.send_broadcast("note", {"from": "python"})
    joined = False
    while True:
        now = channel.is_joined and tables.is_joined
        if now is not joined:
            say("joined" if now else "away")
        joined = now
        await asyncio.sleep(0.02)


asyncio.run(listen(*sys.argv[1:3]))
