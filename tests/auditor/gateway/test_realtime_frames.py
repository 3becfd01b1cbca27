"""Frames of both serialisers, the good and the bad, and what is written back."""

from __future__ import annotations

import contextlib
import json
import random
from typing import Any

import pytest

from auditor.gateway.realtime.envelopes import (
    BytesEnvelope,
    Envelope,
    broadcast,
    closed,
    dumps,
    reply,
)
from auditor.gateway.realtime.frames import (
    Frame,
    UnreadableFrame,
    Version,
    read_binary,
    read_text,
    version_of,
)
from auditor.gateway.realtime.joining import read_join


def push(
    topic: str = "realtime:room", event: str = "note", content: bytes = b'{"a":1}', **more: Any
) -> bytes:
    """A broadcast as clients of 2.0.0 send it, written from the description of the protocol."""
    fields = [more.get("join_ref", "1"), more.get("ref", "2"), topic, event, more.get("meta", "")]
    encoded = [field.encode() for field in fields]
    header = bytes([3, *(len(each) for each in encoded), more.get("encoding", 1)])
    return header + b"".join(encoded) + content


@pytest.mark.parametrize(
    ("vsn", "version"),
    [
        (None, 1), ("1.0.0", 1), ("1.0.7", 1), ("2.0.0", 2), ("2.0.12", 2),
        ("", None), ("1", None), ("1.1.0", None), ("3.0.0", None), ("2.0.0\n", None),
        ("2.0.x", None), ("v2.0.0", None), (f"1.0.{10**9}", None),
    ],
)  # fmt: skip
def test_the_serialiser_is_the_one_asked_for(vsn: str | None, version: Version | None) -> None:
    """~> 1.0.0 and ~> 2.0.0, the first where nothing is asked for; nothing else."""
    assert version_of(vsn) == version


def test_both_serialisers_say_the_same() -> None:
    first = {"topic": "realtime:a", "event": "phx_join", "payload": {"x": 1}, "ref": "2",
             "join_ref": "1"}  # fmt: skip
    expected = Frame("1", "2", "realtime:a", "phx_join", {"x": 1})
    assert read_text(1, json.dumps(first)) == expected
    assert read_text(2, json.dumps(["1", "2", "realtime:a", "phx_join", {"x": 1}])) == expected


def test_a_broadcast_in_bytes_is_read() -> None:
    """Lengths are of bytes; without refs there are none; its metadata is passed over."""
    frame = read_binary(push("realtime:größe", "éa", '{"é":[1]}'.encode(), meta='{"id":"x"}'))
    envelope = {"type": "broadcast", "event": "éa", "payload": {"é": [1]}}
    assert frame == Frame("1", "2", "realtime:größe", "broadcast", envelope)
    frame = read_binary(push(content=b"\x00\xff", join_ref="", ref="", encoding=0))
    assert (frame.join_ref, frame.ref, frame.bytes_sent) == (None, None, b"\x00\xff")
    assert "payload" not in frame.payload


@pytest.mark.parametrize(
    "text",
    [
        "", "x", "null", "1", '"a"', "[]", "[1,2,3,4]", "{}", '{"topic":1,"event":"e"}',
        '{"topic":"","event":"e"}', '{"topic":"t"}', '{"topic":"t","event":null}',
        '{"topic":"t","event":"e","payload":NaN}', '{"topic":"t","event":"e","payload":Infinity}',
        '{"topic":"t","event":"e","payload":{"a":-1e999}}', "[" * 100_000,
        '{"topic":"' + "t" * 256 + '","event":"e"}', '["1","2","t","e",{},6]',
    ],
)  # fmt: skip
@pytest.mark.parametrize("version", [1, 2])
def test_rubbish_is_no_frame(version: Version, text: str) -> None:
    with pytest.raises(UnreadableFrame):
        read_text(version, text)


@pytest.mark.parametrize(
    "frame",
    [
        b"", b"\x03", b"\x03\x01\x01\x01\x01\x01\x01", b"\x03" + b"\xff" * 60, b"\x00" * 20,
        push("\udc80".encode("utf-8", "surrogatepass").decode("latin-1"))[:-30],
        push(content=b"{"), push(content=b"\xff\xfe"), push(topic=""), push(event=""),
        b"\x03\x00\x00\x01\x01\x00\x01\xff\xfe{}",
    ],
)  # fmt: skip
def test_rubbish_in_bytes_is_no_frame(frame: bytes) -> None:
    with pytest.raises(UnreadableFrame):
        read_binary(frame)


def test_any_bytes_are_a_frame_or_refused() -> None:
    """Whatever comes, nothing else is raised: a frame with some of its bytes changed."""
    draw = random.Random(5)
    for _ in range(3_000):
        frame = bytearray(push(content=b'{"a":[1,2]}'))
        for _ in range(draw.randrange(1, 4)):
            frame[draw.randrange(len(frame))] = draw.randrange(256)
        with contextlib.suppress(UnreadableFrame):
            assert read_binary(bytes(frame[: draw.randrange(len(frame) + 1)])).topic


@pytest.mark.parametrize(
    ("ref", "read"),
    [("7", "7"), (7, "7"), (None, None), (True, None), (1.5, None), ({}, None), ("x" * 256, None)],
)
def test_a_ref_is_text_or_none(ref: object, read: str | None) -> None:
    frame = read_text(1, json.dumps({"topic": "t", "event": "e", "ref": ref, "join_ref": ref}))
    assert (frame.ref, frame.join_ref, frame.payload) == (read, read, {})


def test_a_message_to_many_is_written_once_for_each_serialiser() -> None:
    """In the words of both; the payload goes out byte for byte as the database wrote it."""
    payload = '{"rows": [1,  2], "é": 1e400}'
    message = broadcast("realtime:cache-metrics", "cache_metrics_1min", payload)
    assert message.frame(1) is message.frame(1)
    assert message.frame(1) == (
        '{"ref":null,"topic":"realtime:cache-metrics","event":"broadcast",'
        '"payload":{"type":"broadcast","event":"cache_metrics_1min","payload":' + payload + "}}"
    )
    assert message.frame(2) == (
        '[null,null,"realtime:cache-metrics","broadcast",'
        '{"type":"broadcast","event":"cache_metrics_1min","payload":' + payload + "}]"
    )


def test_a_broadcast_in_bytes_goes_to_clients_of_the_second_serialiser() -> None:
    message = BytesEnvelope("realtime:a", "é", b"\x00\xff")
    assert message.frame(2) == b"\x04\x0a\x02\x00\x00realtime:a\xc3\xa9\x00\xff"
    assert message.frame(1) is None
    assert BytesEnvelope("ß" * 200, "e", b"").frame(2) is None


def test_half_a_letter_is_written_in_ascii() -> None:
    """A client may escape one; sent as it is, it would end the socket of everybody else."""
    frame = read_text(1, '{"topic":"t","event":"e","payload":{"a":"\\ud800"}}')
    assert dumps(frame.payload) == '{"a":"\\ud800"}'
    with pytest.raises(ValueError, match="JSON"):
        dumps(float("inf"))


def test_replies_have_the_refs_of_what_they_answer() -> None:
    """The first serialiser never has a join_ref, and always has a ref."""
    asked = Frame("1", "2", "realtime:a", "phx_leave", {})
    assert json.loads(reply(1, asked, {})) == {
        "ref": "2", "topic": "realtime:a", "event": "phx_reply",
        "payload": {"status": "ok", "response": {}},
    }  # fmt: skip
    assert json.loads(reply(2, asked, {"a": 1})) == [
        "1", "2", "realtime:a", "phx_reply", {"status": "ok", "response": {"a": 1}}
    ]  # fmt: skip
    assert json.loads(closed(1, "realtime:a", "1"))["ref"] == "1"
    assert json.loads(closed(2, "realtime:a", "1")) == ["1", "1", "realtime:a", "phx_close", {}]
    assert "ref" in json.loads(reply(1, Frame(None, None, "phoenix", "heartbeat", {}), {}))
    assert "ref" in json.loads(Envelope("t", "e", "{}").frame(1))


@pytest.mark.parametrize(
    "payload",
    [
        {}, {"config": None}, {"config": []}, {"config": {"broadcast": None, "presence": None}},
        {"config": {"broadcast": {"replay": 1}, "postgres_changes": None, "private": None}},
        {"access_token": None}, {"access_token": "sb_publishable_x"}, {"access_token": 5},
    ],
)  # fmt: skip
def test_a_join_of_any_shape_is_a_join(payload: dict[str, Any]) -> None:
    """What is not there, or not understood, is off."""
    config = read_join(payload)
    assert not any((config.hears_itself, config.acknowledged, config.presence, config.private))
    assert (config.presence_key, config.changes, config.token) == ("", (), None)


def test_booleans_of_a_join_may_be_text() -> None:
    config = read_join(
        {
            "config": {
                "broadcast": {"self": "true", "ack": "TRUE", "replication_ready": True},
                "presence": {"enabled": "true", "key": "me"},
                "private": "true",
                "postgres_changes": [{"event": "*"}],
            },
            "access_token": "eyJ",
            "version": "realtime-js/2",
        }
    )
    assert config.hears_itself
    assert config.acknowledged
    assert config.replication_ready
    assert config.presence
    assert config.private
    assert (config.presence_key, config.token) == ("me", "eyJ")
    assert config.changes == ({"event": "*"},)
    assert not read_join({"config": {"private": "false"}}).private


def test_a_presence_that_would_end_a_node_process_gets_another_key() -> None:
    """supabase-js takes a message with the key `ids` for a change of a row."""
    assert read_join({"config": {"presence": {"key": "ids"}}}).presence_key == ""
