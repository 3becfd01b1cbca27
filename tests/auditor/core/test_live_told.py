"""What the hub's listeners are told, once, and how one that does not read ends."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from auditor.gateway.live.listener import Listener
from auditor.gateway.live.messages import Liveness
from auditor.gateway.live.minutes import KEPT, ToldMinutes, ToldRows
from auditor.gateway.live.source import span_of

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def at(minutes: int) -> datetime:
    return NOON + minutes * MINUTE


def test_a_minute_is_told_once_and_again_when_its_version_changes() -> None:
    told = ToldMinutes()
    assert told.changed([(at(1), 7), (at(0), 5)]) == [at(0), at(1)]
    assert told.changed([(at(1), 7), (at(0), 5)]) == []
    assert told.changed([(at(1), 8), (at(0), 5)]) == [at(1)]


def test_minutes_long_ago_are_forgotten() -> None:
    told = ToldMinutes()
    told.changed([(at(0), 5)])
    told.changed([(NOON + KEPT, 6)])
    assert told.changed([(at(0), 5), (NOON + KEPT, 6)]) == [at(0)]


def row(made: int, changed: int, **more: Any) -> dict[str, Any]:
    """A window of the minute NOON; instants are seconds after NOON."""
    second = timedelta(seconds=1)
    return {
        "cache_name": "pages", "implementation_type": "new", "node": "",
        "minute_window": NOON.isoformat(), "created_at": (NOON + made * second).isoformat(),
        "updated_at": (NOON + changed * second).isoformat(), **more,
    }  # fmt: skip


def types(told: ToldRows, *rows: dict[str, Any]) -> list[str]:
    return [change.type for change in told.changes(rows)]


def test_a_row_is_inserted_once_then_updated() -> None:
    told = ToldRows(NOON)
    (first,) = told.changes([row(20, 20, hits=1)])
    assert (first.type, first.old_record, first.record["hits"]) == ("INSERT", None, 1)
    assert types(told, row(20, 20, hits=1)) == []
    (second,) = told.changes([row(20, 40, hits=2)])
    assert (second.type, second.record["hits"]) == ("UPDATE", 2)
    assert second.old_record == {
        "cache_name": "pages", "implementation_type": "new", "node": "",
        "minute_window": NOON.isoformat(),
    }  # fmt: skip
    assert second.commit_timestamp == NOON + timedelta(seconds=40)


def test_a_row_made_and_changed_since_the_last_look_is_inserted() -> None:
    assert types(ToldRows(NOON), row(20, 40)) == ["INSERT"]


def test_a_row_that_was_there_before_is_only_updated_and_told_only_when_it_changed() -> None:
    assert types(ToldRows(NOON), row(-20, 5)) == ["UPDATE"]
    assert types(ToldRows(NOON), row(-20, -10)) == []


def test_rows_of_other_nodes_are_rows_of_their_own() -> None:
    told = ToldRows(NOON)
    assert types(told, row(1, 1), row(1, 1, node="b")) == ["INSERT", "INSERT"]


def test_rows_are_remembered_as_long_as_minutes() -> None:
    told = ToldRows(NOON)
    told.changes([row(20, 20)])
    told.forget_before(NOON + KEPT)
    assert types(told, row(20, 20)) == []
    told.forget_before(NOON + KEPT + MINUTE)
    assert types(told, row(20, 20)) == ["INSERT"]


@pytest.mark.parametrize(
    "notice",
    [
        {},
        {"kind": "observations", "sequence": 3},
        {"kind": "windows"},
        {"kind": "windows", "since": "2026-05-04T12:00", "until": "2026-05-04T12:01"},
        {"kind": "windows", "since": 5, "until": None},
    ],
)
def test_a_notice_that_is_not_of_windows_has_no_span(notice: dict[str, Any]) -> None:
    assert span_of(notice) is None


def test_the_span_of_a_notice() -> None:
    said = {"kind": "windows", "since": "2026-05-04T12:00Z", "until": "2026-05-04T12:02Z"}
    assert span_of(said) == (at(0), at(2))


def liveness(number: int) -> Liveness:
    return Liveness(True, at(number))


async def heard(listener: Listener) -> list[datetime]:
    return [message.since async for message in listener if isinstance(message, Liveness)]


def test_a_listener_hears_in_order_and_ends_after_what_waits() -> None:
    async def scene() -> list[datetime]:
        listener = Listener(3, rows=False)
        reading = asyncio.create_task(heard(listener))
        await asyncio.sleep(0)
        for number in range(3):
            listener.offer(liveness(number))
        listener.close()
        listener.offer(liveness(9))
        return await reading

    assert asyncio.run(scene()) == [at(0), at(1), at(2)]


def test_one_that_does_not_read_is_ended_and_keeps_nothing() -> None:
    ended: list[Listener] = []

    async def scene() -> tuple[Listener, list[datetime]]:
        listener = Listener(2, False, ended.append)
        for number in range(3):
            listener.offer(liveness(number))
        return listener, await heard(listener)

    listener, found = asyncio.run(scene())
    assert (listener.overflowed, found, ended) == (True, [], [listener])
    listener.close()
    assert ended == [listener]
