"""Reading a request's body within bounds of size and time, compressed or not."""

from __future__ import annotations

import asyncio
import zlib
from typing import Any, Final

from fastapi import Request
from pydantic import BaseModel

from auditor.gateway.refusals import Refusal

READ_TIMEOUT_S: Final = 30.0
HEARD_OUT: Final = 4
"""So many times the limit is heard out and thrown away: who is cut off in the middle of a body may
never read the answer."""
PACKED: Final = {"gzip": 31, "deflate": 15}
"""Content-Encoding -> zlib's window bits."""


def body_of(model: type[BaseModel]) -> dict[str, Any]:
    """What a route that reads its body by hand says of it; the application knows the model."""
    schema = {"$ref": f"#/components/schemas/{model.__name__}"}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


async def read_body(request: Request, limit: int) -> bytes:
    """The body, unpacked. limit: bytes, before unpacking and after.

    Raises Refusal: 413 above the limit, 408 when it does not come, 415 for an unknown encoding,
    400 for one that cannot be unpacked.
    """
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in (*PACKED, "identity"):
        raise Refusal(415, f"Content-Encoding {encoding[:40]!r} is not gzip, deflate or identity")
    try:
        body = await asyncio.wait_for(_received(request, limit), READ_TIMEOUT_S)
    except TimeoutError:
        raise Refusal(408, f"the body did not come within {READ_TIMEOUT_S:.0f} s") from None
    return body if encoding == "identity" else unpacked(body, PACKED[encoding], limit)


async def _received(request: Request, limit: int) -> bytes:
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit * HEARD_OUT:
        raise too_large(limit)
    body = bytearray()
    total = 0
    async for piece in request.stream():
        total += len(piece)
        if total <= limit:
            body += piece
        elif total > limit * HEARD_OUT:
            break
    if total > limit:
        raise too_large(limit)
    return bytes(body)


def unpacked(body: bytes, window_bits: int, limit: int) -> bytes:
    """No more of it is ever unpacked than the limit and a byte. Raises Refusal."""
    unpacking = zlib.decompressobj(window_bits)
    try:
        content = unpacking.decompress(body, limit + 1)
    except zlib.error as error:
        raise Refusal(400, f"the body cannot be unpacked: {error}") from error
    if len(content) > limit:
        raise too_large(limit)
    if not unpacking.eof:
        raise Refusal(400, "the body cannot be unpacked: it ends too soon")
    return content


def too_large(limit: int) -> Refusal:
    """Says the limit, so that the caller can split."""
    said = f"the body is larger than {limit} bytes; send it in parts"
    return Refusal(413, said, {"Connection": "close"}, limit_bytes=limit)
