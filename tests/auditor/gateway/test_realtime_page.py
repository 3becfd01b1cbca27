"""docs/realtime.md tells the limits as they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.gateway.realtime import filters, limits, presence

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "realtime.md").read_text("utf-8")


@pytest.mark.parametrize(
    "told",
    [
        f"channels of a socket | {limits.MOST_CHANNELS} |",
        f"joins of a socket | {limits.JOINS_A_SECOND:.0f} a second, {limits.JOINS_AT_ONCE} at once",
        f"in a channel | {limits.MOST_SUBSCRIPTIONS}; filters of {filters.LONGEST_FILTER:,}"
        f" letters, {filters.MOST_CONDITIONS} conditions",
        f"frames of a client | {limits.MOST_FRAME_BYTES // 1024} KiB;"
        f" {limits.FRAMES_A_SECOND:.0f} a second, {limits.FRAMES_AT_ONCE} at once",
        f"broadcasts of clients | {limits.MOST_BROADCAST_BYTES // 1024} KiB; over HTTP"
        f" {limits.SPOKEN_A_SECOND:.0f} a second, {limits.SPOKEN_AT_ONCE} at once",
        f"presences of a topic | {presence.MOST_PRESENCES:,}, of {presence.MOST_BYTES // 1024} KiB",
        f"{limits.QUEUED_FRAMES:,}, of {limits.QUEUED_BYTES // 2**20} MiB",
        f"takes nothing | {limits.STUCK_S:.0f} s",
        f"says nothing | {limits.IDLE_S:.0f} s",
    ],
)
def test_a_limit_is_told_as_it_is(told: str) -> None:
    assert told in PAGE
