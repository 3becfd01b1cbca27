"""A moment of an observation explained: what is stored, what judging again says, and why not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from auditor.explaining.again import Again, judge_again
from auditor.explaining.comparison import Agreement, Difference, agreement, differences
from auditor.explaining.kept import Kept, ScoreRow
from auditor.judging.learning import Learned
from auditor.statistics.whole_hours import Hours
from baselines.series import SeriesKey, Windows

MOST_NAMED = 5
"""Minutes or versions that a reason lists before it only counts them."""


@dataclass(frozen=True, slots=True)
class Gone:
    """What a judgement was made with and is no longer stored; key None: of nobody."""

    what: str
    key: SeriesKey | None = None


@dataclass(frozen=True, slots=True)
class Replay:
    """All that a kept judgement can be judged again from, as far as it is still stored.

    windows, hours: of the cache, up to the judgement's minute; the hours from `needed` (epoch
    minute) on. remade: minutes whose windows were written after the judgement. oldest: the oldest
    window that is stored; begun: the cache's first one ever, None: not known. made_with: versions
    now.
    """

    windows: Windows
    hours: Hours
    learned: Learned
    needed: int
    oldest: int | None
    begun: int | None
    remade: Sequence[int]
    gone: Sequence[Gone]
    made_with: Mapping[str, str]
    score_row: ScoreRow | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """One moment explained. again, agreement: None where it cannot be judged again.

    reasons: why it differs, or cannot be done. doubts: other stored values that do not agree with
    the judgement. says: the outcome in one sentence.
    """

    kept: Kept
    again: Again | None
    agreement: Agreement | None
    differences: tuple[Difference, ...]
    reasons: tuple[str, ...]
    doubts: tuple[str, ...]

    @property
    def in_doubt(self) -> bool:
        """Whether a stored value is not what it should be, for no reason that is known."""
        return bool(self.doubts) or (self.agreement == "different" and not self.reasons)

    @property
    def says(self) -> str:
        """The outcome in one sentence."""
        why = "; ".join(self.reasons)
        if self.agreement is None:
            return f"cannot be recomputed: {why}"
        if self.agreement == "equal":
            return "recomputed: equal to the bit"
        if self.agreement == "close":
            return f"recomputed: equal within 1e-9; {why or 'the versions are the same'}"
        if self.reasons:
            return f"recomputed: {len(self.differences)} values differ; {why}"
        return (
            f"recomputed: {len(self.differences)} values differ, and nothing that is stored "
            "explains it: a stored value was changed, or the program was"
        )


def explained(kept: Kept, replay: Replay) -> Explanation:
    """Judges again if that is possible, and compares."""
    doubts = tuple(disagreements(kept, replay.score_row))
    impossible = _impossible(kept, replay)
    if impossible:
        return Explanation(kept, None, None, (), tuple(impossible), doubts)
    try:
        again = judge_again(
            replay.windows,
            replay.learned,
            replay.hours,
            key=kept.key,
            minute=kept.minute,
            since=kept.since,
            thresholds=kept.thresholds,
            maintenances=kept.maintenances,
        )
    except ValueError as other:
        # a forest sampled for other metrics, a metric that is gone: judged by another program
        return Explanation(kept, None, None, (), (str(other), *_versions(kept, replay)), doubts)
    found = differences(kept.found, again.judgement.plain())
    reasons = () if not found else tuple(_reasons(kept, replay))
    return Explanation(kept, again, agreement(found), tuple(found), reasons, doubts)


def disagreements(kept: Kept, row: ScoreRow | None) -> list[str]:
    """Where the window's own score, unless it was made again, says something else."""
    if row is None or row.corrected_at is not None:
        return []
    known = {each["channel"] for each in row.parts}
    parts = [each for each in kept.found["contributions"] if each["channel"] in known]
    names = ("score", "surprise", "leading_metric")
    one = {**{name: getattr(row, name) for name in names}, "contributions": list(row.parts)}
    other = {**{name: kept.found[name] for name in names}, "contributions": parts}
    return [
        f"the window's stored score has {each.where} = {each.stored}, the judgement {each.again}"
        for each in differences(one, other)
    ]


def _impossible(kept: Kept, replay: Replay) -> list[str]:
    # a sibling's may be missed; what the series itself was judged by may not
    gone = [f"{each.what} is trimmed" for each in replay.gone if each.key == kept.key]
    if replay.oldest is None or kept.minute < replay.oldest:
        gone.append("the windows of that time are trimmed")
    return gone


def _reasons(kept: Kept, replay: Replay) -> list[str]:
    found = [f"{each.what} is trimmed" for each in replay.gone]
    if replay.remade:
        named = ", ".join(clock(minute) for minute in replay.remade[:MOST_NAMED])
        more = len(replay.remade) - MOST_NAMED
        found.append(
            f"late events made {'windows' if len(replay.remade) > 1 else 'the window'} of {named}"
            f"{f' and {more} more' if more > 0 else ''} again after it was judged"
        )
    needed = replay.needed if replay.begun is None else max(replay.needed, replay.begun)
    if replay.oldest is not None and replay.oldest > needed:
        found.append(f"windows before {clock(replay.oldest)} are trimmed, and it takes those too")
    return found + _versions(kept, replay)


def _versions(kept: Kept, replay: Replay) -> list[str]:
    names = sorted({*kept.made_with, *replay.made_with})
    other = [
        f"{name} {kept.made_with.get(name, 'none')} then, {replay.made_with.get(name, 'none')} now"
        for name in names
        if kept.made_with.get(name) != replay.made_with.get(name)
    ]
    return [f"made under other versions ({'; '.join(other)})"] if other else []


def clock(minute: int) -> str:
    """An epoch minute as people read it, UTC."""
    return f"{datetime.fromtimestamp(minute * 60, UTC):%Y-%m-%d %H:%M}"
