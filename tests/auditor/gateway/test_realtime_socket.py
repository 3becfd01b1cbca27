"""The socket itself: who is let in, what waits for what, and who is cut off."""

from __future__ import annotations

import asyncio
import json
import socket
from contextlib import suppress
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from auditor.gateway.realtime import outbox, switchboard
from auditor.gateway.realtime import socket as socket_module
from auditor.gateway.realtime.limits import FRAMES_AT_ONCE, MOST_FRAME_BYTES
from tests.auditor.gateway.sockets import Stage, hear, join, played, say, until

ROOM = "realtime:room"
OURS = "realtime:cache-metrics"
PATHS = ("/realtime/v1/websocket", "/socket/websocket")


async def refused(stage: Stage, **how: Any) -> tuple[int, str]:
    """Status and sentence of a handshake that fails."""
    with pytest.raises(InvalidStatus) as failed:
        async with stage.connect(**how):
            pass
    response = failed.value.response
    return response.status_code, json.loads(response.body or b"{}")["error"]


async def closed(client: Any) -> int:
    """The code of the close that comes."""
    with suppress(ConnectionClosed):
        while True:
            await client.recv()
    assert client.close_code is not None
    return int(client.close_code)


# Handshake ---------------------------------------------------------------------------------------


def test_both_addresses_and_both_serialisers_are_served() -> None:
    """Also without vsn, as older Python clients come, and with a key that nobody knows."""

    async def scene(stage: Stage) -> None:
        for path in PATHS:
            for vsn in ("1.0.0", None):
                async with stage.connect(vsn, path) as client:
                    assert await join(client) == ("ok", "")
            async with stage.connect("2.0.0", path, key=None) as client:
                await client.send('["1","1","realtime:room","phx_join",{}]')
                assert json.loads(await client.recv())[3] == "phx_reply"
                await client.send('[null,"2","phoenix","heartbeat",{}]')
                assert json.loads(await client.recv())[:2] == [None, "2"]

    played(scene)


def test_a_handshake_is_refused_with_a_status_and_a_sentence() -> None:
    """Before the socket opens, as the stock clients expect it."""

    async def scene(stage: Stage) -> None:
        assert await refused(stage, vsn="3.0.0", key="a-reader") == (400, "vsn is 1.0.0 or 2.0.0")
        assert (await refused(stage, key=None))[0] == 401
        assert (await refused(stage, key="unknown"))[0] == 401
        assert (await refused(stage, key="a-signer"))[0] == 403
        assert (await refused(stage, headers={"x-api-key": "unknown"}, key="a-reader"))[0] == 401
        async with stage.connect(key="unknown", headers={"x-api-key": "a-reader"}) as client:
            assert await join(client) == ("ok", "")
        stage.callers.away = True
        assert (await refused(stage, key="a-reader"))[0] == 503
        stage.callers.away = False
        await until(lambda: stage.board.sockets == 0)

    played(scene, needs_token=True)


# Joining -----------------------------------------------------------------------------------------


def test_a_join_waits_for_the_notices_and_heartbeats_do_not_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """SUBSCRIBED is said when LISTEN is live, or a reason after which clients try again."""

    async def scene(stage: Stage) -> None:
        stage.hub.live.clear()
        async with stage.connect() as client:
            await say(client, ROOM, "phx_join", ref="1")
            await say(client, "phoenix", "heartbeat", ref=None)
            beat = await hear(client)
            assert (beat["topic"], beat["ref"], beat["payload"]["status"]) == (
                "phoenix",
                None,
                "ok",
            )
            stage.hub.live.set()
            assert (await hear(client))["payload"]["status"] == "ok"
            stage.hub.live.clear()
            monkeypatch.setattr(switchboard, "JOIN_WAIT_S", 0.05)
            status, reason = await join(client, "realtime:other")
            assert (status, reason.partition(":")[0]) == ("error", "InitializingProjectConnection")

    played(scene)


def test_what_follows_a_join_waits_for_it() -> None:
    """A client that does not wait for answers is served in its order; others are not held up."""

    async def scene(stage: Stage) -> None:
        async with stage.connect() as listener, stage.connect() as hasty:
            assert await join(listener) == ("ok", "")
            stage.hub.live.clear()
            await say(hasty, ROOM, "phx_join", ref="1")
            note = {"type": "broadcast", "event": "note", "payload": {"n": 1}}
            await say(hasty, ROOM, "broadcast", note)
            await say(hasty, ROOM, "phx_join", {"config": {"broadcast": {"ack": True}}}, ref="3")
            await say(hasty, ROOM, "broadcast", note | {"payload": {"n": 2}}, ref="4")
            await say(hasty, "phoenix", "heartbeat", ref="5")
            assert (await hear(hasty))["ref"] == "5"
            stage.hub.live.set()
            assert [(await hear(hasty))["ref"] for _ in range(2)] == ["3", "4"]
            assert (await hear(listener))["payload"]["payload"] == {"n": 2}
            stage.hub.live.clear()
            await say(hasty, "realtime:b", "phx_join", ref="6")
            await say(hasty, "realtime:b", "phx_leave", ref="7")
            assert (await hear(hasty))["ref"] == "7"
            stage.hub.live.set()
            await say(hasty, "realtime:c", "phx_join", ref="8")
            assert (await hear(hasty))["ref"] == "8"
            assert stage.board.channels == 3

    played(scene)


def test_changes_are_promised_only_when_the_columns_are_known() -> None:
    """The database is away: a reason, after which clients try again."""

    async def scene(stage: Stage) -> None:
        async with stage.connect() as client:
            request = {"event": "*", "schema": "monitoring"}
            status, reason = await join(client, postgres_changes=[request])
            assert (status, reason.partition(":")[0]) == ("error", "DatabaseConnectionIssue")

    played(scene)


def test_a_private_channel_needs_a_token_on_loopback_too() -> None:
    """Its own, or the socket's; one that loses the right ends the channel."""

    async def scene(stage: Stage) -> None:
        async with stage.connect() as client:
            status, reason = await join(client, private=True)
            assert (status, reason.partition(":")[0]) == ("error", "Unauthorized")
            payload = {"config": {"private": True}, "access_token": "a-reader"}
            await say(client, ROOM, "phx_join", payload)
            assert (await hear(client))["payload"]["status"] == "ok"
            await say(client, ROOM, "access_token", {"access_token": "a-collector"})
            system, end = await hear(client), await hear(client)
            assert (system["event"], system["payload"]["status"]) == ("system", "error")
            assert end["event"] == "phx_close"
        async with stage.connect(key="a-reader") as client:
            assert await join(client, private=True) == ("ok", "")

    played(scene)


def test_a_token_that_is_revoked_listens_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long its socket has been open; a database that is away takes nothing from anybody."""
    monkeypatch.setattr(switchboard, "LOOKED_AFTER_EVERY_S", 0.02)
    monkeypatch.setattr(switchboard, "ALLOWED_EVERY_S", 0.0)

    async def scene(stage: Stage) -> None:
        async with stage.connect(key="a-reader") as client:
            assert await join(client) == ("ok", "")
            stage.callers.away = True
            await asyncio.sleep(0.1)
            stage.callers.away = False
            await say(client, "phoenix", "heartbeat")
            assert (await hear(client))["topic"] == "phoenix"
            del stage.callers.known["a-reader"]
            assert await closed(client) == 1008

    played(scene, needs_token=True)


# What is told, and who does not read it ----------------------------------------------------------


def test_a_broadcast_goes_out_byte_for_byte() -> None:
    """As the database wrote it, spaces and all, in both serialisers."""
    payload = '{"rows": [{"hit_rate": 33.30, "cache_name": "größe"}],  "total": 1}'

    async def scene(stage: Stage) -> None:
        async with stage.connect() as first, stage.connect("2.0.0") as second:
            assert await join(first, OURS) == ("ok", "")
            await second.send(f'["1","1","{OURS}","phx_join",{{}}]')
            await second.recv()
            stage.hub.tell_liveness()
            stage.hub.tell_windows(payload)
            for client in (first, second):
                text = await client.recv()
                assert isinstance(text, str)
                assert f'"event":"cache_metrics_1min","payload":{payload}}}' in text

    played(scene)


async def unread(port: int) -> socket.socket:
    """A client that joins and then never reads again."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    made.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(made, ("127.0.0.1", port))
    await loop.sock_sendall(
        made,
        b"GET /realtime/v1/websocket?vsn=2.0.0 HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n"
        b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
    )
    assert b" 101 " in await loop.sock_recv(made, 4096)
    frame = f'["1","1","{OURS}","phx_join",{{}}]'.encode()
    await loop.sock_sendall(made, bytes([0x81, 0x80 | len(frame), 0, 0, 0, 0]) + frame)
    return made


def test_a_heartbeat_overtakes_what_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that reads slowly is not taken for dead, and does not take the gateway for dead."""
    monkeypatch.setattr(outbox, "QUEUED_BYTES", 2**26)

    async def scene(stage: Stage) -> None:
        small = socket.socket()
        small.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**16)
        small.setblocking(False)
        await asyncio.get_running_loop().sock_connect(small, ("127.0.0.1", stage.port))
        async with (
            stage.connect(sock=small, max_queue=1, close_timeout=0.1) as slow,
            stage.connect() as other,
        ):
            assert await join(slow, OURS) == ("ok", "")
            assert await join(other, OURS) == ("ok", "")
            payload = json.dumps({"rows": ["x" * 80_000]})
            for _ in range(100):
                stage.hub.tell_windows(payload)
                await hear(other)
            await say(slow, "phoenix", "heartbeat", ref="7")
            for _ in range(3):  # whoever asks later is answered later
                await say(other, "phoenix", "heartbeat")
                await hear(other)
            heard = [await hear(slow)]
            while heard[-1]["topic"] != "phoenix":
                heard.append(await hear(slow))
            assert heard[-1]["ref"] == "7"
            assert len(heard) < 90

    played(scene)


def test_who_does_not_read_is_cut_off_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The others hear everything; what waited for him is thrown away, and his socket is gone."""
    monkeypatch.setattr(outbox, "QUEUED_BYTES", 2**20)

    async def scene(stage: Stage) -> None:
        async with stage.connect() as listener:
            assert await join(listener, OURS) == ("ok", "")
            deaf = await unread(stage.port)
            await until(lambda: stage.board.channels == 2)
            heard = 0
            payload = json.dumps({"rows": ["x" * 100_000]})
            while stage.board.dropped_sockets == 0:
                stage.hub.tell_windows(payload)
                assert (await hear(listener))["payload"]["payload"] == json.loads(payload)
                heard += 1
            assert heard > 10
            await until(lambda: stage.board.sockets == 1)
            assert stage.board.channels == 1
            await until(lambda: len(stage.server.server_state.connections) == 1)
            deaf.close()
            stage.hub.tell_windows()
            assert (await hear(listener))["payload"]["payload"] == {"rows": []}

    played(scene)


def test_who_takes_nothing_for_long_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also with little that waits for him."""
    monkeypatch.setattr(outbox, "STUCK_S", 0.05)
    monkeypatch.setattr(switchboard, "LOOKED_AFTER_EVERY_S", 0.02)

    async def scene(stage: Stage) -> None:
        deaf = await unread(stage.port)
        await until(lambda: stage.board.channels == 1)
        payload = json.dumps({"rows": ["x" * 200_000]})
        for _ in range(30):  # more than the system's buffers hold, less than the queue does
            stage.hub.tell_windows(payload)
        await until(lambda: stage.board.dropped_sockets == 1)
        await until(lambda: not stage.server.server_state.connections)
        deaf.close()

    played(scene)


def test_who_says_nothing_for_long_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """And who beats stays."""
    monkeypatch.setattr(socket_module, "IDLE_S", 0.5)
    monkeypatch.setattr(switchboard, "LOOKED_AFTER_EVERY_S", 0.05)

    async def scene(stage: Stage) -> None:
        async with stage.connect() as silent, stage.connect() as alive:
            waiting = asyncio.create_task(closed(silent))
            while not waiting.done():
                await say(alive, "phoenix", "heartbeat")
                assert (await hear(alive))["topic"] == "phoenix"
                await asyncio.sleep(0.05)  # below the bound of frames a second
            assert await waiting == 1008

    played(scene)


def test_what_the_hub_could_not_keep_sends_everybody_back_to_join_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What was missed nobody knows: silence would be worse."""
    monkeypatch.setattr(switchboard, "HEARD", 1)

    async def scene(stage: Stage) -> None:
        async with stage.connect() as client:
            assert await join(client, OURS) == ("ok", "")
            for _ in range(3):
                stage.hub.tell_windows()
            assert await closed(client) == 1012
        async with stage.connect() as client:
            assert await join(client, OURS) == ("ok", "")
            stage.hub.tell_windows()
            assert (await hear(client))["event"] == "broadcast"

    played(scene)


def test_a_server_that_ends_says_1012() -> None:
    """Older Python clients are dead for good after 1000 and 1001."""

    async def scene(stage: Stage) -> None:
        async with stage.connect() as client:
            assert await join(client) == ("ok", "")
            stage.server.should_exit = True
            assert await closed(client) == 1012

    played(scene)


# Bounds ------------------------------------------------------------------------------------------


def test_rubbish_is_passed_over() -> None:
    """Text and bytes; the socket goes on, and it is counted."""

    async def scene(stage: Stage) -> None:
        async with stage.connect("2.0.0") as client:
            for rubbish in (
                "",
                "x",
                "{}",
                "[" * 5_000,
                b"",
                b"\x00",
                b"\x03\xff\xff\xff\xff\xff\x01",
            ):
                await client.send(rubbish)
            await client.send('[null,"9","phoenix","heartbeat",{}]')
            assert json.loads(await client.recv())[1] == "9"
        await until(lambda: stage.board.unreadable_frames == 7)

    played(scene)


def test_a_frame_and_how_many_come_have_bounds() -> None:
    """1009 and 1008; a text that is no UTF-8 is 1007."""

    async def scene(stage: Stage) -> None:
        async with stage.connect() as client:
            await client.send("x" * (MOST_FRAME_BYTES + 1))
            assert await closed(client) == 1009
        async with stage.connect() as client:
            with suppress(ConnectionClosed):
                for _ in range(2 * FRAMES_AT_ONCE):
                    await client.send("x")
            assert await closed(client) == 1008
        async with stage.connect() as client:
            await client.send(b"\xff\xfe", text=True)
            assert await closed(client) == 1007
        await until(lambda: stage.board.sockets == 0)

    played(scene)
