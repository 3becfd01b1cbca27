"""What the voices of a family say together, by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from auditor.detectors.detector import Channel, Evidence
from auditor.judging.ensemble import VOTE, together
from auditor.judging.materiality import FAMILIES
from baselines.series import FloatArray

RATIO = Channel("ratio_tail", "hit_rate", 1)
LATER = Channel("ratio_tail", "hit_rate", 15)
SIBLING = Channel("sibling", "hit_rate", 3)
SUPPLY = Channel("supply", "evictions", 1)
THEIRS = Channel("sibling_supply", "evictions", 5)
RARE, RARE_TIME = Channel("rarity", "hit_rate", 1), Channel("rarity", "miss_latency_ms", 1)
JOINT = Channel("joint_residual", "all", 1)
DROP = Channel("count_tail", "traffic", 1, "drop")
SILENCE = Channel("silence", "traffic", 3)
FOREST = Channel("isolation_forest", "all", 1)
HIT_RATE, TRAFFIC = FAMILIES.index("hit_rate"), FAMILIES.index("traffic")


def said(**surprises: float) -> FloatArray:
    """The families' statistics of one window, given what channels are worth by their names."""
    channels = {
        "ratio": RATIO, "later": LATER, "sibling": SIBLING, "supply": SUPPLY,
        "drop": DROP, "silence": SILENCE, "forest": FOREST, "theirs": THEIRS, "rare": RARE,
        "rare_time": RARE_TIME, "joint": JOINT,
    }  # fmt: skip
    one = np.zeros((1, 1))
    blank = Evidence(RATIO, one, one, one, one, one, one)
    evidence = [replace(blank, channel=channel) for channel in channels.values()]
    worth = {
        channel.name: np.full((1, 1), surprises.get(name, 0.0))
        for name, channel in channels.items()
    }
    return together(evidence, worth)[:, 0, 0]


def test_of_one_voice_the_loudest_channel_counts() -> None:
    assert said(ratio=4.0, later=3.0)[HIT_RATE] == 4.0


def test_two_voices_add_up() -> None:
    assert said(ratio=4.0, sibling=3.0)[HIT_RATE] == 7.0
    assert said(ratio=3.0, sibling=4.0)[HIT_RATE] == 7.0


def test_what_leaves_backs_a_loss_of_hits_up_to_the_loss_itself() -> None:
    assert said(ratio=4.0, supply=1.5)[HIT_RATE] == 5.5
    assert said(ratio=4.0, supply=6000.0)[HIT_RATE] == 8.0


def test_those_that_back_with_one_voice_are_not_counted_twice() -> None:
    assert said(ratio=4.0, supply=1.5, rare=2.0)[HIT_RATE] == 6.0


def test_siblings_back_with_a_voice_of_their_own() -> None:
    assert said(ratio=4.0, supply=1.5, theirs=2.0)[HIT_RATE] == 7.5
    assert said(ratio=4.0, supply=6000.0, theirs=6000.0)[HIT_RATE] == 12.0


def test_rarity_backs_the_family_of_its_metric_only() -> None:
    assert said(ratio=4.0, rare_time=3.0)[HIT_RATE] == 4.0
    assert said(rare=9.0)[HIT_RATE] == 0.0


def test_the_joint_voices_are_one() -> None:
    assert said(ratio=4.0, forest=2.0, joint=3.0)[HIT_RATE] == 4.0 + VOTE * 3.0


def test_what_leaves_says_nothing_alone() -> None:
    assert said(supply=6000.0)[HIT_RATE] == 0.0


def test_silence_and_few_gets_are_one_fact() -> None:
    assert said(drop=5.0, silence=4.0)[TRAFFIC] == 5.0


@pytest.mark.parametrize("other", ["drop", "forest"])
def test_another_family_or_the_forest_adds_a_quarter_at_most_of_the_leader(other: str) -> None:
    assert said(ratio=4.0, **{other: 2.0})[HIT_RATE] == 4.0 + VOTE * 2.0
    assert said(ratio=4.0, **{other: 90.0})[HIT_RATE] == 4.0 + VOTE * 4.0
