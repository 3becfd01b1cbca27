"""All that was found in one window of one series, as values that can be kept and compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from math import isnan
from typing import Any

from auditor.causes.registry import causes
from auditor.causes.signature import Claim
from auditor.causes.symptoms import symptoms
from auditor.judging.contribution import Contribution
from auditor.judging.cost import Cost
from auditor.judging.judgement import Judged
from auditor.judging.materiality import FAMILIES
from baselines.series import SeriesKey


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a series' window was judged to be.

    minute: of the window; since: the first window of the problem, from which its causes are told;
    both epoch minutes. surprise, score: of the window, NaN = not judged. static: the worst static
    threshold reached (0, 1 warning, 2 critical). cost: the parts of Cost in this minute, by name.
    """

    key: SeriesKey
    minute: int
    since: int
    surprise: float
    score: float
    static: float
    leading_metric: str | None
    contributions: tuple[Contribution, ...]
    cost: Mapping[str, float]
    causes: tuple[Claim, ...]

    def plain(self) -> dict[str, Any]:
        """What JSON knows of it, NaN as None: all but whose and when."""
        whole: dict[str, Any] = _plain(asdict(self))
        return {name: found for name, found in whole.items() if name not in ("key", "minute")}


def judgement(judged: Judged, row: int, column: int, since: int) -> Judgement:
    """The judgement on one window of a judged block.

    since: the first window of the problem, epoch minute; no earlier than the block's first row.
    """
    leader = int(judged.voices.leader[row, column])
    first = max(since - judged.scene.windows.start, 0)
    return Judgement(
        key=judged.keys[column],
        minute=judged.minute(row),
        since=since,
        surprise=float(judged.surprise[row, column]),
        score=float(judged.score[row, column]),
        static=float(judged.static[row, column]),
        leading_metric=FAMILIES[leader] if leader >= 0 else None,
        contributions=judged.contributions(row, column),
        cost={
            each.name: float(getattr(judged.costs, each.name)[row, column]) for each in fields(Cost)
        },
        causes=causes(symptoms(judged.scene, first, row, column)),
    )


def _plain(found: Any) -> Any:
    if isinstance(found, float):
        return None if isnan(found) else found
    if isinstance(found, Mapping):
        return {name: _plain(inner) for name, inner in found.items()}
    if isinstance(found, list | tuple):
        return [_plain(inner) for inner in found]
    return found
