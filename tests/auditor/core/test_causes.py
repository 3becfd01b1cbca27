"""Signatures of causes: found by the registry, told apart on planted symptoms."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from auditor.causes.registry import causes, signatures
from auditor.causes.signature import Clue, Signature
from auditor.causes.symptoms import Symptoms

ORDINARY = Symptoms(
    **{
        **{field.name: 1.0 for field in fields(Symptoms)},
        "minutes": 10,
        "miss_share": 0.1,
        "error_share": 0.0,
        "load_error_share": 0.0,
        "connection_error_share": 0.0,
        "missing": 0.0,
    }  # type: ignore[arg-type]
)

STORIES = {
    "backend_slow": {"load_time": 4.0, "sibling_load_time": 4.0},
    "cache_slow": {"hit_time": 5.0, "sibling_hit_time": 5.0},
    "cold_start": {"misses": 5.0, "miss_share": 0.5, "fading": 0.4, "evictions": 0.2,
                   "expirations": 0.3, "sets": 5.0, "sibling_misses": 5.0},
    "cache_down": {"connection_error_share": 0.3, "error_share": 0.3, "sibling_misses": 2.0},
    "backend_errors": {"load_error_share": 0.4, "error_share": 0.04, "sibling_misses": 2.0},
    "key_format_change": {"miss_share": 0.98, "misses": 9.8, "sets": 9.8, "sibling_misses": 9.0},
    "memory_pressure": {"evictions": 4.0, "misses": 2.0, "expirations": 0.6, "sibling_misses": 2.0},
    "synchronised_expiry": {"expirations": 8.0, "misses": 3.0, "sibling_misses": 3.0},
    "invalidation_storm": {"deletes": 20.0, "misses": 3.0, "sibling_misses": 3.0},
    "scan_pollution": {"distinct_keys": 3.0, "misses": 2.0, "traffic": 1.6, "evictions": 3.0,
                       "sibling_misses": 2.0},
    "traffic_surge": {"traffic": 4.0, "sibling_traffic": 4.0},
    "silence": {"traffic": 0.01},
    "collector_silence": {"traffic": 0.01, "missing": 1.0, "sibling_traffic": 0.01},
    "traffic_drop": {"traffic": 0.3, "sibling_traffic": 0.3},
    "implementation_regression": {"misses": 2.0},
}  # fmt: skip


def test_every_signature_has_a_story() -> None:
    """A new signature needs a story here in which it comes first."""
    assert {each.name for each in signatures()} == set(STORIES)


@pytest.mark.parametrize("name", STORIES)
def test_each_cause_comes_first_in_its_own_story(name: str) -> None:
    found = causes(replace(ORDINARY, **STORIES[name]))
    assert found[0].name == name
    assert found[0].for_ != ()


def test_what_was_not_measured_is_said_and_counts_half() -> None:
    unmeasured = replace(ORDINARY, load_time=4.0, hit_time=float("nan"), sibling_load_time=4.0)
    found = causes(unmeasured)[0]
    assert found.name == "backend_slow"
    assert found.not_measured == ("hit time",)
    full = causes(replace(unmeasured, hit_time=1.0))[0]
    against = next(c for c in causes(replace(unmeasured, hit_time=3.0)) if c.name == "backend_slow")
    assert against.weight < found.weight < full.weight


def test_a_required_symptom_that_was_not_measured_is_no_claim() -> None:
    nothing = replace(ORDINARY, **{field.name: float("nan") for field in fields(Symptoms)[1:]})
    assert causes(nothing) == ()


def test_a_clue_speaks_plainly() -> None:
    clue = Clue("load time", lambda s: s.load_time)
    words = [clue.words(replace(ORDINARY, load_time=x)) for x in (4.0, 1.04, 0.001)]
    assert words == [
        "load time 4 times the usual",
        "load time as usual",
        "load time next to none",
    ]


def test_weights_by_hand() -> None:
    """One of two clues of weight 1 fits beside the required one of weight 2: 3 of 4."""
    signature = Signature(
        "x", "x", "",
        (Clue("a", lambda s: s.load_time, at_least=2, weight=2.0),),
        (Clue("b", lambda s: s.hit_time, at_most=1), Clue("c", lambda s: s.misses, at_least=2)),
        "do",
    )  # fmt: skip
    claim = signature.weigh(replace(ORDINARY, load_time=3.0))
    assert claim is not None
    assert claim.weight == 0.75
    assert signature.weigh(ORDINARY) is None
