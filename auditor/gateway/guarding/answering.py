"""How a request is refused before there is a route that could."""

from __future__ import annotations

import json

from starlette.types import Receive, Scope, Send

from auditor.gateway.refusals import Refusal


async def refuse(refusal: Refusal, scope: Scope, receive: Receive, send: Send) -> None:
    """The answer that a route would give; of a socket's handshake its HTTP status."""
    kind = "websocket.http.response" if scope["type"] == "websocket" else "http.response"
    if scope["type"] == "websocket":
        await receive()  # websocket.connect
        if "websocket.http.response" not in scope.get("extensions", {}):
            await send({"type": "websocket.close", "code": 1008})
            return
    content = {"success": False, "error": refusal.said, **refusal.more}
    body = json.dumps(content, ensure_ascii=False).encode()
    headers = {"content-type": "application/json", "content-length": f"{len(body)}"}
    headers |= {name.lower(): text for name, text in refusal.headers.items()}
    raw = [(name.encode("latin-1"), text.encode("latin-1")) for name, text in headers.items()]
    await send({"type": f"{kind}.start", "status": refusal.status, "headers": raw})
    await send({"type": f"{kind}.body", "body": body})
