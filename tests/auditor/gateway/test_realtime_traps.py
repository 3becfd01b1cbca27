"""Each fault of a server that ends, silences or crashes a stock client: this one has none."""

from __future__ import annotations

import json
from typing import Any

import pytest

from auditor.gateway.realtime.conversation import JoinAsked
from auditor.gateway.realtime.envelopes import broadcast
from auditor.gateway.realtime.frames import Version
from auditor.gateway.realtime.rooms import Rooms
from tests.auditor.gateway.talking import Client

VERSIONS = pytest.mark.parametrize("version", [1, 2])
FIRST = 1
ROOM = "realtime:room"
EVERYTHING: dict[str, Any] = {
    "broadcast": {"self": True, "ack": True, "replication_ready": True},
    "presence": {"enabled": True, "key": "me"},
    "postgres_changes": [{"event": "*", "schema": "monitoring", "table": "cache_metrics_1min"}],
}


def whole_conversation(version: Version) -> list[dict[str, Any]]:
    """One of each message that a client can be sent."""
    rooms = Rooms()
    client, other = Client(rooms, version), Client(rooms, version)
    client.join(**EVERYTHING)
    other.join()
    client.say(ROOM, "presence", {"type": "presence", "event": "track", "payload": {"x": 1}})
    client.push("note", {"a": 1})
    other.push("note", {"a": 1})
    client.push("note", None)
    client.push("note", [1])
    client.say("realtime:other", "broadcast", {})
    client.say("phoenix", "nonsense", {}, ref=None)
    rooms.say((False, ROOM), broadcast(ROOM, "cache_metrics_1min", '{"rows":[]}'))
    client.say(ROOM, "phx_leave", {})
    client.say(ROOM, "phx_leave", None)
    heard = client.heard()
    assert {message["event"] for message in heard} == {
        "phx_reply", "presence_state", "presence_diff", "system", "broadcast", "phx_close"
    }  # fmt: skip
    return heard


@VERSIONS
def test_a_message_always_has_the_key_ref(version: Version) -> None:
    """Without it Python drops the message silently."""
    assert all("ref" in message for message in whole_conversation(version))


@VERSIONS
def test_a_ref_is_never_a_number(version: Version) -> None:
    """Python would drop the reply, and the join would time out."""
    client = Client(Rooms(), version)
    client.say(ROOM, "phx_leave", {}, ref=5, join_ref=5)
    assert [message["ref"] for message in client.heard()] == ["5"]
    refs = [message["ref"] for message in whole_conversation(version)]
    assert all(ref is None or isinstance(ref, str) for ref in refs)


@VERSIONS
def test_a_response_is_an_object(version: Version) -> None:
    """Null ends a Node process."""
    replies = [each for each in whole_conversation(version) if each["event"] == "phx_reply"]
    assert len(replies) > 5
    assert all(isinstance(reply["payload"]["response"], dict) for reply in replies)


@VERSIONS
def test_a_payload_is_an_object_and_so_is_a_broadcast_s(version: Version) -> None:
    """Null ends a Node process; Python takes no list, text or number inside."""
    for message in whole_conversation(version):
        assert isinstance(message["payload"], dict)
        if message["event"] == "broadcast":
            assert isinstance(message["payload"]["payload"], dict)


@VERSIONS
@pytest.mark.parametrize("payload", [[1], "text", 5, True])
def test_a_client_s_payload_that_is_no_object_reaches_nobody(
    version: Version, payload: object
) -> None:
    """Python rejects it, and realtime.send fails on it: who sends it is told, who asked to be."""
    rooms = Rooms()
    sender, listener = Client(rooms, version), Client(rooms, 1)
    sender.join(broadcast={"ack": True})
    listener.join()
    sender.heard(), listener.heard()
    sender.push("note", payload)
    assert listener.heard() == []
    assert [each["payload"]["status"] for each in sender.heard()] == ["error"]


@VERSIONS
def test_a_payload_that_is_missing_is_an_empty_object(version: Version) -> None:
    rooms = Rooms()
    sender, listener = Client(rooms, version), Client(rooms, version)
    sender.join()
    listener.join()
    listener.heard()
    sender.push("note", None)
    expected = {"type": "broadcast", "event": "note", "payload": {}}
    assert [each["payload"] for each in listener.heard()] == [expected]


@VERSIONS
def test_a_row_is_wrapped(version: Version) -> None:
    """Flat, no client would find an event in it."""
    client = Client(Rooms(), version)
    client.join("realtime:cache-metrics")
    client.heard()
    row = '{"minute_window":"2026-03-02T12:00:00+00:00","rows":[]}'
    message = broadcast("realtime:cache-metrics", "cache_metrics_1min", row)
    client.conversation.rooms.say((False, "realtime:cache-metrics"), message)
    (heard,) = client.heard()
    assert set(heard["payload"]) == {"type", "event", "payload"}
    assert heard["payload"]["payload"] == json.loads(row)


@VERSIONS
def test_every_topic_has_its_prefix(version: Version) -> None:
    topics = {message["topic"] for message in whole_conversation(version)}
    assert topics == {ROOM, "realtime:other", "phoenix"}


def test_what_everybody_is_sent_has_no_join_ref() -> None:
    """A stale one would be dropped; a reply has that of its join."""
    for message in whole_conversation(2):
        if message["event"] in ("broadcast", "presence_diff", "presence_state", "system"):
            assert message["join_ref"] is None
        else:
            assert isinstance(message["join_ref"], str) or message["topic"] == "phoenix"


@VERSIONS
def test_a_second_join_does_not_end_the_new_channel(version: Version) -> None:
    """In 1.0.0 the old channel is replaced silently: Python, which joins again without leaving,
    would close the new one for good. In 2.0.0 its end has the old join_ref, which is dropped."""
    client = Client(Rooms(), version)
    client.join()
    client.heard()
    client.join()
    heard = client.heard()
    if version == FIRST:
        assert [message["event"] for message in heard] == ["phx_reply"]
    else:
        assert [(each["event"], each["join_ref"]) for each in heard] == [
            ("phx_close", "1"), ("phx_reply", "2")
        ]  # fmt: skip
    client.conversation.rooms.say((False, ROOM), broadcast(ROOM, "note", "{}"))
    assert client.events() == ["broadcast"]


@VERSIONS
def test_a_system_message_is_never_an_error_of_a_channel_that_stays(version: Version) -> None:
    """Python would join again every few seconds, for ever; JavaScript would tell nobody."""
    client = Client(Rooms(), version)
    client.join(**EVERYTHING)
    said = [each["payload"] for each in client.heard() if each["event"] == "system"]
    assert [(each["extension"], each["status"], each["channel"]) for each in said] == [
        ("postgres_changes", "ok", "room"), ("system", "ok", "room")
    ]  # fmt: skip
    for wrong in ({"table": "orders"}, {"filter": "nothing=eq.1"}, {"schema": "public"}):
        request = {"event": "*", "schema": "monitoring"} | wrong
        asked = client.say(ROOM, "phx_join", {"config": {"postgres_changes": [request]}})
        assert isinstance(asked, JoinAsked)
        client.conversation.join(asked, {})
        replies = [each for each in client.heard() if each["event"] != "phx_close"]
        assert [each["event"] for each in replies] == ["phx_reply"]
        assert replies[0]["payload"]["status"] == "error"


@VERSIONS
def test_a_channel_that_lost_its_right_is_closed_behind_the_error(version: Version) -> None:
    """The one error of a system message: the close that follows ends the client's attempts."""
    client = Client(Rooms(), version)
    client.join()
    client.heard()
    (channel,) = client.conversation.channels.values()
    client.conversation.end_channel(channel, "Unauthorized")
    assert client.events() == ["system", "phx_close"]
    client.conversation.end_channel(channel, "Unauthorized")
    assert client.heard() == []


def test_events_are_written_as_the_reference_writes_them() -> None:
    """Older Python clients compare their names letter by letter."""
    assert broadcast("t", "cache_metrics_1min", "{}").frame(1).count('"cache_metrics_1min"') == 1


@VERSIONS
def test_every_join_is_answered(version: Version) -> None:
    """Without an answer clients wait ten seconds, and older Python ones tell nobody."""
    client = Client(Rooms(), version)
    for topic in (ROOM, "realtime:", "room", "cache-metrics"):
        asked = client.say(topic, "phx_join", None)
        if isinstance(asked, JoinAsked):
            client.conversation.join(asked, {})
        assert [each["event"] for each in client.heard()] == ["phx_reply"]
