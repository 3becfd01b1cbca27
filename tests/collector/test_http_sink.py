"""The sink over HTTP: what each answer of a server means to it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from collector import Collector
from collector.batch import Batch, Beat
from collector.courier import Courier
from collector.delivery import Delivery
from collector.errors import (
    CollectorError,
    NoIngest,
    SchemaMismatch,
    SinkUnavailable,
    TokenRefused,
)
from collector.parts import NUMBERS, empty, halves, items, numbered, sequences, size
from collector.polled import Gauge
from collector.settings import from_environment
from collector.sinks.chosen import sink_of
from collector.sinks.http import HttpSink
from collector.sinks.http_address import UnusableUrl, address_of, proxy_for
from collector.sinks.sink import Receipt, RefusedRow
from collector.sinks.wire import Arrived, pack_batch, receipt_of, unpack_batch, unpack_receipt
from collector.weights import aggregate
from tests.collector.made import batch, row, settings
from tests.collector.scripted import Asked, Told, scripted
from tests.collector.test_collector import wait_until

TOKEN = "a-token-that-may-deliver"


def accepted(asked: Asked) -> Told:
    """As an ingest that stores everything."""
    if asked.path == "/v1/key-secret":
        return Told(200, json.dumps({"secret": "00" * 32}).encode())
    if asked.path != "/v1/batches":
        return Told(204, b"")
    arrived = unpack_batch(asked.body)
    stored = Receipt(False, len(arrived.batch.rows), len(arrived.batch.weights))
    return Told(200, json.dumps(receipt_of(arrived, stored)).encode())


# What travels ------------------------------------------------------------------------------------


def test_a_batch_travels_whole() -> None:
    """Rows with every column, weights with their histogram, the beat; floats to the bit."""
    full = row(
        1, response_time_ms=0.1 + 0.2, cache_size=2**40, error_type="T", error_message="naïve 世界",
        metadata='{"similarity":0.93}', is_sample=True,
    )  # fmt: skip
    beat = Beat(batch(1).collector_id, "host", 7, "1.0", 1, 2, recorded=3, keys_local=True)
    made = Batch(batch(1).collector_id, 7, (full, row(2)), aggregate([full, row(2)]), "n", beat)
    arrived = unpack_batch(pack_batch(made))
    assert arrived.batch == made
    assert arrived.batch.beat == beat
    assert arrived.refused == ()


def test_a_receipt_names_what_was_refused_by_its_place() -> None:
    """The sender finds its own rows again."""
    made = batch(1)
    arrived = unpack_batch(pack_batch(made))
    said = receipt_of(arrived, Receipt(False, 9, 0, (RefusedRow(arrived.batch.rows[4], "odd"),)))
    receipt = unpack_receipt(json.dumps(said).encode(), made)
    assert receipt == Receipt(False, 9, 0, (RefusedRow(made.rows[4], "odd"),))
    assert isinstance(arrived, Arrived)


def test_parts_have_ids_of_their_own() -> None:
    """Below zero, apart for every batch and place, within a bigint; halves make up the whole."""
    made = batch(3, 7)
    first, second = halves(made)
    assert first.rows + second.rows == made.rows
    ids = {numbered(made, n, k).sequence for n in (1, 2, 3) for k in range(NUMBERS)}
    assert len(ids) == 3 * NUMBERS
    assert max(ids) < 0
    assert min(ids) >= -(2**63)
    lowest, highest = sequences(2)
    inside = {number for number in ids if lowest <= number <= highest}
    assert inside == {numbered(made, 2, k).sequence for k in range(1, NUMBERS)}
    weighed = Batch(made.collector_id, 1, made.rows[:1], aggregate(made.rows[:1]) * 4)
    assert [(len(h.rows), len(h.weights)) for h in halves(weighed)] == [(1, 1), (0, 3)]


def test_the_parts_of_parts_keep_every_item_and_what_is_recorded() -> None:
    """Ten rows of which three are samples, one weight, two gauges: split down to single items."""
    made = batch(3, 10)
    levels = tuple(
        Gauge("c", "redis", "", second, 60_000, 1, 10, None, None) for second in (60, 120)
    )
    whole = replace(made, weights=aggregate(made.rows[:1]), samples=3, gauges=levels)
    parts = [whole]
    while any(size(part) > 1 for part in parts):
        parts = [half for part in parts for half in (halves(part) if size(part) > 1 else (part,))]
    assert [item for part in parts for item in items(part)] == items(whole)
    assert sum(part.operations for part in parts) == whole.operations == 7 + 1
    assert [part.samples for part in parts] == [0] * 7 + [1] * 3 + [0] * 3
    assert size(empty(whole)) == empty(whole).operations == 0


def test_the_token_and_the_content_are_sent_as_they_should() -> None:
    """A bearer token, gzip, JSON; one connection for all."""
    seen: list[Asked] = []

    def answer(asked: Asked) -> Told:
        seen.append(asked)
        return accepted(asked)

    with scripted(answer) as url:
        sink = HttpSink(f"{url}/behind/", TOKEN)
        assert sink.destination == f"{url}/behind"
        with pytest.raises(NoIngest):
            sink.deliver(batch(1))
        sink.close()
    (asked,) = [one for one in seen if one.method == "POST"]
    assert asked.path == "/behind/v1/batches"
    headers = {name.lower(): value for name, value in asked.headers.items()}
    assert headers["authorization"] == f"Bearer {TOKEN}"
    assert headers["content-encoding"] == "gzip"
    assert unpack_batch(asked.body).batch == batch(1)


# What answers mean -------------------------------------------------------------------------------

ANSWERS = [
    (401, TokenRefused),
    (403, TokenRefused),
    (404, NoIngest),
    (405, NoIngest),
    (302, NoIngest),
    (409, SchemaMismatch),
    (408, SinkUnavailable),
    (429, SinkUnavailable),
    (500, SinkUnavailable),
    (503, SinkUnavailable),
]


@pytest.mark.parametrize(("status", "kind"), ANSWERS)
def test_a_no_that_is_not_for_the_content_keeps_the_batch(
    status: int, kind: type[SinkUnavailable]
) -> None:
    """The server's words are passed on; every call alike."""
    with scripted(lambda asked: Told(status, b'{"error": "the reason"}')) as url:
        sink = HttpSink(url, TOKEN)
        for call in (
            lambda: sink.deliver(batch(1)),
            lambda: sink.beat(Beat(batch(1).collector_id)),
            lambda: sink.stored(batch(1).collector_id, 1),
            sink.key_secret,
        ):
            with pytest.raises(kind, match="the reason") as caught:
                call()
            assert type(caught.value) is kind
            assert TOKEN not in str(caught.value)
        sink.close()


@pytest.mark.parametrize("body", [b"<html>welcome</html>", b"[]", b'{"duplicate": false}', b"\xff"])
def test_an_answer_of_something_else_is_no_yes(body: bytes) -> None:
    """A captive portal answers 200 to everything."""
    with scripted(lambda asked: Told(200, body)) as url:
        sink = HttpSink(url, TOKEN)
        with pytest.raises(NoIngest):
            sink.deliver(batch(1))
        with pytest.raises(NoIngest):
            sink.key_secret()
        sink.close()


def test_the_patience_that_a_server_asks_for_is_had() -> None:
    """Seconds or an instant; no sooner than that, and no longer than an hour."""
    soon = datetime.now(UTC) + timedelta(seconds=100)
    for asked_for, least, most in (
        ("7", 7, 7),
        (format_datetime(soon, usegmt=True), 90, 100),
        ("99999999", 3600, 3600),
        ("soon", 0, 1),
    ):
        told = Told(429, headers={"Retry-After": asked_for})
        with scripted(lambda asked, told=told: told) as url:
            sink = HttpSink(url, TOKEN)
            delivery = Delivery(Courier(), "seed", now=lambda: 1000.0)
            assert delivery.attempt(lambda sink=sink: sink.deliver(batch(1))) is None
            assert least <= delivery.retry_in_s <= most, asked_for
            sink.close()


def picky(asked: Asked, most_rows: int = 1000, bad: str = "") -> Told:
    """An ingest, or what stands before it, that takes small bodies without a certain word."""
    if asked.path != "/v1/batches":
        return accepted(asked)
    if len(unpack_batch(asked.body).batch.rows) > most_rows:
        return Told(413, b"too large")
    return Told(400, b'{"error": "odd"}') if bad and bad.encode() in asked.body else accepted(asked)


def test_what_is_too_large_goes_in_parts() -> None:
    """Each part under its id, the empty whole last, with the beat; the same ids once more."""
    taken: list[Batch] = []

    def answer(asked: Asked) -> Told:
        told = picky(asked, most_rows=3)
        if told.status == 200:
            taken.append(unpack_batch(asked.body).batch)
        return told

    beat = Beat(batch(1).collector_id, recorded=10)
    whole = Batch(batch(1).collector_id, 1, batch(1).rows, (), "n", beat)
    with scripted(answer) as url:
        sink = HttpSink(url, TOKEN)
        receipt = sink.deliver(whole)
        assert (receipt.events, receipt.refused) == (10, ())
        first, taken[:] = list(taken), []
        sink.deliver(whole)
        sink.close()
    assert taken == first
    assert [each for part in first for each in part.rows] == list(whole.rows)
    assert [part.sequence for part in first[:-1]] == [-(NUMBERS + k) for k in (4, 5, 6, 7)]
    last = first[-1]
    assert (last.sequence, last.rows, last.beat) == (1, (), beat)


def test_one_row_that_is_too_large_is_refused_alone() -> None:
    """With the reason; the rest is stored."""
    with scripted(lambda asked: picky(asked, most_rows=0)) as url:
        sink = HttpSink(url, TOKEN)
        receipt = sink.deliver(batch(1, 3))
        sink.close()
    assert [bad.item for bad in receipt.refused] == list(batch(1, 3).rows)
    assert all("larger than the server takes" in bad.reason for bad in receipt.refused)
    assert receipt.events == 0


def test_a_word_that_a_firewall_dislikes_costs_its_row_only() -> None:
    """Bisected on this side, where the other refuses a body as a whole."""
    rows = list(batch(1, 100).rows)
    rows[37] = rows[37]._replace(error_message="' or 1=1 --")
    made = Batch(batch(1).collector_id, 1, tuple(rows), aggregate(rows[:1]))
    with scripted(lambda asked: picky(asked, bad="1=1")) as url:
        sink = HttpSink(url, TOKEN)
        receipt = sink.deliver(made)
        sink.close()
    assert [bad.item for bad in receipt.refused] == [rows[37]]
    assert receipt.refused[0].reason == "odd"
    assert (receipt.events, receipt.weights) == (99, 1)


def test_a_server_that_refuses_everything_costs_nothing() -> None:
    """It is not put down to the rows: they wait."""
    with scripted(lambda asked: Told(400, b'{"error": "another version"}')) as url:
        sink = HttpSink(url, TOKEN)
        with pytest.raises(NoIngest, match="another version"):
            sink.deliver(batch(1))
        sink.close()


def test_a_connection_that_was_closed_meanwhile_is_made_again() -> None:
    """A server that closes after each answer, and says nothing of it."""
    with scripted(accepted) as url:
        sink = HttpSink(url, TOKEN)
        assert sink.deliver(batch(1)).events == 10
        connection = sink._connection._connection
        assert connection is not None
        connection.sock.shutdown(2)
        assert sink.deliver(batch(2)).events == 10
        sink.close()
    with pytest.raises(SinkUnavailable):
        sink.deliver(batch(3))


def test_a_wrong_token_is_said_once_and_everything_waits(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What to set is named; the token is not shown; when it is mended, all is delivered."""
    known = [False]

    def answer(asked: Asked) -> Told:
        return accepted(asked) if known[0] else Told(401, b'{"error": "no such token"}')

    with scripted(answer) as url:
        collector = Collector(settings(tmp_path, url=url, ingest_token=TOKEN))
        for _ in range(3):
            collector.record("hit", "k")
            assert collector.flush()
        (trouble,) = tmp_path.glob("*/*/trouble")
        assert json.loads(trouble.read_text())["kind"] == "TokenRefused"
        known[0] = True
        wait_until(lambda: collector.tally is not None and collector.tally.delivered == 3, 60)
        assert list(tmp_path.glob("*/*/trouble")) == []
        assert collector.stop()
    told = [r for r in caplog.records if "CACHE_AUDITOR_INGEST_TOKEN" in r.getMessage()]
    assert len(told) == 1
    assert TOKEN not in caplog.text


# Where it is -------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://ingest.example", "https://ingest.example:443"),
        ("https://ingest.example:8710/a/b/", "https://ingest.example:8710/a/b"),
        ("http://127.0.0.1:8710", "http://127.0.0.1:8710"),
        ("http://localhost:1", "http://localhost:1"),
        ("http://[::1]:8710", "http://[::1]:8710"),
    ],
)
def test_a_url_is_read(url: str, address: str) -> None:
    assert address_of(url).url == address


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://ingest.example", "use https://"),
        ("http://10.0.0.7:8710", "use https://"),
        ("ftp://ingest.example", "is not like"),
        ("ingest.example", "is not like"),
        ("https://me:geheim@ingest.example", "INGEST_TOKEN"),
        ("https://ingest.example/?token=geheim", "no \\?"),
        ("https://ingest.example:geheim", "cannot be read"),
    ],
)
def test_a_url_that_cannot_be_used_is_said(url: str, words: str) -> None:
    """And nothing of it shown."""
    with pytest.raises(UnusableUrl, match=words) as caught:
        HttpSink(url, TOKEN)
    assert "geheim" not in str(caught.value)


def test_a_token_with_a_line_end_is_refused_unseen() -> None:
    with pytest.raises(CollectorError) as caught:
        HttpSink("http://127.0.0.1:1", "geheim\r\nX-Other: 1")
    assert "geheim" not in str(caught.value)


def test_a_ca_file_that_is_none_is_said(tmp_path: Path) -> None:
    with pytest.raises(UnusableUrl, match="CACHE_AUDITOR_CA_FILE"):
        HttpSink("https://ingest.example", TOKEN, ca_file=str(tmp_path / "none.pem"))


def test_the_environments_proxy_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """For other hosts than this one, unless no_proxy names them; with its own account."""
    far = address_of("https://ingest.example")
    assert proxy_for(far) is None
    monkeypatch.setenv("https_proxy", "http://me:p%40ss@proxy.example:3128")
    proxy = proxy_for(far)
    assert proxy is not None
    assert (proxy.host, proxy.port) == ("proxy.example", 3128)
    assert proxy.headers == {"Proxy-Authorization": "Basic bWU6cEBzcw=="}
    assert proxy_for(address_of("https://localhost")) is None
    monkeypatch.setenv("no_proxy", "ingest.example")
    assert proxy_for(far) is None
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv("https_proxy", "socks5://proxy.example")
    with pytest.raises(UnusableUrl, match="proxy"):
        proxy_for(far)


def test_a_url_is_taken_before_a_dsn() -> None:
    """DATABASE_URL is often the application's own."""
    found = from_environment(
        {
            "DATABASE_URL": "host=db",
            "CACHE_AUDITOR_URL": "https://ingest.example",
            "CACHE_AUDITOR_INGEST_TOKEN": TOKEN,
        }
    )
    assert (found.url, found.ingest_token, found.ca_file) == ("https://ingest.example", TOKEN, None)
    assert sink_of(found).destination == "https://ingest.example:443"
    assert TOKEN not in repr(found)
