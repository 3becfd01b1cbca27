"""`GET /v1/events`: what changes, as server-sent events; a client that comes back loses nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from starlette.types import Message, Send

from auditor.gateway.callers import Caller, may_read
from auditor.gateway.event_feed import Feed
from auditor.gateway.event_ids import LONGEST, read
from auditor.gateway.event_log import resumed
from auditor.gateway.event_stream import EventStream, Wanted
from auditor.gateway.gate import Gate, gate_of

router = APIRouter(tags=["live"])
HEADERS: Final = {"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"}
"""So that no proxy keeps events to itself."""
LONGEST_SEND_S: Final = 60.0


class EventResponse(StreamingResponse):
    """Ends when a client takes nothing for a minute, so that it keeps no stream."""

    media_type = "text/event-stream"

    async def stream_response(self, send: Send) -> None:
        async def patiently(message: Message) -> None:
            async with asyncio.timeout(LONGEST_SEND_S):
                await send(message)

        await super().stream_response(patiently)


async def feed_of(request: Request) -> Feed:
    """The application's, made when it is first asked for."""
    state = request.app.state
    if not hasattr(state, "feed"):
        state.feed = Feed(state.gate.hub, state.gate.readers)
    feed: Feed = state.feed
    return feed


@router.get(
    "/v1/events",
    response_class=EventResponse,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def tell_events(
    gate: Annotated[Gate, Depends(gate_of)],
    feed: Annotated[Feed, Depends(feed_of)],
    caller: Annotated[Caller, Depends(may_read)],
    severity: Annotated[
        Literal["info", "warning", "critical"], Query(description="the least, of observations")
    ] = "info",
    cache: Annotated[
        str | None, Query(max_length=128, description="observations of this cache only")
    ] = None,
    rows: Annotated[bool, Query(description="windows with their rows")] = False,
    last_event_id: Annotated[
        str | None, Query(max_length=LONGEST, description="as the header, which goes before it")
    ] = None,
    header: Annotated[
        str | None, Header(alias="Last-Event-ID", max_length=LONGEST, description="where to go on")
    ] = None,
) -> EventResponse:
    """Events `observation`, `windows` and `liveness` for as long as both ends last.

    The id of an event is a place in the change log. Who sends it back as Last-Event-ID is told all
    that changed since, also what was committed out of order.
    """
    asked = header or last_event_id
    place = read(asked) if asked else None
    stream = EventStream(Wanted(severity, cache, rows))
    begun = await feed.join(stream)
    try:
        goes_on = await run_in_threadpool(resumed, gate.readers, place) if place else None
    except BaseException:
        feed.leave(stream)
        raise

    async def told() -> AsyncIterator[str]:
        try:
            async for text in stream.told(feed.liveness(), begun, goes_on, gate.readers):
                yield text
        finally:
            feed.leave(stream)

    return EventResponse(told(), headers=HEADERS)
