"""Comparisons over HTTP: the command's figures and words, with progress, and few at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from auditor.comparing.compare import compare
from auditor.comparing.settings import ComparisonSettings
from auditor.gateway.api.comparisons import SLOTS
from auditor.windows.minutes import from_epoch_minute
from benchmarks.pairs import BASELINE, CACHE, CANDIDATE, Kind, Pair, make_pair
from tests.auditor.gateway.charted import Client, answer, asking
from tests.auditor.shell.tool import document, tool
from tests.auditor.shell.two_implementations import write_histograms, write_windows
from tests.postgres_clusters import Cluster

BETTER = Kind(points=4.0, gets=400.0, mirrored=True, days=2)


@dataclass
class Asked:
    """A planted pair, and who asks of it."""

    pair: Pair
    dsn: str
    client: Client

    @property
    def question(self) -> dict[str, Any]:
        """The pair over all that was planted."""
        until = from_epoch_minute(self.pair.windows.end)
        return {
            "cache_name": CACHE, "baseline": BASELINE, "candidate": CANDIDATE,
            "since": (until - timedelta(days=3)).isoformat(), "until": until.isoformat(),
        }  # fmt: skip


@pytest.fixture(scope="module")
def asked(cluster: Cluster) -> Iterator[Asked]:
    """Two days of a candidate that is four points better."""
    pair = make_pair(21, BETTER)
    assert pair.response_times is not None
    with cluster.migrated_database() as made:
        connection = made.connect()
        write_windows(connection, pair.windows)
        write_histograms(connection, pair.windows, pair.response_times)
        with asking(made.dsn) as client:
            yield Asked(pair, made.dsn, client)


@pytest.fixture(scope="module")
def answered(asked: Asked) -> Any:
    return answer(asked.client.get("/v1/compare", params=asked.question))


def test_the_page_is_told_what_the_core_says(asked: Asked, answered: Any) -> None:
    """Against the comparison of the planted windows themselves."""
    told = answered["comparison"]
    expected = compare(
        asked.pair.windows, CACHE, BASELINE, CANDIDATE, ComparisonSettings(),
        response_times=asked.pair.response_times,
    )  # fmt: skip
    assert told["verdict"] == expected.verdict == "better"
    assert told["blocks"] == expected.blocks
    for said, one in zip(told["differences"], expected.differences, strict=True):
        assert (said["name"], said["status"]) == (one.name, one.status)
        assert said["estimate"] == pytest.approx(one.estimate, rel=1e-6)
        assert said["lower"] == pytest.approx(one.lower, rel=1e-6)
    assert told["self_check"]["pairs"] == 200
    assert answered["time_zone"] == "UTC"


def test_its_words_are_those_of_the_command(asked: Asked, answered: Any) -> None:
    """`compare --json` and the screen: the same document, lines and notes."""
    told = answered["comparison"]
    until = f"{from_epoch_minute(asked.pair.windows.end):%Y-%m-%d %H:%M}"
    words = ("compare", "--baseline", BASELINE, "--candidate", CANDIDATE, "--cache", CACHE,
             "--since", "3d", "--until", until)  # fmt: skip
    (command,) = document(*words, dsn=asked.dsn)
    assert {name: told[name] for name in command} == command
    screen = tool(*words, dsn=asked.dsn, COLUMNS="200").stdout
    assert f"{CACHE}: {told['says']}" in screen
    for note in told["notes"]:
        assert f"- {note}" in screen
    for line in told["lines"]:
        assert all(cell in screen for cell in line.values())


def test_progress_comes_before_the_answer(asked: Asked, answered: Any) -> None:
    """As lines of JSON: days read, ever more, and the answer that the other route gives."""
    got = asked.client.get("/v1/compare/progress", params=asked.question)
    assert got.headers["content-type"] == "application/x-ndjson"
    *steps, last = [json.loads(line) for line in got.text.splitlines()]
    read = [step["minutes"] for step in steps]
    assert read == sorted(read)
    assert read[-1] == steps[-1]["of"] == 3 * 1440
    assert len(read) > 2
    assert last["answer"]["comparison"] == answered["comparison"]


def test_a_few_at_a_time(asked: Asked) -> None:
    """While all places are taken the next is told when to come again; then it is served."""
    with SLOTS.taken(), SLOTS.taken():
        for path in ("compare", "compare/progress"):
            refused = asked.client.get(f"/v1/{path}", params=asked.question)
            assert refused.status_code == 503
            assert int(refused.headers["retry-after"]) > 0
    unknown = {**asked.question, "candidate": "newer"}
    for _ in range(3):  # what fails gives its place back
        assert asked.client.get("/v1/compare", params=unknown).status_code == 404
        got = asked.client.get("/v1/compare/progress", params=unknown).text
        said = json.loads(got.splitlines()[-1])
        assert said["error"]["status"] == 404
        assert f"{CACHE}: {BASELINE}, {CANDIDATE}" in said["error"]["error"]
    with SLOTS.taken(), SLOTS.taken():
        pass


def test_hours_of_the_day_are_the_readers(asked: Asked, answered: Any) -> None:
    """The zone is the caller's; the verdict does not depend on it."""
    there = {**asked.question, "time_zone": "Asia/Kolkata", "warm_up_hours": "3"}
    told = answer(asked.client.get("/v1/compare", params=there))
    assert told["time_zone"] == "Asia/Kolkata"
    assert {each["after"] for each in told["comparison"]["left_out"]} == {"start"}


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"candidate": BASELINE}, 400),
        ({"since": "2026-01-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"}, 400),
        ({"since": "2025-01-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"}, 400),
        ({"since": "2000-01-01T00:00:00Z", "until": "2000-01-02T00:00:00Z"}, 404),
        ({"until": "2000-01-01T00:00:00Z", "since": ""}, 422),
        ({"time_zone": "../../etc/passwd"}, 422),
        ({"time_zone": "Mars/Olympus"}, 422),
        ({"warm_up_hours": "-1"}, 422),
        ({"warm_up_hours": "1000"}, 422),
        ({"cache_name": "pages"}, 404),
        ({"cache_name": "a\x00"}, 422),
    ],
)
def test_what_cannot_be_compared_is_refused_in_words(
    asked: Asked, change: dict[str, str], status: int
) -> None:
    refused = asked.client.get("/v1/compare", params={**asked.question, **change})
    assert refused.status_code == status, refused.text
    assert set(refused.json()) & {"error", "detail"}
