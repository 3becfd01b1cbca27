"""How a backtest looks in a terminal, and as one JSON document."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import timedelta

from rich.text import Text

from auditor.backtesting.episodes import Both, Difference, Episode
from auditor.backtesting.lines import instant
from auditor.backtesting.replayed import Replayed
from auditor.backtesting.summary import Summary
from auditor.listening.screen import STYLES
from auditor.screen import Screen
from auditor.spans import span

MOST_SHOWN = 100
"""Observations in a table; all of them are in the JSON lines."""


def show(screen: Screen, found: Replayed, *, to_stderr: bool) -> None:
    """Tables of observations and of what differs, and the summary in words.

    to_stderr: the summary alone, on stderr, because stdout is taken.
    """
    if not to_stderr and found.episodes:
        _table(screen, found.episodes, None)
    say: Callable[[str], None] = screen.note if to_stderr else screen.say
    for sentence in told(found.summary):
        say(sentence)
    if found.difference is None or found.against is None:
        return
    say("")
    say("With the settings of --against:")
    for sentence in [*told(found.against), *differing(found.difference)]:
        say(sentence)
    if not to_stderr:
        _table(screen, found.difference.only_here, "only without --against")
        _table(screen, found.difference.only_there, "only with --against")
        _changed(screen, found.difference.changed)


def told(summary: Summary) -> list[str]:
    """A summary in sentences."""
    if summary.since is None or summary.until is None:
        return ["there was no window to replay"]
    length = span(summary.until - summary.since)
    said = [
        f"{summary.windows:,} windows of {summary.series} series, "
        f"{summary.since:%Y-%m-%d %H:%M} to {summary.until:%Y-%m-%d %H:%M} UTC ({length}); "
        f"learned {summary.learned} times",
        f"{summary.judged:,} windows judged ({summary.judged_series_weeks:.1f} series-weeks)"
        + "".join(f", {count:,} not: {why}" for why, count in summary.not_judged.items()),
    ]
    kinds = ", ".join(f"{count} {word}" for word, count in summary.by_severity.items())
    rate = (
        "" if summary.per_series_week is None
        else f"; {summary.per_series_week:.2f} per series and week, of which "
        f"{summary.budget_per_series_week:g} may be false by the budget"
    )  # fmt: skip
    said.append(f"{summary.observations} observations ({kinds}), {summary.open} still open{rate}")
    return said


def differing(found: Difference) -> list[str]:
    """What the two settings make of the same windows, in a sentence."""
    return [
        f"both find {len(found.both)}, {len(found.changed)} of them at another time or with "
        f"another severity; only without --against: {len(found.only_here)}, "
        f"only with it: {len(found.only_there)}"
    ]


def document(found: Replayed) -> dict[str, object]:
    """All of it as plain values and instants."""
    out: dict[str, object] = {
        "summary": found.summary,
        "observations": [_plain(each) for each in found.episodes],
    }
    if found.difference is not None:
        pairs = found.difference.changed
        out["against"] = found.against
        out["difference"] = {
            "only_here": [_plain(each) for each in found.difference.only_here],
            "only_there": [_plain(each) for each in found.difference.only_there],
            "both": len(found.difference.both),
            "changed": [{"here": _plain(e.here), "there": _plain(e.there)} for e in pairs],
        }
    return out


def _plain(episode: Episode) -> dict[str, object]:
    until = None if episode.until is None else instant(episode.until)
    plain = {**asdict(episode), "severity": episode.severity.word}
    del plain["key"], plain["until"]
    return {
        **plain,
        "cache_name": episode.key.cache_name,
        "implementation_type": episode.key.implementation_type,
        "at": instant(episode.at),
        "first_window": instant(plain.pop("started")),
        "resolved_at": until,
    }


def _table(screen: Screen, episodes: Sequence[Episode], title: str | None) -> None:
    if not episodes:
        return
    screen.table(
        ("told (UTC)", "severity", "rank", "cache", "metric", "lasting", "cause"),
        [
            (
                f"{instant(each.at):%Y-%m-%d %H:%M}",
                Text(each.severity.word, STYLES[each.severity.word]),
                f"{each.rank:.0f}",
                str(each.key),
                each.metric,
                _lasting(each),
                each.cause or "unknown",
            )
            for each in episodes[:MOST_SHOWN]
        ],
        title=title,
    )
    if len(episodes) > MOST_SHOWN:
        screen.note(f"… and {len(episodes) - MOST_SHOWN} more; --out FILE writes all of them")


def _changed(screen: Screen, pairs: Sequence[Both]) -> None:
    if not pairs:
        return
    screen.table(
        ("told (UTC)", "cache", "severity", "with --against", "told"),
        [
            (
                f"{instant(each.here.at):%Y-%m-%d %H:%M}",
                str(each.here.key),
                each.here.severity.word,
                each.there.severity.word,
                _later(each.later),
            )
            for each in pairs[:MOST_SHOWN]
        ],
        title="found by both, and differing",
    )


def _later(minutes: int) -> str:
    if minutes == 0:
        return "at the same time"
    return f"{span(timedelta(minutes=abs(minutes)))} {'later' if minutes > 0 else 'earlier'}"


def _lasting(episode: Episode) -> str:
    if episode.until is None:
        return "still open"
    return span(timedelta(minutes=episode.until - episode.started))
