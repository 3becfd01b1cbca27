"""Broadcasts over HTTP: who may send them, in which shapes, and whom they reach."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from auditor.gateway.realtime import switchboard
from tests.auditor.gateway.sockets import Stage, hear, join, played

SIGNER = {"Authorization": "Bearer a-signer"}
SEVERAL = "/realtime/v1/api/broadcast"
ONE = "/realtime/v1/api/broadcast/room/events/note"


def asked(stage: Stage) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=f"http://127.0.0.1:{stage.port}")


def messages(*given: dict[str, Any]) -> dict[str, Any]:
    """A body; of each message what is not given is a message to the room."""
    return {
        "messages": [{"topic": "room", "event": "note", "payload": {"a": 1}} | g for g in given]
    }


def test_who_may_deliver_or_sign_may_speak() -> None:
    """On loopback too; the token comes as Authorization or as apikey, as the stock clients send."""

    async def scene(stage: Stage) -> None:
        async with asked(stage) as http:
            for headers, status in (
                ({}, 401), ({"apikey": "unknown"}, 401), ({"apikey": "a-reader"}, 403),
                ({"apikey": "a-collector"}, 202), (SIGNER, 202),
                (SIGNER | {"apikey": "unknown"}, 202),
            ):  # fmt: skip
                for path, body in ((SEVERAL, messages({})), (ONE, {"a": 1})):
                    answer = await http.post(path, headers=headers, json=body)
                    assert answer.status_code == status, (path, headers, answer.text)
                    assert (answer.text == "") is (status == 202)

    played(scene)


def test_a_broadcast_over_http_reaches_its_room() -> None:
    """A public message no private channel, and the reverse; bytes those who can have them."""

    async def scene(stage: Stage) -> None:
        async with (
            asked(stage) as http,
            stage.connect() as public,
            stage.connect(key="a-reader") as private,
            stage.connect("2.0.0") as other,
        ):
            assert await join(public) == ("ok", "")
            assert await join(private, private=True) == ("ok", "")
            await other.send('["1","1","realtime:room","phx_join",{}]')
            await other.recv()
            body = messages({"payload": {"n": 1}}, {"payload": {"n": 2}, "private": True})
            assert (await http.post(SEVERAL, headers=SIGNER, json=body)).status_code == 202
            await http.post(f"{ONE}?private=true", headers=SIGNER, json={"n": 3})
            await http.post(ONE, headers=SIGNER, json={"n": 4})
            heard = [(await hear(client))["payload"] for client in (public, public)]
            assert [each["payload"]["n"] for each in heard] == [1, 4]
            assert heard[0]["event"] == "note"
            heard = [(await hear(client))["payload"] for client in (private, private)]
            assert [each["payload"]["n"] for each in heard] == [2, 3]
            assert [json.loads(await other.recv())[4]["payload"]["n"] for _ in range(2)] == [1, 4]
            octets = SIGNER | {"Content-Type": "application/octet-stream"}
            assert (await http.post(ONE, headers=octets, content=b"\x00")).status_code == 202
            assert await other.recv() == b"\x04\x0d\x04\x00\x00realtime:roomnote\x00"

    played(scene)


BODIES = [
    (SEVERAL, b"", 422), (SEVERAL, b"[]", 422), (SEVERAL, b"{}", 422), (SEVERAL, b"\xff", 422),
    (SEVERAL, b'{"messages":[1]}', 422), (SEVERAL, b'{"messages":5}', 422),
    (SEVERAL, b'{"messages":[]}', 202), (SEVERAL, b"[" * 100_000, 422),
    (SEVERAL, json.dumps(messages({"topic": ""})).encode(), 422),
    (SEVERAL, json.dumps(messages({"event": None})).encode(), 422),
    (SEVERAL, json.dumps(messages({"payload": [1]})).encode(), 422),
    (SEVERAL, json.dumps(messages({"payload": float("nan")})).encode(), 422),
    (SEVERAL, json.dumps(messages({"payload": {"a": float("nan")}})).encode(), 422),
    (SEVERAL, json.dumps(messages(*[{}] * 101)).encode(), 422),
    (SEVERAL, json.dumps(messages({"topic": "cache-metrics"})).encode(), 403),
    (SEVERAL, b" " * (2**20 + 1), 413),
    (ONE, b"null", 422), (ONE, b"5", 422), (ONE, b"{}", 202),
    (ONE, json.dumps({"a": "x" * 2**18}).encode(), 413),
    (ONE + "?private=maybe", b"{}", 422), (SEVERAL + "/cache-metrics/events/e", b"{}", 403),
    (SEVERAL + f"/room/events/{'e' * 256}", b"{}", 422),
]  # fmt: skip


def test_what_cannot_be_sent_is_refused_whole() -> None:
    """One bad message of several, and none of them is sent."""

    async def scene(stage: Stage) -> None:
        async with asked(stage) as http, stage.connect() as listener:
            assert await join(listener) == ("ok", "")
            for path, body, status in BODIES:
                answer = await http.post(path, headers=SIGNER, content=body)
                assert answer.status_code == status, (path, body[:80], answer.text)
            bad = messages({}, {"payload": 5})
            assert (await http.post(SEVERAL, headers=SIGNER, json=bad)).status_code == 422
            await http.post(ONE, headers=SIGNER, json={"last": True})
            heard = [(await hear(listener))["payload"]["payload"] for _ in range(2)]
            assert heard == [{}, {"last": True}]

    played(scene)


def test_how_many_broadcasts_come_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(switchboard, "SPOKEN_AT_ONCE", 3)
    monkeypatch.setattr(switchboard, "SPOKEN_A_SECOND", 0.001)

    async def scene(stage: Stage) -> None:
        async with asked(stage) as http:
            assert (await http.post(SEVERAL, headers=SIGNER, json=messages({}, {}))).is_success
            answer = await http.post(SEVERAL, headers=SIGNER, json=messages({}, {}))
            assert (answer.status_code, int(answer.headers["Retry-After"]) >= 1) == (429, True)

    played(scene)
