"""Signatures of causes: found by the registry, told apart on planted symptoms."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from auditor.causes.registry import causes, decisive, signatures
from auditor.causes.signature import Claim, Clue, Signature
from auditor.causes.symptoms import Symptoms

NOTHING = (
    "error_share", "load_error_share", "connection_error_share", "late_connection_error_share",
    "set_error_share", "missing", "vanished", "evicted", "expired", "loaded", "rewritten",
    "hits_lost",
)  # fmt: skip
PLAIN = {each.name: 1.0 for each in fields(Symptoms) if each.name != "others"}
ALONE = Symptoms(
    **{**PLAIN, **dict.fromkeys(NOTHING, 0.0), "minutes": 10, "candidate": 0.0}  # type: ignore[arg-type]
)
ORDINARY = replace(ALONE, others=ALONE)

LOST = {"misses": 3.0, "unserved": 3.0, "departure": 3.0, "sets": 3.0}
"""Three times the misses, as any loss of content has it."""
STORIES: dict[str, tuple[dict[str, float], dict[str, float]]] = {
    "backend_slow": ({"load_time": 4.0}, {"load_time": 4.0}),
    "backend_errors": (
        {"load_error_share": 0.4, "sets_a_miss": 0.6, "departure": 1.7},
        {"load_error_share": 0.4, "sets_a_miss": 0.6, "departure": 1.7},
    ),
    "cache_down": (
        {"connection_error_share": 1.0, "late_connection_error_share": 1.0, "unserved": 9.0},
        {},
    ),
    "node_loss": (
        {"connection_error_share": 0.25, "late_connection_error_share": 0.25, "vanished": 0.25,
         "entries": 0.75, "unserved": 3.0, "served": 0.75},
        {},
    ),
    "quota_throttling": (
        {"connection_error_share": 0.25, "late_connection_error_share": 0.3, "served": 0.75},
        {},
    ),
    "connection_churn": (
        {"connection_error_share": 0.02, "late_connection_error_share": 0.02,
         "response_p50": 3.0, "response_p95": 2.0, "response_p99": 2.0},
        {},
    ),
    "cold_start": ({**LOST, "vanished": 0.95, "entries": 0.3, "fading": 0.5}, {}),
    "slow_warmup": (
        {**LOST, "vanished": 0.9, "entries": 0.2, "sets_a_miss": 0.4, "sets": 1.2},
        {},
    ),
    "memory_pressure": (
        {**LOST, "evictions": 4.0, "evicted": 0.5, "entries": 0.5, "expirations": 0.6},
        {},
    ),
    "slow_leak": (
        {"misses": 1.2, "unserved": 1.2, "departure": 1.2, "apart": 1.2, "evictions": 1.1,
         "entries_lately": 0.9, "entries": 0.97, "expirations": 0.5},
        {},
    ),
    "memory_fragmentation": (
        {"misses": 1.2, "unserved": 1.2, "departure": 1.3, "apart": 1.3, "evictions": 1.1,
         "entries_lately": 0.9, "entries": 0.97, "hit_time": 1.3, "hit_median": 1.3,
         "fading": float("nan")},
        {},
    ),
    "synchronised_expiry": (
        {**LOST, "expired": 0.7, "loaded": 0.7, "expirations": 8.0, "entries": 0.4},
        {},
    ),
    "clock_skew_expiry": ({**LOST, "expired": 0.25, "expirations": 4.0, "entries": 0.75}, {}),
    "ttl_change": (
        {"misses": 1.5, "unserved": 1.5, "departure": 1.5, "apart": 1.5, "expirations": 4.0,
         "late_expirations": 4.0, "entries": 0.9, "entries_lately": 0.8, "evictions": 0.3},
        {},
    ),
    "scan_pollution": (
        {**LOST, "distinct_keys": 2.0, "traffic": 2.0, "evictions": 3.0, "loads": 4.0},
        {"distinct_keys": 2.0, "traffic": 2.0, "departure": 3.0},
    ),
    "penetration": (
        {**LOST, "distinct_keys": 2.0, "traffic": 2.0, "sets": 1.0, "sets_a_miss": 0.3},
        {"distinct_keys": 2.0, "traffic": 2.0, "departure": 3.0},
    ),
    "hot_key": (
        {"traffic": 4.0, "keys_a_get": 0.25, "misses": 0.3, "connection_error_share": 0.2},
        {"traffic": 4.0, "keys_a_get": 0.25, "misses": 0.3, "connection_error_share": 0.2},
    ),
    "hot_shard": (
        {"hit_time": 4.0, "uneven": 4.0, "response_p95": 2.0, "response_p99": 2.0},
        {"hit_time": 4.0, "departure": 4.0},
    ),
    "tail_latency": (
        {"hit_time": 2.0, "uneven": 2.0, "response_p99": 5.0},
        {"hit_time": 2.0, "departure": 2.0},
    ),
    "cache_slow": (
        {"hit_time": 4.0, "hit_median": 4.0, "departure": 4.0},
        {"hit_time": 4.0, "hit_median": 4.0, "departure": 4.0},
    ),
    "stampede": (
        {"misses": 2.0, "keys_a_get": 0.6, "load_time": 2.0, "fading": float("nan")},
        {"misses": 2.0, "departure": 2.0},
    ),
    "key_format_change": ({**LOST, "hits_lost": 0.9}, {"misses": 3.0, "departure": 3.0}),
    "shard_remap": ({**LOST, "hits_lost": 0.4, "fading": 0.6}, {}),
    "replica_lag": (
        {"misses": 1.8, "unserved": 1.8, "rewritten": 0.5, "departure": 1.8, "hits_lost": 0.1},
        {"departure": 1.8},
    ),
    "invalidation_storm": ({**LOST, "deletes": 20.0}, {"departure": 3.0}),
    "value_bloat": ({"value_written": 3.0, "value_read": 2.0, "evictions": 3.0}, {}),
    "set_failures": ({"set_error_share": 0.5, "sets_a_miss": 0.5, "departure": 2.0}, {}),
    "double_write": ({"sets_a_miss": 2.0, "sets": 2.0, "rewritten": 0.5}, {"sets_a_miss": 2.0}),
    "retry_storm": (
        {"traffic": 3.0, "keys_a_get": 0.4, "load_error_share": 0.5, "misses": 3.0, "loads": 9.0},
        {"traffic": 3.0, "load_error_share": 0.5, "departure": 3.0},
    ),
    "metastable_failure": (
        {"load_time": 5.0, "misses": 3.0, "unserved": 3.0, "loads": 3.0, "sets_a_miss": 0.4,
         "load_error_share": 0.01, "departure": 3.0},
        {"departure": 3.0},
    ),
    "traffic_surge": ({"traffic": 3.0}, {"traffic": 3.0}),
    "traffic_drop": ({"traffic": 0.3, "served": 0.3, "expirations_a_get": 3.0}, {"traffic": 0.3}),
    "silence": ({"traffic": 0.01, "served": 0.01}, {}),
    "collector_loss": ({"traffic": 0.6, "served": 0.6, "completeness": 0.6}, {}),
    "collector_silence": ({"missing": 1.0}, {"missing": 1.0}),
    "implementation_regression": (
        {"departure": 2.0, "apart": 2.0, "sets_a_miss": 0.5, "candidate": 1.0},
        {},
    ),
}  # fmt: skip


def told(name: str) -> Symptoms:
    own, others = STORIES[name]
    return replace(ORDINARY, **own, others=replace(ALONE, **others))  # type: ignore[arg-type]


def test_every_signature_has_a_story() -> None:
    """A new signature needs a story here in which it comes first."""
    assert {each.name for each in signatures()} == set(STORIES)


@pytest.mark.parametrize("name", STORIES)
def test_each_cause_comes_first_in_its_own_story(name: str) -> None:
    found = causes(told(name))
    assert found[0].name == name
    assert found[0].for_ != ()


def test_the_catalogue_is_covered() -> None:
    """S1 to S19, each by one signature at least."""
    numbers = {each.catalogue for each in signatures()} - {""}
    assert numbers == {f"S{number}" for number in range(1, 20)}


def test_an_ordinary_stretch_has_no_cause() -> None:
    assert causes(ORDINARY) == ()
    assert causes(ALONE) == ()


def test_what_was_not_measured_is_said_and_counts_neither_way() -> None:
    slow = told("backend_slow")
    weights = {}
    for words, hit_time in (("flat", 1.0), ("unmeasured", float("nan")), ("slow", 3.0)):
        claims = {claim.name: claim for claim in causes(replace(slow, hit_time=hit_time))}
        weights[words] = claims["backend_slow"].weight
        assert ("hit time" in claims["backend_slow"].not_measured) == (words == "unmeasured")
    assert weights["slow"] < weights["unmeasured"] < weights["flat"]


def test_nothing_measured_is_unknown() -> None:
    nothing = {name: float("nan") for name in PLAIN if name != "minutes"}
    assert causes(replace(ORDINARY, **nothing, others=None)) == ()  # type: ignore[arg-type]


def test_the_weights_of_the_named_leave_room_for_the_unknown() -> None:
    for name in STORIES:
        claims = causes(told(name))
        assert [each.weight for each in claims] == sorted(
            (each.weight for each in claims), reverse=True
        )
        assert sum(each.weight for each in claims) < 1
        assert len(claims) <= 3


def claim(weight: float) -> Claim:
    return Claim("x", "x", weight, (), (), (), "do")


def test_a_sure_cause_is_named_at_once_a_likely_one_later() -> None:
    assert not decisive((), 30)
    assert decisive((claim(0.9),), 1)
    assert not decisive((claim(0.6),), 3)
    assert decisive((claim(0.6),), 4)
    assert not decisive((claim(0.3),), 9)
    assert decisive((claim(0.3),), 10)


def test_a_clue_speaks_plainly() -> None:
    clue = Clue("load time", lambda s: s.load_time)
    words = [clue.words(replace(ORDINARY, load_time=x)) for x in (4.0, 1.04, 0.001)]
    assert words == [
        "load time 4 times the usual",
        "load time as usual",
        "load time next to none",
    ]
    others = Clue("load time", lambda s: s.load_time, others=True)
    assert others.words(ORDINARY) == "load time of the other implementations as usual"


def test_evidence_by_hand() -> None:
    """Well inside a bound all of the weight, on it half of each, well outside all against."""
    clue = Clue("load time", lambda s: s.load_time, at_least=2.0, weight=3.0, against=1.0)
    found = [clue.evidence(replace(ORDINARY, load_time=x)) for x in (200.0, 2.0, 0.02)]
    assert found == pytest.approx([3.0, 1.0, -1.0])
    assert clue.evidence(replace(ORDINARY, load_time=float("nan"))) == 0.0


def test_what_is_required_must_be_there() -> None:
    signature = Signature(
        "x", "x", "",
        (Clue("a", lambda s: s.load_time, at_least=2.0, weight=2.0),),
        (Clue("b", lambda s: s.hit_time, at_most=10.0), Clue("c", lambda s: s.misses, at_least=9)),
        "do",
    )  # fmt: skip
    assert signature.evidence(replace(ORDINARY, load_time=100.0)) == pytest.approx(2 + 1 - 1)
    assert signature.evidence(ORDINARY) is None
    assert signature.evidence(replace(ORDINARY, load_time=float("nan"))) is None


def test_what_two_clues_say_alike_is_said_once_in_their_order() -> None:
    """They weigh differently, and are one finding to whoever reads them."""
    signature = Signature(
        "x", "x", "",
        (Clue("load time", lambda s: s.load_time, at_least=2.0),),
        (
            Clue("hit time", lambda s: s.hit_time, at_least=2.0),
            Clue("load time", lambda s: s.load_time, at_least=3.0),
            Clue("entries, ", lambda s: s.entries, at_least=2.0),
            Clue("entries", lambda s: s.entries, at_least=3.0),
            Clue("misses", lambda s: s.misses, at_least=2.0),
            Clue("misses", lambda s: s.misses, at_least=3.0),
        ),
        "do",
    )  # fmt: skip
    slow = replace(ORDINARY, load_time=4.0, hit_time=4.0, entries=float("nan"), misses=1.0)
    found = signature.claim(slow, 0.5)
    assert found.for_ == ("load time 4 times the usual", "hit time 4 times the usual")
    assert found.against == ("misses as usual",)
    assert found.not_measured == ("entries",)
