"""Broadcasts over HTTP, as the stock clients send them where they have no socket."""

from __future__ import annotations

import json
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from auditor.gateway.bodies import read_body
from auditor.gateway.callers import Caller, Given
from auditor.gateway.gate import Gate
from auditor.gateway.realtime.conversation import OURS, PREFIX, spoken
from auditor.gateway.realtime.frames import BROADCAST, LONGEST_NAME, Frame
from auditor.gateway.realtime.limits import MOST_BROADCAST_BYTES
from auditor.gateway.realtime.rooms import Message
from auditor.gateway.realtime.switchboard import Switchboard
from auditor.gateway.refusals import Refusal

router = APIRouter(tags=["realtime"])

MOST_MESSAGES: Final = 100
MOST_BODY_BYTES: Final = 4 * MOST_BROADCAST_BYTES
SPEAKING: Final = frozenset({"ingest", "ack"})
MESSAGES: Final = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["messages"],
                    "properties": {
                        "messages": {
                            "type": "array",
                            "maxItems": MOST_MESSAGES,
                            "items": {
                                "type": "object",
                                "required": ["topic", "event", "payload"],
                                "properties": {
                                    "topic": {"type": "string"},
                                    "event": {"type": "string"},
                                    "payload": {"type": "object"},
                                    "private": {"type": "boolean", "default": False},
                                },
                            },
                        }
                    },
                }
            }
        },
    }
}
PAYLOAD: Final = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"type": "object"}},
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
        },
    }
}


async def may_speak(request: Request, given: Given) -> Caller:
    """Who delivers or acknowledges may also speak, on every address. Raises Refusal (401, 403)."""
    gate: Gate = request.app.state.gate
    known = [caller for token in given if (caller := await gate.callers.of(token)) is not None]
    for caller in known:
        if caller.scopes & SPEAKING:
            return caller
    if known:
        raise Refusal(403, f"the token {known[0].name} may not broadcast: it may only read")
    said = "no token that may broadcast: send Authorization: Bearer and one with ingest or ack"
    raise Refusal(401, said, {"WWW-Authenticate": "Bearer"})


Allowed = Annotated[Caller, Depends(may_speak)]
Name = Annotated[str, Path(min_length=1, max_length=LONGEST_NAME)]


@router.post(
    "/realtime/v1/api/broadcast", status_code=202, response_class=Response, openapi_extra=MESSAGES
)
async def take_messages(request: Request, caller: Allowed) -> Response:
    """Several messages, all or none: `{"messages": [{topic, event, payload, private}]}`."""
    found = _json(await read_body(request, MOST_BODY_BYTES))
    messages = found.get("messages") if isinstance(found, dict) else None
    if not isinstance(messages, list) or len(messages) > MOST_MESSAGES:
        raise Refusal(422, f'the body is not {{"messages": […]}} with at most {MOST_MESSAGES}')
    read = [_message(index, each) for index, each in enumerate(messages)]
    _say(request, read)
    return Response(status_code=202)


@router.post(
    "/realtime/v1/api/broadcast/{topic}/events/{event}",
    status_code=202,
    response_class=Response,
    openapi_extra=PAYLOAD,
)
async def take_payload(
    request: Request,
    caller: Allowed,
    topic: Name,
    event: Name,
    private: Annotated[bool, Query()] = False,
) -> Response:
    """One message; the body is its payload: a JSON object, or bytes."""
    body = await read_body(request, MOST_BROADCAST_BYTES)
    binary = request.headers.get("content-type", "").startswith("application/octet-stream")
    payload = None if binary else _json(body)
    if not binary and payload is None:
        raise Refusal(422, "the payload of a broadcast is an object")
    _say(request, [_spoken(topic, event, payload, private, body if binary else None)])
    return Response(status_code=202)


Read = tuple[bool, Message]


def _message(index: int, found: Any) -> Read:
    if not isinstance(found, dict):
        raise Refusal(422, f"message {index} is no object")
    topic, event = found.get("topic"), found.get("event")
    for name in (topic, event):
        if not isinstance(name, str) or not 0 < len(name) <= LONGEST_NAME:
            raise Refusal(422, f"message {index} lacks a topic or an event")
    private = found.get("private") is True
    return _spoken(str(topic), str(event), found.get("payload"), private)


def _spoken(
    topic: str, event: str, payload: Any, private: bool, content: bytes | None = None
) -> Read:
    """Raises Refusal (403, 422)."""
    if topic == OURS:
        raise Refusal(403, f"only the auditor speaks in {OURS}")
    envelope = {"event": event, "payload": payload}
    try:
        return private, spoken(Frame(None, None, PREFIX + topic, BROADCAST, envelope, content))
    except ValueError as error:
        raise Refusal(422, str(error)) from error


def _json(body: bytes) -> Any:
    try:
        return json.loads(body.decode())
    except (ValueError, RecursionError):
        raise Refusal(422, "the body is not JSON") from None


def _say(request: Request, messages: list[Read]) -> None:
    switchboard: Switchboard = request.app.state.switchboard
    switchboard.speak(messages)
