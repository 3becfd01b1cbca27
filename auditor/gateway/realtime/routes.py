"""The socket's two addresses, Supabase's and the bare server's, and its part in the lifespan."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from fastapi import APIRouter, FastAPI, WebSocket
from fastapi.responses import JSONResponse

from auditor.gateway.gate import Gate
from auditor.gateway.realtime import rest
from auditor.gateway.realtime.permission import admit
from auditor.gateway.realtime.switchboard import Switchboard
from auditor.gateway.refusals import Refusal


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """`app.state.switchboard` is there as long as the application."""
    app.state.switchboard = Switchboard(app.state.gate)
    running = asyncio.create_task(app.state.switchboard.run())
    yield
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


router = APIRouter(lifespan=lifespan)
router.include_router(rest.router)


@router.websocket("/realtime/v1/websocket")
@router.websocket("/socket/websocket")
async def listen(websocket: WebSocket) -> None:
    """Supabase's Realtime protocol; a refusal is an HTTP status, before the socket opens."""
    gate: Gate = websocket.app.state.gate
    switchboard: Switchboard = websocket.app.state.switchboard
    try:
        admitted = await admit(gate.callers, websocket.query_params, websocket.headers)
    except Refusal as refusal:
        answer = JSONResponse({"error": refusal.said}, refusal.status, refusal.headers)
        await websocket.send_denial_response(answer)
        return
    await switchboard.serve(websocket, admitted)
