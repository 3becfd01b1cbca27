"""Channels in both serialisers: joining, leaving, speaking, presence, changes of rows."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import Any

import pytest

from auditor.gateway.bucket import Bucket
from auditor.gateway.live.messages import OBSERVATIONS, WINDOWS, RowChange
from auditor.gateway.realtime.conversation import JoinAsked, TokenGiven
from auditor.gateway.realtime.envelopes import broadcast
from auditor.gateway.realtime.frames import UnreadableFrame, Version
from auditor.gateway.realtime.limits import (
    JOINS_AT_ONCE,
    MOST_BROADCAST_BYTES,
    MOST_CHANNELS,
    MOST_SUBSCRIPTIONS,
)
from auditor.gateway.realtime.presence import MOST_BYTES
from auditor.gateway.realtime.rooms import Rooms
from tests.auditor.gateway.talking import COLUMNS, Client

VERSIONS = pytest.mark.parametrize("version", [1, 2])
FIRST = 1
ROOM = "realtime:room"


def two(version: Version = 1, **config: Any) -> tuple[Client, Client]:
    """In one room, with one configuration, and nothing more to hear."""
    rooms = Rooms()
    pair = Client(rooms, version), Client(rooms, version)
    for each in pair:
        each.join(**config)
    for each in pair:
        each.heard()
    return pair


def reason(message: dict[str, Any]) -> str:
    assert message["payload"]["status"] == "error"
    return str(message["payload"]["response"]["reason"])


# Joining and leaving -----------------------------------------------------------------------------


@VERSIONS
def test_a_join_is_answered_with_its_requests_and_their_ids(version: Version) -> None:
    """Each as it came, in its order; the same request has the same id in every channel."""
    requests: list[dict[str, Any]] = [
        {"event": "INSERT", "schema": "monitoring", "table": WINDOWS, "filter": "hits=gt.1"},
        {"event": "*", "schema": "*"},
    ]
    rooms = Rooms()
    replies = []
    for client in (Client(rooms, version), Client(rooms, 1)):
        client.join(postgres_changes=requests)
        replies.append(client.heard()[0])
    assert [each["ref"] for each in replies] == ["1", "1"]
    echoed = replies[0]["payload"]["response"]["postgres_changes"]
    assert replies[0]["payload"]["status"] == "ok"
    assert [{k: v for k, v in each.items() if k != "id"} for each in echoed] == requests
    assert all(isinstance(each["id"], int) and each["id"] for each in echoed)
    assert replies[1]["payload"] == replies[0]["payload"]
    assert replies[0].get("join_ref") == (None if version == FIRST else "1")


def test_a_join_without_a_join_ref_gets_its_own_ref() -> None:
    client = Client(Rooms(), 2)
    asked = client.say(ROOM, "phx_join", {}, join_ref=None)
    assert isinstance(asked, JoinAsked)
    client.conversation.join(asked, COLUMNS)
    assert client.heard()[0]["join_ref"] == "1"


@VERSIONS
def test_a_leave_is_answered_and_the_channel_closed(version: Version) -> None:
    """The close has the ref of the join. An unknown topic is left as well."""
    client = Client(Rooms(), version)
    client.join()
    client.heard()
    client.say(ROOM, "phx_leave", {}, join_ref="1")
    reply, close = client.heard()
    assert (reply["event"], reply["ref"], reply["payload"]) == (
        "phx_reply", "2", {"status": "ok", "response": {}})  # fmt: skip
    assert (close["event"], close["ref"], close["payload"]) == ("phx_close", "1", {})
    client.say(ROOM, "phx_leave", {})
    assert client.events() == ["phx_reply"]
    client.conversation.rooms.say((False, ROOM), broadcast(ROOM, "note", "{}"))
    assert client.heard() == []
    assert len(client.conversation.rooms) == 0


@VERSIONS
@pytest.mark.parametrize("topic", ["room", "phoenix", "cache-metrics", "Realtime:room"])
def test_a_topic_without_the_prefix_is_unmatched(version: Version, topic: str) -> None:
    client = Client(Rooms(), version)
    assert client.say(topic, "phx_join", {}) is None
    assert reason(client.heard()[0]) == "unmatched topic"
    client.say("realtime:unjoined", "broadcast", {"event": "x", "payload": {}})
    assert reason(client.heard()[0]) == "unmatched topic"


def test_too_many_channels_are_refused_with_the_word_that_clients_wait_for() -> None:
    """Python then waits half a minute. One that is there already may be joined again."""
    client = Client(Rooms(), 1)
    for number in range(MOST_CHANNELS):
        client.join(f"realtime:{number}")
    client.heard()
    assert client.say("realtime:more", "phx_join", {}) is None
    assert reason(client.heard()[0]).startswith("ChannelRateLimitReached")
    client.join("realtime:0")
    assert client.events() == ["phx_reply"]


def test_too_many_joins_at_once_are_refused() -> None:
    client = Client(Rooms(), 1)
    for _ in range(int(JOINS_AT_ONCE)):
        client.join()
    client.heard()
    assert client.say(ROOM, "phx_join", {}) is None
    assert reason(client.heard()[0]).startswith("ClientJoinRateLimitReached")


def test_too_many_requests_for_changes_are_refused() -> None:
    client = Client(Rooms(), 1)
    requests = [{"event": "*", "schema": "*"}] * (MOST_SUBSCRIPTIONS + 1)
    assert client.say(ROOM, "phx_join", {"config": {"postgres_changes": requests}}) is None
    assert "at most" in reason(client.heard()[0])


@VERSIONS
def test_a_request_that_is_nested_without_end_is_refused(version: Version) -> None:
    """However deep: it is read, or not; what is read is answered."""
    for depth in (10, 300, *range(500, 1_000, 20)):
        client = Client(Rooms(), version)
        nested: Any = []
        for _ in range(depth):
            nested = [nested]
        request = {"event": "*", "schema": "*", "more": nested}
        try:
            asked = client.say(ROOM, "phx_join", {"config": {"postgres_changes": [request]}})
        except (UnreadableFrame, RecursionError):  # the second is the test's own writing
            continue
        assert isinstance(asked, JoinAsked)
        client.conversation.join(asked, COLUMNS)
        assert client.sent


def junk(draw: random.Random, depth: int = 0) -> Any:
    """Something that JSON can say, often with the keys of the protocol."""
    kind = draw.randrange(9 if depth < 4 else 6)
    if kind < 6:
        return draw.choice(
            [None, True, 0, -1.5, "", "realtime:room", "*", "track", "\ud800", WINDOWS]
        )
    if kind == 6:
        return [junk(draw, depth + 1) for _ in range(draw.randrange(4))]
    keys = ["config", "broadcast", "presence", "postgres_changes", "private", "event", "payload",
            "schema", "table", "filter", "select", "self", "ack", "key", "enabled", "access_token",
            "ids", "x"]  # fmt: skip
    return {draw.choice(keys): junk(draw, depth + 1) for _ in range(draw.randrange(6))}


@VERSIONS
def test_whatever_a_client_says_nobody_s_socket_ends(version: Version) -> None:
    """Nothing is raised, and every answer is JSON with an object for its payload."""
    draw = random.Random(17)
    rooms = Rooms()
    clients = [Client(rooms, version) for _ in range(3)]
    events = ["phx_join", "phx_join", "phx_leave", "access_token", "presence", "broadcast", "x"]
    for _ in range(3_000):
        client = draw.choice(clients)
        client.conversation.joins = Bucket(1.0, 1.0, 0.0)  # rates are another matter
        topic = draw.choice([ROOM, "realtime:cache-metrics", "realtime:", "phoenix", "x"])
        request = {"event": "*", "schema": "*"} | {
            draw.choice(["event", "schema", "table", "filter", "select"]): junk(draw, 2)
        }
        payload = draw.choice([junk(draw), {"config": {"postgres_changes": [request]}}])
        asked = client.say(topic, draw.choice(events), payload, ref=junk(draw, 4))
        if isinstance(asked, JoinAsked):
            client.conversation.join(asked, COLUMNS)
        elif isinstance(asked, TokenGiven) and draw.random() < 0.5:
            client.conversation.end_channel(asked.channel, "Unauthorized")
        rooms.say_change(inserted(cache_name="shop", hits=6), COLUMNS)
        for each in clients:
            assert all(isinstance(message["payload"], dict) for message in each.heard())


def test_another_token_is_the_caller_s_business() -> None:
    """Unless it means the key of the socket."""
    client = Client(Rooms(), 1)
    client.join()
    for token, read in (("eyJ", "eyJ"), (None, None), ("sb_x", None)):
        given = client.say(ROOM, "access_token", {"access_token": token})
        assert isinstance(given, TokenGiven)
        assert given.token == read


# Speaking ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("versions", [(1, 1), (1, 2), (2, 1), (2, 2)])
def test_a_broadcast_reaches_the_others(versions: tuple[Version, Version]) -> None:
    """Whatever serialiser each has; not its sender, and without an answer."""
    rooms = Rooms()
    sender, listener = (Client(rooms, version) for version in versions)
    sender.join()
    listener.join()
    sender.heard(), listener.heard()
    sender.push("note", {"a": ["é", 1.5, None]})
    (heard,) = listener.heard()
    assert (heard["ref"], heard["topic"], heard["event"]) == (None, ROOM, "broadcast")
    assert heard["payload"] == {
        "type": "broadcast", "event": "note", "payload": {"a": ["é", 1.5, None]}
    }  # fmt: skip
    assert sender.heard() == []


@VERSIONS
def test_self_and_ack(version: Version) -> None:
    """It hears itself, and then that it was heard."""
    sender, listener = two(version, broadcast={"self": True, "ack": True})
    sender.push("note", {})
    assert sender.events() == ["broadcast", "phx_reply"]
    assert listener.events() == ["broadcast"]


def test_bytes_reach_those_whose_serialiser_has_them() -> None:
    rooms = Rooms()
    clients = [Client(rooms, 2), Client(rooms, 2), Client(rooms, 1)]
    for client in clients:
        client.join()
    for client in clients:
        client.heard()
    clients[0].push("blob", b"\x00\x01")
    assert [client.sent for client in clients] == [
        [], [b"\x04\x0d\x04\x00\x00realtime:roomblob\x00\x01"], []
    ]  # fmt: skip


@VERSIONS
def test_only_the_auditor_speaks_in_its_topic(version: Version) -> None:
    """A client that could would tell others of windows that are none."""
    rooms = Rooms()
    liar, listener = Client(rooms, version), Client(rooms, version)
    for client in (liar, listener):
        client.join("realtime:cache-metrics", broadcast={"ack": True})
    liar.heard(), listener.heard()
    liar.push("cache_metrics_1min", {"rows": []}, "realtime:cache-metrics")
    assert "only the auditor" in reason(liar.heard()[0])
    assert listener.heard() == []


@VERSIONS
def test_a_broadcast_has_a_bound(version: Version) -> None:
    sender, listener = two(version, broadcast={"ack": True})
    sender.push("note", {"a": "x" * MOST_BROADCAST_BYTES})
    assert "at most" in reason(sender.heard()[0])
    sender.say(ROOM, "broadcast", {"type": "broadcast", "payload": {}})
    assert "names its event" in reason(sender.heard()[0])
    assert listener.heard() == []


@VERSIONS
def test_public_and_private_are_two_rooms(version: Version) -> None:
    """Nothing passes between them: neither a broadcast nor a presence."""
    rooms = Rooms()
    public, private = Client(rooms, version), Client(rooms, version)
    public.join(presence={"enabled": True})
    private.join(private=True, presence={"enabled": True})
    public.heard(), private.heard()
    rooms.say((False, ROOM), broadcast(ROOM, "note", "{}"))
    assert (public.events(), private.events()) == (["broadcast"], [])
    private.push("note", {})
    private.say(ROOM, "presence", {"event": "track", "payload": {}})
    assert public.heard() == []


# Presence ----------------------------------------------------------------------------------------


def metas(message: dict[str, Any], side: str = "joins") -> dict[str, list[dict[str, Any]]]:
    """Of a difference: what each key said of itself, without its numbers."""
    return {
        key: [{k: v for k, v in meta.items() if not k.startswith("phx_")} for meta in each["metas"]]
        for key, each in message["payload"][side].items()
    }


@VERSIONS
def test_presence_is_told_to_those_who_asked(version: Version) -> None:
    """State after the join, then differences; a second word replaces the first; a goodbye, and a
    socket that is gone, are heard."""
    rooms = Rooms()
    here, deaf, late = (Client(rooms, version) for _ in range(3))
    here.join(presence={"enabled": True, "key": "ann"})
    deaf.join()
    assert [(each["event"], each["payload"]) for each in here.heard()][1:] == [
        ("presence_state", {})]  # fmt: skip
    deaf.heard()

    here.say(ROOM, "presence", {"type": "presence", "event": "track", "payload": {"on": 1}})
    joined, reply = here.heard()
    assert (metas(joined), metas(joined, "leaves")) == ({"ann": [{"on": 1}]}, {})
    assert reply["payload"] == {"status": "ok", "response": {}}
    assert deaf.heard() == []

    late.join(presence={"enabled": True})
    state = late.heard()[1]
    assert metas({"payload": {"joins": state["payload"]}}) == {"ann": [{"on": 1}]}
    here.say(ROOM, "presence", {"event": "track", "payload": {"on": 2, "phx_ref": "mine"}})
    again = late.heard()[0]
    assert (metas(again), metas(again, "leaves")) == ({"ann": [{"on": 2}]}, {"ann": [{"on": 1}]})
    (meta,) = again["payload"]["joins"]["ann"]["metas"]
    assert meta["phx_ref"].isdigit()
    assert meta["phx_ref_prev"] == again["payload"]["leaves"]["ann"]["metas"][0]["phx_ref"]

    here.conversation.end()
    gone = late.heard()[0]
    assert (metas(gone), metas(gone, "leaves")) == ({}, {"ann": [{"on": 2}]})


@VERSIONS
def test_who_tracks_without_having_asked_hears_from_then_on(version: Version) -> None:
    """Under a key of its own; an untrack without a track is answered, too."""
    first, second = two(version)
    first.say(ROOM, "presence", {"event": "track", "payload": {}})
    assert sorted(first.events()) == ["phx_reply", "presence_state"]
    second.say(ROOM, "presence", {"event": "track", "payload": {}})
    (heard,) = first.heard()
    assert len(metas(heard)) == 1
    second.say(ROOM, "presence", {"event": "untrack"})
    assert metas(first.heard()[0], "leaves") == metas(heard)
    second.say(ROOM, "presence", {"event": "untrack"})
    assert second.events()[-1] == "phx_reply"


def test_a_presence_has_a_bound() -> None:
    client, _ = two(presence={"enabled": True})
    client.say(ROOM, "presence", {"event": "track", "payload": {"a": "x" * MOST_BYTES}})
    assert "at most" in reason(client.heard()[0])


# Changes -----------------------------------------------------------------------------------------


def inserted(table: str = WINDOWS, **record: object) -> RowChange:
    return RowChange(table, "INSERT", record, None, datetime(2026, 3, 2, 12, tzinfo=UTC))


@VERSIONS
def test_a_change_is_told_once_with_all_its_ids(version: Version) -> None:
    """Of the channel's requests those that it fits; who asked for other columns gets another."""
    rooms = Rooms()
    client = Client(rooms, version)
    requests = [
        {"event": "*", "schema": "*"},
        {"event": "INSERT", "schema": "monitoring", "table": WINDOWS, "filter": "hits=gt.5"},
        {"event": "UPDATE", "schema": "monitoring", "table": WINDOWS},
        {"event": "INSERT", "schema": "monitoring", "table": WINDOWS, "select": ["hits"]},
    ]
    client.join(postgres_changes=requests)
    join, _ = client.heard()
    ids = [each["id"] for each in join["payload"]["response"]["postgres_changes"]]
    rooms.say_change(inserted(cache_name="shop", hits=6), COLUMNS)
    whole, selected = client.heard()
    assert (whole["event"], whole["ref"], whole["topic"]) == ("postgres_changes", None, ROOM)
    assert set(whole["payload"]) == {"ids", "data"}
    assert whole["payload"]["ids"] == ids[:2]
    assert whole["payload"]["data"]["record"] == {"cache_name": "shop", "hits": 6}
    assert selected["payload"]["ids"] == ids[3:]
    assert selected["payload"]["data"]["record"] == {"hits": 6}
    rooms.say_change(inserted(OBSERVATIONS, cache_name="shop"), COLUMNS)
    assert [each["payload"]["ids"] for each in client.heard()] == [ids[:1]]


def test_who_asked_alike_is_told_with_one_text() -> None:
    """Written once for all of them; and rows are read only while somebody asks for them."""
    rooms = Rooms()
    clients = [Client(rooms, 2) for _ in range(3)]
    assert not rooms.wants_rows
    for client in clients:
        client.join(postgres_changes=[{"event": "*", "schema": "monitoring"}])
        client.heard()
    assert rooms.wants_rows
    rooms.say_change(inserted(cache_name="a"), COLUMNS)
    texts = [client.sent[0] for client in clients]
    assert texts[0] is texts[1] is texts[2]
    for client in clients:
        client.conversation.end()
    assert not rooms.wants_rows
