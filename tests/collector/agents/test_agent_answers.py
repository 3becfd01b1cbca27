"""What servers say, read: a true answer as it is meant, and rubbish as rubbish."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.agents import memcached_answers, redis_answers, resp
from collector.agents.errors import BadAnswer, NoReading, ServerAway, quoted
from collector.agents.reading import Levels

INFO = b"""# Server\r
redis_version:7.0.15\r
process_id:11\r
run_id:9a47bd\r
uptime_in_seconds:5\r
# Clients\r
connected_clients:3\r
# Memory\r
used_memory:1064632\r
maxmemory:0\r
# Stats\r
total_net_input_bytes:224\r
expired_keys:4\r
evicted_keys:6\r
keyspace_hits:30\r
keyspace_misses:12\r
# Replication\r
role:slave\r
# Commandstats\r
cmdstat_get:calls=20,usec=80,usec_per_call=4.00,rejected_calls=1,failed_calls=2\r
cmdstat_mget:calls=2,usec=20,usec_per_call=10.00,rejected_calls=0,failed_calls=0\r
cmdstat_set:calls=9,usec=90,usec_per_call=10.00,rejected_calls=3,failed_calls=1\r
cmdstat_unlink:calls=5,usec=5,usec_per_call=1.00,rejected_calls=0,failed_calls=0\r
cmdstat_info:calls=7,usec=700,usec_per_call=100.00,rejected_calls=0,failed_calls=0\r
# Keyspace\r
db0:keys=100,expires=10,avg_ttl=0\r
db3:keys=11,expires=0,avg_ttl=0\r
"""
STATS = {
    "pid": "24413", "uptime": "238", "version": "1.6.18", "curr_connections": "2",
    "total_connections": "3", "get_hits": "10", "get_misses": "4", "cmd_set": "7",
    "delete_hits": "2", "delete_misses": "1", "get_expired": "1", "reclaimed": "2",
    "crawler_reclaimed": "3", "store_too_large": "5", "store_no_memory": "1", "evictions": "8",
    "bytes": "512", "limit_maxbytes": "67108864", "curr_items": "6", "bytes_read": "900",
    "total_items": "7",
}  # fmt: skip


class Bytes:
    """A source whose bytes are all there."""

    def __init__(self, content: bytes) -> None:
        self._rest = content

    def read_line(self) -> bytes:
        line, end, rest = self._rest.partition(b"\r\n")
        if not end:
            raise ServerAway("it ended the connection")
        self._rest = rest
        return line

    def read_exactly(self, length: int) -> bytes:
        if len(self._rest) < length:
            raise ServerAway("it ended the connection")
        found, self._rest = self._rest[:length], self._rest[length:]
        return found


# Redis -------------------------------------------------------------------------------------------


def test_info_becomes_a_reading() -> None:
    """A failed call ran and failed, a rejected one never ran: calls hold the first alone."""
    found = redis_answers.reading(5, redis_answers.parse_sections(INFO))
    assert found.counts == {
        ("hit", False): 30, ("miss", False): 12, ("error", True): 3,
        ("set", False): 8, ("set", True): 4, ("delete", False): 5, ("delete", True): 0,
        ("evict", False): 6, ("expire", False): 4,
    }  # fmt: skip
    assert found.micros == {"get": 100, "set": 90, "delete": 5}
    assert found.levels == Levels(111, 1064632, None, 3)
    assert (found.process, found.uptime_s, found.role, found.version) == (
        "9a47bd", None, "slave", "7.0.15",
    )  # fmt: skip
    assert found.others == {"total_net_input_bytes": 224}


def test_a_server_without_a_run_id_is_told_by_process_and_age() -> None:
    """Some that only speak as Redis does have none."""
    said = redis_answers.parse_sections(INFO.replace(b"run_id:9a47bd\r\n", b""))
    found = redis_answers.reading(5, said)
    assert (found.process, found.uptime_s) == ("11", 5)


def test_latency_histograms_become_calls_by_bucket() -> None:
    """The server's counts are cumulative; commands of one kind are added up, others left out."""
    answer = [
        b"get", [b"calls", 9, b"histogram_usec", [4, 2, 16, 9]],
        b"mget", [b"calls", 1, b"histogram_usec", [16, 1]],
        b"set", [b"calls", 1, b"histogram_usec", [33, 1]],
        b"info", [b"calls", 4, b"histogram_usec", [132, 4]],
    ]  # fmt: skip
    assert redis_answers.parse_histograms(answer) == {
        "get": {4: 2, 16: 8}, "set": {33: 1}, "delete": {},
    }  # fmt: skip


@pytest.mark.parametrize(
    "answer",
    [
        b"text", 5, None, [b"get"], [b"get", 5], [b"get", [b"calls", 1]],
        [b"get", [b"histogram_usec", [4, 9, 16, 2]]],
        [b"get", [b"histogram_usec", [b"4", 9]]],
    ],
    ids=repr,
)  # fmt: skip
def test_histograms_of_another_shape_are_no_answer(answer: object) -> None:
    with pytest.raises(BadAnswer):
        redis_answers.parse_histograms(answer)


@pytest.mark.parametrize("wrong", [b"", b"hello", INFO.replace(b"hits:30", b"hits:-1"),
                                   INFO.replace(b"calls=20", b"calls=2e1"),
                                   INFO.replace(b"keys=100", b"kees=100"),
                                   INFO.replace(b"misses:12", b"misses:" + b"9" * 30)])  # fmt: skip
def test_info_of_another_kind_is_no_reading(wrong: bytes) -> None:
    """Nothing is counted of what only looks like it."""
    with pytest.raises(BadAnswer, match="not what such a server says"):
        redis_answers.reading(5, redis_answers.parse_sections(wrong))


def test_the_protocol_both_ways() -> None:
    """Against the specification's own examples."""
    assert (
        resp.command("GET", "ключ")
        == b"*2\r\n$3\r\nGET\r\n$8\r\n\xd0\xba\xd0\xbb\xd1\x8e\xd1\x87\r\n"
    )
    source = Bytes(
        b"+OK\r\n:-7\r\n$5\r\nhello\r\n$-1\r\n*2\r\n:1\r\n*1\r\n$0\r\n\r\n-ERR no such\r\n"
    )
    found = [resp.read_answer(source) for _ in range(6)]
    assert found == ["OK", -7, b"hello", None, [1, [b""]], resp.Refusal("ERR", "no such")]


@pytest.mark.parametrize(
    "rubbish",
    [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\r\n", b":\r\n", b"$5\r\nhelloXX", b"*200000\r\n",
     b"*1\r\n" * 20, b"$x\r\n", b"\x00\xff\r\n"],
)  # fmt: skip
def test_what_is_not_the_protocol_is_said_to_be_none(rubbish: bytes) -> None:
    with pytest.raises(BadAnswer):
        resp.read_answer(Bytes(rubbish))


@given(st.binary(max_size=200))
def test_no_bytes_at_all_lead_to_another_error(content: bytes) -> None:
    """An answer or an error of ours, whatever a broken server sends."""
    with suppress(NoReading):
        found = resp.read_answer(Bytes(content))
        assert found is None or isinstance(found, str | int | bytes | resp.Refusal | list)


# memcached ---------------------------------------------------------------------------------------


def test_stats_become_a_reading() -> None:
    found = memcached_answers.reading(5, STATS)
    assert found.counts == {
        ("hit", False): 10, ("miss", False): 4, ("set", False): 7, ("set", True): 6,
        ("delete", False): 3, ("evict", False): 8, ("expire", False): 6,
    }  # fmt: skip
    assert found.levels == Levels(6, 512, 67108864, 2)
    assert (found.process, found.uptime_s, found.micros, found.version) == (
        "24413",
        238,
        {},
        "1.6.18",
    )


def test_an_old_memcached_says_less_and_is_read_all_the_same() -> None:
    fewer = ("get_expired", "crawler_reclaimed", "store_too_large", "store_no_memory")
    found = memcached_answers.reading(5, {n: v for n, v in STATS.items() if n not in fewer})
    assert (found.counts["set", True], found.counts["expire", False]) == (0, 2)


@pytest.mark.parametrize("wrong", [{}, STATS | {"get_hits": "-1"}, STATS | {"uptime": ""}])
def test_stats_of_another_kind_are_no_reading(wrong: dict[str, str]) -> None:
    with pytest.raises(BadAnswer):
        memcached_answers.reading(5, wrong)


@pytest.mark.parametrize("line", [b"", b"HTTP/1.1 400 Bad Request", b"STAT pid", b"VALUE a 0 1"])
def test_a_line_that_is_no_stat_is_said_to_be_none(line: bytes) -> None:
    with pytest.raises(BadAnswer):
        memcached_answers.parse_line(line)


def test_what_a_server_says_is_shown_on_one_short_line() -> None:
    """It goes to a log and to a terminal."""
    assert quoted(b"a\r\n\x1b[31mb" + b"x" * 500) == "a [31mb" + "x" * (200 - 9)
